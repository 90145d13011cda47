//! The interface of an inference engine.

use crate::baseline::Baseline;
use crate::dsp::feature_spec::N_MFCC;
use crate::model_spec::ModelSpec;

/// Runs a model: on windows, or on an utterance step by step.
pub trait Classifier: Send {
    /// Classifies `mfcc`: one or more whole frames of 80 coefficients. For a streaming
    /// model they follow the frames of the previous call since [`reset`](Self::reset).
    /// `baseline` is `Some` if the model uses the speaker's baseline.
    ///
    /// # Errors
    /// The engine's own error; it leaves the state of a streaming model unchanged.
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError>;

    /// Starts an utterance: a streaming model drops its state. A window model has none.
    fn reset(&mut self);

    /// Returns a streaming model to its state before the last step. Only once between
    /// two steps: no older state is kept. A window model has none.
    fn undo_step(&mut self);
}

/// Classifies the frames of a whole utterance at once: as one window, or in the steps
/// of a streaming model. Resets the state before and after.
///
/// # Errors
/// The engine's own error.
pub fn classify_whole(
    classifier: &mut dyn Classifier,
    spec: &ModelSpec,
    mfcc: &[f32],
    baseline: Option<&BaselineInput>,
) -> Result<ModelOutput, ClassifierError> {
    let Some(stream) = &spec.stream else {
        return classifier.classify(mfcc, baseline);
    };
    classifier.reset();
    let mut output = Ok(ModelOutput::default());
    for step in stream.steps(0, mfcc.len() / N_MFCC, true) {
        let frames = &mfcc[step.start * N_MFCC..step.end * N_MFCC];
        output = classifier.classify(frames, baseline);
        if output.is_err() {
            break;
        }
    }
    classifier.reset();
    output
}

/// The speaker's baseline in the model's input format.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineInput {
    /// Means of the embeddings, followed by their variances.
    pub statistics: Vec<f32>,
    /// Seconds of speech that they cover.
    pub seconds: f32,
}

impl BaselineInput {
    /// The input for an unknown speaker and embeddings of `width` values.
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

/// What a model returns for a window, or for an utterance up to a step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelOutput {
    /// One logit per label.
    pub logits: Vec<f32>,
    /// Logit of speech against other sounds, if the model has this output.
    pub speech: Option<f32>,
    /// Embedding for the baseline; empty if the model has none.
    pub embedding: Vec<f32>,
}

/// An engine's failure on a window.
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
