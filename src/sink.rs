//! What becomes of the events: lines, sentences, tables, captions. One format per file.

pub mod audacity;
pub mod csv;
#[cfg(unix)]
pub mod fifo;
pub mod folder;
pub mod json;
pub mod lines;
pub mod osc;
#[cfg(feature = "parquet")]
pub mod parquet;
#[cfg(feature = "png")]
pub mod picture;
pub mod plain;
pub mod report;
pub mod rttm;
#[cfg(unix)]
pub mod socket;
pub mod spectrum;
pub mod srt;
pub mod table;
pub mod textgrid;
pub mod timeline;
pub mod webvtt;

use std::io;

use crate::events::{Event, Measurement, Trigger, UNCERTAIN};

/// Takes the events of one or several inputs, in order.
pub trait Sink {
    /// An event; `file` where there are several inputs.
    ///
    /// # Errors
    /// What the system says of the writing.
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()>;

    /// The end of everything: whatever was held back is written.
    ///
    /// # Errors
    /// What the system says of the writing.
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

/// Gives the events of a session the name of its input, where there is but one.
pub struct Named<S> {
    sink: S,
    name: String,
}

impl<S: Sink> Named<S> {
    /// Passes everything on to `sink`.
    pub fn new(sink: S) -> Self {
        let name = String::new();
        Self { sink, name }
    }
}

impl<S: Sink> Sink for Named<S> {
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

/// The judgement of a whole utterance, where the event is one.
pub fn utterance(event: &Event) -> Option<&Measurement> {
    match event {
        Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => Some(m),
        _ => None,
    }
}

/// What a caption says of an utterance: how it sounds and how sure that is.
pub fn caption(judged: &Measurement) -> String {
    if judged.label == UNCERTAIN {
        return UNCERTAIN.into();
    }
    let percent = judged.confidence.0 * 100.0;
    format!("{} {percent:.0} %", printable(&judged.label))
}

/// Seconds as captions count them, `hh:mm:ss` and milliseconds after `mark`.
pub fn timestamp(seconds: f64, mark: char) -> String {
    let all = (seconds.max(0.0) * 1000.0).round() as u64;
    let (whole, milliseconds) = (all / 1000, all % 1000);
    let (hours, minutes) = (whole / 3600, whole / 60 % 60);
    format!(
        "{hours:02}:{minutes:02}:{:02}{mark}{milliseconds:03}",
        whole % 60
    )
}

/// A name for a terminal: what could steer it or mislead the eye is shown as U+FFFD.
pub fn printable(name: &str) -> String {
    let mark = |c| {
        if steers(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    name.chars().map(mark).collect()
}

/// Whether a character could move the cursor (control characters, hence escape
/// sequences), or shows nothing itself but changes what stands beside it: marks
/// of direction, joiners, fillers and the like.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Seconds, rounded down, as `m:ss`, or `h:mm:ss` from an hour on.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// As [`clock`], but rounded, and with the tenths below an hour.
pub fn clock_tenths(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let whole = clock((tenths / 10) as f64);
    if tenths < 36_000 {
        format!("{whole}.{}", tenths % 10)
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
        );
        assert_eq!(
            printable("so\u{ad}ft\u{3164}\u{e0041}"),
            "so\u{fffd}ft\u{fffd}\u{fffd}"
        );
        assert_eq!(printable("Żółć 声"), "Żółć 声");
    }

    #[test]
    fn times_read_as_on_a_clock() {
        assert_eq!(timestamp(3_599.999_6, '.'), "01:00:00.000");
        assert_eq!(timestamp(360_061.25, ','), "100:01:01,250");
        assert_eq!(clock(83.9), "1:23");
        assert_eq!(clock(3_601.0), "1:00:01");
        assert_eq!(clock_tenths(0.04), "0:00.0");
        assert_eq!(clock_tenths(59.96), "1:00.0");
        assert_eq!(clock_tenths(3_599.96), "1:00:00");
        assert_eq!(clock_tenths(3_725.0), "1:02:05");
    }
}
