//! Converts a recording's samples to the rate and channels of an output.

use super::source::Spec;
use crate::dsp::mono::ChannelChoice;
use crate::dsp::resample::{RateError, Resampler};

/// Converts interleaved samples from one rate and channel layout to another.
pub struct Converter {
    from: Spec,
    to: Spec,
    choice: ChannelChoice,
    /// One per channel, where the rates differ.
    resamplers: Vec<Resampler>,
    planes: Vec<Vec<f32>>,
    plane: Vec<f32>,
}

/// Number of channels of a recording that will be played.
pub fn played_channels(channels: u16, choice: ChannelChoice) -> u16 {
    match choice {
        ChannelChoice::One(_) => 1,
        ChannelChoice::Mix => channels,
    }
}

impl Converter {
    /// A converter for the chosen channels of a recording.
    ///
    /// # Errors
    /// A rate that cannot be used.
    pub fn new(from: Spec, choice: ChannelChoice, to: Spec) -> Result<Self, RateError> {
        let channels = usize::from(played_channels(from.channels, choice)).max(1);
        let count = if from.sample_rate == to.sample_rate {
            0
        } else {
            channels
        };
        let resampler = |_| Resampler::between(from.sample_rate, to.sample_rate);
        Ok(Self {
            from,
            to,
            choice,
            resamplers: (0..count).map(resampler).collect::<Result<_, _>>()?,
            planes: vec![Vec::new(); channels],
            plane: Vec::new(),
        })
    }

    /// Returns to the start of a stream.
    pub fn reset(&mut self) {
        self.resamplers.iter_mut().for_each(Resampler::reset);
    }

    /// Converts the next samples and appends the result to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        let channels = usize::from(self.from.channels).max(1);
        let first = match self.choice {
            ChannelChoice::One(number) => usize::from(number).clamp(1, channels) - 1,
            ChannelChoice::Mix => 0,
        };
        for (number, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            self.plane.clear();
            let finite = |sample: &f32| if sample.is_finite() { *sample } else { 0.0 };
            let of_channel = samples.iter().skip(first + number).step_by(channels);
            self.plane.extend(of_channel.map(finite));
            match self.resamplers.get_mut(number) {
                Some(resampler) => resampler.push(&self.plane, plane),
                None => std::mem::swap(plane, &mut self.plane),
            }
        }
        self.interleave(out);
    }

    /// Ends the stream: appends the remaining samples.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        for (resampler, plane) in self.resamplers.iter_mut().zip(&mut self.planes) {
            plane.clear();
            resampler.finish(plane);
        }
        if !self.resamplers.is_empty() {
            self.interleave(out);
        }
    }

    /// One channel is copied to all; all are mixed to one; otherwise each keeps its
    /// place.
    fn interleave(&self, out: &mut Vec<f32>) {
        let frames = self.planes.iter().map(Vec::len).min().unwrap_or(0);
        let to = usize::from(self.to.channels).max(1);
        out.reserve(frames * to);
        let mean = |frame: usize| {
            let sum: f32 = self.planes.iter().map(|plane| plane[frame]).sum();
            sum / self.planes.len() as f32
        };
        for frame in 0..frames {
            for channel in 0..to {
                let sample = match self.planes.get(channel) {
                    _ if self.planes.len() > to => mean(frame),
                    Some(plane) => plane[frame],
                    None if self.planes.len() == 1 => self.planes[0][frame],
                    None => 0.0,
                };
                out.push(sample.clamp(-1.0, 1.0));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn spec(sample_rate: u32, channels: u16) -> Spec {
        Spec {
            sample_rate,
            channels,
        }
    }

    fn converted(from: Spec, choice: ChannelChoice, to: Spec, samples: &[f32]) -> Vec<f32> {
        let mut converter = Converter::new(from, choice, to).unwrap();
        let mut out = Vec::new();
        for block in samples.chunks(600) {
            converter.push(block, &mut out);
        }
        converter.finish(&mut out);
        out
    }

    #[test]
    fn channels_are_copied_mixed_and_chosen() {
        let mix = ChannelChoice::Mix;
        let (mono, stereo) = (spec(8000, 1), spec(8000, 2));
        let frames = [0.5, -0.25, f32::NAN, 1.5];
        assert_eq!(
            converted(stereo, mix, stereo, &frames),
            [0.5, -0.25, 0.0, 1.0]
        );
        assert_eq!(converted(stereo, mix, mono, &frames), [0.125, 0.75]);
        let right = ChannelChoice::One(2);
        assert_eq!(
            converted(stereo, right, stereo, &frames),
            [-0.25, -0.25, 1.0, 1.0]
        );
        let quad = spec(8000, 4);
        assert_eq!(converted(mono, mix, quad, &[0.5]), [0.5; 4]);
        assert_eq!(
            converted(stereo, mix, quad, &[0.5, 0.1]),
            [0.5, 0.1, 0.0, 0.0]
        );
    }

    /// A sine keeps its frequency, amplitude and phase at every other rate.
    #[test]
    fn a_tone_keeps_its_pitch_its_level_and_its_place() {
        let sine = |rate: u32, n: usize| {
            (std::f64::consts::TAU * 440.0 * n as f64 / f64::from(rate)).sin() * 0.5
        };
        for (from, to) in [
            (16_000, 48_000),
            (16_000, 44_100),
            (48_000, 44_100),
            (44_100, 48_000),
        ] {
            let samples: Vec<f32> = (0..from as usize).map(|n| sine(from, n) as f32).collect();
            let out = converted(spec(from, 1), ChannelChoice::Mix, spec(to, 1), &samples);
            assert_eq!(out.len(), to as usize);
            let inside = out.iter().enumerate().skip(2000).take(to as usize - 4000);
            let worst = inside.map(|(n, x)| (f64::from(*x) - sine(to, n)).abs());
            let worst = worst.fold(0.0, f64::max);
            assert!(worst < 0.02, "{from} to {to}: {worst}");
        }
    }
}
