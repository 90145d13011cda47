//! The waveform and the log-mel levels of a recording, seen while it is heard.

use super::bands::Bands;
use crate::audio::source::{DecodeError, Source, Spec};
use crate::dsp::mono::{ChannelChoice, downmix};

/// Columns of the picture at most.
const COLUMNS: usize = 1000;

/// Lowest and highest sample of equal stretches, which double in length as the
/// recording goes on.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    stretch: usize,
    columns: Vec<(f32, f32)>,
    filled: usize,
}

impl Envelope {
    fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            if self.filled == 0 {
                if self.columns.len() == 2 * COLUMNS {
                    self.halve();
                }
                self.columns.push((sample, sample));
            } else if let Some((low, high)) = self.columns.last_mut() {
                *low = low.min(sample);
                *high = high.max(sample);
            }
            self.filled = (self.filled + 1) % self.stretch.max(1);
        }
    }

    fn halve(&mut self) {
        self.columns = self.columns.chunks(2).map(joined).collect();
        self.stretch = self.stretch.max(1) * 2;
    }

    /// The columns, no more than can be seen.
    pub(super) fn columns(&self) -> Vec<(f32, f32)> {
        let every = self.columns.len().div_ceil(COLUMNS).max(1);
        self.columns.chunks(every).map(joined).collect()
    }
}

fn joined(columns: &[(f32, f32)]) -> (f32, f32) {
    let start = (f32::INFINITY, f32::NEG_INFINITY);
    let join =
        |(low, high): (f32, f32), column: &(f32, f32)| (low.min(column.0), high.max(column.1));
    columns.iter().fold(start, join)
}

/// A recording whose samples are looked at on their way.
pub(super) struct Tap<'a> {
    source: Box<dyn Source + 'a>,
    choice: ChannelChoice,
    envelope: &'a mut Envelope,
    bands: &'a mut Bands,
    mono: Vec<f32>,
}

impl<'a> Tap<'a> {
    /// Looks at what is chosen of `source`.
    pub(super) fn new(
        source: impl Source + 'a,
        choice: ChannelChoice,
        envelope: &'a mut Envelope,
        bands: &'a mut Bands,
    ) -> Self {
        Self {
            source: Box::new(source),
            choice,
            envelope,
            bands,
            mono: Vec::new(),
        }
    }
}

impl Source for Tap<'_> {
    fn spec(&self) -> Spec {
        self.source.spec()
    }

    fn total_s(&self) -> Option<f64> {
        self.source.total_s()
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let before = out.len();
        let more = self.source.read(out);
        self.mono.clear();
        let spec = self.source.spec();
        downmix(&out[before..], spec.channels, self.choice, &mut self.mono);
        self.envelope.push(&self.mono);
        self.bands.push(&self.mono, spec.sample_rate);
        more
    }

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        self.source.seek(seconds)
    }

    fn truncated(&self) -> bool {
        self.source.truncated()
    }

    fn damaged(&self) -> u64 {
        self.source.damaged()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extreme_is_seen_at_its_place() {
        for length in [1, 999, 1000, 2001, 48_000, 1_234_567] {
            let mut envelope = Envelope::default();
            let mut samples = vec![0.0; length];
            samples[length / 4] = 0.9;
            samples[length * 3 / 4] -= 0.8;
            for block in samples.chunks(777) {
                envelope.push(block);
            }
            let columns = envelope.columns();
            assert!(columns.len() <= COLUMNS && columns.len() >= length.min(COLUMNS / 2));
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
