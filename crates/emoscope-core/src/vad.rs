//! Voice activity detection: does somebody speak in these 16 ms?
//!
//! A small neural detector (`earshot`) scores blocks of 256 samples. Its scores
//! depend on the level, so the blocks are first normalised by the recent level.
//! The detector takes some tones and noises for speech, so a block must also
//! exceed the background level, which is tracked as a slow minimum. The constants
//! were chosen on speech of ten corpora against household noise, music and
//! non-speech sounds. Every clip of read speech is detected, also 30 dB down.

use std::collections::VecDeque;

use earshot::Detector;

use crate::dsp::level::dbfs;

/// Samples of a block: 16 ms at 16 kHz.
pub const BLOCK_SAMPLES: usize = 256;

/// Level that the detector sees for the loud parts, in dBFS.
const DETECTOR_LEVEL: f32 = -30.0;
/// Least level that is taken for loud, in dBFS: what is below stays below.
const LOUD_LEAST: f32 = -65.0;
/// Fall of the loud level's estimate, in dB a block: 2 dB a second.
const LOUD_FALL: f32 = 0.03;
/// Mean score over [`RECENT`] blocks that opens the gate.
const OPEN_SCORE: f32 = 0.7;
/// How many blocks are looked at for that: 96 ms.
const RECENT: usize = 6;
/// Score of a block that is voiced: it keeps the gate open.
const VOICED_SCORE: f32 = 0.4;
/// Blocks that an onset is dated back at most: 256 ms.
const ONSET: usize = 16;
/// Blocks without voice that a first word may hold: 80 ms, a closure.
const CLOSURE: usize = 5;
/// Below this a block is silence whatever the detector says, in dBFS.
const QUIET: f32 = -75.0;
/// How far a voice stands above the background, in dB.
const ABOVE_BACKGROUND: f32 = 6.0;
/// How far a voice falls below its loud parts, in dB: below that is the room.
const BELOW_LOUD: f32 = 42.0;
/// Rise of the background's estimate, in dB a block: 3 dB a second.
const BACKGROUND_RISE: f32 = 0.05;
/// Lowest background, in dBFS.
const BACKGROUND_LEAST: f32 = -100.0;
/// Blocks without voice after which the gate closes: 240 ms.
const CLOSE_AFTER: u32 = 15;

/// What a block did to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VadState {
    /// Nobody speaks.
    Inactive,
    /// It opened; the voice began so many blocks before the end of this one.
    Started {
        /// Blocks, this one included.
        blocks_ago: u32,
    },
    /// It is open.
    Active {
        /// Whether this very block is voiced, and not a short pause.
        voiced: bool,
    },
    /// It closed; the last voiced block ended so many blocks before the end of this one.
    Ended {
        /// Blocks without voice.
        blocks_ago: u32,
    },
}

/// The gate of one stream.
pub struct Vad {
    detector: Box<Detector>,
    background: f32,
    loud: f32,
    /// Scores of the last blocks, the newest at the back; 0 for what does not stand out.
    scores: VecDeque<f32>,
    open: bool,
    unvoiced: u32,
}

impl Default for Vad {
    fn default() -> Self {
        Self::new()
    }
}

impl Vad {
    /// A closed gate.
    pub fn new() -> Self {
        Self {
            detector: Box::new(Detector::default()),
            background: QUIET,
            loud: LOUD_LEAST,
            scores: VecDeque::with_capacity(ONSET),
            open: false,
            unvoiced: 0,
        }
    }

