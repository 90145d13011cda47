//! Voice activity detection in blocks of 16 ms.
//!
//! A small neural detector (`earshot`) scores blocks of 256 samples. Its scores depend
//! on the level, so the blocks are first normalised by the recent level. The detector
//! accepts some tones and noises as speech, so a block must also exceed the background
//! level, which is tracked as a slow minimum. The constants were chosen on speech of
//! ten corpora against household noise, music and non-speech sounds. Every clip of read
//! speech is detected, even 30 dB lower.

use std::collections::VecDeque;

use earshot::Detector;

use crate::dsp::level::dbfs;

/// Samples of a block: 16 ms at 16 kHz.
pub const BLOCK_SAMPLES: usize = 256;

/// Level that the loud parts have at the detector's input, in dBFS.
const DETECTOR_LEVEL_DBFS: f32 = -30.0;
/// Least estimate of the loud level, in dBFS; quieter input is not amplified further.
const LEAST_LOUD_DBFS: f32 = -65.0;
/// Fall of the loud level's estimate, in dB per block: 2 dB per second.
const LOUD_FALL_DB: f32 = 0.03;
/// Least mean score over [`RECENT_BLOCKS`] blocks that activates the VAD.
const OPEN_SCORE: f32 = 0.7;
/// Number of blocks in that mean: 96 ms.
const RECENT_BLOCKS: usize = 6;
/// Least score of a voiced block, which keeps the VAD active.
const VOICED_SCORE: f32 = 0.4;
/// Most blocks that an onset is moved back: 256 ms.
const MAX_ONSET_BLOCKS: usize = 16;
/// Most unvoiced blocks inside a first word: 80 ms, a closure.
const MAX_CLOSURE_BLOCKS: usize = 5;
/// A block below this level is silence, whatever its score, in dBFS.
const QUIET_DBFS: f32 = -75.0;
/// Least level of speech above the background, in dB.
const ABOVE_BACKGROUND_DB: f32 = 6.0;
/// Least level of speech relative to its loud parts, in dB; below is reverberation.
const BELOW_LOUD_DB: f32 = 42.0;
/// Rise of the background's estimate, in dB per block: 3 dB per second.
const BACKGROUND_RISE_DB: f32 = 0.05;
/// Lowest background, in dBFS.
const LEAST_BACKGROUND_DBFS: f32 = -100.0;
/// Unvoiced blocks after which the VAD becomes inactive: 240 ms.
const INACTIVE_AFTER_BLOCKS: u32 = 15;

/// The state of the VAD after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VadState {
    /// No voice is active.
    Inactive,
    /// Voice became active; it began this many blocks before the end of this one.
    Started {
        /// Number of blocks, including this one.
        blocks_ago: u32,
    },
    /// Voice is active.
    Active {
        /// Whether this block is voiced, or part of a short pause.
        voiced: bool,
    },
    /// Voice became inactive; the last voiced block ended this many blocks before the
    /// end of this one.
    Ended {
        /// Number of unvoiced blocks.
        blocks_ago: u32,
    },
}

/// The VAD of one stream.
pub struct Vad {
    detector: Box<Detector>,
    background: f32,
    loud: f32,
    /// Scores of the last blocks, newest last; 0 for blocks below the level thresholds.
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
    /// The initial, inactive state.
    pub fn new() -> Self {
        Self {
            detector: Box::new(Detector::default()),
            background: QUIET_DBFS,
            loud: LEAST_LOUD_DBFS,
            scores: VecDeque::with_capacity(MAX_ONSET_BLOCKS),
            open: false,
            unvoiced: 0,
        }
    }

    /// Becomes inactive after a gap in the audio; keeps the levels.
    pub fn reset(&mut self) {
        self.detector.reset();
        self.scores.clear();
        self.open = false;
        self.unvoiced = 0;
    }

    /// Whether voice is active.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Level of the loud parts of the speech, in dBFS.
    pub fn loud(&self) -> f32 {
        self.loud
    }

    /// Level of the background, in dBFS.
    pub fn background(&self) -> f32 {
        self.background
    }

    /// Level that speech must exceed, in dBFS.
    pub fn threshold(&self) -> f32 {
        QUIET_DBFS
            .max(self.background + ABOVE_BACKGROUND_DB)
            .max(self.loud - BELOW_LOUD_DB)
    }

    /// Blocks since the last voiced one.
    pub fn unvoiced_blocks(&self) -> u32 {
        self.unvoiced
    }

