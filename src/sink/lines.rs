//! JSON, one event per line: `tests/schema/event.json`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, Seek, Write};

use super::Sink;
use crate::events::{Event, Line};

/// Writes event lines and flushes after each, so that a reader sees only whole lines,
/// even after a crash.
pub struct JsonLines<W: Write> {
    out: W,
}

impl<W: Write> JsonLines<W> {
    /// Writes lines to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Sink for JsonLines<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        self.out.write_all(&line(file, event)?)?;
        self.out.flush()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An event as a line, including the line break.
///
/// # Errors
/// A value that JSON cannot represent.
pub fn line(file: Option<&str>, event: &Event) -> io::Result<Vec<u8>> {
    let line = Line {
        event: event.clone(),
        file: file.map(str::to_owned),
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    Ok(text)
}

/// An event log that never contains an incomplete line. If a line cannot be written
/// completely, for example on a full disk, its beginning is removed.
pub struct EventLogFile {
    lines: JsonLines<File>,
    whole: u64,
}

impl EventLogFile {
    /// Writes lines to an empty `file`.
    pub fn new(file: File) -> Self {
        Self {
            lines: JsonLines::new(file),
            whole: 0,
        }
    }
}

impl Sink for EventLogFile {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let written = self.lines.event(file, event);
        let out = &mut self.lines.out;
        match written {
            // A pipe has no position, and nothing can be removed from it.
            Ok(()) => self.whole = out.stream_position().unwrap_or(0),
            Err(_) => drop(out.set_len(self.whole)),
        }
        written
    }

    fn finish(&mut self) -> io::Result<()> {
        self.lines.finish()
    }
}

/// The content of an existing event log.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LogContent {
    /// The recordings that are complete from header to summary.
    pub files: BTreeSet<String>,
    /// The recordings with an error: they could not be read, or only in part.
    pub failed: BTreeSet<String>,
    /// The bytes before an incomplete recording or line at the end.
    pub bytes: u64,
}

/// Reads event lines of `analyze`, to continue after them.
///
/// # Errors
/// The error of the read, or that the lines are not event lines.
pub fn content(mut lines: impl BufRead) -> io::Result<LogContent> {
    let mut found = LogContent::default();
    let (mut at, mut open) = (0, false);
    let mut text = Vec::new();
    while lines.read_until(b'\n', &mut text)? > 0 {
        at += text.len() as u64;
        if text.last() != Some(&b'\n') {
            break;
        }
        let line: Line = serde_json::from_slice(&text)?;
        match line.event {
            Event::SessionStart(_) => open = true,
            Event::Error(_) => found.failed.extend(line.file),
            Event::SessionEnd(_) => {
                open = false;
                let complete = line.file.filter(|file| !found.failed.contains(file));
                found.files.extend(complete);
            }
            _ => {}
        }
        if !open {
            found.bytes = at;
        }
        text.clear();
    }
    Ok(found)
}

/// Copies event lines except those of the recordings in `dropped`.
///
/// # Errors
/// The error of the read or write, or that the lines are not event lines.
pub fn copy_without(
    dropped: &BTreeSet<String>,
    mut lines: impl BufRead,
    mut out: impl Write,
) -> io::Result<()> {
    let mut text = Vec::new();
    while lines.read_until(b'\n', &mut text)? > 0 {
        let line: Line = serde_json::from_slice(&text)?;
        if line.file.is_none_or(|file| !dropped.contains(&file)) {
            out.write_all(&text)?;
        }
        text.clear();
    }
    out.flush()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_that_breaks_off_is_not_held() {
        let end = r#"{"type":"session_end","duration_s":1.0,"speech_s":0.0,"utterances":0,"measurements":0,"samples_lost":0,"samples_invalid":0,"utterance_labels":{},"file":"a"}"#;
        let failed = r#"{"type":"error","message":"b is broken","file":"b"}"#;
        let whole = format!("{end}\n{failed}\n");
        let begun = r#"{"type":"voice","at_s":0.5,"active":true,"file":"c"}"#;
        let start = r#"{"type":"session_start","schema":"emoscope.event/1","version":"0.1.0","source":"file","name":"c","sample_rate":16000,"channels":1,"labels":["x"],"model":"m","model_sha256":"","engine":"e","file":"c"}"#;
        for torn in ["", "{\"type\":\"err", &format!("{start}\n{begun}\n"), start] {
            let found = content(format!("{whole}{torn}").as_bytes()).unwrap();
            assert_eq!(found.files.into_iter().collect::<Vec<_>>(), ["a"]);
            assert_eq!(found.failed.into_iter().collect::<Vec<_>>(), ["b"]);
            assert_eq!(found.bytes, whole.len() as u64, "{torn}");
        }
        assert!(content("file,utterance\n".as_bytes()).is_err());
    }
}
