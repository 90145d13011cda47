//! A decoder that panics on a damaged file returns an error instead.

use symphonia::core::errors::{Error, Result};

/// Runs a decoder; its panic becomes an error. What panicked is not used again.
pub(super) fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    // No kind of error that a caller goes on after.
    crate::guard::guard(call)
        .unwrap_or(Err(Error::LimitError("its contents contradict each other")))
}
