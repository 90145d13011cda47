//! The emotion head of the shipped model against a second implementation of its
//! definition: an embedding relative to the speaker baseline, which is shrunk towards
//! the prior with the constants of the model file. The more alike the labels of the
//! baseline's speech, the more of their effect is taken out of it.

use emoscope::classifier::BaselineInput;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::model::Model;
use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, TensorProto};

use crate::support::path;

/// Sum of the variances of the labels' probabilities at which a baseline's variance has no
/// weight, and from which it has full weight.
const DIVERSITY_RANGE: (f64, f64) = (0.05, 0.13);
/// Added to every variance.
const VARIANCE_FLOOR: f64 = 1e-3;

fn model() -> Model {
    Model::read(&path("models/small/model.onnx")).unwrap()
}

/// A constant at an unknown voice, and what full weight of the baseline adds to it.
struct Ends {
    unknown: Vec<f64>,
    added: Vec<f64>,
}

impl Ends {
    fn at(&self, weight: f64, label: usize) -> f64 {
        let of = |values: &[f64]| values[label % values.len()];
        of(&self.unknown) + weight * of(&self.added)
    }
}

/// The weights of the head: matrices have one row per embedding number.
struct Weights {
    head: Vec<Vec<f64>>,
    bias: Vec<f64>,
    settled: Vec<Vec<f64>>,
    /// Effect of each label's probability on the mean embedding.
    effects: Vec<Vec<f64>>,
    usual: Vec<f64>,
    temperature: Ends,
    offset: Ends,
}

fn numbers(tensor: &TensorProto) -> Vec<f64> {
    let raw = tensor.raw_data.as_ref().unwrap().borrow();
    let values = raw.as_chunks::<4>().0.iter();
    values.map(|&b| f64::from(f32::from_le_bytes(b))).collect()
}

fn floats(graph: &GraphProto, name: &str) -> Vec<f64> {
    let mut found = graph.initializer.iter();
    let tensor = found.find(|t| t.name.as_deref() == Some(name));
    numbers(tensor.unwrap())
}

fn rows(values: &[f64], labels: usize) -> Vec<Vec<f64>> {
    let width = values.len() / labels;
    let row = |i| (0..labels).map(|k| values[k * width + i]).collect();
    (0..width).map(row).collect()
}

/// The node that makes a value.
fn made_by<'a>(graph: &'a GraphProto, name: &str) -> &'a NodeProto {
    let mut nodes = graph.node.iter();
    nodes
        .find(|node| node.output.iter().any(|o| o == name))
        .unwrap()
}

/// Of a node with two inputs: the constant, and the name of the other.
fn apart<'a>(graph: &'a GraphProto, node: &'a NodeProto) -> (Vec<f64>, &'a str) {
    let constant = |i: usize| {
        let node = made_by(graph, &node.input[i]);
        (node.op_type.as_deref() == Some("Constant"))
            .then(|| numbers(node.attribute[0].t.as_ref().unwrap()))
    };
    match constant(0) {
        Some(values) => (values, &node.input[1]),
        None => (constant(1).unwrap(), &node.input[0]),
    }
}

/// `unknown + weight * added`.
fn ends(graph: &GraphProto, name: &str) -> Ends {
    let (unknown, product) = apart(graph, made_by(graph, name));
    let (added, _) = apart(graph, made_by(graph, product));
    Ends { unknown, added }
}

fn weights() -> Weights {
    let model = ModelProto::parse_buf(&model().bytes).unwrap();
    let graph = model.graph.unwrap();
    let bias = floats(&graph, "voice.head.bias");
    let labels = bias.len();
    // logits = (head + weight * settled) / temperature + offset
    let sum = made_by(&graph, "logits");
    let quotient = made_by(&graph, &sum.input[0]);
    let both = made_by(&graph, &quotient.input[0]);
    let weighted = made_by(&graph, &both.input[1]);
    // The second layer has no name.
    let settled = floats(&graph, &made_by(&graph, &weighted.input[1]).input[1]);
    Weights {
        head: rows(&floats(&graph, "voice.head.weight"), labels),
        settled: settled.chunks(labels).map(<[f64]>::to_vec).collect(),
        effects: rows(&floats(&graph, "voice.effects"), labels),
        usual: floats(&graph, "voice.usual"),
        temperature: ends(&graph, &quotient.input[1]),
        offset: ends(&graph, &sum.input[1]),
        bias,
    }
}

