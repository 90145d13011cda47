//! Finds utterances without classifying them, in the first pass over a recording.

use crate::classifier::ClassifierError;
use crate::events::Trigger;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;
use crate::pipeline::speaker_baselines::SpeakerBaselines;
use crate::pipeline::utterance_result::{UtteranceClassifier, UtteranceResult};

/// Runs no model and returns uncertain for every utterance.
pub struct Unclassified {
    /// Number of the labels of the model that is not run.
    pub labels: usize,
    /// Baselines that stay empty.
    pub speakers: SpeakerBaselines,
}

impl UtteranceClassifier for Unclassified {
    fn begin(&mut self, _: OpenUtterance) {}

    fn interval(
        &mut self,
        _: OpenUtterance,
        _: u64,
        _: bool,
        _: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError> {
        Ok(None)
    }

    fn whole(
        &mut self,
        utterance: OpenUtterance,
        end: u64,
        _: &MfccHistory,
    ) -> Result<UtteranceResult, ClassifierError> {
        Ok(UtteranceResult {
            start: utterance.start,
            end,
            trigger: Trigger::SpeechEnded,
            probabilities: vec![1.0 / self.labels as f64; self.labels],
            other: false,
            early: true,
            label_index: None,
            baseline_s: None,
        })
    }

    fn speakers(&self) -> &SpeakerBaselines {
        &self.speakers
    }

    fn speakers_mut(&mut self) -> &mut SpeakerBaselines {
        &mut self.speakers
    }

    fn baseline_changed(&mut self) {}
}
