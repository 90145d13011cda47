//! Output formats: lines, sentences, tables, captions. One format per file.

pub mod audacity;
pub mod csv;
mod cues;
pub mod folder;
pub mod json;
mod letters;
pub mod lines;
pub mod manifest;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod plain;
pub mod rttm;
pub mod srt;
pub mod table;
pub mod textgrid;
pub mod webvtt;

use std::io;

use crate::events::{Event, Measurement, Reason, Trigger};

/// Receives the events of one or several inputs, in order.
pub trait Sink {
    /// Writes an event; `file` is set where there are several inputs.
    ///
    /// # Errors
    /// The error of the write.
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()>;

    /// Ends the output: everything held back is written.
    ///
    /// # Errors
    /// The error of the write.
    fn finish(&mut self) -> io::Result<()>;
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        (**self).event(file, event)
    }

    fn finish(&mut self) -> io::Result<()> {
        (**self).finish()
    }
}

/// Adds the input's name to the events of a single session.
pub struct WithInputName<S> {
    sink: S,
    name: String,
}

impl<S: Sink> WithInputName<S> {
    /// Forwards everything to `sink`.
    pub fn new(sink: S) -> Self {
        let name = String::new();
        Self { sink, name }
    }
}

impl<S: Sink> Sink for WithInputName<S> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        if let Event::SessionStart(start) = event {
            self.name.clone_from(&start.name);
        }
        self.sink.event(Some(&self.name), event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.sink.finish()
    }
}

/// The reason for uncertainty, as event lines write it; empty if there is none.
fn reason(measurement: &Measurement) -> &'static str {
    match measurement.reason {
        Some(Reason::NoSpeech) => "no_speech",
        Some(Reason::Clipped) => "clipped",
        Some(Reason::TooShort) => "too_short",
        Some(Reason::TooQuiet) => "too_quiet",
        Some(Reason::TooNoisy) => "too_noisy",
        Some(Reason::Between) => "between",
        None => "",
    }
}

/// A number as text; empty for `None`.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// The measurement of a whole utterance, if the event is one.
pub fn utterance(event: &Event) -> Option<&Measurement> {
    match event {
        Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => Some(m),
        _ => None,
    }
}
