//! Where files of ours lie, after the XDG base directories.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

const NAME: &str = "emoscope";

/// Folder of what can be fetched or computed again.
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
