//! Events for other programs on this machine, while a session runs.

#[cfg(unix)]
pub mod fifo;
pub mod osc;
#[cfg(unix)]
pub mod socket;

/// How long one slow reader may keep the others waiting.
#[cfg(unix)]
const READER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);
