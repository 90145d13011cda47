//! Classifies an utterance step by step with a streaming model: each frame goes
//! through the network once, and each answer is that of the utterance so far.

use std::sync::Arc;

use crate::classifier::{
    BaselineInput, Classifier, ClassifierError, Enrolment, ModelOutput, softmax,
};
use crate::decision::StandingLabel;
use crate::dsp::feature_spec::HOP_SAMPLES;
use crate::events::Trigger;
use crate::model_spec::{ModelSpec, StreamSpec};
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;
use crate::pipeline::speaker_baseline::SpeakerBaseline;
use crate::pipeline::utterance_result::{UtteranceClassifier, UtteranceResult};

const HOP: u64 = HOP_SAMPLES as u64;

/// Runs a streaming model along the open utterance.
pub struct StreamClassifier {
    classifier: Box<dyn Classifier>,
    spec: Arc<ModelSpec>,
    stream: StreamSpec,
    speaker: SpeakerBaseline,
    standing: StandingLabel,
    /// The baseline of this utterance: it stays as it was at the start.
    baseline: Option<BaselineInput>,
    /// Its seconds of speech, to two decimals.
    baseline_s: Option<f64>,
    /// Frames of the utterance that the model has had.
    fed: usize,
    /// The answer on them.
    answer: Option<ModelOutput>,
}

impl StreamClassifier {
    /// A classifier that follows the model's spec and starts with the enrolment.
    pub fn new(
        classifier: Box<dyn Classifier>,
        spec: Arc<ModelSpec>,
        stream: StreamSpec,
        enrolment: Enrolment,
    ) -> Self {
        Self {
            classifier,
            speaker: SpeakerBaseline::new(&spec, enrolment),
            standing: StandingLabel::new(spec.thresholds),
            spec,
            stream,
            baseline: None,
            baseline_s: None,
            fed: 0,
            answer: None,
        }
    }

    /// Feeds the steps that are due on the frames whose centres lie in
    /// `[start, end)`, as far as they are complete. Says whether there were any.
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
            let answer = self.classifier.classify(frames, self.baseline.as_ref())?;
            self.answer = Some(answer);
            self.fed = step.end;
        }
        Ok(self.fed > before)
    }

    /// The result on the frames so far, with the one rule for intervals and the end.
    fn result(&mut self, start: u64, end: u64, trigger: Trigger) -> UtteranceResult {
        let labels = self.spec.labels.len();
        let probabilities = match &self.answer {
            Some(answer) => softmax(&answer.logits, self.spec.temperature),
            None => vec![1.0 / labels as f64; labels],
        };
        let speech = self.is_speech();
        let early = (self.fed as u64) * HOP < self.spec.min_samples();
        // Only a label that was named can stand.
        let call = if speech && !early {
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
            call,
            baseline_s: self.baseline_s,
        }
    }

    /// Holds for a model that does not tell, too.
    fn is_speech(&self) -> bool {
        let logit = self.answer.as_ref().and_then(|answer| answer.speech);
        logit.is_none_or(|logit| f64::from(logit) >= self.stream.speech_threshold)
    }
}

impl UtteranceClassifier for StreamClassifier {
    fn begin(&mut self, _: OpenUtterance) {
        self.classifier.reset();
        self.standing.reset();
        self.baseline = self.speaker.input().cloned();
        self.baseline_s = self.speaker.rounded_seconds();
        self.fed = 0;
        self.answer = None;
    }

    /// A voiced block runs all steps whose frames are complete; the span of the
    /// measurement ends with their frames. An unvoiced block runs none: nothing is
    /// computed on silence, and no frame behind the end of the speech is fed.
    fn interval(
        &mut self,
        utterance: OpenUtterance,
        now: u64,
        voiced: bool,
        rows: &MfccHistory,
    ) -> Result<Option<UtteranceResult>, ClassifierError> {
        let start = utterance.start;
        if !voiced || !self.feed(start, now, false, rows)? {
            return Ok(None);
        }
        let end = (start.div_ceil(HOP) + self.fed as u64) * HOP;
        Ok(Some(self.result(start, end, Trigger::Interval)))
    }

    /// The answer after the frames that were left, or after the last step if there
    /// are none. The embedding of the utterance joins the speaker's baseline.
    fn whole(
        &mut self,
        utterance: OpenUtterance,
        end: u64,
        rows: &MfccHistory,
    ) -> Result<UtteranceResult, ClassifierError> {
        let start = utterance.start;
        self.feed(start, end, true, rows)?;
        let result = self.result(start, end, Trigger::SpeechEnded);
        if let Some(answer) = self.answer.as_ref().filter(|_| !result.other) {
            let span = (answer.embedding.as_slice(), end - start);
            self.speaker.update([span]);
        }
        Ok(result)
    }

    fn speaker(&self) -> &SpeakerBaseline {
        &self.speaker
    }

    fn reset_speaker(&mut self) {
        self.speaker.reset();
    }

    fn take_new_baseline(&mut self) -> bool {
        self.speaker.take_restarted()
    }
}
