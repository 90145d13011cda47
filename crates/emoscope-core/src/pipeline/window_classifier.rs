//! Classifies an utterance by windows: schedules them, combines them for the whole
//! utterance, and updates the speaker's baseline.

use std::sync::Arc;

use crate::classifier::{Classifier, ClassifierError, softmax};
use crate::decision::{Smoother, decide};
use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::events::Trigger;
use crate::model_spec::ModelSpec;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;
use crate::pipeline::speaker_baselines::SpeakerBaselines;
use crate::pipeline::speech_evidence::SpeechEvidence;
use crate::pipeline::utterance_result::{UtteranceClassifier, UtteranceResult};

/// Classifies windows of the open utterance.
pub struct WindowClassifier {
    classifier: Box<dyn Classifier>,
    spec: Arc<ModelSpec>,
    smoother: Smoother,
    speakers: SpeakerBaselines,
    /// End of the next interval window, in samples.
    next: u64,
    /// Windows that tile a long utterance.
    tiles: Vec<WindowResult>,
    last: Option<WindowResult>,
    evidence: SpeechEvidence,
}

/// A window and its prediction, kept so that none is computed twice.
#[derive(Clone)]
struct WindowResult {
    start: u64,
    end: u64,
    probabilities: Vec<f64>,
    /// Logit of speech; `None` if the model has no such output.
    speech: Option<f64>,
    embedding: Vec<f32>,
}

impl WindowClassifier {
    /// A classifier for the model's spec.
    pub fn new(
        classifier: Box<dyn Classifier>,
        spec: Arc<ModelSpec>,
        speakers: SpeakerBaselines,
    ) -> Self {
        Self {
            speakers,
            smoother: Smoother::new(spec.thresholds),
            evidence: SpeechEvidence::new(spec.tuning.speech_logit),
            classifier,
            spec,
            next: 0,
            tiles: Vec::new(),
            last: None,
        }
    }

    /// The complete frames with centres in `[start, end)`.
    fn window(
        &mut self,
        start: u64,
        end: u64,
        rows: &MfccHistory,
    ) -> Result<WindowResult, ClassifierError> {
        if let Some(last) = &self.last
            && (last.start, last.end) == (start, end)
        {
            return Ok(last.clone());
        }
        let hop = HOP_SAMPLES as u64;
        let mfcc = rows.view(start.div_ceil(hop)..end.div_ceil(hop));
        let output = self.classifier.classify(mfcc, self.speakers.input())?;
        let speech = output.speech.map(f64::from);
        if let Some(logit) = speech {
            self.evidence.update(logit);
        }
        let window = WindowResult {
            start,
            end,
            probabilities: softmax(&output.logits, self.spec.temperature),
            speech,
            embedding: output.embedding,
        };
        self.last = Some(window.clone());
        Ok(window)
    }

    /// The result for a span with these probabilities. Without speech, or if it is
    /// `early`, it has no label.
    fn result(
        &self,
        (start, end): (u64, u64),
        trigger: Trigger,
        probabilities: Vec<f64>,
        label_index: Option<usize>,
    ) -> UtteranceResult {
        let early = match trigger {
            Trigger::Interval => self.evidence.is_early(),
            Trigger::SpeechEnded => false,
        } || !self.evidence.is_speech();
        UtteranceResult {
            start,
            end,
            trigger,
            probabilities,
            other: self.evidence.is_other(),
            early,
            label_index: label_index.filter(|_| !early),
            baseline_s: self.speakers.current().rounded_seconds(),
        }
    }
}

impl UtteranceClassifier for WindowClassifier {
    fn speakers(&self) -> &SpeakerBaselines {
        &self.speakers
    }

    fn speakers_mut(&mut self) -> &mut SpeakerBaselines {
        &mut self.speakers
    }

    fn reset_speakers(&mut self) {
        self.speakers.reset();
        self.baseline_changed();
    }

    fn baseline_changed(&mut self) {
        self.last = None;
    }

    fn begin(&mut self, utterance: OpenUtterance) {
        self.smoother.reset();
        self.tiles.clear();
        self.last = None;
        self.evidence = SpeechEvidence::new(self.spec.tuning.speech_logit);
        self.next = utterance.start + self.spec.min_samples();
    }

    /// The interval window that is due at `now`, if any.
    ///
    /// It ends with the newest block, without delay: its last frame is the last
    /// complete one. It is classified only if that block is voiced, so nothing is
    /// measured on silence. If several are due, only one is classified.
    fn interval(
        &mut self,
        utterance: OpenUtterance,
        now: u64,
        voiced: bool,
        rows: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError> {
        if now < self.next {
            return Ok(None);
        }
        let longest = self.spec.max_samples();
        let start = utterance.start.max(now.saturating_sub(longest));
        // A tile must be classified while its rows are in memory, voiced or not.
        if (now - utterance.start) / longest > self.tiles.len() as u64 {
            let window = self.window(start, now, rows)?;
            self.tiles.push(window);
        }
        if !voiced {
            return Ok(None);
        }
        let hop = self.spec.hop_samples();
        self.next += ((now - self.next) / hop + 1) * hop;
        let window = self.window(start, now, rows)?;
        let (mean, label_index) = self.smoother.push(&window.probabilities);
        let probabilities = mean.to_vec();
        Ok(Some(self.result(
            (start, now),
            Trigger::Interval,
            probabilities,
            label_index,
        )))
    }

    /// The result for the whole utterance: from one window if it is short enough,
    /// otherwise the mean over the windows that tile it, weighted by their length. The
    /// utterance is added to the speaker's baseline.
    fn whole(
        &mut self,
        utterance: OpenUtterance,
        end: u64,
        rows: &MfccHistory,
    ) -> Result<UtteranceResult, ClassifierError> {
        let start = utterance.start;
        let longest = self.spec.max_samples();
        // Windows with the number of samples that each represents.
        let mut parts = Vec::new();
        if end - start <= longest {
            parts.push((self.window(start, end, rows)?, end - start));
        } else {
            self.tiles.retain(|tile| tile.end <= end);
            let tiled = self.tiles.last().map_or(start, |tile| tile.end);
            parts.extend(self.tiles.drain(..).map(|tile| (tile, longest)));
            if tiled < end {
                parts.push((self.window(end - longest, end, rows)?, end - tiled));
            }
        }
        let total: u64 = parts.iter().map(|(_, samples)| samples).sum();
        let mut probabilities = vec![0.0; self.spec.labels.len()];
        for (window, samples) in &parts {
            let share = *samples as f64 / total.max(1) as f64;
            for (sum, p) in probabilities.iter_mut().zip(&window.probabilities) {
                *sum += share * p;
            }
        }
        // The model was never trained on less than the shortest window.
        let short = end - start < self.spec.min_samples();
        let label_index = decide(&probabilities, self.spec.thresholds).filter(|_| !short);
        let result = self.result(
            (start, end),
            Trigger::SpeechEnded,
            probabilities,
            label_index,
        );
        if self.evidence.is_speech() {
            let spoken = parts
                .iter()
                .filter(|(window, _)| window.speech.is_none_or(|logit| logit >= 0.0))
                .map(|(window, samples)| (window.embedding.as_slice(), *samples));
            if self.speakers.update(utterance.number, spoken) {
                self.last = None;
            }
        }
        Ok(result)
    }
}
