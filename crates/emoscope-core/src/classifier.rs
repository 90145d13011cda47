//! What the pipeline needs of an inference engine.

use crate::baseline::Baseline;

/// Runs a model on one window.
pub trait Classifier: Send {
    /// Classifies `mfcc`: whole frames of 80 coefficients, one or more. `baseline`
    /// is `Some` if the model compares a window with the speaker's baseline.
    ///
    /// # Errors
    /// The engine's own error.
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError>;
}

/// The speaker's baseline as the model takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineInput {
    /// Means of the embeddings, then their variances.
    pub statistics: Vec<f32>,
    /// Speech that they were taken over, in seconds.
    pub seconds: f32,
}

impl BaselineInput {
    /// The input for an unknown speaker and embeddings of `width` numbers.
    pub fn unknown(width: usize) -> Self {
        Self {
            statistics: vec![0.0; 2 * width],
            seconds: 0.0,
        }
    }
}

impl From<&Baseline> for BaselineInput {
    fn from(baseline: &Baseline) -> Self {
        Self {
            statistics: baseline.statistics(),
            seconds: baseline.seconds() as f32,
        }
    }
}

/// What a model returns for one window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelOutput {
    /// One logit per label.
    pub logits: Vec<f32>,
    /// Logit of speech against other sounds, if the model tells them apart.
    pub speech: Option<f32>,
    /// Embedding that the baseline is made of; empty if the model has none.
    pub embedding: Vec<f32>,
}

/// A window that an engine failed on.
#[derive(Debug, thiserror::Error)]
#[error("{engine} failed on a window of {frames} frames: {reason}")]
pub struct ClassifierError {
    /// Name of the engine.
    pub engine: &'static str,
    /// Frames of the window.
    pub frames: usize,
    /// The engine's own message.
    pub reason: String,
}

/// The baseline that a session starts with.
#[derive(Debug, Clone, Default)]
pub struct Enrolment {
    /// From a profile or from other recordings; `None` is an unknown speaker.
    pub baseline: Option<Baseline>,
    /// Whether the session leaves it unchanged.
    pub fixed: bool,
}

/// Probabilities from logits at a temperature, in the same order.
pub fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits
        .iter()
        .map(|&x| (f64::from(x - top) / temperature).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}
