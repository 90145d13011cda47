//! emoscope watches a voice and says which emotion it expresses.
//!
//! The rooms stand in the order in which the audio flows:
//!
//! ```text
//! audio (microphone, file, stdin)
//!   -> pipeline: dsp (mono, 16 kHz, frames, MFCC) -> gate -> window -> engine -> smooth
//!   -> events -> sinks (lines, tables) and the dashboard
//! ```
//!
//! Everything up to [`events`] is pure: it knows no clock, thread, file or
//! terminal, and counts time in samples. The same audio therefore gives the
//! same events, live or from a file, in blocks of any size.
//!
//! A recording, judged by a program of yours (`examples/classify.rs`):
//!
//! ```
#![doc = include_str!("../examples/classify.rs")]
//! ```

pub mod audio;
pub mod baseline;
pub mod cli;
pub mod dashboard;
pub mod dsp;
pub mod engine;
pub mod events;
pub mod feed;
pub mod gate;
mod guard;
pub mod model;
pub mod paths;
pub mod pipeline;
pub mod profile;
pub mod session;
pub mod sink;
pub mod smooth;
mod stumble;
