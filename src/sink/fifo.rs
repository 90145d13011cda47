//! Event lines into a FIFO. Where nobody reads, they are gone; who begins to
//! read gets the header first.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};

use super::Sink;
use super::lines::line;
use super::socket::PATIENCE;
use crate::events::Event;

/// How often a full pipe is tried again.
const AGAIN: Duration = Duration::from_millis(5);

/// A FIFO that only its owner can read, or one that was there.
pub struct Fifo {
    path: PathBuf,
    made: bool,
    header: Vec<u8>,
    out: Option<File>,
}

impl Fifo {
    /// Makes a FIFO, or takes the one that is there.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` where another kind of file is.
    pub fn open(path: &Path) -> io::Result<Self> {
        let made = match fs::metadata(path) {
            Ok(there) if there.file_type().is_fifo() => false,
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(path)?;
                true
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            path: path.to_owned(),
            made,
            header: Vec::new(),
            out: None,
        })
    }

    /// The FIFO with the header in it, if somebody reads.
    fn reader(&self) -> Option<File> {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut out = File::from(rustix::fs::open(&self.path, flags, Mode::empty()).ok()?);
        write(&mut out, &self.header).ok().map(|()| out)
    }
}

#[cfg(not(target_vendor = "apple"))]
fn make(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::mkfifoat(
        rustix::fs::CWD,
        path,
        Mode::RUSR | Mode::WUSR,
    )?)
}

/// The system has no safe call for it.
#[cfg(target_vendor = "apple")]
fn make(_path: &Path) -> io::Result<()> {
    Err(io::Error::other("make it first: mkfifo -m 600"))
}

/// Writes a line whole, or fails: the pipe is full for too long, or nobody reads.
fn write(out: &mut File, mut line: &[u8]) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    while !line.is_empty() {
        match out.write(line) {
            Ok(count) => line = &line[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && waited < PATIENCE => {
                thread::sleep(AGAIN);
                waited += AGAIN;
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
            self.out = self.reader();
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
        if self.made {
            let _ = fs::remove_file(&self.path);
        }
    }
}
