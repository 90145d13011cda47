//! Audacity label track: start, end and text separated by tabs, one line per utterance.

use std::io::{self, Write};

use super::letters::Letters;
use super::{Sink, utterance};
use crate::events::Event;
use crate::text::voice_caption;

/// Writes each label as soon as its utterance has ended.
pub struct Audacity<W: Write> {
    out: W,
    letters: Letters,
}

impl<W: Write> Audacity<W> {
    /// Writes labels to `out`.
    pub fn new(out: W) -> Self {
        let letters = Letters::default();
        Self { out, letters }
    }
}

impl<W: Write> Sink for Audacity<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        self.letters.see(event);
        if let Some(m) = utterance(event) {
            let text = voice_caption(m, self.letters.of(m));
            writeln!(self.out, "{:.6}\t{:.6}\t{text}", m.start_s, m.end_s)?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
