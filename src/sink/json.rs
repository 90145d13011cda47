//! One JSON document: an array with one object per file.

use std::io::{self, Write};

use serde::Serialize;

use super::Sink;
use crate::events::{Event, Measurement, SessionEnd, Trigger};

/// Writes each file's object as soon as the file is complete.
pub struct Json<W: Write> {
    out: W,
    written: bool,
    current: FileReport,
}

#[derive(Default, Serialize)]
struct FileReport {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    utterances: Vec<Measurement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<SessionEnd>,
}

impl<W: Write> Json<W> {
    /// Writes a document to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            written: false,
            current: FileReport::default(),
        }
    }

    fn write_current(&mut self) -> io::Result<()> {
        if self.current.file.is_empty() {
            return Ok(());
        }
        self.out
            .write_all(if self.written { b",\n" } else { b"[\n" })?;
        self.written = true;
        serde_json::to_writer(&mut self.out, &self.current)?;
        self.current = FileReport::default();
        self.out.flush()
    }
}

impl<W: Write> Sink for Json<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let file = file.unwrap_or_default();
        if file != self.current.file {
            self.write_current()?;
            file.clone_into(&mut self.current.file);
        }
        match event {
            Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => {
                self.current.utterances.push(m.clone());
            }
            Event::Speakers(changed) => {
                for m in &mut self.current.utterances {
                    m.speaker = changed.of(m.channel, m.utterance).or(m.speaker);
                }
            }
            Event::Error(error) => self.current.error = Some(error.message.clone()),
            Event::SessionEnd(end) => self.current.summary = Some(end.clone()),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write_current()?;
        self.out
            .write_all(if self.written { b"\n]\n" } else { b"[]\n" })?;
        self.out.flush()
    }
}
