//! A folder with one file per recording.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Sink;
use crate::events::Event;
use crate::files::{IfExists, PendingFile};

/// Creates the sink of one file.
pub type SinkFactory = Box<dyn Fn(Box<dyn Write + Send>) -> Box<dyn Sink + Send> + Send>;

/// Writes each recording's file atomically. A recording that could not be opened gets
/// none.
pub struct Folder {
    existing: IfExists,
    targets: HashMap<String, PathBuf>,
    make: SinkFactory,
    current: String,
    open: Option<AtomicFile>,
}

impl Folder {
    /// Writes a file at each of `targets`, keyed by the recording's name.
    pub fn new(targets: HashMap<String, PathBuf>, existing: IfExists, make: SinkFactory) -> Self {
        Self {
            existing,
            targets,
            make,
            current: String::new(),
            open: None,
        }
    }

    fn close(&mut self) -> io::Result<()> {
        self.open.take().map_or(Ok(()), |mut open| open.finish())
    }
}

impl Sink for Folder {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let file = file.unwrap_or_default();
        if file != self.current {
            self.close()?;
            file.clone_into(&mut self.current);
        }
        if let (Event::SessionStart(_), Some(target)) = (event, self.targets.get(file)) {
            self.open = Some(AtomicFile::create(target, self.existing, &self.make)?);
        }
        match &mut self.open {
            Some(open) => open.event(Some(file), event),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.close()
    }
}

/// The sink of a single file that is written atomically.
pub struct AtomicFile {
    sink: Option<Box<dyn Sink + Send>>,
    file: Option<PendingFile>,
}

impl AtomicFile {
    /// The sink that `make` creates, for a file that becomes `target`.
    ///
    /// # Errors
    /// The system's error, with the path.
    pub fn create(target: &Path, existing: IfExists, make: &SinkFactory) -> io::Result<Self> {
        let (file, out) = PendingFile::create(target, existing)?;
        let sink = make(Box::new(BufWriter::new(out)));
        Ok(Self {
            sink: Some(sink),
            file: Some(file),
        })
    }
}

impl Sink for AtomicFile {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        match &mut self.sink {
            Some(sink) => sink.event(file, event),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        // Drop the sink first, which flushes its buffer.
        if let Some(mut sink) = self.sink.take() {
            sink.finish()?;
        }
        self.file.take().map_or(Ok(()), PendingFile::keep)
    }
}
