//! The speaker's baseline in a session: what the model is given of it, and what
//! joins it at the end of an utterance.

use crate::baseline::{Baseline, SpeakerTracker};
use crate::classifier::{BaselineInput, Enrolment};
use crate::dsp::feature_spec::SAMPLE_RATE_HZ;
use crate::model_spec::ModelSpec;

/// Shortest speech that joins the baseline, in samples: half a second.
const MIN_BASELINE_SAMPLES: u64 = SAMPLE_RATE_HZ as u64 / 2;

/// The baseline of the current speaker; empty if the model takes none.
#[derive(Clone)]
pub struct SpeakerBaseline {
    speaker: Option<SpeakerTracker>,
    /// Whether the baseline was restarted since the last utterance ended.
    restarted: bool,
    /// Whether the baseline stays as it is.
    fixed: bool,
    input: Option<BaselineInput>,
}

impl SpeakerBaseline {
    /// Starts with the enrolment, where it fits the model.
    pub fn new(spec: &ModelSpec, enrolment: Enrolment) -> Self {
        let fits = |baseline: &Baseline| Some(baseline.width()) == spec.embedding_width;
        let mut this = Self {
            speaker: enrolment
                .baseline
                .filter(fits)
                .or_else(|| spec.embedding_width.map(Baseline::new))
                .map(|baseline| SpeakerTracker::new(baseline, spec.voice_change, spec.tuning)),
            restarted: false,
            fixed: enrolment.fixed,
            input: None,
        };
        this.update_input();
        this
    }

    /// The baseline.
    pub fn baseline(&self) -> Option<Baseline> {
        self.speaker.as_ref().map(SpeakerTracker::baseline)
    }

    /// Seconds of speech in the baseline.
    pub fn seconds(&self) -> Option<f64> {
        self.speaker.as_ref().map(SpeakerTracker::seconds)
    }

    /// The seconds to two decimals, as events carry them.
    pub fn rounded_seconds(&self) -> Option<f64> {
        Some((self.seconds()? * 100.0).round() / 100.0)
    }

    /// Whether the baseline was restarted since the last call: another speaker was
    /// detected, or [`reset`](Self::reset) was called on a baseline with speech.
    pub fn take_restarted(&mut self) -> bool {
        std::mem::take(&mut self.restarted)
    }

    /// What the model is given.
    pub fn input(&self) -> Option<&BaselineInput> {
        self.input.as_ref()
    }

    /// Restarts the baseline.
    pub fn reset(&mut self) {
        if let Some(speaker) = &mut self.speaker {
            self.restarted |= speaker.seconds() > 0.0;
            speaker.reset();
        }
        self.update_input();
    }

    /// Adds the embeddings of spans of speech, each with its length in 16 kHz
    /// samples; spans under half a second tell too little. Returns whether the
    /// baseline may have changed.
    pub fn update<'a>(&mut self, spans: impl IntoIterator<Item = (&'a [f32], u64)>) -> bool {
        let Some(speaker) = self.speaker.as_mut().filter(|_| !self.fixed) else {
            return false;
        };
        for (embedding, samples) in spans {
            if samples >= MIN_BASELINE_SAMPLES {
                let seconds = samples as f64 / f64::from(SAMPLE_RATE_HZ);
                self.restarted |= speaker.update(embedding, seconds);
            }
        }
        self.update_input();
        true
    }

    fn update_input(&mut self) {
        self.input = self.baseline().as_ref().map(BaselineInput::from);
    }
}
