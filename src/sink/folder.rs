//! A folder with a file per recording.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Sink;
use crate::events::Event;

/// Makes the sink of one file.
pub type Make = Box<dyn Fn(Box<dyn Write + Send>) -> Box<dyn Sink + Send> + Send>;

/// Writes each recording's file whole or not at all. A recording that could not
/// be opened gets none.
pub struct Folder {
    targets: HashMap<String, PathBuf>,
    make: Make,
    current: String,
    open: Option<Whole>,
}

impl Folder {
    /// A file at each of `targets`, by the name of its recording.
    pub fn new(targets: HashMap<String, PathBuf>, make: Make) -> Self {
        Self {
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
            self.open = Some(Whole::create(target, &self.make)?);
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

/// A sink of one file that is there whole or not at all.
pub struct Whole {
    sink: Option<Box<dyn Sink + Send>>,
    part: Option<Part>,
}

impl Whole {
    /// The sink that `make` makes, for a file that will be `target`.
    ///
    /// # Errors
    /// What the system says, with the path.
    pub fn create(target: &Path, make: &Make) -> io::Result<Self> {
        let (part, out) = Part::create(target)?;
        let sink = make(Box::new(BufWriter::new(out)));
        Ok(Self {
            sink: Some(sink),
            part: Some(part),
        })
    }
}

impl Sink for Whole {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        match &mut self.sink {
            Some(sink) => sink.event(file, event),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        // The sink goes first, and with it what its buffer holds.
        if let Some(mut sink) = self.sink.take() {
            sink.finish()?;
        }
        self.part.take().map_or(Ok(()), Part::keep)
    }
}

/// A file that gets its name only when it is whole.
#[derive(Debug)]
pub struct Part {
    target: PathBuf,
    written: PathBuf,
}

impl Part {
    /// Creates the file beside `target`, with the folders above it.
    ///
    /// # Errors
    /// What the system says, with the path.
    pub fn create(target: &Path) -> io::Result<(Self, File)> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", target.display()))
        };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(named)?;
        }
        let mut written = target.as_os_str().to_owned();
        written.push(".part");
        let written = PathBuf::from(written);
        let out = File::create(&written).map_err(named)?;
        let target = target.to_owned();
        Ok((Self { target, written }, out))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn keep(self) -> io::Result<()> {
        fs::rename(&self.written, &self.target)
    }
}
