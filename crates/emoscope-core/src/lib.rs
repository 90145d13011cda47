//! Speech emotion events from audio samples.
//!
//! ```text
//! samples -> dsp (mono, 16 kHz, frames, MFCC) -> vad -> pipeline (utterances,
//! windows) -> classifier -> decision -> events
//! ```
//!
//! This crate knows no clock, thread, file or terminal. It counts time in samples, so
//! the same audio gives the same events, live or from a file, in blocks of any size.
//! The caller provides the classifier, through the trait [`classifier::Classifier`].

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod baseline;
pub mod classifier;
pub mod decision;
pub mod dsp;
pub mod events;
pub mod model_spec;
pub mod pipeline;
pub mod speakers;
pub mod vad;
