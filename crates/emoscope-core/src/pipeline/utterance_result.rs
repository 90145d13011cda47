//! The interface between the pipeline and its utterance classifiers.

use std::sync::Arc;

use crate::classifier::ClassifierError;
use crate::decision::argmax;
use crate::events::{ByLabel, Measurement, Probability, Reason, Trigger, UNCERTAIN};
use crate::model_spec::{Affect, ModelSpec};
use crate::pipeline::audio_quality::AudioQuality;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;
use crate::pipeline::speaker_baselines::SpeakerBaselines;

/// Classifies the open utterance, by windows or step by step. Samples are at 16 kHz
/// from the start of the segment.
pub trait UtteranceClassifier: Send {
    /// Starts an utterance.
    fn begin(&mut self, utterance: OpenUtterance);

    /// The interval measurement that is due after the block that ends at `now`, if any;
    /// `voiced` is whether that block is voiced.
    ///
    /// # Errors
    /// The engine's error.
    fn interval(
        &mut self,
        utterance: OpenUtterance,
        now: u64,
        voiced: bool,
        rows: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError>;

    /// The measurement of a step whose last frame is complete at `now`, between two blocks.
    /// Only a streaming model has steps.
    ///
    /// # Errors
    /// The engine's error.
    fn complete_step(
        &mut self,
        _: OpenUtterance,
        _: u64,
        _: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError> {
        Ok(None)
    }

    /// The result for the whole utterance, which ended at `end`. The utterance is added
    /// to the speaker's baseline.
    ///
    /// # Errors
    /// The engine's error.
    fn whole(
        &mut self,
        utterance: OpenUtterance,
        end: u64,
        rows: &MfccHistory,
    ) -> Result<UtteranceResult, ClassifierError>;

    /// The baselines of the speakers.
    fn speakers(&self) -> &SpeakerBaselines;

    /// Mutable access to the baselines.
    fn speakers_mut(&mut self) -> &mut SpeakerBaselines;

    /// Restarts the baselines: other people speak from now on.
    fn reset_speakers(&mut self) {
        self.speakers_mut().reset();
    }

    /// Uses the current baseline from now on, also in the open utterance.
    fn baseline_changed(&mut self);
}

/// A measurement with its span in 16 kHz samples of the segment.
pub struct UtteranceResult {
    /// First sample of the span.
    pub start: u64,
    /// First sample after it.
    pub end: u64,
    /// What caused it.
    pub trigger: Trigger,
    pub(super) probabilities: Vec<f64>,
    /// Whether it is more likely not speech.
    pub(super) other: bool,
    /// Whether it is too short to decide whether it is speech.
    pub(super) early: bool,
    pub(super) label_index: Option<usize>,
    /// Seconds of speech in the baseline.
    pub(super) baseline_s: Option<f64>,
}

impl UtteranceResult {
    /// The event without its channel; `seconds` converts samples of the segment to
    /// times.
    pub fn event(
        &self,
        utterance: u64,
        spec: &ModelSpec,
        quality: &AudioQuality,
        seconds: impl Fn(u64) -> f64,
    ) -> Measurement {
        let label = self
            .label_index
            .map_or(UNCERTAIN, |index| &spec.labels[index]);
        let probabilities = spec
            .labels
            .iter()
            .zip(&self.probabilities)
            .map(|(label, &p)| (Arc::clone(label), Probability(p)))
            .collect();
        let shortest = spec.min_samples();
        Measurement {
            channel: None,
            speaker: None,
            utterance,
            start_s: seconds(self.start),
            end_s: seconds(self.end),
            trigger: self.trigger,
            probabilities: ByLabel(probabilities),
            label: label.to_owned(),
            confidence: Probability(argmax(&self.probabilities).1),
            reason: self.label_index.is_none().then(|| {
                if self.early && !self.other {
                    Reason::TooShort
                } else {
                    quality.reason(!self.other, self.end - self.start, shortest)
                }
            }),
            valence: self.expected(spec, |place| place.valence),
            arousal: self.expected(spec, |place| place.arousal),
            baseline_s: self.baseline_s,
        }
    }

    /// Expectation of valence or arousal over the labels, to four decimals.
    fn expected(&self, spec: &ModelSpec, of: impl Fn(&Affect) -> f64) -> Option<f64> {
        let places = spec.affect.as_ref()?;
        let products = places.iter().zip(&self.probabilities);
        let sum: f64 = products.map(|(place, p)| of(place) * p).sum();
        Some((sum * 1e4).round() / 1e4)
    }

    /// Index of the predicted label, or `None` for uncertain.
    pub fn label_index(&self) -> Option<usize> {
        self.label_index
    }
}
