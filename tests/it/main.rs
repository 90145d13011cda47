//! Tests of the whole, in one program: it links once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod capture;
mod cli;
mod complaints;
mod core;
mod dashboard;
mod decode;
mod devices;
mod faults;
mod frontend;
mod fuzz;
mod layering;
mod live;
mod model;
mod settings;
mod sound_server;
mod support;
