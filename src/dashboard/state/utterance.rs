//! A finished utterance of the session.

use super::prediction::Prediction;
use crate::events::Speaker;

/// A finished utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Its channel, if every channel is analyzed separately, and its number.
    pub number: (Option<u16>, u64),
    /// The speaker, if speakers are told apart.
    pub speaker: Option<Speaker>,
    /// Its start in seconds of the session.
    pub start_s: f64,
    /// Its end in seconds of the session.
    pub end_s: f64,
    /// The prediction for the whole utterance.
    pub prediction: Prediction,
}

impl Utterance {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        (self.end_s - self.start_s).max(0.0)
    }
}
