//! Reduces the samples of a recording to what a report shows of them, while the
//! recording is analyzed.

use super::spectrogram::{Levels, Spectrogram};
use super::waveform::Waveform;
use crate::audio::source::{DecodeError, Note, Source, Spec};
use crate::dsp::channels::ChannelMixer;
use crate::dsp::mono::ChannelChoice;

/// Frames of silence that are added at a time.
const SILENT_FRAMES: usize = 4096;

/// What a report shows of the samples of a recording.
#[derive(Default)]
pub struct Summary {
    waveform: Waveform,
    spectrogram: Spectrogram,
}

impl Summary {
    fn push(&mut self, mono: &[f32], rate: u32) {
        self.waveform.push(mono);
        self.spectrogram.push(mono, rate);
    }

    /// Lowest and highest sample of equal stretches, and the log-mel levels of
    /// equal stretches.
    pub fn finish(self) -> (Vec<(f32, f32)>, Levels) {
        (self.waveform.columns(), self.spectrogram.finish())
    }
}

/// A recording whose samples also go to a [`Summary`].
pub struct SampleTap<'a, S> {
    source: S,
    mixer: ChannelMixer,
    summary: &'a mut Summary,
    mono: Vec<f32>,
    gap: u64,
}

impl<'a, S: Source> SampleTap<'a, S> {
    /// Summarises the chosen channel of `source`.
    pub fn new(source: S, choice: ChannelChoice, summary: &'a mut Summary) -> Self {
        let spec = source.spec();
        Self {
            source,
            mixer: ChannelMixer::new(spec.sample_rate, spec.channels, choice),
            summary,
            mono: Vec::new(),
            gap: 0,
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
        let rate = self.source.spec().sample_rate;
        let missing = self.source.take_gap();
        self.gap += missing;
        // What is missing is shown as silence, so that the rest keeps its place.
        self.mono.clear();
        self.mono.resize(SILENT_FRAMES, 0.0);
        let (blocks, rest) = (
            missing / SILENT_FRAMES as u64,
            missing % SILENT_FRAMES as u64,
        );
        for _ in 0..blocks {
            self.summary.push(&self.mono, rate);
        }
        self.summary.push(&self.mono[..rest as usize], rate);
        self.mono.clear();
        self.mixer.push(&out[before..], &mut self.mono);
        self.summary.push(&self.mono, rate);
        more
    }

    fn take_gap(&mut self) -> u64 {
        std::mem::take(&mut self.gap)
    }

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        self.source.seek(seconds)
    }

    fn damaged(&self) -> u64 {
        self.source.damaged()
    }

    fn notes(&self) -> Vec<Note> {
        self.source.notes()
    }
}
