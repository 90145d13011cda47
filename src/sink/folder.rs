//! A folder with one file per recording.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Sink;
use crate::events::Event;
use crate::files::{IfExists, PendingFile};

/// Creates the sink of one file.
pub type SinkFactory = Box<dyn Fn(Box<dyn Write + Send>) -> Box<dyn Sink + Send> + Send>;

/// Appended to the name of an output: a file with the errors of its recording.
const ERRORS_EXTENSION: &str = ".errors";

/// Writes each recording's file atomically. A recording that could not be opened gets
/// none. Beside the file of one that failed later there is a file with its errors.
pub struct Folder {
    existing: IfExists,
    targets: HashMap<String, PathBuf>,
    make: SinkFactory,
    current: String,
    open: Option<Open>,
}

/// The file of the current recording.
struct Open {
    target: PathBuf,
    file: AtomicFile,
    errors: String,
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
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let errors = errors(&open.target);
        // In this order a file without errors beside it is always a complete one.
        if !open.errors.is_empty() {
            fs::write(&errors, &open.errors)?;
        }
        open.file.finish()?;
        if open.errors.is_empty() && errors.exists() {
            fs::remove_file(&errors)?;
        }
        Ok(())
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
            let existing = if errors(target).exists() {
                IfExists::Replace
            } else {
                self.existing
            };
            self.open = Some(Open {
                target: target.clone(),
                file: AtomicFile::create(target, existing, &self.make)?,
                errors: String::new(),
            });
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if let Event::Error(error) = event {
            open.errors.push_str(&error.message);
            open.errors.push('\n');
        }
        open.file.event(Some(file), event)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.close()
    }
}

/// The path of the errors of the recording whose output is `target`.
fn errors(target: &Path) -> PathBuf {
    let mut path = target.as_os_str().to_owned();
    path.push(ERRORS_EXTENSION);
    path.into()
}

/// Whether the output `target` exists and its recording was read without an error.
pub fn is_complete(target: &Path) -> bool {
    target.exists() && !errors(target).exists()
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
