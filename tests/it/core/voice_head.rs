//! The emotion head of the shipped model against a second implementation of its
//! definition: an embedding relative to the speaker baseline, which is shrunk towards
//! the prior with the constants of the model file.

use emoscope::classifier::BaselineInput;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::model::Model;
use rten_onnx::onnx::{GraphProto, ModelProto};

use crate::support::path;

/// Mean variance at which a baseline has no weight, and from which it has full weight.
const VARIANCE_RANGE: (f64, f64) = (0.1, 0.6);
/// Added to every variance.
const VARIANCE_FLOOR: f64 = 1e-3;

fn model() -> Model {
    Model::read(&path("models/small/model.onnx")).unwrap()
}

/// The weights of the two linear layers, one row per embedding number.
struct Weights {
    head: Vec<Vec<f64>>,
    bias: Vec<f64>,
    settled: Vec<Vec<f64>>,
}

fn floats(graph: &GraphProto, name: &str) -> Vec<f64> {
    let mut found = graph.initializer.iter();
    let tensor = found.find(|t| t.name.as_deref() == Some(name));
    let raw = tensor.unwrap().raw_data.as_ref().unwrap().borrow();
    let values = raw.as_chunks::<4>().0.iter();
    values.map(|&b| f64::from(f32::from_le_bytes(b))).collect()
}

fn weights() -> Weights {
    let model = ModelProto::parse_buf(&model().bytes).unwrap();
    let graph = model.graph.unwrap();
    let bias = floats(&graph, "voice.head.bias");
    let labels = bias.len();
    let head = floats(&graph, "voice.head.weight");
    let width = head.len() / labels;
    // The second layer has no name: it takes the same input as the first.
    let user_of = |name: &str| {
        let mut nodes = graph.node.iter();
        nodes.find(|node| node.input.iter().any(|input| input == name))
    };
    let shared = &user_of("voice.head.weight").unwrap().input[0];
    let mut nodes = graph.node.iter();
    let second = nodes.find(|n| n.op_type.as_deref() == Some("MatMul") && n.input[0] == *shared);
    let settled = floats(&graph, &second.unwrap().input[1]);
    Weights {
        head: (0..width)
            .map(|i| (0..labels).map(|k| head[k * width + i]).collect())
            .collect(),
        settled: settled.chunks(labels).map(<[f64]>::to_vec).collect(),
        bias,
    }
}

fn expected(weights: &Weights, embedding: &[f32], baseline: &BaselineInput) -> Vec<f64> {
    let tuning = model().spec.tuning;
    let width = embedding.len();
    let (means, variances) = baseline.statistics.split_at(width);
    let mean_variance = variances.iter().map(|&v| f64::from(v)).sum::<f64>() / width as f64;
    let (none, full) = VARIANCE_RANGE;
    let trust = ((mean_variance - none) / (full - none)).clamp(0.0, 1.0);
    let seconds = f64::from(baseline.seconds);
    let trust = trust * seconds / (seconds + tuning.prior_s);
    let mut logits = weights.bias.clone();
    for i in 0..width {
        let mean = trust * f64::from(means[i]);
        let variance = trust * f64::from(variances[i]) + 1.0 - trust;
        let deviation = (f64::from(embedding[i]) - mean) / (variance + VARIANCE_FLOOR).sqrt();
        let deviation = deviation.clamp(-tuning.deviation_limit, tuning.deviation_limit);
        for (k, logit) in logits.iter_mut().enumerate() {
            *logit += deviation * (weights.head[i][k] + trust * weights.settled[i][k]);
        }
    }
    logits
}

/// Synthetic statistics with a given mean variance.
fn baseline(width: usize, mean_variance: f32, seconds: f32) -> BaselineInput {
    let wave = |i: usize, step: f32| (i as f32 * step).sin();
    let means = (0..width).map(|i| 0.8 * wave(i, 0.7));
    let variances = (0..width).map(|i| mean_variance * (1.0 + 0.9 * wave(i, 1.3)));
    BaselineInput {
        statistics: means.chain(variances).collect(),
        seconds,
    }
}

#[test]
fn logits_follow_from_embedding_and_baseline_by_the_constants_of_the_model_file() {
    let weights = weights();
    let engine = Engine::load(model(), EngineChoice::Builtin, None).unwrap();
    let width = engine.model.spec.embedding_width.unwrap();
    let mut classifier = engine.classifier().unwrap();
    let mut baselines = vec![BaselineInput::unknown(width)];
    for mean_variance in [0.05, 0.25, 0.5, 1.5] {
        for seconds in [0.5, 6.0, 45.0, 300.0] {
            baselines.push(baseline(width, mean_variance, seconds));
        }
    }
    for seed in 1..4_usize {
        let wave = |i: usize| ((i * seed) as f32 * 0.37).sin();
        let mfcc: Vec<f32> = (0..100 * 80)
            .map(|i| wave(i) * 60.0 / (1 + i % 80) as f32)
            .collect();
        for baseline in &baselines {
            let found = classifier.classify(&mfcc, Some(baseline)).unwrap();
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
