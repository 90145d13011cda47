//! `WebVTT` captions, one cue per utterance: <https://www.w3.org/TR/webvtt1/>.

use std::io::{self, Write};

use super::Sink;
use super::cues::Cues;
use super::letters::Letters;
use crate::events::{Event, Measurement};
use crate::text::{caption, printable, timestamp, voice};

/// Writes each cue as soon as its utterance, and every earlier one, has ended.
pub struct WebVtt<W: Write> {
    out: W,
    cues: Cues,
    letters: Letters,
}

impl<W: Write> WebVtt<W> {
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
            let (start, end) = (timestamp(m.start_s, '.'), timestamp(m.end_s, '.'));
            let voice = voice(m.channel, self.letters.of(&m)).map(|voice| format!("<v {voice}>"));
            let (voice, text) = (voice.unwrap_or_default(), escaped(&caption(&m)));
            write!(self.out, "\n{number}\n{start} --> {end}\n{voice}{text}\n")?;
            self.out.flush()?;
        }
        Ok(())
    }
}

impl<W: Write> Sink for WebVtt<W> {
    fn event(&mut self, _: Option<&str>, event: &Event) -> io::Result<()> {
        if let Event::SessionStart(start) = event {
            let model = escaped(&printable(&start.model));
            let version = &start.version;
            write!(
                self.out,
                "WEBVTT\n\nNOTE Perceived expression of the voice: emoscope {version}, model {model}\n"
            )?;
        }
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

/// Escapes a cue's text, which is markup; escaped text cannot contain an arrow either.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
