//! Speech emotion recognition from a microphone or a recording, with all processing on
//! the device.
//!
//! Open a [`Model`], load it into an [`Engine`], and either classify a file with
//! [`analyze_file`] or push samples into an [`Analyzer`]. Both give [`Event`]s, the
//! same for the same audio, in blocks of any size. This is `examples/classify.rs`:
//!
//! ```
#![doc = include_str!("../examples/classify.rs")]
//! ```
//! The crate `emoscope-core` turns samples into events. It knows no clock, thread, file
//! or terminal. The modules here are those of the program:
//!
//! ```text
//! audio (microphone, file, stdin)
//!   -> emoscope-core: dsp (mono, 16 kHz, frames, MFCC) -> vad -> classifier -> decision
//!   -> events -> sinks (lines, tables), report and dashboard
//! ```

pub use analyzer::{Analyzer, analyze_file};
pub use emoscope_core::events::{Event, Measurement, Reason, Trigger};
pub use engine::{Engine, EngineChoice, EngineError};
pub use model::{Model, ModelError};
pub use session::SessionError;

// For the program, its tests and its benchmarks; not part of the API. The binary, the
// integration tests and the benchmarks are separate crates, so these modules cannot be
// `pub(crate)`.
#[doc(hidden)]
pub use emoscope_core::{baseline, classifier, decision, dsp, events, model_spec, pipeline, vad};

use emoscope_core::speakers;

mod analyzer;
#[doc(hidden)]
pub mod audio;
mod batch;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod dashboard;
#[doc(hidden)]
pub mod engine;
mod failpoint;
mod files;
mod guard;
mod labels;
#[doc(hidden)]
pub mod messages;
#[doc(hidden)]
pub mod model;
mod paths;
mod profile;
mod reference;
mod report;
#[doc(hidden)]
pub mod session;
#[doc(hidden)]
pub mod sink;
mod text;
mod transport;
#[cfg(feature = "web")]
mod web;
