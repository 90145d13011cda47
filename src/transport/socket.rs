//! Event lines for every program that connects to a Unix socket. A reader gets the
//! header first, whenever it connects; one that stops reading is dropped.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::READER_TIMEOUT;
use crate::events::Event;
use crate::sink::Sink;
use crate::sink::lines::line;

/// A socket that only its owner can connect to.
pub struct Socket {
    path: PathBuf,
    /// Device and inode, so that only this socket's file is removed.
    file: (u64, u64),
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    readers: Mutex<Readers>,
}

#[derive(Default)]
struct Readers {
    header: Vec<u8>,
    streams: Vec<UnixStream>,
}

impl Socket {
    /// Listens at a free path, or replaces a socket without a listener.
    ///
    /// # Errors
    /// The system's error; `AddrInUse` where another program listens, `AlreadyExists`
    /// where the path is another kind of file.
    pub fn listen(path: &Path) -> io::Result<Self> {
        if let Ok(there) = fs::symlink_metadata(path) {
            if !there.file_type().is_socket() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
        }
        let listener = private_listener(path)?;
        let there = fs::symlink_metadata(path)?;
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("socket".into())
            .spawn(move || accepting.accept(&listener))?;
        Ok(Self {
            path: path.to_owned(),
            file: (there.dev(), there.ino()),
            shared,
            acceptor: Some(acceptor),
        })
    }
}

/// No other user can connect at any time: the socket is created in a folder that only
/// its owner can enter, and moved after its permissions are set.
fn private_listener(path: &Path) -> io::Result<UnixListener> {
    let folder = path.with_file_name(format!(".emoscope-{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&folder)?;
    let socket = folder.join("s");
    let listener = UnixListener::bind(&socket).and_then(|listener| {
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        fs::rename(&socket, path)?;
        Ok(listener)
    });
    let _ = fs::remove_file(&socket);
    fs::remove_dir(&folder)?;
    listener
}

impl Shared {
    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts readers until the end.
    fn accept(&self, listener: &UnixListener) {
        for reader in listener.incoming() {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            let Ok(mut reader) = reader else {
                // Possibly out of file descriptors: one may become free.
                thread::sleep(READER_TIMEOUT);
                continue;
            };
            let mut readers = self.readers();
            if reader.set_write_timeout(Some(READER_TIMEOUT)).is_ok()
                && reader.write_all(&readers.header).is_ok()
            {
                readers.streams.push(reader);
            }
        }
    }
}

impl Sink for Socket {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let line = line(file, event)?;
        let mut readers = self.shared.readers();
        if let Event::SessionStart(_) = event {
            readers.header.clone_from(&line);
        }
        readers
            .streams
            .retain_mut(|reader| reader.write_all(&line).is_ok());
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.shared.readers().streams.clear();
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == self.file);
        // A last connection wakes the thread; if the path is another file by now, the
        // thread keeps sleeping.
        if ours
            && UnixStream::connect(&self.path).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            let _ = acceptor.join();
        }
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}
