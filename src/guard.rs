//! Panics of other people's code, caught where they are called.
//!
//! The caller turns the panic into an error, and a panic hook can ask
//! [`guarded`] whether to keep still.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread is about to be caught and returned as an error.
pub fn guarded() -> bool {
    GUARDED.get()
}

/// Runs `call`; `None` if it panicked. What panicked must not be used again.
pub fn guard<T>(call: impl FnOnce() -> T) -> Option<T> {
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(before);
    result.ok()
}
