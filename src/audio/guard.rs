//! A decoder that panics on a damaged file returns an error instead.

use symphonia::core::errors::{Error, Result};

/// Runs a decoder and turns its panic into an error. The decoder must not be used
/// afterwards.
pub(super) fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    // Callers never continue after this kind of error.
    crate::guard::guard(call)
        .unwrap_or(Err(Error::LimitError("its contents contradict each other")))
}
