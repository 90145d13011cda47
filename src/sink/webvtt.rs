//! `WebVTT` captions, a cue per utterance: <https://www.w3.org/TR/webvtt1/>.

use std::io::{self, Write};

use super::{Sink, utterance};
use crate::events::Event;
use crate::text::{caption, printable, timestamp};

/// Writes each cue as soon as its utterance has ended.
pub struct WebVtt<W: Write> {
    out: W,
}

impl<W: Write> WebVtt<W> {
    /// Captions to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
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
        if let Some(m) = utterance(event) {
            let (start, end) = (timestamp(m.start_s, '.'), timestamp(m.end_s, '.'));
            let number = m.utterance;
            let text = escaped(&caption(m));
            write!(self.out, "\n{number}\n{start} --> {end}\n{text}\n")?;
            self.out.flush()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The text of a cue is markup; escaped, it cannot hold an arrow either.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
