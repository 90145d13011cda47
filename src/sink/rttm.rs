//! RTTM of the NIST evaluations, a line per utterance. The label stands where
//! a speaker's name would: emoscope does not tell voices apart.

use std::io::{self, Write};
use std::path::Path;

use super::{Sink, utterance};
use crate::events::Event;

/// Writes each line as soon as its utterance has ended; the recording is its
/// file name without extension.
pub struct Rttm<W: Write> {
    out: W,
    name: String,
}

impl<W: Write> Rttm<W> {
    /// Lines to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            name: String::new(),
        }
    }
}

impl<W: Write> Sink for Rttm<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        if let Event::SessionStart(start) = event {
            let stem = Path::new(&start.name).file_stem().unwrap_or_default();
            self.name = word(&stem.to_string_lossy());
        }
        if let Some(m) = utterance(event) {
            let (name, label) = (&self.name, word(&m.label));
            let (start, length) = (m.start_s, m.end_s - m.start_s);
            let sure = m.confidence.0;
            writeln!(
                self.out,
                "SPEAKER {name} 1 {start:.3} {length:.3} <NA> <NA> {label} {sure:.4} <NA>"
            )?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Fields are divided by white space and cannot hold any.
fn word(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| {
            if c.is_whitespace() || c.is_control() {
                '_'
            } else {
                c
            }
        })
        .collect();
    if text.is_empty() { "<NA>".into() } else { text }
}
