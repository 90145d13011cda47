//! The folders of emoscope's files, following the XDG base directories.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

const NAME: &str = "emoscope";

/// Folder of files that can be downloaded or computed again.
#[cfg(feature = "onnxruntime")]
pub fn cache() -> Option<PathBuf> {
    choose_base_strategy()
        .ok()
        .map(|base| base.cache_dir().join(NAME))
}

/// Folder of the log.
pub fn state() -> Option<PathBuf> {
    let base = choose_base_strategy().ok()?;
    Some(
        base.state_dir()
            .unwrap_or_else(|| base.data_dir())
            .join(NAME),
    )
}

/// Folder of the settings.
pub fn config() -> Option<PathBuf> {
    choose_base_strategy()
        .ok()
        .map(|base| base.config_dir().join(NAME))
}

/// Creates or truncates a file that only its owner can read, because emotions are
/// private.
///
/// # Errors
/// The system's error.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a folder, and those above it, that only its owner can enter.
///
/// # Errors
/// The system's error.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Folder of the profiles, which cannot be recovered.
pub fn data() -> Option<PathBuf> {
    choose_base_strategy()
        .ok()
        .map(|base| base.data_dir().join(NAME))
}
