//! A prediction with label indices, and the displayed one.

use crate::events::{Reason, Speaker};

/// Seconds for which a final prediction is shown as bright as a live one.
const FINAL_BRIGHT_S: f64 = 3.0;

/// The prediction of the classifier for a time span.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Index of the predicted label, or `None` for uncertain.
    pub label: Option<usize>,
    /// The largest probability.
    pub confidence: f32,
    /// One probability per label.
    pub probabilities: Vec<f32>,
    /// Why it is uncertain.
    pub reason: Option<Reason>,
    /// Valence and arousal, each from -1 to 1, if the model has them.
    pub affect: Option<(f32, f32)>,
}

impl Prediction {
    /// Arousal from -1 to 1, if the model has it.
    pub fn arousal(&self) -> Option<f32> {
        self.affect.map(|(_, arousal)| arousal)
    }

    /// The probability of a label.
    pub fn share(&self, label: usize) -> f32 {
        self.probabilities.get(label).copied().unwrap_or(0.0)
    }

    /// The most likely label and the second one, if there are that many.
    pub fn candidates(&self) -> [Option<usize>; 2] {
        let mut order: Vec<usize> = (0..self.probabilities.len()).collect();
        order.sort_by(|a, b| self.share(*b).total_cmp(&self.share(*a)));
        [order.first().copied(), order.get(1).copied()]
    }
}

/// The scope of a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The utterance so far.
    Live,
    /// The whole utterance.
    Final,
    /// The whole utterance, if the last live prediction differed: that label, or `None`
    /// for uncertain.
    Revised(Option<usize>),
}

/// The displayed prediction. It stays until the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its channel, if every channel is analyzed separately.
    pub channel: Option<u16>,
    /// Number of its utterance.
    pub utterance: u64,
    /// The speaker, if speakers are told apart.
    pub speaker: Option<Speaker>,
    /// The prediction.
    pub prediction: Prediction,
    /// End of its time span, in seconds of the session.
    pub at_s: f64,
    /// Its scope.
    pub standing: Standing,
}

impl Shown {
    /// Whether the utterance is still open.
    pub fn live(&self) -> bool {
        self.standing == Standing::Live
    }

    /// Its age at a time, in seconds.
    pub fn age_s(&self, now: f64) -> f64 {
        (now - self.at_s).max(0.0)
    }

    /// Whether it is shown dimmed.
    pub fn dimmed(&self, now: f64) -> bool {
        !self.live() && self.age_s(now) >= FINAL_BRIGHT_S
    }
}
