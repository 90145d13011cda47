//! Mixes interleaved channels to one; uses a single channel where the mean would be
//! worse.
//!
//! A balanced cable in a stereo input gives a channel and its negative, whose mean is
//! silence. One dead channel halves the amplitude. Both are decided on windows of 10 ms
//! for the samples after them. So block sizes do not change the result, and nothing has
//! to be read twice.

use super::mono::{ChannelChoice, downmix};

/// Windows per second.
const WINDOWS_PER_S: u32 = 100;
/// Share of the past energies that the next window keeps: a time constant of 3 s.
const PAST_WEIGHT: f64 = 0.9967;
/// Ratio between the energy of the mean and that of the mean of uncorrelated channels.
/// Below the first value the channels cancel; above the second they no longer do.
const CANCEL_RATIO: f64 = 0.06;
const NO_CANCEL_RATIO: f64 = 0.2;
/// A channel is silent if its loudest window has less than this share of the loudest
/// energy of another channel: -30 dB.
const SILENT_RATIO: f64 = 1e-3;
/// How much more energy another channel needs to replace the current one: 6 dB.
const SWITCH_RATIO: f64 = 4.0;

/// Why a single channel is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoleReason {
    /// The channels cancel each other.
    Cancel,
    /// The others are silent.
    Silent,
}

/// The single channel that is used instead of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoleChannel {
    /// Its number, from 1.
    pub number: u16,
    /// Why it is used.
    pub reason: SoleReason,
}

impl std::fmt::Display for SoleChannel {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = self.number;
        match self.reason {
            SoleReason::Cancel => write!(
                out,
                "the channels cancel each other: channel {number} is used (--channel {number})"
            ),
            SoleReason::Silent => write!(
                out,
                "only channel {number} carries sound: it is used (--channel {number})"
            ),
        }
    }
}

/// Mixes interleaved channels down to one.
#[derive(Debug, Clone)]
pub struct ChannelMixer {
    channels: u16,
    choice: ChannelChoice,
    /// Frames per window, and frames in the current window.
    window: usize,
    filled: usize,
    /// Energy of each channel and, last, of their mean: in the current window, and in
    /// the past.
    now: Vec<f64>,
    past: Vec<f64>,
    /// Energy of each channel's loudest window.
    loudest: Vec<f64>,
    sole: Option<SoleChannel>,
}

impl ChannelMixer {
    /// For `channels` interleaved channels at `rate` hertz.
    pub fn new(rate: u32, channels: u16, choice: ChannelChoice) -> Self {
        let count = usize::from(channels);
        Self {
            channels,
            choice,
            window: (rate / WINDOWS_PER_S).max(1) as usize,
            filled: 0,
            now: vec![0.0; count + 1],
            past: vec![0.0; count + 1],
            loudest: vec![0.0; count],
            sole: None,
        }
    }

    /// Appends one sample per frame to `out`; returns the number of samples that were
    /// not finite.
    pub fn push(&mut self, interleaved: &[f32], out: &mut Vec<f32>) -> u64 {
        if self.choice != ChannelChoice::Mix || self.channels < 2 {
            return downmix(interleaved, self.channels, self.choice, out);
        }
        let width = usize::from(self.channels);
        let mut invalid = 0;
        let mut rest = &interleaved[..interleaved.len() / width * width];
        while !rest.is_empty() {
            let frames = (self.window - self.filled).min(rest.len() / width);
            let (part, behind) = rest.split_at(frames * width);
            let choice = self
                .sole
                .map_or(ChannelChoice::Mix, |sole| ChannelChoice::One(sole.number));
            invalid += downmix(part, self.channels, choice, out);
            self.measure(part);
            self.filled += frames;
            if self.filled == self.window {
                self.decide();
            }
            rest = behind;
        }
        invalid
    }

    /// The channel that is used alone, if there is one.
    pub fn sole(&self) -> Option<SoleChannel> {
        self.sole
    }

    /// Adds the energies of whole frames, frame by frame.
    fn measure(&mut self, frames: &[f32]) {
        let width = usize::from(self.channels);
        for frame in frames.chunks_exact(width) {
            let mut sum = 0.0;
            for (energy, &sample) in self.now.iter_mut().zip(frame) {
                let sample = if sample.is_finite() {
                    f64::from(sample)
                } else {
                    0.0
                };
                *energy += sample * sample;
                sum += sample;
            }
            let mean = sum / width as f64;
            self.now[width] += mean * mean;
        }
    }

    /// Ends a window.
    fn decide(&mut self) {
        let width = usize::from(self.channels);
        for (past, now) in self.past.iter_mut().zip(&self.now) {
            *past = *past * PAST_WEIGHT + now;
        }
        for (loudest, &now) in self.loudest.iter_mut().zip(&self.now) {
            *loudest = loudest.max(now);
        }
        self.now.fill(0.0);
        self.filled = 0;
        self.sole = self.silent_others().or_else(|| self.cancelling(width));
    }

