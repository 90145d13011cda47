//! One binary for all integration tests: it links once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod capture;
mod decode;
mod devices;
mod sound_server;
