//! Catches panics of foreign code where it is called.
//!
//! The caller turns the panic into an error. A panic hook can ask [`guarded`] whether
//! to stay silent.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread will be caught and returned as an error.
pub fn guarded() -> bool {
    GUARDED.get()
}

/// Runs `call`; `None` if it panicked. The state that it used must be dropped then.
pub fn guard<T>(call: impl FnOnce() -> T) -> Option<T> {
    let before = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(before);
    result.ok()
}
