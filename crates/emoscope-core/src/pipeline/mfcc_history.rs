//! The MFCC rows of the last seconds. Each is computed once and viewed by every window
//! that covers it.

use std::ops::Range;

use crate::dsp::feature_spec::N_MFCC;
use crate::dsp::mfcc::MfccFrame;

/// A history of rows.
#[derive(Debug, Clone)]
pub struct MfccHistory {
    values: Vec<f32>,
    /// Number of the first row in memory.
    first: u64,
    keep: usize,
}

impl MfccHistory {
    /// A history of at least the last `keep` rows.
    pub fn new(keep: usize) -> Self {
        // Twice as many, so that old rows are removed once per `keep` rows.
        Self {
            values: Vec::with_capacity(2 * keep * N_MFCC),
            first: 0,
            keep,
        }
    }

    /// Removes all rows; the next row is number 0.
    pub fn clear(&mut self) {
        self.values.clear();
        self.first = 0;
    }

    /// Adds the next row.
    pub fn push(&mut self, row: &MfccFrame) {
        if self.values.len() >= 2 * self.keep * N_MFCC {
            self.values.drain(..self.keep * N_MFCC);
            self.first += self.keep as u64;
        }
        self.values.extend_from_slice(row);
    }

    /// Number of the next row.
    pub fn end(&self) -> u64 {
        self.first + (self.values.len() / N_MFCC) as u64
    }

    /// A view of rows by number, without rows that were removed or do not exist yet.
    pub fn view(&self, range: Range<u64>) -> &[f32] {
        let end = range.end.clamp(self.first, self.end());
        let start = range.start.clamp(self.first, end);
        let index = |row: u64| (row - self.first) as usize * N_MFCC;
        &self.values[index(start)..index(end)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_last_rows_under_their_numbers() {
        let mut rows = MfccHistory::new(3);
        for n in 0..20_u64 {
            rows.push(&[n as f32; N_MFCC]);
            let from = n.saturating_sub(2);
            let firsts: Vec<f32> = rows
                .view(from..n + 1)
                .iter()
                .step_by(N_MFCC)
                .copied()
                .collect();
            let expected: Vec<f32> = (from..=n).map(|k| k as f32).collect();
            assert_eq!(firsts, expected);
        }
        assert!(rows.view(0..4).is_empty());
        assert!(rows.view(30..40).is_empty());
    }
}
