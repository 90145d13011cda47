//! JSON, one event a line: `tests/schema/event.json`.

use std::io::{self, Write};

use super::Sink;
use crate::events::{Event, Line};

/// Writes event lines and flushes after each, so that a reader (or a crash)
/// finds whole lines.
pub struct Lines<W: Write> {
    out: W,
}

impl<W: Write> Lines<W> {
    /// Lines to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for Lines<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let line = Line {
            event: event.clone(),
            file: file.map(str::to_owned),
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.out.write_all(&text)?;
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