    /// The only channel with a signal.
    fn silent_others(&self) -> Option<SoleChannel> {
        let most = self.loudest.iter().copied().fold(0.0, f64::max);
        let mut carrying = (1..)
            .zip(&self.loudest)
            .filter(|&(_, &loudest)| loudest > most * SILENT_RATIO);
        let (number, _) = carrying.next()?;
        carrying.next().is_none().then_some(SoleChannel {
            number,
            reason: SoleReason::Silent,
        })
    }

    /// The best one of channels that cancel each other.
    fn cancelling(&self, width: usize) -> Option<SoleChannel> {
        let channels = &self.past[..width];
        let unrelated = channels.iter().sum::<f64>() / (width * width) as f64;
        let before = self.sole.filter(|sole| sole.reason == SoleReason::Cancel);
        let limit = match before {
            Some(_) => NO_CANCEL_RATIO,
            None => CANCEL_RATIO,
        };
        if unrelated <= 0.0 || self.past[width] >= unrelated * limit {
            return None;
        }
        let best = (0..width)
            .rev()
            .max_by(|&a, &b| channels[a].total_cmp(&channels[b]))?;
        match before {
            Some(sole)
                if channels[best] < SWITCH_RATIO * channels[usize::from(sole.number) - 1] =>
            {
                before
            }
            _ => Some(SoleChannel {
                number: best as u16 + 1,
                reason: SoleReason::Cancel,
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    fn voice(frame: usize) -> f32 {
        let t = frame as f32 / RATE as f32;
        // Syllables, with pauses between them.
        let syllable = (t * 3.0 * std::f32::consts::TAU).sin().max(0.0);
        0.3 * syllable * (t * 180.0 * std::f32::consts::TAU).sin()
    }

    fn stereo(frames: usize, right: impl Fn(usize) -> f32) -> Vec<f32> {
        (0..frames).flat_map(|n| [voice(n), right(n)]).collect()
    }

    /// The mix of blocks with `size` samples each, and the sole channel at the end.
    fn mixed(samples: &[f32], size: usize) -> (Vec<f32>, Option<SoleChannel>) {
        let mut mixer = ChannelMixer::new(RATE, 2, ChannelChoice::Mix);
        let mut out = Vec::new();
        for block in samples.chunks(size) {
            mixer.push(block, &mut out);
        }
        (out, mixer.sole())
    }

    fn energy(samples: &[f32]) -> f32 {
        samples.iter().map(|x| x * x).sum()
    }

    #[test]
    fn a_channel_and_its_negative_give_one_of_them() {
        for gain in [-1.0, -0.97, -1.02] {
            let samples = stereo(32_000, |n| gain * voice(n));
            let (out, sole) = mixed(&samples, 960);
            assert_eq!(sole.unwrap().reason, SoleReason::Cancel, "{gain}");
            let alone: Vec<f32> = (0..32_000).map(voice).collect();
            assert!(energy(&out) > 0.9 * energy(&alone), "{gain}");
        }
    }

    #[test]
    fn a_dead_channel_is_ignored() {
        let samples = stereo(32_000, |n| if n % 2 == 0 { 1e-4 } else { -1e-4 });
        let (out, sole) = mixed(&samples, 960);
        let expected = SoleChannel {
            number: 1,
            reason: SoleReason::Silent,
        };
        assert_eq!(sole, Some(expected));
        assert_eq!(
            out[16_000..],
            (16_000..32_000).map(voice).collect::<Vec<_>>()
        );
    }

    #[test]
    fn like_channels_unlike_ones_and_one_speaker_on_each_are_mixed() {
        let alike = stereo(32_000, voice);
        let unlike = stereo(32_000, |n| voice(n * 5 / 3 + 700));
        // One speaks, then the other.
        let call: Vec<f32> = (0..64_000)
            .flat_map(|n| {
                let second = n >= 32_000;
                [
                    if second { 0.0 } else { voice(n) },
                    if second { voice(n) } else { 0.0 },
                ]
            })
            .collect();
        for samples in [alike, unlike, call] {
            assert_eq!(mixed(&samples, 960).1, None);
        }
    }

    #[test]
    fn the_size_of_the_blocks_changes_nothing() {
        let samples = stereo(
            20_000,
            |n| if n < 9_000 { -voice(n) } else { voice(n + 77) },
        );
        let whole = mixed(&samples, samples.len());
        for size in [2, 6, 318, 320, 322, 4096] {
            assert!(mixed(&samples, size) == whole, "{size}");
        }
    }
}
