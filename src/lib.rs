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
//! A recording, judged by a program of yours:
//!
//! ```
//! use std::path::Path;
//!
//! use emoscope::audio::{file::AudioFile, source::Source};
//! use emoscope::dsp::mono::ChannelChoice;
//! use emoscope::engine::{Engine, EngineChoice};
//! use emoscope::events::{Event, Trigger};
//! use emoscope::model::Model;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::load(Model::embedded()?, EngineChoice::Builtin, None)?;
//! let mut recording = AudioFile::open(Path::new("tests/data/speech-16k.wav"))?;
//! let (mut pipeline, _) =
//!     emoscope::session::pipeline(&engine, recording.spec(), ChannelChoice::Mix)?;
//!
//! let (mut samples, mut events) = (Vec::new(), Vec::new());
//! while recording.read(&mut samples)? {
//!     pipeline.push(&samples, &mut events)?;
//!     samples.clear();
//! }
//! pipeline.finish(&mut events)?;
//!
//! let utterances = events.iter().filter_map(|event| match event {
//!     Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => Some(m),
//!     _ => None,
//! });
//! for judged in utterances {
//!     println!("{:.2} s: {} {:.2}", judged.start_s, judged.label, judged.confidence.0);
//! }
//! # assert!(events.len() > 3);
//! # Ok(())
//! # }
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
pub mod model;
pub mod paths;
pub mod pipeline;
pub mod profile;
pub mod session;
pub mod sink;
pub mod smooth;
mod stumble;