    /// Processes one block of [`BLOCK_SAMPLES`] finite samples.
    pub fn step(&mut self, block: &[f32]) -> VadState {
        let power = block.iter().map(|x| x * x).sum::<f32>() / BLOCK_SAMPLES as f32;
        let level = dbfs(power.sqrt()).min(0.0);
        self.background = level
            .min(self.background + BACKGROUND_RISE_DB)
            .max(LEAST_BACKGROUND_DBFS);
        self.loud = level.max(self.loud - LOUD_FALL_DB).max(LEAST_LOUD_DBFS);
        let gain = 10.0_f32.powf((DETECTOR_LEVEL_DBFS - self.loud) / 20.0);
        // The detector accepts nothing beyond full scale.
        let seen: [f32; BLOCK_SAMPLES] =
            std::array::from_fn(|i| (block[i] * gain).clamp(-1.0, 1.0));
        let score = self.detector.predict_f32(&seen);
        let stands_out = level > self.threshold();
        self.advance(if stands_out { score } else { 0.0 })
    }

    fn advance(&mut self, score: f32) -> VadState {
        if self.scores.len() == MAX_ONSET_BLOCKS {
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
            if self.unvoiced < INACTIVE_AFTER_BLOCKS {
                return VadState::Active { voiced };
            }
            self.open = false;
            self.scores.clear();
            return VadState::Ended {
                blocks_ago: self.unvoiced,
            };
        }
        let mean = self.scores.iter().rev().take(RECENT_BLOCKS).sum::<f32>() / RECENT_BLOCKS as f32;
        if !voiced || mean < OPEN_SCORE {
            return VadState::Inactive;
        }
        self.open = true;
        VadState::Started {
            blocks_ago: self.onset(),
        }
    }

    /// Blocks since the onset: back over short closures to the first voiced block.
    fn onset(&self) -> u32 {
        let (mut onset, mut closure) = (0, 0);
        for (age, &score) in self.scores.iter().rev().enumerate() {
            if score >= VOICED_SCORE {
                (onset, closure) = (age + 1, 0);
            } else {
                closure += 1;
                if closure > MAX_CLOSURE_BLOCKS {
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
        let mut vad = Vad::new();
        scores.iter().map(|&score| vad.advance(score)).collect()
    }

    #[test]
    fn a_click_does_not_open_it_and_a_voice_is_dated_back_to_its_first_block() {
        let click = run(&[0.0, 0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0]);
        assert!(click.iter().all(|&vad| vad == VadState::Inactive));
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
        let vad = run(&scores);
        assert_eq!(vad[5], VadState::Started { blocks_ago: 6 });
        assert_eq!(vad[19], VadState::Active { voiced: false });
        assert_eq!(vad[20], VadState::Active { voiced: true });
        assert_eq!(vad[35], VadState::Ended { blocks_ago: 15 });
    }

    /// A block of noise with this level in dBFS.
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
        let mut vad = Vad::new();
        for _ in 0..400 {
            vad.step(&hiss(-60.0));
        }
        assert!((vad.background() + 60.0).abs() < 0.01);
        // 3 dB per second: 20 dB take 400 blocks, and the estimate stops there.
        for _ in 0..200 {
            vad.step(&hiss(-40.0));
        }
        assert!(
            (vad.background() + 50.0).abs() < 0.1,
            "{}",
            vad.background()
        );
        for _ in 0..400 {
            vad.step(&hiss(-40.0));
        }
        assert!((vad.background() + 40.0).abs() < 0.01);
        vad.step(&hiss(-55.0));
        assert!((vad.background() + 55.0).abs() < 0.01);
    }

    #[test]
    fn what_does_not_stand_out_of_the_background_or_of_its_loud_parts_has_no_score() {
        let scored = |vad: &mut Vad, level: f32| {
            vad.step(&hiss(level));
            vad.scores.back().is_some_and(|&score| score > 0.0)
        };
        let mut vad = Vad::new();
        for _ in 0..600 {
            vad.step(&hiss(-60.0));
        }
        assert!(!scored(&mut vad, -54.5));
        assert!(scored(&mut vad, -53.5));
        // After silence a quiet sound has a score, but not below a loud one.
        let mut vad = Vad::new();
        vad.step(&[0.0; BLOCK_SAMPLES]);
        assert!(scored(&mut vad, -62.0));
        vad.step(&hiss(-15.0));
        vad.step(&[0.0; BLOCK_SAMPLES]);
        assert!(!scored(&mut vad, -57.5));
        assert!(scored(&mut vad, -56.0));
        assert!(!scored(&mut vad, -76.0));
    }

    #[test]
    fn silence_and_steady_hum_stay_closed() {
        let mut vad = Vad::new();
        for n in 0..2_000_usize {
            let loudness = if n < 200 { 0.0 } else { 0.1 };
            let hum: Vec<f32> = (0..BLOCK_SAMPLES)
                .map(|i| ((n * BLOCK_SAMPLES + i) as f32 * 0.0196).sin() * loudness)
                .collect();
            vad.step(&hum);
            assert!(!vad.is_open(), "block {n}");
        }
    }
}
