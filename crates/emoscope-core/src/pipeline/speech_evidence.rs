//! Whether an utterance is speech, from all of its windows so far. One laugh may pass
//! as speech; several in a row rarely do.

/// Windows required before a label can be chosen during an utterance. A cough or a
/// slammed door is over by then.
const MIN_WINDOWS: u32 = 2;

/// Speech logits of the windows of one utterance.
#[derive(Debug, Clone, Copy)]
pub struct SpeechEvidence {
    /// Least mean logit of an utterance that counts as speech.
    threshold: f64,
    logits: f64,
    windows: u32,
}

impl SpeechEvidence {
    /// The state at the start of an utterance, with the threshold of the mean logit.
    pub fn new(threshold: f64) -> Self {
        Self {
            threshold,
            logits: 0.0,
            windows: 0,
        }
    }

    /// Adds the logit of a window.
    pub fn update(&mut self, logit: f64) {
        self.logits += logit;
        self.windows += 1;
    }

    /// Whether the utterance is speech; true without windows.
    pub fn is_speech(self) -> bool {
        self.windows == 0 || self.logits >= self.threshold * f64::from(self.windows)
    }

    /// Whether it is more likely another sound.
    pub fn is_other(self) -> bool {
        self.logits < 0.0 || (self.windows > MIN_WINDOWS && !self.is_speech())
    }

    /// Whether there are too few windows to choose a label.
    pub fn is_early(self) -> bool {
        (1..MIN_WINDOWS).contains(&self.windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(logits: &[f64]) -> SpeechEvidence {
        let mut evidence = SpeechEvidence::new(3.0);
        for &logit in logits {
            evidence.update(logit);
        }
        evidence
    }

    #[test]
    fn the_mean_decides_and_not_the_sum() {
        assert!(after(&[]).is_speech());
        assert!(after(&[3.0, 3.0]).is_speech());
        assert!(!after(&[2.0, 2.0, 2.0]).is_speech());
        assert!(after(&[2.0, 2.0, 2.0]).is_other());
    }

    #[test]
    fn few_windows_are_early_and_below_zero_is_another_sound() {
        assert!(!after(&[]).is_early());
        assert!(after(&[9.0]).is_early() && !after(&[9.0, 9.0]).is_early());
        assert!(!after(&[2.0, 2.0]).is_other());
        assert!(after(&[-0.1]).is_other());
    }
}
