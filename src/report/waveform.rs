//! The waveform of a recording as minima and maxima of equal intervals.

/// Most columns: enough for a part of a long recording.
const MAX_COLUMNS: usize = 12_000;

/// Lowest and highest sample of equal intervals, whose length doubles as the recording
/// grows.
#[derive(Debug, Default)]
pub(super) struct Waveform {
    /// Samples per interval.
    interval: usize,
    columns: Vec<(f32, f32)>,
    /// Samples in the last interval so far.
    filled: usize,
}

impl Waveform {
    /// Adds the samples of one channel.
    pub(super) fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            if self.filled == 0 {
                if self.columns.len() == 2 * MAX_COLUMNS {
                    self.halve();
                }
                self.columns.push((sample, sample));
            } else if let Some((low, high)) = self.columns.last_mut() {
                *low = low.min(sample);
                *high = high.max(sample);
            }
            self.filled = (self.filled + 1) % self.interval.max(1);
        }
    }

    /// Adds silence.
    pub(super) fn push_silence(&mut self, mut samples: u64) {
        while samples > 0 {
            let open = self.interval.max(1) - self.filled;
            let added = samples.min(open as u64);
            // One sample stands for all that fall into its interval.
            self.push(&[0.0]);
            self.filled = (self.filled + added as usize - 1) % self.interval.max(1);
            samples -= added;
        }
    }

    /// Puts silence before everything so far, to the nearest interval.
    pub(super) fn prepend_silence(&mut self, samples: u64) {
        let interval = self.interval.max(1) as u64;
        let added = ((samples + interval / 2) / interval) as usize;
        self.columns
            .splice(0..0, std::iter::repeat_n((0.0, 0.0), added));
    }

    fn halve(&mut self) {
        self.columns = self.columns.chunks(2).map(joined).collect();
        self.interval = self.interval.max(1) * 2;
    }

    /// The columns, no more than are visible.
    pub(super) fn columns(&self) -> Vec<(f32, f32)> {
        fewer(&self.columns, MAX_COLUMNS)
    }
}

/// The minima and maxima in at most `most` columns.
pub(super) fn fewer(columns: &[(f32, f32)], most: usize) -> Vec<(f32, f32)> {
    let every = columns.len().div_ceil(most.max(1)).max(1);
    columns.chunks(every).map(joined).collect()
}

fn joined(columns: &[(f32, f32)]) -> (f32, f32) {
    let start = (f32::INFINITY, f32::NEG_INFINITY);
    let join =
        |(low, high): (f32, f32), column: &(f32, f32)| (low.min(column.0), high.max(column.1));
    columns.iter().fold(start, join)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_silence_is_that_of_silent_samples() {
        for (before, silent) in [(1, 1), (777, 23_999), (30_001, 100_003), (123, 1_000_000)] {
            let noise: Vec<f32> = (0..before).map(|n| (n % 7) as f32 - 3.0).collect();
            let [mut skipped, mut pushed] = [Waveform::default(), Waveform::default()];
            for _ in 0..2 {
                skipped.push(&noise);
                skipped.push_silence(silent as u64);
                pushed.push(&noise);
                pushed.push(&vec![0.0; silent]);
            }
            assert_eq!(skipped.columns(), pushed.columns(), "{before} {silent}");
            let mut late = Waveform::default();
            late.push(&noise);
            late.prepend_silence(before as u64);
            assert_eq!(
                late.columns[late.columns.len() / 2..][0],
                noise_start(&noise)
            );
        }
    }

    fn noise_start(noise: &[f32]) -> (f32, f32) {
        let mut waveform = Waveform::default();
        waveform.push(noise);
        waveform.columns[0]
    }

    #[test]
    fn every_extreme_is_seen_at_its_place() {
        for length in [1, 999, 1000, 2001, 48_000, 1_234_567] {
            let mut waveform = Waveform::default();
            let mut samples = vec![0.0; length];
            samples[length / 4] = 0.9;
            samples[length * 3 / 4] -= 0.8;
            for block in samples.chunks(777) {
                waveform.push(block);
            }
            let columns = waveform.columns();
            assert!(columns.len() <= MAX_COLUMNS && columns.len() >= length.min(MAX_COLUMNS / 2));
            if length > 1 {
                let place = |found: Option<usize>| found.unwrap_or(0) as f64 / columns.len() as f64;
                let high = place(columns.iter().position(|(_, high)| *high > 0.89));
                let low = place(columns.iter().position(|(low, _)| *low < -0.79));
                assert!(
                    (high - 0.25).abs() < 0.003 && (low - 0.75).abs() < 0.003,
                    "{length}"
                );
            }
        }
    }
}
