//! The pipelines of an input: one for a single signal, or one per channel.

use super::{Collected, InputError, InputFormat, Pipeline};
use crate::baseline::Baseline;
use crate::classifier::ClassifierError;
use crate::dsp::channels::SoleChannel;
use crate::dsp::front_end::FrontEnd;
use crate::dsp::level::LevelReading;
use crate::dsp::mono::{ChannelChoice, ChannelSelection};
use crate::events::{Event, GapCause, SessionEnd};

/// The pipelines of an input. All receive the same interleaved samples.
///
/// They advance together, block by block at 16 kHz, so that the order of their events
/// does not depend on the sizes in which samples arrive.
pub struct ChannelPipelines {
    selection: ChannelSelection,
    /// In the order of the channels, at least one.
    pipelines: Vec<Pipeline>,
    /// How many of them the input uses: an earlier input may have had more channels.
    served: usize,
    /// The one whose utterance started last.
    latest: usize,
}

impl ChannelPipelines {
    /// Pipelines for an input of `channels` interleaved channels at `rate` hertz;
    /// `make` creates each for its signal.
    ///
    /// # Errors
    /// The error of `make`.
    pub fn new<E>(
        rate: u32,
        channels: u16,
        selection: ChannelSelection,
        make: impl FnMut(InputFormat) -> Result<Pipeline, E>,
    ) -> Result<Self, E> {
        let mut pipelines = Self {
            selection,
            pipelines: Vec::new(),
            served: 0,
            latest: 0,
        };
        let formats = pipelines.formats(rate, channels);
        pipelines.served = formats.len();
        pipelines.add(&formats, make)?;
        Ok(pipelines)
    }

    /// The signals of an input.
    fn formats(&self, rate: u32, channels: u16) -> Vec<InputFormat> {
        let choices = self.selection.choices(channels).into_iter();
        choices
            .map(|choice| InputFormat {
                rate,
                channels,
                choice,
            })
            .collect()
    }

    /// Creates the missing pipelines.
    fn add<E>(
        &mut self,
        formats: &[InputFormat],
        make: impl FnMut(InputFormat) -> Result<Pipeline, E>,
    ) -> Result<(), E> {
        let missing = formats.iter().skip(self.pipelines.len()).copied();
        let added: Vec<Pipeline> = missing.map(make).collect::<Result<_, E>>()?;
        for mut pipeline in added {
            pipeline.channel = match (self.selection, pipeline.input().choice) {
                (ChannelSelection::Each, ChannelChoice::One(number)) => Some(number),
                _ => None,
            };
            self.pipelines.push(pipeline);
        }
        Ok(())
    }

    fn served(&mut self) -> &mut [Pipeline] {
        &mut self.pipelines[..self.served]
    }

    fn first(&self) -> &Pipeline {
        &self.pipelines[0]
    }

    /// Processes whole interleaved frames; appends the events to `out`.
    ///
    /// # Errors
    /// The engine's errors. The audio up to the failed window is processed.
    pub fn push(
        &mut self,
        interleaved: &[f32],
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        for pipeline in self.served() {
            pipeline.feed(interleaved);
        }
        self.blocks(out)
    }

    /// Records that `samples` (per channel, at the input's rate) were lost here.
    ///
    /// # Errors
    /// The engine's error on the utterances that the gap ends.
    pub fn gap(
        &mut self,
        samples: u64,
        cause: GapCause,
        out: &mut Vec<Event>,
    ) -> Result<(), ClassifierError> {
        self.end_segment(out)?;
        let gaps = self.served().iter_mut();
        let gap = gaps.map(|pipeline| pipeline.skip(samples, cause)).last();
        out.extend(gap.map(Event::Gap));
        Ok(())
    }

    /// Continues at another position of a recording: `sample` from its start, at its
    /// rate.
    ///
    /// # Errors
    /// The engine's error on the utterances that the seek ends.
    pub fn seek(&mut self, sample: u64, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        self.end_segment(out)?;
        for pipeline in self.served() {
            pipeline.move_to(0, sample);
        }
        Ok(())
    }

