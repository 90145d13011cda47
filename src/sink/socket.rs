//! Event lines for every program that connects to a Unix socket. A reader gets
//! the header first, whenever it comes; one that stops reading is dropped.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Sink;
use super::lines::line;
use crate::events::Event;

/// How long a reader may keep the others waiting before it is dropped.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// A socket that only its owner can connect to.
pub struct Socket {
    path: PathBuf,
    /// Device and number of the file, so that no other is removed.
    file: (u64, u64),
    shared: Arc<Shared>,
    door: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    header: Vec<u8>,
    readers: Vec<UnixStream>,
}

impl Socket {
    /// Listens at a path where nothing is, or a socket that nobody listens at
    /// any more.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` where somebody listens, `AlreadyExists`
    /// where another kind of file is.
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
        let inside = Arc::clone(&shared);
        let door = thread::Builder::new()
            .name("socket".into())
            .spawn(move || inside.let_in(&listener))?;
        Ok(Self {
            path: path.to_owned(),
            file: (there.dev(), there.ino()),
            shared,
            door: Some(door),
        })
    }
}

/// Nobody else can connect at any moment: the socket is made in a folder that
/// only its owner enters, and moved when its permissions are set.
fn private_listener(path: &Path) -> io::Result<UnixListener> {
    let folder = path.with_file_name(format!(".emoscope-{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&folder)?;
    let inside = folder.join("s");
    let made = UnixListener::bind(&inside).and_then(|listener| {
        fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
        fs::rename(&inside, path)?;
        Ok(listener)
    });
    let _ = fs::remove_file(&inside);
    fs::remove_dir(&folder)?;
    made
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets readers in until the end.
    fn let_in(&self, listener: &UnixListener) {
        for reader in listener.incoming() {
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            let Ok(mut reader) = reader else {
                // No file handle left, perhaps: one may become free.
                thread::sleep(PATIENCE);
                continue;
            };
            let mut inside = self.inside();
            if reader.set_write_timeout(Some(PATIENCE)).is_ok()
                && reader.write_all(&inside.header).is_ok()
            {
                inside.readers.push(reader);
            }
        }
    }
}

impl Sink for Socket {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let line = line(file, event)?;
        let mut inside = self.shared.inside();
        if let Event::SessionStart(_) = event {
            inside.header.clone_from(&line);
        }
        inside
            .readers
            .retain_mut(|reader| reader.write_all(&line).is_ok());
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.shared.inside().readers.clear();
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|there| (there.dev(), there.ino()) == self.file);
        // A last guest wakes the door; where the path leads elsewhere by now, it stays asleep.
        if ours
            && UnixStream::connect(&self.path).is_ok()
            && let Some(door) = self.door.take()
        {
            let _ = door.join();
        }
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}
