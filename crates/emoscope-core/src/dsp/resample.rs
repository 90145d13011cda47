//! Resamples between any two rates; the result does not depend on block sizes.
//!
//! `rubato`'s windowed sinc processes fixed chunks of 10 ms from a queue, so that the
//! arrival of samples does not change the result. Its delay is removed to the nearest
//! sample: output sample `n` is at `n / 16000` seconds.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters,
    SincInterpolationType, WindowFunction,
};

use crate::dsp::feature_spec::SAMPLE_RATE_HZ;

/// Lowest and highest sample rate of an input, in hertz.
pub const INPUT_RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Why a rate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("a sample rate of {rate} Hz cannot be used: it must be {} to {} Hz", INPUT_RATES_HZ.start(), INPUT_RATES_HZ.end())]
pub struct RateError {
    /// The rate asked for.
    pub rate: u32,
}

/// Length of the filter in input samples; `rubato` centres it one output sample before
/// its middle.
const SINC_LEN: usize = 128;

/// Delay of the filter, to the nearest output sample.
fn delay(ratio: f64) -> usize {
    (SINC_LEN as f64 / 2.0 * ratio - 1.0).round().max(0.0) as usize
}

/// Number of filters between two input samples, and the interpolation between filters.
///
/// The output samples of common rates fall on few positions between input samples (48
/// kHz: one, 44.1 kHz: 160). So a filter for each position is exact, and four times
/// cheaper than the cubic interpolation of four filters. `rubato` is off by one
/// position, so a large number hides that error.
fn phases(rate: u32, to: u32) -> (usize, SincInterpolationType) {
    let (mut a, mut b) = (rate, to);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    let places = (to / a) as usize;
    if places <= MAX_EXACT_FILTERS {
        let whole = INTERPOLATED_FILTERS.next_multiple_of(places);
        (whole, SincInterpolationType::Nearest)
    } else {
        (INTERPOLATED_FILTERS, SincInterpolationType::Cubic)
    }
}

/// Filters that suffice for any rate, with interpolation.
const INTERPOLATED_FILTERS: usize = 256;
/// Most positions with a filter each: 320 KiB of filters.
const MAX_EXACT_FILTERS: usize = 640;

/// Converts a stream from one rate to another, 16 kHz by default.
pub struct Resampler {
    rate: u32,
    to: u32,
    inner: Option<Inner>,
    received: u64,
    sent: u64,
}

struct Inner {
    sinc: Async<f32>,
    queue: Vec<f32>,
    chunk: usize,
    buffer: Vec<f32>,
    /// Output samples of the filter's delay that remain to be removed.
    skip: usize,
}

impl Resampler {
    /// A resampler from a rate in [`INPUT_RATES_HZ`] to 16 kHz; 16 kHz passes unchanged.
    ///
    /// # Errors
    /// A rate outside [`INPUT_RATES_HZ`].
    pub fn new(rate: u32) -> Result<Self, RateError> {
        Self::between(rate, SAMPLE_RATE_HZ)
    }

    /// A resampler between two rates in [`INPUT_RATES_HZ`].
    ///
    /// # Errors
    /// A rate outside [`INPUT_RATES_HZ`].
    pub fn between(rate: u32, to: u32) -> Result<Self, RateError> {
        if let Some(rate) = [rate, to]
            .into_iter()
            .find(|rate| !INPUT_RATES_HZ.contains(rate))
        {
            return Err(RateError { rate });
        }
        let inner = if rate == to {
            None
        } else {
            Some(Inner::new(rate, to)?)
        };
        Ok(Self {
            rate,
            to,
            inner,
            received: 0,
            sent: 0,
        })
    }

