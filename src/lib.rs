//! emoscope watches a voice and says which emotion it expresses.
//!
//! The rooms stand in the order in which the audio flows:
//!
//! ```text
//! audio (microphone, file, stdin)
//!   -> pipeline: dsp (mono, 16 kHz, frames, MFCC) -> vad -> window -> engine -> decision
//!   -> events -> sinks (lines, tables) and the dashboard
//! ```
//!
//! The crate `emoscope-core` holds everything up to [`events`]. It knows no
//! clock, thread, file or terminal, and counts time in samples. The same audio therefore gives the
//! same events, live or from a file, in blocks of any size.
//!
//! A recording, judged by a program of yours (`examples/classify.rs`):
//!
//! ```
#![doc = include_str!("../examples/classify.rs")]
//! ```

pub use emoscope_core::{baseline, classifier, decision, dsp, events, model_spec, pipeline, vad};

pub mod audio;
pub mod batch;
pub mod cli;
pub mod dashboard;
pub mod engine;
mod failpoint;
pub mod files;
mod guard;
pub mod labels;
pub mod messages;
pub mod model;
pub mod paths;
pub mod profile;
pub mod report;
pub mod session;
pub mod sink;
pub mod text;
pub mod transport;
