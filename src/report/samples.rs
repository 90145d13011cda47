//! Reduces the samples of a recording to what a report draws, while the recording is
//! analyzed.

use super::spectrogram::{Levels, Spectrogram};
use super::waveform::Waveform;
use crate::audio::source::{DecodeError, Note, Source, Spec};
use crate::dsp::front_end::{FrontEnd, InputFormat};
use crate::dsp::mono::ChannelChoice;

/// Frames of silence that are added at once.
const SILENT_FRAMES: usize = 4096;

/// The drawn data of a recording.
#[derive(Default)]
pub struct Summary {
    /// `None` before the first samples, and for an unusable input.
    front_end: Option<FrontEnd>,
    waveform: Waveform,
    spectrogram: Spectrogram,
}

impl Summary {
    fn push(&mut self, interleaved: &[f32]) {
        if let Some(front_end) = &mut self.front_end {
            self.waveform.push(front_end.push(interleaved).samples);
            front_end.drain(|frame| self.spectrogram.push(frame.log_mel));
        }
    }

    fn push_silence(&mut self, frames: usize) {
        if let Some(front_end) = &mut self.front_end {
            self.waveform.push(front_end.push_silence(frames).samples);
            front_end.drain(|frame| self.spectrogram.push(frame.log_mel));
        }
    }

    /// Lowest and highest sample of equal intervals, and the log-mel levels of equal
    /// intervals.
    pub fn finish(mut self) -> (Vec<(f32, f32)>, Levels) {
        if let Some(front_end) = &mut self.front_end {
            front_end.finish(|frame| self.spectrogram.push(frame.log_mel));
        }
        (self.waveform.columns(), self.spectrogram.finish())
    }
}

/// Copies the samples of a recording to a [`Summary`] per signal.
pub struct SampleTap<'a, S> {
    source: S,
    summaries: &'a mut [Summary],
    gap: u64,
}

impl<'a, S: Source> SampleTap<'a, S> {
    /// Summarizes each of the chosen signals of `source`, in order.
    pub fn new(source: S, choices: &[ChannelChoice], summaries: &'a mut Vec<Summary>) -> Self {
        let spec = source.spec();
        summaries.extend(choices.iter().map(|&choice| {
            Summary {
                // The analysis reports an unusable input.
                front_end: FrontEnd::new(InputFormat {
                    rate: spec.sample_rate,
                    channels: spec.channels,
                    choice,
                })
                .ok(),
                ..Summary::default()
            }
        }));
        Self {
            source,
            summaries,
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
        let missing = self.source.take_gap();
        self.gap += missing;
        // Missing samples are drawn as silence, so that the rest keeps its place.
        let (blocks, rest) = (
            missing / SILENT_FRAMES as u64,
            missing % SILENT_FRAMES as u64,
        );
        for summary in &mut *self.summaries {
            for _ in 0..blocks {
                summary.push_silence(SILENT_FRAMES);
            }
            summary.push_silence(rest as usize);
            summary.push(&out[before..]);
        }
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