    /// Returns to the start of a stream; keeps the tables.
    pub fn reset(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.sinc.reset();
            inner.queue.clear();
            inner.skip = delay(inner.sinc.resample_ratio());
        }
        self.received = 0;
        self.sent = 0;
    }

    /// Adds mono samples and appends the available output to `out`.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) {
        self.received += samples.len() as u64;
        let before = out.len();
        match &mut self.inner {
            None => out.extend_from_slice(samples),
            Some(inner) => {
                inner.queue.extend_from_slice(samples);
                let mut taken = 0;
                while inner.queue.len() - taken >= inner.chunk {
                    inner.process(taken, inner.chunk, out);
                    taken += inner.chunk;
                }
                inner.queue.drain(..taken);
            }
        }
        self.sent += (out.len() - before) as u64;
    }

    /// Ends the stream: appends the rest. In total, `N` input samples give `ceil(N * to
    /// / rate)` output samples.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let Some(inner) = &mut self.inner else { return };
        let rate = u64::from(self.rate);
        let total = (self.received * u64::from(self.to)).div_ceil(rate);
        let before = out.len();
        let end = before + total.saturating_sub(self.sent) as usize;
        let mut rest = inner.queue.len();
        while out.len() < end {
            inner.process(0, rest, out);
            rest = 0;
        }
        out.truncate(end);
        inner.queue.clear();
        self.sent = total;
    }
}

impl Inner {
    fn new(rate: u32, to: u32) -> Result<Self, RateError> {
        let (oversampling_factor, interpolation) = phases(rate, to);
        let parameters = SincInterpolationParameters {
            sinc_len: SINC_LEN,
            f_cutoff: None,
            oversampling_factor,
            interpolation,
            window: WindowFunction::BlackmanHarris2,
        };
        let chunk = (rate / 100).max(1) as usize;
        let ratio = f64::from(to) / f64::from(rate);
        let sinc = Async::new_sinc(ratio, 1.0, &parameters, chunk, 1, FixedAsync::Input)
            .map_err(|_| RateError { rate })?;
        let buffer = vec![0.0; sinc.output_frames_max()];
        let skip = delay(ratio);
        Ok(Self {
            sinc,
            queue: Vec::with_capacity(2 * chunk),
            chunk,
            buffer,
            skip,
        })
    }

    /// Processes one chunk of the queue, whose first `valid` samples are real.
    fn process(&mut self, from: usize, valid: usize, out: &mut Vec<f32>) {
        let input = &self.queue[from..from + valid];
        let space = self.buffer.len();
        let indexing = Indexing {
            input_offset: 0,
            output_offset: 0,
            partial_len: (valid < self.chunk).then_some(valid),
            active_channels_mask: None,
        };
        let written = SequentialSlice::new(input, 1, valid)
            .ok()
            .and_then(|input| {
                let mut output = SequentialSlice::new_mut(&mut self.buffer, 1, space).ok()?;
                self.sinc
                    .process_into_buffer(&input, &mut output, Some(&indexing))
                    .ok()
            });
        // Only sizes can be wrong, and they are fixed above.
        debug_assert!(written.is_some());
        let count = written.map_or(0, |(_, count)| count);
        let skipped = self.skip.min(count);
        self.skip -= skipped;
        out.extend_from_slice(&self.buffer[skipped..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_rates_have_a_filter_for_every_place_that_they_need() {
        for (rate, places) in [
            (8_000, 2),
            (11_025, 640),
            (22_050, 320),
            (24_000, 2),
            (32_000, 1),
            (44_100, 160),
            (48_000, 1),
            (96_000, 1),
        ] {
            let (filters, kind) = phases(rate, SAMPLE_RATE_HZ);
            assert!(matches!(kind, SincInterpolationType::Nearest), "{rate}");
            assert!(
                filters >= INTERPOLATED_FILTERS && filters % places == 0,
                "{rate}: {filters}"
            );
        }
        assert!(matches!(
            phases(44_101, SAMPLE_RATE_HZ),
            (INTERPOLATED_FILTERS, SincInterpolationType::Cubic)
        ));
    }
}