    /// Closed again after a hole in the audio; the levels are kept.
    pub fn reset(&mut self) {
        self.detector.reset();
        self.scores.clear();
        self.open = false;
        self.unvoiced = 0;
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Level of the voice's loud parts, in dBFS.
    pub fn loud(&self) -> f32 {
        self.loud
    }

    /// Level of the background, in dBFS.
    pub fn background(&self) -> f32 {
        self.background
    }

    /// Level that a voice has to exceed, in dBFS.
    pub fn threshold(&self) -> f32 {
        QUIET
            .max(self.background + ABOVE_BACKGROUND)
            .max(self.loud - BELOW_LOUD)
    }

    /// Blocks since the last voiced one.
    pub fn unvoiced_blocks(&self) -> u32 {
        self.unvoiced
    }

    /// Judges one block of [`BLOCK_SAMPLES`] samples, finite ones.
    pub fn step(&mut self, block: &[f32]) -> VadState {
        let power = block.iter().map(|x| x * x).sum::<f32>() / BLOCK_SAMPLES as f32;
        let level = dbfs(power.sqrt()).min(0.0);
        self.background = level
            .min(self.background + BACKGROUND_RISE)
            .max(BACKGROUND_LEAST);
        self.loud = level.max(self.loud - LOUD_FALL).max(LOUD_LEAST);
        let gain = 10.0_f32.powf((DETECTOR_LEVEL - self.loud) / 20.0);
        // The detector takes nothing beyond full scale.
        let seen: [f32; BLOCK_SAMPLES] =
            std::array::from_fn(|i| (block[i] * gain).clamp(-1.0, 1.0));
        let score = self.detector.predict_f32(&seen);
        let stands_out = level > self.threshold();
        self.advance(if stands_out { score } else { 0.0 })
    }

    fn advance(&mut self, score: f32) -> VadState {
        if self.scores.len() == ONSET {
            self.scores.pop_front();
        }
        self.scores.push_back(score);
        let voiced = score >= VOICED_SCORE;
        self.unvoiced = if voiced {
            0
        } else {
            self.unvoiced.saturating_add(1)
        };
        if self.open {
            if self.unvoiced < CLOSE_AFTER {
                return VadState::Active { voiced };
            }
            self.open = false;
            self.scores.clear();
            return VadState::Ended {
                blocks_ago: self.unvoiced,
            };
        }
        let mean = self.scores.iter().rev().take(RECENT).sum::<f32>() / RECENT as f32;
        if !voiced || mean < OPEN_SCORE {
            return VadState::Inactive;
        }
        self.open = true;
        VadState::Started {
            blocks_ago: self.onset(),
        }
    }

    /// Blocks since the voice began: back over short closures to the first voiced block.
    fn onset(&self) -> u32 {
        let (mut onset, mut closure) = (0, 0);
        for (age, &score) in self.scores.iter().rev().enumerate() {
            if score >= VOICED_SCORE {
                (onset, closure) = (age + 1, 0);
            } else {
                closure += 1;
                if closure > CLOSURE {
                    break;
                }
            }
        }
        onset as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(scores: &[f32]) -> Vec<VadState> {
        let mut gate = Vad::new();
        scores.iter().map(|&score| gate.advance(score)).collect()
    }

    #[test]
    fn a_click_does_not_open_it_and_a_voice_is_dated_back_to_its_first_block() {
        let click = run(&[0.0, 0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0]);
        assert!(click.iter().all(|&gate| gate == VadState::Inactive));
        let voice = run(&[0.0, 0.5, 0.6, 0.7, 0.7, 0.8, 0.9]);
        assert_eq!(voice[5], VadState::Inactive);
        assert_eq!(voice[6], VadState::Started { blocks_ago: 6 });
    }

    #[test]
    fn the_date_goes_back_over_a_closure_and_not_over_a_pause() {
        let stop = run(&[0.0, 0.6, 0.1, 0.1, 0.8, 0.9, 0.9, 0.9, 0.9]);
        assert_eq!(stop[8], VadState::Started { blocks_ago: 8 });
        let longest = run(&[0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9]);
        assert_eq!(longest[10], VadState::Started { blocks_ago: 11 });
        let pause = run(&[0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9]);
        assert_eq!(pause[11], VadState::Started { blocks_ago: 5 });
    }

    #[test]
    fn a_short_pause_does_not_close_it_and_a_long_one_is_dated_back() {
        let mut scores = vec![0.8; 6];
        scores.extend([0.1; 14]);
        scores.push(0.9);
        scores.extend([0.1; 15]);
        let gate = run(&scores);
        assert_eq!(gate[5], VadState::Started { blocks_ago: 6 });
        assert_eq!(gate[19], VadState::Active { voiced: false });
        assert_eq!(gate[20], VadState::Active { voiced: true });
        assert_eq!(gate[35], VadState::Ended { blocks_ago: 15 });
    }

    /// Noise whose level in dBFS is that of the block, over and over.
    fn hiss(level: f32) -> [f32; BLOCK_SAMPLES] {
        let mut seed = 7_u32;
        let noise: [f32; BLOCK_SAMPLES] = std::array::from_fn(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed as f32 / u32::MAX as f32 - 0.5
        });
        let rms = (noise.iter().map(|x| x * x).sum::<f32>() / BLOCK_SAMPLES as f32).sqrt();
        noise.map(|x| x / rms * 10.0_f32.powf(level / 20.0))
    }

    #[test]
    fn the_background_follows_down_at_once_and_up_slowly() {
        let mut gate = Vad::new();
        for _ in 0..400 {
            gate.step(&hiss(-60.0));
        }
        assert!((gate.background() + 60.0).abs() < 0.01);
        // 3 dB a second: 20 dB take 400 blocks, and no more comes.
        for _ in 0..200 {
            gate.step(&hiss(-40.0));
        }
        assert!(
            (gate.background() + 50.0).abs() < 0.1,
            "{}",
            gate.background()
        );
        for _ in 0..400 {
            gate.step(&hiss(-40.0));
        }
        assert!((gate.background() + 40.0).abs() < 0.01);
        gate.step(&hiss(-55.0));
        assert!((gate.background() + 55.0).abs() < 0.01);
    }

    #[test]
    fn what_does_not_stand_out_of_the_background_or_of_its_loud_parts_has_no_score() {
        let scored = |gate: &mut Vad, level: f32| {
            gate.step(&hiss(level));
            gate.scores.back().is_some_and(|&score| score > 0.0)
        };
        let mut gate = Vad::new();
        for _ in 0..600 {
            gate.step(&hiss(-60.0));
        }
        assert!(!scored(&mut gate, -54.5));
        assert!(scored(&mut gate, -53.5));
        // Out of silence a quiet sound has one, but not below a loud one.
        let mut gate = Vad::new();
        gate.step(&[0.0; BLOCK_SAMPLES]);
        assert!(scored(&mut gate, -62.0));
        gate.step(&hiss(-15.0));
        gate.step(&[0.0; BLOCK_SAMPLES]);
        assert!(!scored(&mut gate, -57.5));
        assert!(scored(&mut gate, -56.0));
        assert!(!scored(&mut gate, -76.0));
    }

    #[test]
    fn silence_and_steady_hum_stay_closed() {
        let mut gate = Vad::new();
        for n in 0..2_000_usize {
            let loudness = if n < 200 { 0.0 } else { 0.1 };
            let hum: Vec<f32> = (0..BLOCK_SAMPLES)
                .map(|i| ((n * BLOCK_SAMPLES + i) as f32 * 0.0196).sin() * loudness)
                .collect();
            gate.step(&hum);
            assert!(!gate.is_open(), "block {n}");
        }
    }
}
