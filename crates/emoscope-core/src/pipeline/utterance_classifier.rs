//! The judge of one utterance: which windows are due, what they say, what the
//! whole says in the end, and what of it belongs to the voice's baseline.

use std::sync::Arc;

use crate::baseline::{Baseline, SpeakerTracker};
use crate::classifier::{BaselineInput, Classifier, ClassifierError, Enrolment, softmax};
use crate::decision::{Smoother, decide, leader};
use crate::dsp::feature_spec::{HOP_SAMPLES, SAMPLE_RATE_HZ};
use crate::events::{ByLabel, Measurement, Probability, Reason, Trigger, UNCERTAIN};
use crate::model_spec::{Affect, ModelSpec};
use crate::pipeline::audio_quality::AudioQuality;
use crate::pipeline::mfcc_history::MfccHistory;
use crate::pipeline::segmenter::OpenUtterance;

/// Windows that have to be heard before a label is named while the voice goes
/// on: a cough or a slammed door is over by then.
const MIN_WINDOWS: u32 = 2;
/// Mean logit of an utterance's windows from which it is speech; their sum would
/// let a long laugh add up to a voice. Found on validation sounds and speakers: none
/// of 40 sounds that the voice gate lets through is named, and 97.4 % of 1931
/// utterances are taken for speech.
const SPEECH_LOGIT: f64 = 3.0;
/// Shortest window that tells something of the voice, in samples: half a second.
const MIN_BASELINE_SAMPLES: u64 = SAMPLE_RATE_HZ as u64 / 2;

/// Judges windows of the utterance that goes on.
pub struct UtteranceClassifier {
    classifier: Box<dyn Classifier>,
    spec: Arc<ModelSpec>,
    smoother: Smoother,
    speaker: Option<SpeakerTracker>,
    speaker_changes: u64,
    /// Whether the baseline stays as it is.
    fixed: bool,
    /// What the model is told of the voice during this utterance.
    baseline_input: Option<BaselineInput>,
    /// End of the next interval window.
    next: u64,
    /// Windows that tile a long utterance.
    tiles: Vec<WindowResult>,
    last: Option<WindowResult>,
    evidence: SpeechEvidence,
}

/// Whether an utterance is speech, over all of its windows so far: a single
/// laugh may pass for a voice, a row of them seldom does.
#[derive(Debug, Clone, Copy, Default)]
struct SpeechEvidence {
    logits: f64,
    windows: u32,
}

impl SpeechEvidence {
    fn update(&mut self, logit: f64) {
        self.logits += logit;
        self.windows += 1;
    }

    /// Holds where nothing was told, too.
    fn is_speech(self) -> bool {
        self.logits >= SPEECH_LOGIT * f64::from(self.windows)
    }

    /// Whether it rather is something else.
    fn is_other(self) -> bool {
        self.logits < 0.0 || (self.windows > MIN_WINDOWS && !self.is_speech())
    }

    /// Whether a label would come too early.
    fn is_early(self) -> bool {
        (1..MIN_WINDOWS).contains(&self.windows)
    }
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

/// A measurement with its span in 16 kHz samples of the segment.
pub struct UtteranceResult {
    /// First sample of the span.
    pub start: u64,
    /// First sample after it.
    pub end: u64,
    /// What caused it.
    pub trigger: Trigger,
    probabilities: Vec<f64>,
    /// Whether it rather is no speech.
    other: bool,
    /// Whether too little was heard to tell that it is speech.
    early: bool,
    call: Option<usize>,
    /// Speech that the baseline knew, in seconds.
    baseline_s: Option<f64>,
}

impl UtteranceClassifier {
    /// A judge that follows the model's spec, and what it knows of the voice.
    pub fn new(
        classifier: Box<dyn Classifier>,
        spec: Arc<ModelSpec>,
        enrolment: Enrolment,
    ) -> Self {
        let smoother = Smoother::new(spec.thresholds);
        let fits = |baseline: &Baseline| Some(baseline.width()) == spec.embedding_width;
        let mut this = Self {
            speaker: enrolment
                .baseline
                .filter(fits)
                .or_else(|| spec.embedding_width.map(Baseline::new))
                .map(|baseline| SpeakerTracker::new(baseline, spec.voice_change)),
            speaker_changes: 0,
            fixed: enrolment.fixed,
            baseline_input: None,
            classifier,
            spec,
            smoother,
            next: 0,
            tiles: Vec::new(),
            last: None,
            evidence: SpeechEvidence::default(),
        };
        this.update_baseline_input();
        this
    }

