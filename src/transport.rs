//! Sends events to other programs on this machine during a session.

#[cfg(unix)]
pub mod fifo;
pub mod osc;
#[cfg(unix)]
pub mod socket;

/// How long one slow reader may delay the others.
#[cfg(unix)]
const READER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(1);
