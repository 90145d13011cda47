//! The dashboard: its state, and snapshots of its screen.

#![allow(clippy::unwrap_used)] // a test may fail

mod colours;
mod cycle;
mod lanes;
mod mouse;
mod pictures;
mod random;
mod scenes;
mod speakers;
mod state;
mod svg;