    /// The speaker's baseline, if the model takes one.
    pub fn baseline(&self) -> Option<Baseline> {
        self.speaker.as_ref().map(SpeakerTracker::baseline)
    }

    /// Seconds of speech in the speaker's baseline, if the model takes one.
    pub fn baseline_s(&self) -> Option<f64> {
        self.speaker.as_ref().map(SpeakerTracker::seconds)
    }

    /// How often another speaker was detected and the baseline restarted.
    pub fn speaker_changes(&self) -> u64 {
        self.speaker_changes
    }

    /// Restarts the baseline: another speaker speaks from now on.
    pub fn reset_speaker(&mut self) {
        if let Some(speaker) = &mut self.speaker {
            speaker.reset();
        }
        self.update_baseline_input();
    }

    fn update_baseline_input(&mut self) {
        self.baseline_input = self.baseline().as_ref().map(BaselineInput::from);
        self.last = None;
    }

    /// An utterance begins.
    pub fn begin(&mut self, utterance: OpenUtterance) {
        self.smoother.reset();
        self.tiles.clear();
        self.last = None;
        self.evidence = SpeechEvidence::default();
        self.next = utterance.start + self.spec.min_samples();
    }

    /// The interval window that is due at `now`, if any.
    ///
    /// It ends with the block that was just heard, so that nothing is waited for:
    /// its last frame is the last that is complete. It is judged if that block is
    /// voiced: nothing is measured on silence. If several were due, there is one.
    ///
    /// # Errors
    /// What the engine says.
    pub fn interval(
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
            baseline_s: self.rounded_baseline_s(),
        }))
    }

    /// The result on the whole utterance: of one window if it is short enough,
    /// else the mean over the windows that tile it, weighted by their share. What
    /// was said joins the voice's baseline.
    ///
    /// # Errors
    /// What the engine says.
    pub fn whole(
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
        let baseline_s = self.rounded_baseline_s();
        if speech {
            self.update_baseline(&parts);
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

    fn update_baseline(&mut self, parts: &[(WindowResult, u64)]) {
        let Some(speaker) = self.speaker.as_mut().filter(|_| !self.fixed) else {
            return;
        };
        for (judged, samples) in parts {
            if judged.speech.is_none_or(|logit| logit >= 0.0) && *samples >= MIN_BASELINE_SAMPLES {
                let seconds = *samples as f64 / f64::from(SAMPLE_RATE_HZ);
                self.speaker_changes += u64::from(speaker.update(&judged.embedding, seconds));
            }
        }
        self.update_baseline_input();
    }

    fn rounded_baseline_s(&self) -> Option<f64> {
        Some((self.baseline_s()? * 100.0).round() / 100.0)
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
        let output = self
            .classifier
            .classify(mfcc, self.baseline_input.as_ref())?;
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

impl UtteranceResult {
    /// The event, its times made by `seconds` from samples of the segment.
    pub fn event(
        &self,
        utterance: u64,
        spec: &ModelSpec,
        quality: &AudioQuality,
        seconds: impl Fn(u64) -> f64,
    ) -> Measurement {
        let label = self.call.map_or(UNCERTAIN, |index| &spec.labels[index]);
        let probabilities = spec
            .labels
            .iter()
            .zip(&self.probabilities)
            .map(|(label, &p)| (Arc::clone(label), Probability(p)))
            .collect();
        let shortest = spec.min_samples();
        Measurement {
            utterance,
            start_s: seconds(self.start),
            end_s: seconds(self.end),
            trigger: self.trigger,
            probabilities: ByLabel(probabilities),
            label: label.to_owned(),
            confidence: Probability(leader(&self.probabilities).1),
            reason: self.call.is_none().then(|| {
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

    /// Expectation of a coordinate over the labels, to four decimals.
    fn expected(&self, spec: &ModelSpec, of: impl Fn(&Affect) -> f64) -> Option<f64> {
        let places = spec.affect.as_ref()?;
        let products = places.iter().zip(&self.probabilities);
        let sum: f64 = products.map(|(place, p)| of(place) * p).sum();
        Some((sum * 1e4).round() / 1e4)
    }

    /// Index of the label called, or `None` for uncertain.
    pub fn call(&self) -> Option<usize> {
        self.call
    }
}
