//! Event lines through a FIFO. Without a reader they are dropped; a new reader gets the
//! header first.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::READER_TIMEOUT;
use crate::events::Event;
use crate::sink::Sink;
use crate::sink::lines::line;

/// How often a write to a full pipe is retried.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// A FIFO that only its owner can read, or an existing one.
pub struct Fifo {
    path: PathBuf,
    created: bool,
    header: Vec<u8>,
    out: Option<File>,
}

impl Fifo {
    /// Creates a FIFO, or opens an existing one.
    ///
    /// # Errors
    /// The system's error; `AlreadyExists` where the path is another kind of file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let created = match fs::metadata(path) {
            Ok(there) if there.file_type().is_fifo() => false,
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                true
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            path: path.to_owned(),
            created,
            header: Vec::new(),
            out: None,
        })
    }

    /// Opens the FIFO and writes the header, if there is a reader.
    fn connect(&self) -> Option<File> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut out = File::from(rustix::fs::open(&self.path, flags, Mode::empty()).ok()?);
        write(&mut out, &self.header).ok().map(|()| out)
    }
}

#[cfg(not(target_vendor = "apple"))]
fn create(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::mkfifoat(
        rustix::fs::CWD,
        path,
        Mode::RUSR | Mode::WUSR,
    )?)
}

/// Not supported: the system has no safe function for it.
#[cfg(target_vendor = "apple")]
fn create(_path: &Path) -> io::Result<()> {
    Err(io::Error::other("create it first: mkfifo -m 600"))
}

/// Writes a whole line. Fails if the pipe stays full or has no reader.
fn write(out: &mut File, mut line: &[u8]) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    while !line.is_empty() {
        match out.write(line) {
            Ok(count) => line = &line[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waited < READER_TIMEOUT => {
                thread::sleep(RETRY_INTERVAL);
                waited += RETRY_INTERVAL;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Sink for Fifo {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let line = line(file, event)?;
        if self.out.is_none() {
            self.out = self.connect();
        }
        if let Event::SessionStart(_) = event {
            self.header.clone_from(&line);
        }
        if let Some(out) = &mut self.out
            && write(out, &line).is_err()
        {
            self.out = None;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out = None;
        Ok(())
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        if self.created {
            let _ = fs::remove_file(&self.path);
        }
    }
}
