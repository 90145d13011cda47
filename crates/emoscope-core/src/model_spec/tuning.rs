//! Constants that are tuned together with a model.

use serde::{Deserialize, Serialize};

use super::SpecError;

/// The metadata entry `tuning`, a JSON object with these keys. Each key, and the entry
/// itself, is optional; the defaults are below.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tuning {
    /// Least mean logit of an utterance's windows that counts as speech, -50 to 50. The
    /// mean instead of the sum: the sum would let a long laugh pass.
    pub speech_logit: f64,
    /// Weight of the prior (mean 0, variance 1) against the speaker's own statistics,
    /// in seconds of speech, above 0. The model's graph contains the same number.
    pub prior_s: f64,
    /// Standard deviations from the baseline at which a value of an embedding is
    /// clamped, above 0. The model's graph contains the same number.
    pub deviation_limit: f64,
    /// Most recent seconds of speech in which a change of the speaker is detected,
    /// above 0.
    pub recent_s: f64,
    /// Least seconds of speech in a baseline before a change of the speaker can be
    /// detected, 0 or more.
    pub known_s: f64,
    /// Largest weight of a folder's baseline for one of its files, in seconds, 0 or
    /// more. More gives higher accuracy on acted speech, but labels more plain reading
    /// as anger or fear: 4 % of it with 3 s, 11 % with 20 s.
    pub folder_s: f64,
    /// Mean variance of a speaker who expresses several emotions, relative to the
    /// variance of all training speech, 0 or more. Reading aloud has about half of it.
    /// An enrolled baseline with less variance is raised to it, because it is known to
    /// be the usual state.
    pub reference_variance: f64,
}

impl Default for Tuning {
    /// The values of the first released model. Its speech threshold was chosen on
    /// validation sounds and speakers: none of 40 sounds that pass the VAD gets a
    /// label, and 97.4 % of 1931 utterances count as speech.
    fn default() -> Self {
        Self {
            speech_logit: 3.0,
            prior_s: 6.0,
            deviation_limit: 3.0,
            recent_s: 12.0,
            known_s: 24.0,
            folder_s: 3.0,
            reference_variance: 0.5,
        }
    }
}

/// Largest value of an entry in seconds: a day.
const MAX_S: f64 = 86_400.0;
/// Smallest value of an entry that must be positive.
const MIN_POSITIVE: f64 = 1e-6;

impl Tuning {
    /// Checks the range of every number.
    pub(super) fn check(self) -> Result<Self, SpecError> {
        for (key, value, range) in [
            ("speech_logit", self.speech_logit, -50.0..=50.0),
            ("prior_s", self.prior_s, MIN_POSITIVE..=MAX_S),
            (
                "deviation_limit",
                self.deviation_limit,
                MIN_POSITIVE..=100.0,
            ),
            ("recent_s", self.recent_s, MIN_POSITIVE..=MAX_S),
            ("known_s", self.known_s, 0.0..=MAX_S),
            ("folder_s", self.folder_s, 0.0..=MAX_S),
            ("reference_variance", self.reference_variance, 0.0..=100.0),
        ] {
            if !range.contains(&value) {
                let expected = format!("{} to {}", range.start(), range.end());
                let item = format!("tuning.{key}");
                return Err(SpecError::new(item, expected, value.to_string()));
            }
        }
        Ok(self)
    }
}
