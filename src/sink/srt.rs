//! `SubRip` captions, a cue per utterance.

use std::io::{self, Write};

use super::Sink;
use super::cues::Cues;
use crate::events::{Event, Measurement};
use crate::text::{channel_caption, timestamp};

/// Writes each cue as soon as its utterance, and every earlier one, has ended.
pub struct Srt<W: Write> {
    out: W,
    cues: Cues,
}

impl<W: Write> Srt<W> {
    /// Captions to `out`.
    pub fn new(out: W) -> Self {
        let cues = Cues::default();
        Self { out, cues }
    }

    fn write(&mut self, due: Vec<(u64, Measurement)>) -> io::Result<()> {
        for (number, m) in due {
            let (start, end) = (timestamp(m.start_s, ','), timestamp(m.end_s, ','));
            let text = channel_caption(&m);
            write!(self.out, "{number}\n{start} --> {end}\n{text}\n\n")?;
            self.out.flush()?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for Srt<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        let due = self.cues.take(event);
        self.write(due)
    }

    fn finish(&mut self) -> io::Result<()> {
        let rest = self.cues.rest();
        self.write(rest)?;
        self.out.flush()
    }
}
