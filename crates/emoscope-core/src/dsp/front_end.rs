//! The whole front end: interleaved samples to mono, 16 kHz and MFCC frames.
//!
//! [`FrontEnd::push`] queues samples at 16 kHz. The caller takes them block by block
//! ([`read`](FrontEnd::read)) or all at once ([`drain`](FrontEnd::drain)). Each call
//! returns the frames that these samples complete, so samples and frames stay
//! synchronized.

use super::channels::{ChannelMixer, SoleChannel};
use super::mfcc::{FrameFeatures, MfccStream};
use super::mono::ChannelChoice;
use super::resample::{RateError, Resampler};

/// Rate and channels of an input, and the channel that is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputFormat {
    /// Sample rate in hertz.
    pub rate: u32,
    /// Interleaved channels.
    pub channels: u16,
    /// The channel to use, or the mean of all.
    pub choice: ChannelChoice,
}

/// Why an input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Its rate is out of range.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// It does not have the selected channel.
    #[error("channel {wanted} was asked for, but the input has {channels}")]
    Channel {
        /// The selected channel, from 1.
        wanted: u16,
        /// Channels of the input.
        channels: u16,
    },
}

/// Samples of one channel at the input's rate.
#[derive(Debug, Clone, Copy)]
pub struct MonoSamples<'a> {
    /// One sample per frame of the input.
    pub samples: &'a [f32],
    /// Number of input samples that were not finite and were replaced by zero.
    pub invalid: u64,
}

/// Interleaved samples to mono samples at 16 kHz and their frames.
pub struct FrontEnd {
    input: InputFormat,
    mixer: ChannelMixer,
    resampler: Resampler,
    mfcc: MfccStream,
    mono: Vec<f32>,
    /// Samples at 16 kHz; the first `taken` are consumed.
    queue: Vec<f32>,
    taken: usize,
}

impl FrontEnd {
    /// A front end at the start of a stream.
    ///
    /// # Errors
    /// A rate or channel that cannot be used.
    pub fn new(input: InputFormat) -> Result<Self, InputError> {
        let InputFormat {
            rate,
            channels,
            choice,
        } = input;
        if let ChannelChoice::One(wanted) = choice
            && wanted > channels
        {
            return Err(InputError::Channel { wanted, channels });
        }
        Ok(Self {
            input,
            mixer: ChannelMixer::new(rate, channels, choice),
            resampler: Resampler::new(rate)?,
            mfcc: MfccStream::new(),
            mono: Vec::new(),
            queue: Vec::new(),
            taken: 0,
        })
    }

    /// Also computes the bands of the speaker network from now on.
    pub fn compute_speaker_bands(&mut self) {
        self.mfcc.compute_speaker_bands();
    }

    /// The format of the current input.
    pub fn input(&self) -> InputFormat {
        self.input
    }

    /// The channel that is used alone because the mean would be worse.
    pub fn sole_channel(&self) -> Option<SoleChannel> {
        self.mixer.sole()
    }

    /// Adds interleaved samples, whole frames.
    pub fn push(&mut self, interleaved: &[f32]) -> MonoSamples<'_> {
        self.mono.clear();
        let invalid = self.mixer.push(interleaved, &mut self.mono);
        self.resample();
        MonoSamples {
            samples: &self.mono,
            invalid,
        }
    }

    /// Adds `frames` frames of silence at the input's rate, for missing audio. It does
    /// not affect the channel choice.
    pub fn push_silence(&mut self, frames: usize) -> MonoSamples<'_> {
        self.mono.clear();
        self.mono.resize(frames, 0.0);
        self.resample();
        MonoSamples {
            samples: &self.mono,
            invalid: 0,
        }
    }

    /// Fills `block` with the next samples at 16 kHz, and passes the frames that they
    /// complete to `frame`; `false` while the queue has fewer samples.
    pub fn read(&mut self, block: &mut [f32], frame: impl FnMut(FrameFeatures<'_>)) -> bool {
        let Some(next) = self.queue[self.taken..].get(..block.len()) else {
            return false;
        };
        block.copy_from_slice(next);
        self.taken += block.len();
        self.mfcc.push(block, frame);
        true
    }

    /// Empties the queue; returns the number of 16 kHz samples in it.
    pub fn drain(&mut self, frame: impl FnMut(FrameFeatures<'_>)) -> usize {
        let rest = &self.queue[self.taken..];
        let count = rest.len();
        self.mfcc.push(rest, frame);
        self.queue.clear();
        self.taken = 0;
        count
    }

    /// Ends the input: queues what the resampler held back.
    pub fn flush(&mut self) {
        self.resampler.finish(&mut self.queue);
    }

    /// Ends the stream: [`flush`](Self::flush), [`drain`](Self::drain) and the frames
    /// that extend beyond the last sample. Returns the number of samples that `drain`
    /// took.
    pub fn finish(&mut self, mut frame: impl FnMut(FrameFeatures<'_>)) -> usize {
        self.flush();
        let count = self.drain(&mut frame);
        self.mfcc.finish(frame);
        count
    }

    /// Returns to the start of a stream; keeps the channel choice.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.mfcc.reset();
        self.queue.clear();
        self.taken = 0;
    }

    fn resample(&mut self) {
        self.queue.drain(..self.taken);
        self.taken = 0;
        self.resampler.push(&self.mono, &mut self.queue);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const STEREO: InputFormat = InputFormat {
        rate: 44_100,
        channels: 2,
        choice: ChannelChoice::Mix,
    };

    fn noise(samples: usize) -> Vec<f32> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..samples).map(|_| next()).collect()
    }

    #[test]
    fn blocks_and_the_whole_give_the_same_frames_and_every_sample_once() {
        let input = noise(2 * 44_100);
        let mut whole = Vec::new();
        let mut front_end = FrontEnd::new(STEREO).unwrap();
        assert_eq!(front_end.push(&input).samples.len(), 44_100);
        let count = front_end.finish(|frame| whole.extend(*frame.mfcc));
        assert_eq!(count, 16_000);
        assert_eq!(whole.len(), 101 * 80);

        front_end.reset();
        let (mut frames, mut samples) = (Vec::new(), 0);
        let mut block = [0.0; 256];
        for part in input.chunks(2 * 777) {
            front_end.push(part);
            while front_end.read(&mut block, |frame| frames.extend(*frame.mfcc)) {
                samples += block.len();
            }
        }
        samples += front_end.finish(|frame| frames.extend(*frame.mfcc));
        assert_eq!(samples, 16_000);
        assert!(frames == whole);
    }

    #[test]
    fn silence_takes_the_time_of_what_is_missing() {
        let mut front_end = FrontEnd::new(STEREO).unwrap();
        assert_eq!(front_end.push_silence(44_100).samples, vec![0.0; 44_100]);
        let mut frames = 0;
        assert_eq!(front_end.finish(|_| frames += 1), 16_000);
        assert_eq!(frames, 101);
    }

    #[test]
    fn a_channel_that_is_not_there_is_an_error() {
        let choice = ChannelChoice::One(3);
        let found = FrontEnd::new(InputFormat { choice, ..STEREO });
        assert!(matches!(
            found.err(),
            Some(InputError::Channel {
                wanted: 3,
                channels: 2
            })
        ));
    }
}
