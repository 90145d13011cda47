//! The model file: it describes itself, and is refused where it does not fit.
//!
//! An ONNX file carries one metadata entry per item, each JSON: `labels`,
//! `frontend`, `window`, `temperature`, `thresholds`, `version`,
//! `training_data`, `licences`. Its input is `mfcc` `[batch, time, 80]`, its
//! output `logits` `[batch, labels]`, both 32-bit floats.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use rten_onnx::onnx::{DataType, Dimension, ModelProto, ValueInfoProto};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::dsp::spec::{Frontend, HOP, N_MFCC, SAMPLE_RATE};
use crate::events::UNCERTAIN;

/// Name of the input tensor.
pub const INPUT: &str = "mfcc";
/// Name of the output tensor.
pub const OUTPUT: &str = "logits";

/// The default model, inside the binary.
const EMBEDDED: &[u8] = include_bytes!("../models/voices/model.onnx");
const EMBEDDED_NAME: &str = "voices";
/// Its golden cases, for the self-test.
const GOLDEN: &str = include_str!("../models/voices/golden.json");

/// Largest model file that is read, in bytes.
const LARGEST: u64 = 512 << 20;

/// Why a model was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read the model {path}: {source}")]
    Read {
        /// Its path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is larger than any model that could run here.
    #[error("the model {path} has {size} bytes; at most {LARGEST} are read")]
    TooLarge {
        /// Its path.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The file is not ONNX.
    #[error("the model {name} is not an ONNX file: {reason}")]
    NotOnnx {
        /// Its name.
        name: String,
        /// What the parser said.
        reason: String,
    },
    /// The file is ONNX, but not for this program.
    #[error("the model {name} does not fit: {item}: expected {expected}, found {found}")]
    Misfit {
        /// Its name.
        name: String,
        /// The entry or tensor concerned.
        item: String,
        /// What this program needs.
        expected: String,
        /// What the file says.
        found: String,
    },
}

/// Windows that the model was trained to judge.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// Speech before the first judgement, in seconds.
    pub min_s: f64,
    /// Longest window, in seconds.
    pub max_s: f64,
    /// From one judgement to the next, in seconds.
    pub hop_s: f64,
}

/// When a label is sure enough to be named.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Least probability of the first label.
    pub certain: f64,
    /// Least lead over the second.
    pub margin: f64,
}

/// A corpus that the model was trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Corpus {
    /// Its name.
    pub corpus: String,
    /// Its language.
    #[serde(default)]
    pub language: String,
    /// Clips used.
    #[serde(default)]
    pub clips: u64,
    /// Speakers used.
    #[serde(default)]
    pub speakers: u64,
    /// Its licence, as its makers state it.
    #[serde(default)]
    pub licence: String,
}

/// What the metadata says.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Labels in the order of the logits.
    pub labels: Arc<[Arc<str>]>,
    /// Windows to judge.
    pub window: WindowSpec,
    /// Softmax temperature.
    pub temperature: f64,
    /// Thresholds of the decision.
    pub thresholds: Thresholds,
    /// The model's own version.
    pub version: String,
    /// What it was trained on.
    pub training_data: Vec<Corpus>,
    /// Licences of that, hence of the weights.
    pub licences: Vec<String>,
}

/// A checked model, not yet loaded into an engine.
#[derive(Debug, Clone)]
pub struct Model {
    /// Name for people: `voices`, or the path as given.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What the metadata says.
    pub contract: Contract,
    /// The file.
    pub bytes: Cow<'static, [u8]>,
}

/// A reference answer: features and the probabilities that they give.
#[derive(Debug, Clone, Deserialize)]
pub struct GoldenCase {
    /// What it is.
    pub name: String,
    /// Frames.
    pub frames: usize,
    /// `frames` rows of 80 coefficients.
    pub mfcc: Vec<f32>,
    /// Probabilities, in the order of the labels.
    pub probabilities: Vec<f64>,
}

impl Model {
    /// The default model, inside the binary.
    ///
    /// # Errors
    /// Only if the binary was built with a model that does not fit.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes(EMBEDDED_NAME.into(), Cow::Borrowed(EMBEDDED))
    }

    /// The golden cases of the default model, from its training.
    pub fn embedded_golden() -> Vec<GoldenCase> {
        #[derive(Deserialize)]
        struct File {
            cases: Vec<GoldenCase>,
        }
        serde_json::from_str::<File>(GOLDEN)
            .map(|file| file.cases)
            .unwrap_or_default()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that cannot be read, is not ONNX, or does not fit.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let read_error = |source| ModelError::Read {
            path: name.clone(),
            source,
        };
        let size = std::fs::metadata(path).map_err(read_error)?.len();
        if size > LARGEST {
            return Err(ModelError::TooLarge { path: name, size });
        }
        let bytes = std::fs::read(path).map_err(read_error)?;
        Self::from_bytes(name, Cow::Owned(bytes))
    }

    /// Checks a file that is in memory.
    ///
    /// # Errors
    /// Bytes that are not ONNX, or do not fit.
    pub fn from_bytes(name: String, bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let proto = ModelProto::parse_buf(&bytes).map_err(|error| ModelError::NotOnnx {
            name: name.clone(),
            reason: error.to_string(),
        })?;
        let contract = Checker { name: &name }.contract(&proto)?;
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(&bytes) {
            let _ = write!(sha256, "{byte:02x}");
        }
        Ok(Self {
            name,
            sha256,
            contract,
            bytes,
        })
    }

    /// A misfit that only shows when the model runs.
    pub fn misfit(&self, item: &str, expected: String, found: String) -> ModelError {
        Checker { name: &self.name }.misfit(item, expected, found)
    }
}

impl Contract {
    /// Shortest window for an interval judgement, in 16 kHz samples.
    pub fn min_samples(&self) -> u64 {
        samples(self.window.min_s)
    }

    /// Longest window, in 16 kHz samples.
    pub fn max_samples(&self) -> u64 {
        samples(self.window.max_s)
    }

    /// From one judgement to the next, in 16 kHz samples.
    pub fn hop_samples(&self) -> u64 {
        samples(self.window.hop_s)
    }
}

fn samples(seconds: f64) -> u64 {
    (seconds * f64::from(SAMPLE_RATE)).round() as u64
}

struct Checker<'a> {
    name: &'a str,
}

impl Checker<'_> {
    fn misfit(
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

    fn contract(&self, proto: &ModelProto) -> Result<Contract, ModelError> {
        let entry = |key: &str| {
            let found = proto
                .metadata_props
                .iter()
                .find(|p| p.key.as_deref() == Some(key));
            found
                .and_then(|p| p.value.as_deref())
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
        self.check_graph(proto, labels.len())?;
        Ok(Contract {
            labels: labels.into_iter().map(Arc::from).collect(),
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

    fn check_graph(&self, proto: &ModelProto, labels: usize) -> Result<(), ModelError> {
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
        let wanted_in = format!("one input {INPUT} [batch, time, {N_MFCC}] of 32-bit floats");
        match inputs.as_slice() {
            [input] if fits(input, INPUT, &[None, None, Some(N_MFCC)]) => {}
            _ => return Err(self.misfit("inputs", wanted_in, describe(inputs.iter().copied()))),
        }
        let wanted_out = format!("an output {OUTPUT} [batch, {labels}] of 32-bit floats");
        if outputs
            .iter()
            .any(|output| fits(output, OUTPUT, &[None, Some(labels)]))
        {
            return Ok(());
        }
        Err(self.misfit("outputs", wanted_out, describe(outputs.iter())))
    }
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
