//! Audio quality of an utterance: the reason that is reported if no label is certain.

use crate::events::Reason;

/// Least magnitude of a clipped sample. Resampling rounds the corners of a clipped
/// wave, so this is slightly below full scale.
const CLIPPED_MAGNITUDE: f32 = 0.99;
/// Clipped samples that make a block count as clipped.
const CLIPPED_SAMPLES: usize = 2;
/// Least share of clipped blocks that makes an utterance count as clipped.
const CLIPPED_SHARE: f64 = 0.02;
/// Level of the loud parts below which speech is too quiet, in dBFS.
const QUIET_DBFS: f32 = -60.0;
/// Least level of the loud parts above the background, in dB.
const LEAST_SNR_DB: f32 = 10.0;

/// The quality since the start of the utterance.
#[derive(Debug, Clone, Copy, Default)]
pub struct AudioQuality {
    blocks: u64,
    clipped: u64,
    /// Level of the loud parts of the speech, in dBFS.
    loud: f32,
    /// Level of the background, in dBFS.
    background: f32,
}

impl AudioQuality {
    /// Adds a block of the utterance, with the two levels of the VAD in dBFS.
    pub fn update(&mut self, block: &[f32], loud: f32, background: f32) {
        let over = block
            .iter()
            .filter(|x| x.abs() >= CLIPPED_MAGNITUDE)
            .count();
        self.blocks += 1;
        self.clipped += u64::from(over >= CLIPPED_SAMPLES);
        (self.loud, self.background) = (loud, background);
    }

    /// Why no label is certain, for a span of `samples` at 16 kHz. `shortest` is the
    /// model's shortest window in samples; `speech` is whether the model detected
    /// speech.
    pub fn reason(&self, speech: bool, samples: u64, shortest: u64) -> Reason {
        if !speech {
            Reason::NoSpeech
        } else if self.clipped as f64 > CLIPPED_SHARE * self.blocks as f64 {
            Reason::Clipped
        } else if samples < shortest {
            Reason::TooShort
        } else if self.loud < QUIET_DBFS {
            Reason::TooQuiet
        } else if self.loud - self.background < LEAST_SNR_DB {
            Reason::TooNoisy
        } else {
            Reason::Between
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(blocks: &[[f32; 4]], loud: f32, background: f32) -> Reason {
        let mut quality = AudioQuality::default();
        for block in blocks {
            quality.update(block, loud, background);
        }
        quality.reason(true, 16_000, 12_000)
    }

    #[test]
    fn the_strongest_reason_is_named() {
        let fine = [0.1, -0.2, 0.3, 0.0];
        let over = [1.0, 1.0, -1.0, 0.0];
        assert_eq!(after(&[fine; 50], -20.0, -50.0), Reason::Between);
        assert_eq!(after(&[fine; 50], -20.0, -25.0), Reason::TooNoisy);
        assert_eq!(after(&[fine; 50], -64.0, -90.0), Reason::TooQuiet);
        assert_eq!(after(&[over; 50], -1.0, -50.0), Reason::Clipped);
        let mut once = vec![fine; 99];
        once.push(over);
        assert_eq!(after(&once, -20.0, -50.0), Reason::Between);
        let quality = AudioQuality::default();
        assert_eq!(quality.reason(true, 8_000, 12_000), Reason::TooShort);
        assert_eq!(quality.reason(false, 8_000, 12_000), Reason::NoSpeech);
    }
}
