//! Whether a file keeps the contract: every entry of its metadata, every tensor.

use std::collections::{BTreeMap, HashSet};

use rten_onnx::onnx::{DataType, Dimension, ModelProto, ValueInfoProto};
use serde::de::DeserializeOwned;

use super::{
    Affect, BASELINE, BASELINE_S, Contract, EMBEDDING, INPUT, ModelError, OUTPUT, SPEECH,
    Thresholds, WindowSpec, weights,
};
use crate::baseline::VoiceChange;
use crate::dsp::spec::{Frontend, HOP, N_MFCC, SAMPLE_RATE};
use crate::events::{Hue, UNCERTAIN};

/// Checks one file; its name stands in every error.
pub(super) struct Checker<'a> {
    pub(super) name: &'a str,
}

impl Checker<'_> {
    pub(super) fn misfit(
        &self,
        item: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> ModelError {
        ModelError::Misfit {
            name: self.name.into(),
            item: item.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    pub(super) fn contract(&self, proto: &ModelProto) -> Result<Contract, ModelError> {
        let entry = |key: &str| {
            proto_entry(proto, key)
                .ok_or_else(|| self.misfit(&format!("metadata entry {key}"), "JSON", "nothing"))
        };
        let labels: Vec<String> = self.parse("labels", "a list of names", entry("labels")?)?;
        self.check_labels(&labels)?;
        self.check_frontend(&self.parse("frontend", "an object", entry("frontend")?)?)?;
        let window = self.parse("window", r#"{"min_s","max_s","hop_s"}"#, entry("window")?)?;
        self.check_window(window)?;
        let temperature: f64 = self.parse("temperature", "a number", entry("temperature")?)?;
        if !(0.01..=100.0).contains(&temperature) {
            return Err(self.misfit("temperature", "0.01 to 100", temperature.to_string()));
        }
        let thresholds: Thresholds = self.parse(
            "thresholds",
            r#"{"certain","margin"}"#,
            entry("thresholds")?,
        )?;
        for (item, value) in [
            ("certain", thresholds.certain),
            ("margin", thresholds.margin),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(self.misfit(
                    &format!("thresholds.{item}"),
                    "0 to 1",
                    value.to_string(),
                ));
            }
        }
        if let Some((item, expected, found)) = proto.graph.as_ref().and_then(weights::misfit) {
            return Err(self.misfit(&item, expected, found));
        }
        let graph = self.graph(proto, labels.len())?;
        let affect = match proto_entry(proto, "affect") {
            Some(text) => Some(self.affect(&labels, text)?),
            None => None,
        };
        let colors = match proto_entry(proto, "colors") {
            Some(text) => self.colors(&labels, text)?,
            None => Vec::new(),
        };
        let voice_change = match proto_entry(proto, "voice_change") {
            Some(text) => Some(self.voice_change(graph.width, text)?),
            None => None,
        };
        Ok(Contract {
            affect,
            colors,
            voice_change,
            width: graph.width,
            speech: graph.speech,
            labels: labels.into_iter().map(std::sync::Arc::from).collect(),
            window,
            temperature,
            thresholds,
            version: self.parse("version", "a string", entry("version")?)?,
            training_data: self.parse("training_data", "a list", entry("training_data")?)?,
            licences: self.parse("licences", "a list of strings", entry("licences")?)?,
        })
    }

    fn parse<T: DeserializeOwned>(
        &self,
        item: &str,
        expected: &str,
        text: &str,
    ) -> Result<T, ModelError> {
        serde_json::from_str(text).map_err(|error| {
            let shown: String = text.chars().take(80).collect();
            self.misfit(item, expected, format!("{shown} ({error})"))
        })
    }

    /// One place in valence and arousal per label.
    fn affect(&self, labels: &[String], text: &str) -> Result<Vec<Affect>, ModelError> {
        let expected = "an object with [valence, arousal], each -1 to 1, per label";
        let found: BTreeMap<String, Affect> = self.parse("affect", expected, text)?;
        let inside = |affect: &Affect| {
            let range = -1.0..=1.0;
            range.contains(&affect.valence) && range.contains(&affect.arousal)
        };
        let places: Option<Vec<Affect>> = labels
            .iter()
            .map(|label| found.get(label).copied().filter(inside))
            .collect();
        places
            .filter(|places| places.len() == found.len())
            .ok_or_else(|| self.misfit("affect", expected, text))
    }

    /// A colour for some or all of the labels, in their order.
    fn colors(&self, labels: &[String], text: &str) -> Result<Vec<Option<Hue>>, ModelError> {
        let expected = "an object with a colour for labels of the model: red, magenta, yellow, \
                        blue, cyan, plain or dim";
        let found: BTreeMap<String, Hue> = self.parse("colors", expected, text)?;
        if let Some(other) = found.keys().find(|name| !labels.contains(name)) {
            return Err(self.misfit("colors", expected, format!("one for {other:?}")));
        }
        Ok(labels.iter().map(|name| found.get(name).copied()).collect())
    }

    /// A border between voices, for a model that makes a baseline.
    fn voice_change(&self, width: Option<usize>, text: &str) -> Result<VoiceChange, ModelError> {
        let expected = "{\"numbers\", \"distance\"}: some or all numbers of an embedding, and \
                        a positive number";
        let found: VoiceChange = self.parse("voice_change", expected, text)?;
        let numbers = 1..=width.unwrap_or(0);
        if numbers.contains(&found.numbers) && found.distance > 0.0 && found.distance.is_finite() {
            return Ok(found);
        }
        Err(self.misfit("voice_change", expected, text))
    }

    fn check_labels(&self, labels: &[String]) -> Result<(), ModelError> {
        let distinct: HashSet<&str> = labels.iter().map(String::as_str).collect();
        let named = labels
            .iter()
            .all(|label| !label.trim().is_empty() && label != UNCERTAIN);
        if labels.len() < 2 || distinct.len() < labels.len() || !named {
            return Err(self.misfit(
                "labels",
                format!("two or more distinct names, none of them empty or '{UNCERTAIN}'"),
                format!("{labels:?}"),
            ));
        }
        Ok(())
    }

    fn check_frontend(&self, found: &serde_json::Value) -> Result<(), ModelError> {
        let ours = serde_json::to_value(Frontend::ours()).unwrap_or_default();
        if let (Some(expected), Some(given)) = (ours.as_object(), found.as_object()) {
            for (key, value) in expected {
                let same = given
                    .get(key)
                    .is_some_and(|v| same_number(v, value) || v == value);
                if !same {
                    let found = given.get(key).map_or("nothing".into(), ToString::to_string);
                    return Err(self.misfit(&format!("frontend.{key}"), value.to_string(), found));
                }
            }
            if let Some(key) = given.keys().find(|key| !expected.contains_key(*key)) {
                return Err(self.misfit(
                    &format!("frontend.{key}"),
                    "nothing",
                    given[key].to_string(),
                ));
            }
            return Ok(());
        }
        Err(self.misfit("frontend", ours.to_string(), found.to_string()))
    }

    fn check_window(&self, window: WindowSpec) -> Result<(), ModelError> {
        let WindowSpec {
            min_s,
            max_s,
            hop_s,
        } = window;
        let frame_s = HOP as f64 / f64::from(SAMPLE_RATE);
        let whole = |s: f64| (s / frame_s - (s / frame_s).round()).abs() < 1e-6;
        // Windows tile an utterance only if all lengths lie on one grid of hops.
        let on_grid = |s: f64| (s / hop_s - (s / hop_s).round()).abs() < 1e-6;
        let fits = (frame_s..=5.0).contains(&hop_s)
            && (frame_s..=max_s).contains(&min_s)
            && max_s <= 30.0
            && whole(hop_s)
            && on_grid(min_s)
            && on_grid(max_s);
        if fits {
            return Ok(());
        }
        Err(self.misfit(
            "window",
            "hop_s a multiple of 0.01 up to 5, min_s and max_s multiples of hop_s, min_s <= max_s <= 30",
            format!("min_s {min_s}, max_s {max_s}, hop_s {hop_s}"),
        ))
    }

    fn graph(&self, proto: &ModelProto, labels: usize) -> Result<Graph, ModelError> {
        let graph = proto.graph.as_ref();
        let (inputs, outputs) = graph.map_or((&[][..], &[][..]), |g| {
            (g.input.as_slice(), g.output.as_slice())
        });
        // Older exporters list the weights among the inputs.
        let weights: HashSet<&str> = graph
            .map(|g| {
                g.initializer
                    .iter()
                    .filter_map(|t| t.name.as_deref())
                    .collect()
            })
            .unwrap_or_default();
        let inputs: Vec<&ValueInfoProto> = inputs
            .iter()
            .filter(|v| !v.name.as_deref().is_some_and(|name| weights.contains(name)))
            .collect();
        let has = |name: &str, shape: &[Option<usize>]| {
            outputs.iter().any(|output| fits(output, name, shape))
        };
        let width = match inputs.as_slice() {
            [input] if fits(input, INPUT, &[None, None, Some(N_MFCC)]) => None,
            [input, statistics, seconds]
                if fits(input, INPUT, &[None, None, Some(N_MFCC)])
                    && fits(statistics, BASELINE, &[None, Some(2), last(statistics)])
                    && fits(seconds, BASELINE_S, &[None, Some(1)])
                    && has(EMBEDDING, &[None, last(statistics)]) =>
            {
                last(statistics)
            }
            _ => {
                let wanted = format!(
                    "{INPUT} [batch, time, {N_MFCC}], or besides {BASELINE} [batch, 2, width] and \
                     {BASELINE_S} [batch, 1] with an output {EMBEDDING} [batch, width], \
                     of 32-bit floats"
                );
                let found = describe(inputs.iter().copied());
                return Err(self.misfit("inputs", wanted, found));
            }
        };
        if !has(OUTPUT, &[None, Some(labels)]) {
            let wanted = format!("an output {OUTPUT} [batch, {labels}] of 32-bit floats");
            return Err(self.misfit("outputs", wanted, describe(outputs.iter())));
        }
        Ok(Graph {
            width,
            speech: has(SPEECH, &[None, Some(1)]),
        })
    }
}

/// What a graph can do besides.
struct Graph {
    width: Option<usize>,
    speech: bool,
}

fn proto_entry<'a>(proto: &'a ModelProto, key: &str) -> Option<&'a str> {
    let found = proto
        .metadata_props
        .iter()
        .find(|p| p.key.as_deref() == Some(key))?;
    found.value.as_deref()
}

