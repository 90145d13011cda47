//! Classifies an utterance step by step with a streaming model. Each frame passes
//! through the network once, and each prediction covers the utterance so far.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput, softmax};
use crate::decision::StandingLabel;
use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::events::Trigger;
use crate::model_spec::{ModelSpec, StreamSpec};
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;
use crate::pipeline::speaker_baselines::SpeakerBaselines;
use crate::pipeline::utterance_result::{UtteranceClassifier, UtteranceResult};

const HOP: u64 = HOP_SAMPLES as u64;
/// Earlier predictions that are kept: about four seconds.
const MAX_EARLIER_PREDICTIONS: usize = 16;

/// Runs a streaming model on the open utterance.
pub struct StreamClassifier {
    classifier: Box<dyn Classifier>,
    spec: Arc<ModelSpec>,
    stream: StreamSpec,
    speakers: SpeakerBaselines,
    standing: StandingLabel,
    /// The baseline for this utterance: fixed at its start, or when its speaker became
    /// known.
    baseline: Option<BaselineInput>,
    /// Its seconds of speech, to two decimals.
    baseline_s: Option<f64>,
    /// Frames of the utterance that the model has processed.
    fed: usize,
    /// The prediction for them.
    prediction: Option<ModelOutput>,
    /// Earlier predictions with their numbers of frames, for an utterance that proves
    /// to have ended earlier.
    earlier: VecDeque<(usize, ModelOutput)>,
}

impl StreamClassifier {
    /// A classifier for the model's spec.
    pub fn new(
        classifier: Box<dyn Classifier>,
        spec: Arc<ModelSpec>,
        stream: StreamSpec,
        speakers: SpeakerBaselines,
    ) -> Self {
        Self {
            classifier,
            speakers,
            standing: StandingLabel::new(spec.thresholds),
            spec,
            stream,
            baseline: None,
            baseline_s: None,
            fed: 0,
            prediction: None,
            earlier: VecDeque::new(),
        }
    }

    /// Runs the steps that are due for the complete frames with centres in `[start,
    /// end)`. Returns whether there were any.
    fn feed(
        &mut self,
        start: u64,
        end: u64,
        last: bool,
        rows: &MfccHistory,
    ) -> Result<bool, ClassifierError> {
        let origin = start.div_ceil(HOP);
        let complete = end.div_ceil(HOP).min(rows.end()).saturating_sub(origin);
        let before = self.fed;
        for step in self.stream.steps(self.fed, complete as usize, last) {
            let frames = rows.view(origin + step.start as u64..origin + step.end as u64);
            let prediction = self.classifier.classify(frames, self.baseline.as_ref())?;
            if let Some(before) = self.prediction.replace(prediction) {
                if self.earlier.len() == MAX_EARLIER_PREDICTIONS {
                    self.earlier.pop_front();
                }
                self.earlier.push_back((self.fed, before));
            }
            self.fed = step.end;
        }
        Ok(self.fed > before)
    }

    /// The result for the frames so far, with the common rule for intervals and the
    /// end.
    fn result(&mut self, start: u64, end: u64, trigger: Trigger) -> UtteranceResult {
        let labels = self.spec.labels.len();
        let probabilities = match &self.prediction {
            Some(prediction) => softmax(&prediction.logits, self.spec.temperature),
            None => vec![1.0 / labels as f64; labels],
        };
        let speech = self.is_speech();
        let early = (self.fed as u64) * HOP < self.spec.min_samples();
        // Only a certain label can stand.
        let label_index = if speech && !early {
            self.standing.update(&probabilities)
        } else {
            self.standing.reset();
            None
        };
        UtteranceResult {
            start,
            end,
            trigger,
            probabilities,
            other: !speech,
            early,
            label_index,
            baseline_s: self.baseline_s,
        }
    }

    /// Undoes the steps past `end`: the last one reached into a pause, or a change of the
    /// speaker was detected late. The model keeps only the state before the last step, so
    /// after two or more the prediction stays that of the last step before `end`.
    fn go_back(&mut self, start: u64, end: u64) {
        let frames = (end.div_ceil(HOP) - start.div_ceil(HOP)) as usize;
        if self.fed <= frames {
            return;
        }
        let mut before = self.earlier.pop_back();
        if before.as_ref().is_none_or(|(fed, _)| *fed <= frames) {
            self.classifier.undo_step();
            (self.fed, self.prediction) = match before {
                Some((fed, prediction)) => (fed, Some(prediction)),
                None => (0, None),
            };
            return;
        }
        while let Some((fed, prediction)) = before {
            self.prediction = Some(prediction);
            if fed <= frames {
                break;
            }
            before = self.earlier.pop_back();
        }
        // No more steps may run: the model's state is already past the end.
        self.fed = frames;
    }

    /// True also for a model without this output.
    fn is_speech(&self) -> bool {
        let logit = self
            .prediction
            .as_ref()
            .and_then(|prediction| prediction.speech);
        logit.is_none_or(|logit| f64::from(logit) >= self.stream.speech_threshold)
    }
}

impl UtteranceClassifier for StreamClassifier {
    fn begin(&mut self, _: OpenUtterance) {
        self.classifier.reset();
        self.standing.reset();
        self.baseline_changed();
        self.fed = 0;
        self.prediction = None;
        self.earlier.clear();
    }

    /// A voiced block runs the steps that became complete in a pause.
    fn interval(
        &mut self,
        utterance: OpenUtterance,
        now: u64,
        voiced: bool,
        rows: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError> {
        if voiced {
            self.complete_step(utterance, now, rows)
        } else {
            Ok(None)
        }
    }

    /// Runs all steps with complete frames; the span of the measurement ends with these
    /// frames.
    fn complete_step(
        &mut self,
        utterance: OpenUtterance,
        now: u64,
        rows: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError> {
        let start = utterance.start;
        if !self.feed(start, now, false, rows)? {
            return Ok(None);
        }
        let end = (start.div_ceil(HOP) + self.fed as u64) * HOP;
        Ok(Some(self.result(start, end, Trigger::Interval)))
    }

    /// The prediction after the remaining frames, or after the last step if there are
    /// none. The utterance's embedding is added to the speaker's baseline.
    fn whole(
        &mut self,
        utterance: OpenUtterance,
        end: u64,
        rows: &MfccHistory,
    ) -> Result<UtteranceResult, ClassifierError> {
        let start = utterance.start;
        self.go_back(start, end);
        self.feed(start, end, true, rows)?;
        let result = self.result(start, end, Trigger::SpeechEnded);
        if let Some(prediction) = self.prediction.as_ref().filter(|_| !result.other) {
            let span = (prediction.embedding.as_slice(), end - start);
            self.speakers.update(utterance.number, [span]);
        }
        Ok(result)
    }

    fn speakers(&self) -> &SpeakerBaselines {
        &self.speakers
    }

    fn speakers_mut(&mut self) -> &mut SpeakerBaselines {
        &mut self.speakers
    }

    fn baseline_changed(&mut self) {
        self.baseline = self.speakers.input().cloned();
        self.baseline_s = self.speakers.current().rounded_seconds();
    }
}
