//! All integration tests in one program, which links once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod capture;
mod channels;
mod cli;
mod complaints;
mod core;
mod dashboard;
mod decode;
mod devices;
mod faults;
mod frontend;
mod fuzz;
mod kinds;
mod layering;
#[cfg(all(unix, feature = "onnxruntime"))]
mod libraries;
mod live;
mod model;
#[cfg(target_os = "linux")]
mod overload;
mod player;
#[cfg(target_os = "linux")]
mod pty;
#[cfg(unix)]
mod safety;
#[cfg(target_os = "linux")]
mod screen_live;
mod settings;
mod soak;
#[cfg(target_os = "linux")]
mod sound;
mod sound_server;
#[cfg(target_os = "linux")]
mod sources;
mod speakers;
mod stall;
#[cfg(target_os = "linux")]
mod strace;
mod support;
mod takeover;
#[cfg(target_os = "linux")]
mod terminal;
mod voices;
