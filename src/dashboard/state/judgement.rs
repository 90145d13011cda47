//! A judgement in the order of the labels, and the one on the screen.

use crate::events::{Reason, Speaker};

/// Seconds for which a final judgement is shown as bright as a live one.
const FINAL_BRIGHT_S: f64 = 3.0;

/// What the classifier said of a span of audio.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Number of the label, or `None` for uncertain.
    pub call: Option<usize>,
    /// The largest probability.
    pub confidence: f32,
    /// One probability per label.
    pub probabilities: Vec<f32>,
    /// Why it is uncertain.
    pub reason: Option<Reason>,
    /// Valence and arousal, each from -1 to 1, where the model has them.
    pub affect: Option<(f32, f32)>,
}

impl Judgement {
    /// Arousal from -1 to 1, where the model has it.
    pub fn arousal(&self) -> Option<f32> {
        self.affect.map(|(_, arousal)| arousal)
    }

    /// The probability of a label.
    pub fn share(&self, label: usize) -> f32 {
        self.probabilities.get(label).copied().unwrap_or(0.0)
    }

    /// The likeliest label and the one after it, where there are so many.
    pub fn candidates(&self) -> [Option<usize>; 2] {
        let mut order: Vec<usize> = (0..self.probabilities.len()).collect();
        order.sort_by(|a, b| self.share(*b).total_cmp(&self.share(*a)));
        [order.first().copied(), order.get(1).copied()]
    }
}

/// What a judgement stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The utterance so far.
    Live,
    /// The whole utterance.
    Final,
    /// The whole utterance, where the last live judgement was another one: its
    /// label, or `None` for uncertain.
    Revised(Option<usize>),
}

/// The judgement on the screen. It stays until the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Channel that it is about, where every channel is judged by itself.
    pub channel: Option<u16>,
    /// Number of its utterance.
    pub utterance: u64,
    /// Who speaks, where speakers are told apart.
    pub speaker: Option<Speaker>,
    /// The judgement.
    pub judgement: Judgement,
    /// End of the span that it is about, in seconds of the session.
    pub at_s: f64,
    /// What it stands for.
    pub standing: Standing,
}

impl Shown {
    /// Whether the utterance goes on.
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
