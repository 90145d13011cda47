//! `SubRip` captions, one cue per utterance.

use std::io::{self, Write};

use super::Sink;
use super::cues::Cues;
use super::letters::Letters;
use crate::events::{Event, Measurement};
use crate::text::{timestamp, voice_caption};

/// Writes each cue as soon as its utterance, and every earlier one, has ended.
pub struct Srt<W: Write> {
    out: W,
    cues: Cues,
    letters: Letters,
}

impl<W: Write> Srt<W> {
    /// Writes captions to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            cues: Cues::default(),
            letters: Letters::default(),
        }
    }

    fn write(&mut self, due: Vec<(u64, Measurement)>) -> io::Result<()> {
        for (number, m) in due {
            let (start, end) = (timestamp(m.start_s, ','), timestamp(m.end_s, ','));
            let text = voice_caption(&m, self.letters.of(&m));
            write!(self.out, "{number}\n{start} --> {end}\n{text}\n\n")?;
            self.out.flush()?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for Srt<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        self.letters.see(event);
        let due = self.cues.take(event);
        self.write(due)
    }

    fn finish(&mut self) -> io::Result<()> {
        let rest = self.cues.rest();
        self.write(rest)?;
        self.out.flush()
    }
}
