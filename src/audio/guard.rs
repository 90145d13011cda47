//! The decoders of others, kept from taking the program with them.
//!
//! A file made to hurt can make a decoder panic. The panic stays in here, the
//! file counts as damaged, and a panic hook can ask [`guarded`] whether to
//! keep still.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::errors::{Error, Result};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is about to be caught and told as a damaged file.
pub fn guarded() -> bool {
    GUARDED.get()
}

/// Runs a decoder; its panic becomes an error. What panicked is not used again.
pub(super) fn guard<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(before);
    // No kind of error that a caller goes on after.
    result.unwrap_or(Err(Error::LimitError("its contents contradict each other")))
}
