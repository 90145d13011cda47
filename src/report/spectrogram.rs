//! The log-mel levels of a recording in sixteen shades; the front end computes them
//! before the cepstral coefficients.

use crate::dsp::feature_spec::{MEL_FLOOR, N_MELS};

/// Mel bands, low to high.
pub const BANDS: usize = N_MELS;

/// Log-mel levels of equal intervals of a recording, in dB.
pub type Levels = Vec<[f32; BANDS]>;

/// Most columns of the picture: enough for a part of a long recording.
const MAX_COLUMNS: usize = 3520;
/// Levels this far below the loudest are blank, in dB.
const RANGE_DB: f32 = 60.0;
/// Least level that counts as the loudest, in dB, so that the noise of a silent
/// recording does not look like speech.
const FLOOR_DB: f32 = -30.0;

/// Mean levels of equal intervals, whose length doubles as the recording grows.
#[derive(Default)]
pub(super) struct Spectrogram {
    /// Frames per interval, minus one.
    more: usize,
    columns: Vec<[f32; BANDS]>,
    /// Frames in the last interval so far.
    filled: usize,
}

impl Spectrogram {
    /// Adds the log-mel levels of the next frame.
    pub(super) fn push(&mut self, levels: &[f32; BANDS]) {
        if self.filled == 0 {
            if self.columns.len() == 2 * MAX_COLUMNS {
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

    /// Adds frames of silence.
    pub(super) fn push_silence(&mut self, mut frames: u64) {
        let silence = silence();
        while frames > 0 {
            if self.filled == 0 {
                self.push(&silence);
                frames -= 1;
                continue;
            }
            let added = frames.min((self.more + 1 - self.filled) as u64);
            let filled = self.filled + added as usize;
            if let Some(mean) = self.columns.last_mut() {
                for (mean, level) in mean.iter_mut().zip(&silence) {
                    *mean += (level - *mean) * added as f32 / filled as f32;
                }
            }
            self.filled = filled % (self.more + 1);
            frames -= added;
        }
    }

    /// Puts silence before everything so far, to the nearest interval.
    pub(super) fn prepend_silence(&mut self, frames: u64) {
        let length = self.more as u64 + 1;
        let added = ((frames + length / 2) / length) as usize;
        let before = std::iter::repeat_n(silence(), added);
        self.columns.splice(0..0, before);
    }

    /// The levels of the whole recording, in no more intervals than are visible.
    pub(super) fn finish(mut self) -> Levels {
        while self.columns.len() > MAX_COLUMNS {
            self.halve();
        }
        self.columns
    }

    fn halve(&mut self) {
        let mean = |pair: &[[f32; BANDS]]| {
            let other = pair.last().unwrap_or(&pair[0]);
            std::array::from_fn(|band| f32::midpoint(pair[0][band], other[band]))
        };
        self.columns = self.columns.chunks(2).map(mean).collect();
    }
}

/// The levels of a frame of silence.
fn silence() -> [f32; BANDS] {
    [10.0 * MEL_FLOOR.log10() as f32; BANDS]
}

/// Shades of each band from 0 (blank) to 15 (loudest), low bands first.
pub fn shades(columns: &Levels) -> Vec<[u8; BANDS]> {
    let loudest = columns.iter().flatten().copied().fold(FLOOR_DB, f32::max);
    let shade = |level: f32| {
        let above = (level - loudest) / RANGE_DB + 1.0;
        (above.clamp(0.0, 1.0) * 15.0).round() as u8
    };
    columns.iter().map(|column| column.map(shade)).collect()
}

/// The shades as a grey PNG, one pixel per band and interval, high bands at the top;
/// `None` without intervals.
pub fn png(columns: &Levels) -> Option<Vec<u8>> {
    let shades = shades(columns);
    let mut rows = Vec::new();
    for band in (0..BANDS).rev() {
        // Two pixels per byte.
        rows.extend(shades.chunks(2).map(|pair| {
            let right = pair.get(1).map_or(0, |column| column[band]);
            pair[0][band] << 4 | right
        }));
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, shades.len() as u32, BANDS as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows).ok()?;
    writer.finish().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_silence_is_that_of_silent_frames() {
        for (before, silent) in [(1, 1), (777, 9_999), (30_001, 100_003)] {
            let [mut skipped, mut pushed] = [Spectrogram::default(), Spectrogram::default()];
            for _ in 0..2 {
                for n in 0..before {
                    skipped.push(&[n as f32 / 100.0; BANDS]);
                    pushed.push(&[n as f32 / 100.0; BANDS]);
                }
                skipped.push_silence(silent);
                for _ in 0..silent {
                    pushed.push(&silence());
                }
            }
            let (skipped, pushed) = (skipped.finish(), pushed.finish());
            assert_eq!(skipped.len(), pushed.len());
            for (a, b) in skipped.iter().flatten().zip(pushed.iter().flatten()) {
                assert!((a - b).abs() < 0.05, "{a} {b}");
            }
        }
    }
}
