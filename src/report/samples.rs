//! Reduces the samples of a recording to what a report shows of them, while the
//! recording is analyzed.

use super::spectrogram::{Levels, Spectrogram};
use super::waveform::Waveform;
use crate::audio::source::{DecodeError, Source, Spec};
use crate::dsp::mono::{ChannelChoice, downmix};

/// What a report shows of the samples of a recording.
#[derive(Default)]
pub struct Summary {
    waveform: Waveform,
    spectrogram: Spectrogram,
}

impl Summary {
    /// Lowest and highest sample of equal stretches, and the log-mel levels of
    /// equal stretches.
    pub fn finish(self) -> (Vec<(f32, f32)>, Levels) {
        (self.waveform.columns(), self.spectrogram.finish())
    }
}

/// A recording whose samples also go to a [`Summary`].
pub struct SampleTap<'a, S> {
    source: S,
    choice: ChannelChoice,
    summary: &'a mut Summary,
    mono: Vec<f32>,
}

impl<'a, S: Source> SampleTap<'a, S> {
    /// Summarises the chosen channel of `source`.
    pub fn new(source: S, choice: ChannelChoice, summary: &'a mut Summary) -> Self {
        Self {
            source,
            choice,
            summary,
            mono: Vec::new(),
        }
    }
}

impl<S: Source> Source for SampleTap<'_, S> {
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
        self.summary.waveform.push(&self.mono);
        self.summary.spectrogram.push(&self.mono, spec.sample_rate);
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
