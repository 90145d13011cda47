//! The metadata of a model file, parsed and checked.
//!
//! An ONNX file has one metadata entry per item, each JSON: `labels`, `frontend`,
//! `window`, `temperature`, `thresholds`, `version`, `training_data`, `licences`, and
//! optionally `affect`, `colors`, `voice_change`, `stream` and `tuning` ([`Tuning`]).
//! Its input is `mfcc` `[batch, time, 80]`, its output `logits` `[batch, labels]`. A
//! model may compare a window with the speaker's baseline. It then has the inputs
//! `baseline` `[batch, 2, width]` (mean and variance of the embeddings) and
//! `baseline_s` `[batch, 1]` (their seconds of speech), and the output `embedding`
//! `[batch, width]`. It may separate speech from other sounds with the output `speech`
//! `[batch, 1]` (a logit). All tensors contain 32-bit floats.
//!
//! With an entry `stream` ([`StreamSpec`]) it is a streaming model: it processes an
//! utterance step by step and carries a state between steps. Only `min_s` of its
//! `window` is used: the shortest utterance that gets a label.

mod check;
mod stream;
mod tensors;
mod tuning;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::baseline::SpeakerChange;
use crate::dsp::feature_spec::SAMPLE_RATE_HZ;
use crate::events::Hue;

pub use stream::{MIN_FIRST_FRAMES, MIN_STEP_FRAMES, StateTensor, StreamSpec};
pub(crate) use tensors::describe;
pub use tensors::{Dimension, TensorInfo};
pub use tuning::Tuning;

/// Name of the input tensor.
pub const MFCC_INPUT: &str = "mfcc";
/// Name of the input with mean and variance of the speaker's embeddings.
pub const BASELINE_INPUT: &str = "baseline";
/// Name of the input with the baseline's seconds of speech.
pub const BASELINE_SECONDS_INPUT: &str = "baseline_s";
/// Name of the output tensor.
pub const LOGITS_OUTPUT: &str = "logits";
/// Name of the output for the baseline.
pub const EMBEDDING_OUTPUT: &str = "embedding";
/// Name of the output that separates speech from other sounds.
pub const SPEECH_OUTPUT: &str = "speech";

/// Why a model is not compatible.
#[derive(Debug, thiserror::Error)]
#[error("{item}: expected {expected}, found {found}")]
pub struct SpecError {
    /// The metadata entry or tensor.
    pub item: String,
    /// What this program requires.
    pub expected: String,
    /// What the file contains.
    pub found: String,
}

impl SpecError {
    /// An error about one entry or tensor.
    pub fn new(
        item: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            item: item.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// The windows that the model was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// Speech before the first prediction, in seconds.
    pub min_s: f64,
    /// Longest window, in seconds.
    pub max_s: f64,
    /// From one prediction to the next, in seconds.
    pub hop_s: f64,
}

/// When a label is certain enough.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Least probability of the first label.
    pub certain: f64,
    /// Least difference to the second label.
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

/// Position of a label in valence and arousal.
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

/// The metadata of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSpec {
    /// Labels in the order of the logits.
    pub labels: Arc<[Arc<str>]>,
    /// Windows to classify.
    pub window: WindowSpec,
    /// Steps and state, if it is a streaming model.
    pub stream: Option<StreamSpec>,
    /// Softmax temperature.
    pub temperature: f64,
    /// Thresholds of the decision.
    pub thresholds: Thresholds,
    /// Valence and arousal of each label, if the model defines them.
    pub affect: Option<Vec<Affect>>,
    /// The colour of each label, if the model defines any.
    pub colors: Vec<Option<Hue>>,
    /// Values per embedding, if the model uses a baseline.
    pub embedding_width: Option<usize>,
    /// When the speaker has changed, if the model defines it.
    pub voice_change: Option<SpeakerChange>,
    /// Whether the model separates speech from other sounds.
    pub has_speech: bool,
    /// Constants chosen together with the model.
    pub tuning: Tuning,
    /// The model's own version.
    pub version: String,
    /// Its training corpora.
    pub training_data: Vec<Corpus>,
    /// Licences of the training data, and so of the weights.
    pub licences: Vec<String>,
}

impl ModelSpec {
    /// Shortest window of an interval prediction, in 16 kHz samples.
    pub fn min_samples(&self) -> u64 {
        samples(self.window.min_s)
    }

    /// Longest window, in 16 kHz samples.
    pub fn max_samples(&self) -> u64 {
        samples(self.window.max_s)
    }

    /// From one prediction to the next, in 16 kHz samples.
    pub fn hop_samples(&self) -> u64 {
        samples(self.window.hop_s)
    }
}

fn samples(seconds: f64) -> u64 {
    (seconds * f64::from(SAMPLE_RATE_HZ)).round() as u64
}
