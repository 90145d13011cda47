//! The data of a recording in a report.

use std::collections::BTreeSet;

use super::spectrogram::Levels;
use crate::events::{Event, Gap, Hue, Measurement, SessionEnd, SessionStart, Speaker, Trigger};
use crate::reference::LabelledSpan;

/// The drawn data of a signal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drawing {
    /// Where the time axis begins, in seconds: 0, or where a late track begins.
    pub begin_s: f64,
    /// Lowest and highest sample of equal intervals from there on, in `[-1, 1]`.
    pub envelope: Vec<(f32, f32)>,
    /// Log-mel levels of equal intervals from there on.
    pub spectrum: Levels,
}

/// A recording, or one of its channels.
#[derive(Debug, Clone, Default)]
pub struct ReportedRecording {
    /// Its display name: the path below the folder that holds all recordings.
    pub name: String,
    /// The name of its file; `name` may add the channel.
    pub file: String,
    /// Its channel, where every channel is analyzed separately.
    pub channel: Option<u16>,
    /// The header; `None` where it could not be opened.
    pub start: Option<SessionStart>,
    /// Measurements of windows.
    pub intervals: Vec<Measurement>,
    /// Measurements of whole utterances.
    pub utterances: Vec<Measurement>,
    /// Missing samples.
    pub gaps: Vec<Gap>,
    /// The error.
    pub error: Option<String>,
    /// The summary.
    pub end: Option<SessionEnd>,
    /// What is drawn of its signal.
    pub drawing: Drawing,
    /// Human labels.
    pub reference: Vec<LabelledSpan>,
    /// The audio as a `data:` address, if requested.
    pub audio: Option<String>,
}

impl ReportedRecording {
    /// Adds an event.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::SessionStart(start) => self.start = Some(start),
            Event::Measurement(measurement) if measurement.trigger == Trigger::SpeechEnded => {
                self.utterances.push(measurement);
            }
            Event::Measurement(measurement) => self.intervals.push(measurement),
            Event::Speakers(speakers) => {
                for measurement in self.utterances.iter_mut().chain(&mut self.intervals) {
                    let corrected = speakers.of(measurement.channel, measurement.utterance);
                    measurement.speaker = corrected.or(measurement.speaker);
                }
            }
            Event::Gap(gap) => self.gaps.push(gap),
            Event::Error(error) => self.error = Some(error.message),
            Event::SessionEnd(end) => self.end = Some(end),
            _ => {}
        }
    }

    /// Adds the drawn data of the first signal.
    #[must_use]
    pub fn drawn(mut self, drawn: Vec<Drawing>) -> Self {
        self.drawing = drawn.into_iter().next().unwrap_or_default();
        self
    }

    /// One entry per separately analyzed channel, with its drawn data; otherwise the
    /// recording as a whole.
    pub fn by_channel(self, drawn: Vec<Drawing>) -> Vec<Self> {
        if !self.start.as_ref().is_some_and(|start| start.by_channel) {
            return vec![self.drawn(drawn)];
        }
        let (mut audio, mut error) = (self.audio, self.error);
        let channels = (1..).zip(drawn);
        let one = |(channel, drawing): (u16, Drawing)| {
            let own = |all: &[Measurement]| {
                let own = all.iter().filter(|m| m.channel == Some(channel));
                own.cloned().collect()
            };
            Self {
                name: format!("{}, channel {channel}", self.name),
                file: self.file.clone(),
                channel: Some(channel),
                start: self.start.clone(),
                intervals: own(&self.intervals),
                utterances: own(&self.utterances),
                gaps: self.gaps.clone(),
                // Report it once.
                error: error.take(),
                audio: audio.take(),
                end: self.end.clone(),
                drawing,
                reference: self.reference.clone(),
            }
        };
        channels.map(one).collect()
    }

    /// Its speakers in the order of their letters, if there are several.
    pub fn speakers(&self) -> Vec<Speaker> {
        let speakers = self
            .utterances
            .iter()
            .filter_map(|measurement| measurement.speaker);
        let speakers: BTreeSet<Speaker> = speakers.collect();
        if speakers.len() < 2 {
            return Vec::new();
        }
        speakers.into_iter().collect()
    }

    /// The utterances of one speaker.
    #[must_use]
    pub fn of_speaker(&self, speaker: Speaker) -> Self {
        let own = self.utterances.iter();
        let own = own.filter(|measurement| measurement.speaker == Some(speaker));
        Self {
            start: self.start.clone(),
            utterances: own.cloned().collect(),
            ..Self::default()
        }
    }

    /// The folder in its name; `.` where there is none.
    pub fn folder(&self) -> &str {
        let place = self.name.rsplit_once(['/', '\\']);
        place.map_or(".", |(folder, _)| folder)
    }

    /// The labels in the model's order.
    pub fn labels(&self) -> &[String] {
        self.start.as_ref().map_or(&[], |start| &start.labels)
    }

    /// The model's colours for them, if it defines any.
    pub fn colors(&self) -> &[Option<Hue>] {
        self.start.as_ref().map_or(&[], |start| &start.colors)
    }

    /// Its end in seconds.
    pub fn length_s(&self) -> f64 {
        self.end.as_ref().map_or(0.0, |end| end.duration_s)
    }

    /// The largest absolute sample, at least 0.05, so that noise does not look like
    /// speech.
    pub fn peak(&self) -> f64 {
        let extremes = self
            .drawing
            .envelope
            .iter()
            .flat_map(|(low, high)| [low.abs(), high.abs()]);
        f64::from(extremes.fold(0.05, f32::max))
    }
}