    /// Continues with another input, after a [`gap`](Self::gap), which ends the open
    /// utterances. A channel that the input lacks waits for an input that has it;
    /// `make` creates the pipelines of new channels.
    ///
    /// # Errors
    /// An unusable input, or the error of `make`; the old input then stays.
    pub fn change_input<E: From<InputError>>(
        &mut self,
        rate: u32,
        channels: u16,
        make: impl FnMut(InputFormat) -> Result<Pipeline, E>,
    ) -> Result<(), E> {
        let formats = self.formats(rate, channels);
        let front_ends = formats.iter().map(|format| FrontEnd::new(*format));
        let front_ends: Vec<FrontEnd> = front_ends.collect::<Result<_, _>>()?;
        self.add(&formats, make)?;
        let first = self.first();
        let position = first.clock.position(first.input().rate);
        for (pipeline, front_end) in self.pipelines.iter_mut().zip(front_ends) {
            pipeline.replace_front_end(front_end);
            pipeline.move_to(position, 0);
        }
        self.served = formats.len();
        Ok(())
    }

    /// Ends the session with its summary.
    ///
    /// # Errors
    /// The engine's error on the last utterances.
    pub fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        self.end_segment(out)?;
        out.push(Event::SessionEnd(self.summary()));
        Ok(())
    }

    /// The summary of all channels so far.
    pub fn summary(&self) -> SessionEnd {
        let mut summary = self.first().summary();
        for pipeline in &self.pipelines[1..] {
            summary.add_channel(&pipeline.summary());
        }
        summary
    }

    /// The speaker's baseline of each signal, if the model uses one.
    pub fn baselines(&self) -> Vec<Option<Baseline>> {
        self.pipelines.iter().map(Pipeline::baseline).collect()
    }

    /// The results of the first pass over a recording, for each signal.
    pub fn take_collected(&mut self) -> Vec<Collected> {
        let pipelines = self.pipelines.iter_mut();
        pipelines.map(Pipeline::take_collected).collect()
    }

    /// Seconds of speech in the baseline of the channel that spoke last, if the model
    /// uses one.
    pub fn baseline_s(&self) -> Option<f64> {
        self.pipelines[self.latest].baseline_s()
    }

    /// Starts new baselines: other people speak from now on.
    pub fn reset_speakers(&mut self) {
        self.pipelines.iter_mut().for_each(Pipeline::reset_speaker);
    }

    /// Rate of the input in hertz.
    pub fn rate(&self) -> u32 {
        self.first().input().rate
    }

    /// Channels of the input.
    pub fn channels(&self) -> u16 {
        self.first().input().channels
    }

    /// The channel that is used alone because the mean would be worse.
    pub fn sole_channel(&self) -> Option<SoleChannel> {
        self.first().sole_channel()
    }

    /// Whether voice is active, or was until a moment ago.
    pub fn is_voice_active(&self) -> bool {
        let mut served = self.pipelines[..self.served].iter();
        served.any(Pipeline::is_voice_active)
    }

    /// Position of the session in seconds: all received audio, including gaps.
    pub fn position_s(&self) -> f64 {
        self.first().position_s()
    }

    /// The level of the loudest signal since the last reading, and the level that
    /// speech must exceed there now, in dBFS; `None` without samples.
    pub fn take_level(&mut self) -> Option<(LevelReading, f32)> {
        let levels = self.served().iter_mut().filter_map(|pipeline| {
            let level = pipeline.take_level()?;
            Some((level, pipeline.vad_threshold_dbfs()))
        });
        levels.reduce(|a, b| {
            let (louder, other) = if b.0.rms_dbfs > a.0.rms_dbfs {
                (b, a)
            } else {
                (a, b)
            };
            let level = LevelReading {
                peak_dbfs: louder.0.peak_dbfs.max(other.0.peak_dbfs),
                clipped: louder.0.clipped || other.0.clipped,
                ..louder.0
            };
            (level, louder.1)
        })
    }

    /// Processes the whole blocks in the front ends, which all have the same number.
    fn blocks(&mut self, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        let mut more = true;
        while more {
            more = false;
            for index in 0..self.served {
                let before = out.len();
                more |= self.pipelines[index].next_part(out)?;
                let starts = |event: &Event| matches!(event, Event::UtteranceStart(_));
                if out[before..].iter().any(starts) {
                    self.latest = index;
                }
            }
        }
        Ok(())
    }

    fn end_segment(&mut self, out: &mut Vec<Event>) -> Result<(), ClassifierError> {
        for pipeline in self.served() {
            pipeline.front_end.flush();
        }
        self.blocks(out)?;
        let mut served = self.served().iter_mut();
        served.try_for_each(|pipeline| pipeline.close_segment(out))
    }
}
