//! Classifies an utterance by windows: which are due, what they say, what the
//! whole says in the end, and what of it belongs to the speaker's baseline.

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
    /// End of the next interval window.
    next: u64,
    /// Windows that tile a long utterance.
    tiles: Vec<WindowResult>,
    last: Option<WindowResult>,
    evidence: SpeechEvidence,
}

/// A window and what was said of it, kept so that none is computed twice.
#[derive(Clone)]
struct WindowResult {
    start: u64,
    end: u64,
    probabilities: Vec<f64>,
    /// Logit of speech, `None` if the model does not tell.
    speech: Option<f64>,
    embedding: Vec<f32>,
}

impl WindowClassifier {
    /// A classifier that follows the model's spec.
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

    /// The frames whose centres lie in `[start, end)`, as far as they are complete.
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
        let judged = WindowResult {
            start,
            end,
            probabilities: softmax(&output.logits, self.spec.temperature),
            speech,
            embedding: output.embedding,
        };
        self.last = Some(judged.clone());
        Ok(judged)
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
        self.last = None;
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
    /// measured on silence. If several are due, there is one.
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
        // A tile must be judged while its rows are here, voiced or not.
        if (now - utterance.start) / longest > self.tiles.len() as u64 {
            let judged = self.window(start, now, rows)?;
            self.tiles.push(judged);
        }
        if !voiced {
            return Ok(None);
        }
        let hop = self.spec.hop_samples();
        self.next += ((now - self.next) / hop + 1) * hop;
        let judged = self.window(start, now, rows)?;
        let (mean, call) = self.smoother.push(&judged.probabilities);
        let probabilities = mean.to_vec();
        let early = self.evidence.is_early() || !self.evidence.is_speech();
        Ok(Some(UtteranceResult {
            start,
            end: now,
            trigger: Trigger::Interval,
            probabilities,
            other: self.evidence.is_other(),
            early,
            call: call.filter(|_| !early),
            baseline_s: self.speakers.current().rounded_seconds(),
        }))
    }

    /// The result on the whole utterance: of one window if it is short enough,
    /// else the mean over the windows that tile it, weighted by their share. What
    /// was said joins the voice's baseline.
    fn whole(
        &mut self,
        utterance: OpenUtterance,
        end: u64,
        rows: &MfccHistory,
    ) -> Result<UtteranceResult, ClassifierError> {
        let start = utterance.start;
        let longest = self.spec.max_samples();
        // Windows with the samples that each stands for.
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
        for (judged, samples) in &parts {
            let share = *samples as f64 / total.max(1) as f64;
            for (sum, p) in probabilities.iter_mut().zip(&judged.probabilities) {
                *sum += share * p;
            }
        }
        let speech = self.evidence.is_speech();
        // Of less than the shortest window the model never learned to say anything.
        let short = end - start < self.spec.min_samples();
        let call = decide(&probabilities, self.spec.thresholds).filter(|_| speech && !short);
        let baseline_s = self.speakers.current().rounded_seconds();
        if speech {
            let spoken = parts
                .iter()
                .filter(|(window, _)| window.speech.is_none_or(|logit| logit >= 0.0))
                .map(|(window, samples)| (window.embedding.as_slice(), *samples));
            if self.speakers.update(utterance.number, spoken) {
                self.last = None;
            }
        }
        Ok(UtteranceResult {
            start,
            end,
            trigger: Trigger::SpeechEnded,
            probabilities,
            other: self.evidence.is_other(),
            early: !speech,
            call,
            baseline_s,
        })
    }
}