fn expected(weights: &Weights, embedding: &[f32], baseline: &BaselineInput) -> Vec<f64> {
    let tuning = model().spec.tuning;
    let (means, variances) = baseline.statistics.split_at(embedding.len());
    let width = weights.head.len();
    let seconds = f64::from(baseline.seconds);
    let trust = seconds / (seconds + tuning.prior_s);
    let diversity: f64 = variances[width..].iter().map(|&v| f64::from(v)).sum();
    let (none, full) = DIVERSITY_RANGE;
    let variance_trust = trust * ((diversity - none) / (full - none)).clamp(0.0, 1.0);
    let mix = means[width..].iter().zip(&weights.usual);
    let mix: Vec<f64> = mix.map(|(&m, usual)| f64::from(m) - usual).collect();
    let mut logits = weights.bias.clone();
    for i in 0..width {
        let of_labels = mix.iter().zip(&weights.effects[i]).map(|(m, e)| m * e);
        let mean = trust * f64::from(means[i]) - (trust - variance_trust) * of_labels.sum::<f64>();
        let variance = variance_trust * f64::from(variances[i]) + 1.0 - variance_trust;
        let deviation = (f64::from(embedding[i]) - mean) / (variance + VARIANCE_FLOOR).sqrt();
        let deviation = deviation.clamp(-tuning.deviation_limit, tuning.deviation_limit);
        for (k, logit) in logits.iter_mut().enumerate() {
            *logit += deviation * (weights.head[i][k] + trust * weights.settled[i][k]);
        }
    }
    let corrected = logits.iter().enumerate();
    corrected
        .map(|(k, x)| x / weights.temperature.at(trust, k) + weights.offset.at(trust, k))
        .collect()
}

/// The probabilities of the labels without a baseline and without the correction.
fn probabilities(weights: &Weights, embedding: &[f32]) -> Vec<f64> {
    let limit = model().spec.tuning.deviation_limit;
    let logit = |k: usize| {
        let terms = embedding.iter().zip(&weights.head);
        let sum: f64 = terms
            .map(|(&x, row)| f64::from(x).clamp(-limit, limit) * row[k])
            .sum();
        (weights.bias[k] + sum).exp()
    };
    let odds: Vec<f64> = (0..weights.bias.len()).map(logit).collect();
    let total: f64 = odds.iter().sum();
    odds.iter().map(|odd| odd / total).collect()
}

/// Synthetic statistics of `width` numbers and the labels' probabilities, whose variances have
/// the given sum.
fn baseline(width: usize, labels: usize, diversity: f32, seconds: f32) -> BaselineInput {
    let wave = |i: usize, step: f32| (i as f32 * step).sin();
    let means = (0..width).map(|i| 0.8 * wave(i, 0.7));
    let shares = (0..labels).map(|k| (1.0 + 0.9 * wave(k, 2.0)) / labels as f32);
    let variances = (0..width).map(|i| 0.7 * (1.0 + 0.9 * wave(i, 1.3)));
    let of_shares = (0..labels).map(|_| diversity / labels as f32);
    let statistics = means.chain(shares).chain(variances).chain(of_shares);
    BaselineInput {
        statistics: statistics.collect(),
        seconds,
    }
}

#[test]
fn logits_follow_from_embedding_and_baseline_by_the_constants_of_the_model_file() {
    let weights = weights();
    let engine = Engine::load(model(), EngineChoice::Builtin, None).unwrap();
    let width = engine.model.spec.embedding_width.unwrap();
    let mut classifier = engine.classifier().unwrap();
    let labels = weights.bias.len();
    let mut baselines = vec![BaselineInput::unknown(width)];
    for diversity in [0.02, 0.07, 0.1, 0.3] {
        for seconds in [0.5, 6.0, 45.0, 300.0] {
            baselines.push(baseline(width - labels, labels, diversity, seconds));
        }
    }
    for seed in 1..4_usize {
        let wave = |i: usize| ((i * seed) as f32 * 0.37).sin();
        let mfcc: Vec<f32> = (0..100 * 80)
            .map(|i| wave(i) * 60.0 / (1 + i % 80) as f32)
            .collect();
        for baseline in &baselines {
            let found = classifier.classify(&mfcc, Some(baseline)).unwrap();
            let shares = probabilities(&weights, &found.embedding);
            for (found, expected) in found.embedding[width - labels..].iter().zip(&shares) {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-4,
                    "{seed}: {found} {expected}"
                );
            }
            let expected = expected(&weights, &found.embedding, baseline);
            for (found, expected) in found.logits.iter().zip(&expected) {
                assert!(
                    (f64::from(*found) - expected).abs() < 1e-3,
                    "{seed}, {} s: {found} {expected}",
                    baseline.seconds
                );
            }
        }
    }
}