/// The last dimension, where the file fixes it.
fn last(value: &ValueInfoProto) -> Option<usize> {
    let tensor = value.r#type.as_ref()?.tensor_type.as_ref()?;
    usize::try_from(tensor.shape.as_ref()?.dim.last()?.dim_value?).ok()
}

fn same_number(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    matches!((a.as_f64(), b.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
}

/// Whether a tensor has the name, the type, and no dimension that contradicts.
/// A fixed batch of 1 is fine; a fixed time is not.
fn fits(value: &ValueInfoProto, name: &str, shape: &[Option<usize>]) -> bool {
    let Some(tensor) = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()) else {
        return false;
    };
    let dims: &[Dimension] = tensor.shape.as_ref().map_or(&[], |s| &s.dim);
    value.name.as_deref() == Some(name)
        && tensor.elem_type == Some(DataType::FLOAT)
        && dims.len() == shape.len()
        && dims
            .iter()
            .zip(shape)
            .enumerate()
            .all(|(axis, (dim, wanted))| match (dim.dim_value, wanted) {
                (Some(found), Some(wanted)) => found == *wanted as i64,
                (Some(found), None) => axis == 0 && found == 1,
                (None, _) => true,
            })
}

fn describe<'a>(values: impl Iterator<Item = &'a ValueInfoProto>) -> String {
    let shown: Vec<String> = values
        .map(|value| {
            let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
            let dims: Vec<String> = tensor
                .and_then(|t| t.shape.as_ref())
                .map(|s| s.dim.iter().map(dimension).collect())
                .unwrap_or_default();
            format!(
                "{} [{}]",
                value.name.as_deref().unwrap_or("?"),
                dims.join(", ")
            )
        })
        .collect();
    if shown.is_empty() {
        "none".into()
    } else {
        shown.join(", ")
    }
}

fn dimension(dim: &Dimension) -> String {
    dim.dim_value.map_or_else(
        || dim.dim_param.clone().unwrap_or("?".into()),
        |v| v.to_string(),
    )
}
