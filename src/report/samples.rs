//! Reduces the samples of a recording to what a report draws, while the recording is
//! analyzed.

use super::recording::Drawing;
use super::spectrogram::Spectrogram;
use super::waveform::Waveform;
use crate::audio::source::{DecodeError, Note, Source, Spec};
use crate::dsp::feature_spec::{HOP_SAMPLES, SAMPLE_RATE_HZ};
use crate::dsp::front_end::{FrontEnd, InputFormat};
use crate::dsp::mono::ChannelChoice;

/// The drawn data of a signal. Missing audio is drawn as silence, so that the rest keeps
/// its place, but no spectrum is computed for it.
#[derive(Default)]
pub struct Summary {
    /// `None` before the first samples, and for an unusable input.
    front_end: Option<FrontEnd>,
    waveform: Waveform,
    spectrogram: Spectrogram,
    /// Input frames that are missing before the first sample, and all from there on.
    late: u64,
    drawn: u64,
    /// Feature frames of what is drawn.
    rows: u64,
}

impl Summary {
    fn push(&mut self, interleaved: &[f32]) {
        if let Some(front_end) = &mut self.front_end {
            let mono = front_end.push(interleaved).samples;
            self.drawn += mono.len() as u64;
            self.waveform.push(mono);
            front_end.drain(|frame| {
                self.rows += 1;
                self.spectrogram.push(frame.log_mel);
            });
        }
    }

    /// Skips missing input frames.
    fn skip(&mut self, missing: u64) {
        if self.drawn == 0 {
            self.late += missing;
            return;
        }
        self.flush();
        self.drawn += missing;
        self.waveform.push_silence(missing);
        let rows = self.rows_of(self.drawn).saturating_sub(self.rows);
        self.spectrogram.push_silence(rows);
        self.rows += rows;
    }

    /// Ends a stretch without missing audio.
    fn flush(&mut self) {
        if let Some(front_end) = &mut self.front_end {
            front_end.finish(|frame| {
                self.rows += 1;
                self.spectrogram.push(frame.log_mel);
            });
            front_end.reset();
        }
    }

    /// Feature frames in that many input frames.
    fn rows_of(&self, frames: u64) -> u64 {
        let per_s = u64::from(SAMPLE_RATE_HZ) / HOP_SAMPLES as u64;
        frames * per_s / self.rate().max(1)
    }

    fn rate(&self) -> u64 {
        let rate = self.front_end.as_ref().map(|it| it.input().rate);
        rate.unwrap_or_default().into()
    }

    /// What is drawn. The time axis begins with a late track if more time is missing
    /// before it than it lasts.
    pub fn finish(mut self) -> Drawing {
        self.flush();
        let begin_s = if self.late > self.drawn {
            self.late as f64 / self.rate().max(1) as f64
        } else {
            self.waveform.prepend_silence(self.late);
            self.spectrogram.prepend_silence(self.rows_of(self.late));
            0.0
        };
        Drawing {
            begin_s,
            envelope: self.waveform.columns(),
            spectrum: self.spectrogram.finish(),
        }
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
        for summary in &mut *self.summaries {
            if missing > 0 {
                summary.skip(missing);
            }
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
