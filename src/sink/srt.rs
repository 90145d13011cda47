//! `SubRip` captions, a cue per utterance.

use std::io::{self, Write};

use super::{Sink, utterance};
use crate::events::Event;
use crate::text::{caption, timestamp};

/// Writes each cue as soon as its utterance has ended.
pub struct Srt<W: Write> {
    out: W,
}

impl<W: Write> Srt<W> {
    /// Captions to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for Srt<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        if let Some(m) = utterance(event) {
            let (start, end) = (timestamp(m.start_s, ','), timestamp(m.end_s, ','));
            let (number, text) = (m.utterance, caption(m));
            write!(self.out, "{number}\n{start} --> {end}\n{text}\n\n")?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
