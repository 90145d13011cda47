//! NIST RTTM, one line per utterance. The label is in the orthography field. Without
//! speaker tracking it is also in the speaker field, because readers require one.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use super::{Sink, utterance};
use crate::events::Event;

/// Writes each line as soon as its utterance has ended.
pub struct Rttm<W: Write> {
    out: W,
    /// Identifiers of recordings, keyed by their names.
    identifiers: HashMap<String, String>,
    current: String,
}

impl<W: Write> Rttm<W> {
    /// Writes lines to `out`. A recording that is not in `identifiers` is identified by
    /// its file name without extension.
    pub fn new(out: W, identifiers: HashMap<String, String>) -> Self {
        Self {
            out,
            identifiers,
            current: String::new(),
        }
    }
}

impl<W: Write> Sink for Rttm<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        if let Event::SessionStart(start) = event {
            let stem = Path::new(&start.name).file_stem().unwrap_or_default();
            let known = self.identifiers.get(&start.name).cloned();
            self.current = known.unwrap_or_else(|| word(&stem.to_string_lossy()));
        }
        if let Some(m) = utterance(event) {
            let (name, label) = (&self.current, word(&m.label));
            let (start, length) = (m.start_s, m.end_s - m.start_s);
            let sure = m.confidence.0;
            let channel = m.channel.unwrap_or(1);
            let speaker = m.speaker.map(|speaker| speaker.to_string());
            let (text, speaker) = match &speaker {
                Some(speaker) => (&label, speaker),
                None => (&"<NA>".to_owned(), &label),
            };
            writeln!(
                self.out,
                "SPEAKER {name} {channel} {start:.3} {length:.3} {text} <NA> {speaker} {sure:.4} <NA>"
            )?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Fields are separated by white space and cannot contain any.
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
