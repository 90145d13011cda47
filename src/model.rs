//! The model file: it describes itself, and is refused where it does not fit.
//!
//! An ONNX file carries one metadata entry per item, each JSON: `labels`,
//! `frontend`, `window`, `temperature`, `thresholds`, `version`,
//! `training_data`, `licences`, and perhaps `affect`, `colors` and `voice_change`. Its input is `mfcc`
//! `[batch, time, 80]`, its output `logits` `[batch, labels]`. It may also judge
//! against a voice's own baseline: inputs `baseline` `[batch, 2, width]` (mean and
//! variance of the embeddings) and `baseline_s` `[batch, 1]` (seconds of speech
//! that they were taken over), output `embedding` `[batch, width]`; and it may
//! say in `speech` `[batch, 1]` (a logit) whether it heard speech at all. All are
//! 32-bit floats.

mod check;
mod weights;
mod wire;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use rten_onnx::onnx::ModelProto;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::baseline::VoiceChange;
use crate::dsp::spec::SAMPLE_RATE;
use crate::events::Hue;
use check::Checker;

/// Name of the input tensor.
pub const INPUT: &str = "mfcc";
/// Name of the input with the voice's mean and variance.
pub const BASELINE: &str = "baseline";
/// Name of the input with the seconds that these were taken over.
pub const BASELINE_S: &str = "baseline_s";
/// Name of the output tensor.
pub const OUTPUT: &str = "logits";
/// Name of the output that a baseline is made of.
pub const EMBEDDING: &str = "embedding";
/// Name of the output that tells speech from other sounds.
pub const SPEECH: &str = "speech";

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
    #[error("cannot read the model {path}: {reason}")]
    Read {
        /// Its path.
        path: String,
        /// What the system said.
        reason: std::io::Error,
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
        /// What cannot be, or what the parser said.
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

/// Where a label lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Affect {
    /// From -1, unpleasant, to 1, pleasant.
    pub valence: f64,
    /// From -1, calm, to 1, excited.
    pub arousal: f64,
}

impl From<[f64; 2]> for Affect {
    fn from([valence, arousal]: [f64; 2]) -> Self {
        Self { valence, arousal }
    }
}

impl From<Affect> for [f64; 2] {
    fn from(affect: Affect) -> Self {
        [affect.valence, affect.arousal]
    }
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
    /// Where each label lies in valence and arousal, if the model says so.
    pub affect: Option<Vec<Affect>>,
    /// The colour of each label, if the model names any.
    pub colors: Vec<Option<Hue>>,
    /// Numbers of an embedding, if the model judges against a baseline.
    pub width: Option<usize>,
    /// When a voice is plainly another one, if the model says so.
    pub voice_change: Option<VoiceChange>,
    /// Whether the model tells speech from other sounds.
    pub speech: bool,
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
    /// Probabilities, in the order of the labels, of a voice that was never heard.
    pub probabilities: Vec<f64>,
    /// The same of a voice with the golden baseline; empty if the model takes none.
    #[serde(default)]
    pub settled_probabilities: Vec<f64>,
}

/// The golden cases and the made-up voice that they are also judged against.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Golden {
    /// The voice.
    #[serde(default)]
    pub baseline: GoldenBaseline,
    /// The cases.
    pub cases: Vec<GoldenCase>,
}

/// A made-up voice.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GoldenBaseline {
    /// Speech that it knows, in seconds.
    pub seconds: f32,
    /// Means, then variances.
    pub statistics: Vec<f32>,
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
    pub fn embedded_golden() -> Golden {
        serde_json::from_str(GOLDEN).unwrap_or_default()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that cannot be read, is not ONNX, or does not fit.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let read_error = |reason| ModelError::Read {
            path: name.clone(),
            reason,
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
        let not_onnx = |reason| ModelError::NotOnnx {
            name: name.clone(),
            reason,
        };
        wire::check(&bytes).map_err(not_onnx)?;
        let proto = ModelProto::parse_buf(&bytes).map_err(|error| not_onnx(error.to_string()))?;
        let contract = Checker { name: &name }.contract(&proto)?;
        Ok(Self {
            name,
            sha256: sha256(&bytes),
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

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn samples(seconds: f64) -> u64 {
    (seconds * f64::from(SAMPLE_RATE)).round() as u64
}
