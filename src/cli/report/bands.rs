//! The log-mel levels of a recording, by the front end that the model hears.

use crate::dsp::feature_spec::{HOP_SAMPLES, N_FFT, N_MELS};
use crate::dsp::mfcc::MfccStream;
use crate::dsp::resample::Resampler;

/// Columns of the picture at most.
const COLUMNS: usize = 880;

/// Mean levels of equal stretches, which double in length as the recording goes
/// on.
#[derive(Default)]
pub(super) struct Bands {
    resampler: Option<Resampler>,
    mfcc: MfccStream,
    at_16k: Vec<f32>,
    stretches: Stretches,
}

#[derive(Default)]
struct Stretches {
    /// Frames in one, less one.
    more: usize,
    columns: Vec<[f32; N_MELS]>,
    /// Frames in the last one so far.
    filled: usize,
}

impl Bands {
    /// Adds samples of one channel; the rate never changes.
    pub(super) fn push(&mut self, mono: &[f32], rate: u32) {
        if self.resampler.is_none() {
            // Sources have no other rates than can be used.
            self.resampler = Resampler::new(rate).ok();
        }
        if let Some(resampler) = &mut self.resampler {
            resampler.push(mono, &mut self.at_16k);
        }
        self.frames();
    }

    /// The columns, no more than can be seen.
    pub(super) fn columns(mut self) -> Vec<[f32; N_MELS]> {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.at_16k);
        }
        // The last frames reach beyond the end.
        self.at_16k.resize(self.at_16k.len() + N_FFT / 2, 0.0);
        self.frames();
        while self.stretches.columns.len() > COLUMNS {
            self.stretches.halve();
        }
        self.stretches.columns
    }

    /// No more than a hop at a time, so that there is no more than a frame at a time.
    fn frames(&mut self) {
        let mut at_16k = std::mem::take(&mut self.at_16k);
        for hop in at_16k.chunks(HOP_SAMPLES) {
            let mut there = false;
            self.mfcc.push(hop, |_| there = true);
            if there && let Ok(levels) = self.mfcc.log_mel().try_into() {
                self.stretches.frame(levels);
            }
        }
        at_16k.clear();
        self.at_16k = at_16k;
    }
}

impl Stretches {
    fn frame(&mut self, levels: &[f32; N_MELS]) {
        if self.filled == 0 {
            if self.columns.len() == 2 * COLUMNS {
                self.halve();
                self.more = 2 * self.more + 1;
            }
            self.columns.push(*levels);
        } else if let Some(mean) = self.columns.last_mut() {
            for (mean, level) in mean.iter_mut().zip(levels) {
                *mean += (level - *mean) / (self.filled + 1) as f32;
            }
        }
        self.filled = (self.filled + 1) % (self.more + 1);
    }

    fn halve(&mut self) {
        let mean = |pair: &[[f32; N_MELS]]| {
            let other = pair.last().unwrap_or(&pair[0]);
            std::array::from_fn(|band| f32::midpoint(pair[0][band], other[band]))
        };
        self.columns = self.columns.chunks(2).map(mean).collect();
    }
}
