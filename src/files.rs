//! Output files: complete or absent, and never an accidental replacement of another
//! file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// What to do if the file exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// Keep it; writing fails.
    Keep,
    /// Replace it.
    Replace,
}

/// A file that gets its name when it is complete. Without [`PendingFile::keep`] it is
/// removed.
#[derive(Debug)]
pub struct PendingFile {
    target: PathBuf,
    written: TempPath,
    existing: IfExists,
}

impl PendingFile {
    /// Creates the file beside `target`, and the folders above it.
    ///
    /// # Errors
    /// The system's error, with the path; [`io::ErrorKind::AlreadyExists`] where
    /// `target` must be kept.
    pub fn create(target: &Path, existing: IfExists) -> io::Result<(Self, File)> {
        // The usual mode; the system applies the user's umask.
        Self::with_mode(target, existing, 0o666)
    }

    /// Creates the file with access for its owner only.
    ///
    /// # Errors
    /// As [`PendingFile::create`].
    pub fn create_private(target: &Path, existing: IfExists) -> io::Result<(Self, File)> {
        Self::with_mode(target, existing, 0o600)
    }

    fn with_mode(target: &Path, existing: IfExists, mode: u32) -> io::Result<(Self, File)> {
        if existing == IfExists::Keep {
            check_free(target)?;
        }
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs::create_dir_all(folder).map_err(|error| named(target, &error))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".emoscope-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        let file = builder
            .tempfile_in(folder)
            .map_err(|error| named(target, &error))?;
        let (file, written) = file.into_parts();
        let pending = Self {
            target: target.to_owned(),
            written,
            existing,
        };
        Ok((pending, file))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// The system's error, with the path.
    pub fn keep(self) -> io::Result<()> {
        let target = &self.target;
        if self.existing == IfExists::Keep {
            check_free(target)?;
        }
        let kept = self.written.persist(target);
        kept.map_err(|error| named(target, &error.error))
    }
}

/// Checks that writing to a path loses nothing: it does not exist, is an empty file, or
/// is a pipe or device.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], with advice.
pub fn check_free(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() > 0 => {
            let message = format!(
                "{} exists already; name another file, or replace it with --overwrite",
                path.display()
            );
            Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
        }
        _ => Ok(()),
    }
}

/// Creates a file that is written incrementally, or opens a pipe or a device.
///
/// # Errors
/// The system's error; as for [`check_free`] where an existing file must be kept.
pub fn create(path: &Path, existing: IfExists) -> io::Result<File> {
    if existing == IfExists::Keep {
        check_free(path)?;
    }
    File::create(path)
}

/// The first free path: `path` itself, otherwise with a number after its stem, from 2.
pub fn numbered(path: &Path) -> PathBuf {
    let mut free = path.to_owned();
    let mut number = 2;
    while check_free(&free).is_err() {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        free = path.with_file_name(name);
        number += 1;
    }
    free
}

/// Creates a file at the first free path, as [`numbered`] gives it, with access for its
/// owner only.
///
/// # Errors
/// The system's error.
pub fn create_numbered(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let free = numbered(path);
        match options.open(&free) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {} // just taken
            created => return created.map(|file| (file, free)),
        }
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all_and_replaces_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("below/a.txt");
        let (pending, mut file) = PendingFile::create(&target, IfExists::Keep).unwrap();
        file.write_all(b"first").unwrap();
        assert!(!target.exists());
        pending.keep().unwrap();
        let refused = PendingFile::create(&target, IfExists::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        drop(PendingFile::create(&target, IfExists::Replace).unwrap());
        assert_eq!(fs::read(&target).unwrap(), b"first");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
        let (pending, _) = PendingFile::create(&target, IfExists::Replace).unwrap();
        pending.keep().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"");
    }

    #[test]
    fn numbers_go_up_and_empty_files_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("today.jsonl");
        assert_eq!(numbered(&path), path);
        fs::write(&path, "").unwrap();
        assert_eq!(numbered(&path), path);
        fs::write(&path, "a").unwrap();
        let second = folder.path().join("today-2.jsonl");
        assert_eq!(numbered(&path), second);
        fs::write(&second, "b").unwrap();
        assert_eq!(numbered(&path), folder.path().join("today-3.jsonl"));
    }
}
