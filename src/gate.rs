//! The voice gate: is somebody speaking in these 16 ms?
//!
//! A small neural detector (`earshot`) scores blocks of 256 samples. It takes
//! some tones and noises for a voice, so a block must also stand out from the
//! background, whose level is followed as a slow minimum.

use earshot::Detector;

use crate::dsp::level::dbfs;

/// Samples of a block: 16 ms at 16 kHz.
pub const BLOCK: usize = 256;

/// Score from which on a block counts as voice.
const SCORE_ON: f32 = 0.6;
/// Score that an open gate needs to stay open.
const SCORE_OFF: f32 = 0.35;
/// Below this a block is silence whatever the detector says, in dBFS.
const QUIET: f32 = -70.0;
/// How far a voice stands above the background, in dB.
const ABOVE_BACKGROUND: f32 = 6.0;
/// Rise of the background's estimate, in dB a block: 3 dB a second.
const BACKGROUND_RISE: f32 = 0.05;
/// Voiced blocks among the last [`RECENT`] that open the gate.
const OPEN_AFTER: u32 = 5;
/// How many blocks are looked at for that.
const RECENT: u32 = 6;
/// Blocks without voice after which it closes: 240 ms.
const CLOSE_AFTER: u32 = 15;

/// What a block did to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Nothing is heard.
    Closed,
    /// It opened; the voice began so many blocks before the end of this one.
    Opened {
        /// Blocks, this one included.
        blocks_ago: u32,
    },
    /// It is open.
    Open {
        /// Whether this very block is voiced, and not a short pause.
        voiced: bool,
    },
    /// It closed; the last voiced block ended so many blocks before the end of this one.
    ClosedNow {
        /// Blocks without voice.
        blocks_ago: u32,
    },
}

/// The gate of one stream.
pub struct VoiceGate {
    detector: Box<Detector>,
    background: f32,
    /// Whether each of the last blocks was voiced, the newest in the lowest bit.
    history: u32,
    open: bool,
    unvoiced: u32,
}

impl Default for VoiceGate {
    fn default() -> Self {
        Self::new()
    }
}

impl VoiceGate {
    /// A closed gate.
    pub fn new() -> Self {
        Self {
            detector: Box::new(Detector::default()),
            background: QUIET,
            history: 0,
            open: false,
            unvoiced: 0,
        }
    }

    /// Closed again after a hole in the audio; the background is kept.
    pub fn reset(&mut self) {
        self.detector.reset();
        self.history = 0;
        self.open = false;
        self.unvoiced = 0;
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Blocks since the last voiced one.
    pub fn unvoiced_blocks(&self) -> u32 {
        self.unvoiced
    }

    /// Judges one block of [`BLOCK`] samples.
    pub fn step(&mut self, block: &[f32]) -> Gate {
        let power = block.iter().map(|x| x * x).sum::<f32>() / BLOCK as f32;
        let level = dbfs(power.sqrt());
        let score = self.detector.predict_f32(block);
        self.background = level.min(self.background + BACKGROUND_RISE).max(-100.0);
        let stands_out = level > QUIET.max(self.background + ABOVE_BACKGROUND);
        let needed = if self.open { SCORE_OFF } else { SCORE_ON };
        self.advance(stands_out && score >= needed)
    }

    fn advance(&mut self, voiced: bool) -> Gate {
        self.history = (self.history << 1) | u32::from(voiced);
        self.unvoiced = if voiced {
            0
        } else {
            self.unvoiced.saturating_add(1)
        };
        let recent = self.history & ((1 << RECENT) - 1);
        if !self.open && voiced && recent.count_ones() >= OPEN_AFTER {
            self.open = true;
            return Gate::Opened {
                blocks_ago: 32 - recent.leading_zeros(),
            };
        }
        if self.open && self.unvoiced >= CLOSE_AFTER {
            self.open = false;
            self.history = 0;
            return Gate::ClosedNow {
                blocks_ago: self.unvoiced,
            };
        }
        if self.open {
            Gate::Open { voiced }
        } else {
            Gate::Closed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(voiced: &[bool]) -> Vec<Gate> {
        let mut gate = VoiceGate::new();
        voiced.iter().map(|&v| gate.advance(v)).collect()
    }

    #[test]
    fn a_click_does_not_open_it_and_a_voice_is_dated_back_to_its_first_block() {
        let click = run(&[false, true, true, false, false, false, true, false]);
        assert!(click.iter().all(|&g| g == Gate::Closed));
        let voice = run(&[false, true, true, false, true, true, true]);
        assert_eq!(voice[6], Gate::Opened { blocks_ago: 6 });
    }

    #[test]
    fn a_short_pause_does_not_close_it_and_a_long_one_is_dated_back() {
        let mut blocks = vec![true; 6];
        blocks.extend([false; 14]);
        blocks.push(true);
        blocks.extend([false; 15]);
        let gate = run(&blocks);
        assert_eq!(gate[19], Gate::Open { voiced: false });
        assert_eq!(gate[20], Gate::Open { voiced: true });
        assert_eq!(gate[35], Gate::ClosedNow { blocks_ago: 15 });
    }

    #[test]
    fn silence_and_steady_hum_stay_closed() {
        let mut gate = VoiceGate::new();
        for n in 0..2_000_usize {
            let hum: Vec<f32> = (0..BLOCK)
                .map(|i| ((n * BLOCK + i) as f32 * 0.0196).sin() * if n < 200 { 0.0 } else { 0.1 })
                .collect();
            gate.step(&hum);
        }
        assert!(!gate.is_open());
    }
}
