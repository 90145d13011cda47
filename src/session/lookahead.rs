//! Analyzes a recording on a separate thread, ahead of playback: from its start to its
//! end, as `analyze` does. A baseline grows along the recording, so no part can be
//! analyzed before the earlier ones.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::SessionError;
use super::audio_file::{FileOptions, Pass, with_turns};
use crate::audio::source::Source;
use crate::engine::Engine;
use crate::events::Event;
use crate::messages::Level;

/// Interval at which results are sent.
const RESULT_INTERVAL: Duration = Duration::from_millis(50);
/// Least time span of a level, in seconds of audio.
const MIN_LEVEL_SPAN_S: f64 = 0.05;

/// The results since the previous part.
#[derive(Default)]
pub(super) struct LookaheadPart {
    pub(super) events: Vec<Event>,
    pub(super) levels: Vec<Level>,
    /// Seconds from the start that are analyzed now.
    pub(super) until_s: f64,
    /// Time of the last inference in milliseconds.
    pub(super) inference_ms: f32,
    /// At the end: remarks, or why it ended early.
    pub(super) end: Option<Result<Vec<String>, SessionError>>,
}

/// Starts the analysis, after a pass over `first` that finds the speakers. It ends
/// early if the receiver is dropped.
///
/// # Errors
/// The system cannot start a thread.
pub(super) fn start(
    mut source: Box<dyn Source>,
    first: Option<Box<dyn Source>>,
    engine: Engine,
    options: FileOptions,
) -> io::Result<Receiver<LookaheadPart>> {
    let (sender, parts) = unbounded();
    std::thread::Builder::new()
        .name("lookahead".into())
        .spawn(move || {
            let mut part = LookaheadPart::default();
            let engine = match first {
                Some(mut first) => with_turns(&mut *first, &engine, &options),
                None => engine,
            };
            let result = analyze(&mut *source, &engine, &options, &mut part, &sender);
            part.end = Some(result);
            let _ = sender.send(part); // the receiver may be gone
        })?;
    Ok(parts)
}

fn analyze(
    source: &mut dyn Source,
    engine: &Engine,
    options: &FileOptions,
    part: &mut LookaheadPart,
    parts: &Sender<LookaheadPart>,
) -> Result<Vec<String>, SessionError> {
    let mut pass = Pass::new(source, engine, options)?;
    let (mut sent, mut measured_s) = (Instant::now(), 0.0);
    loop {
        let step = pass.step(source);
        part.events.append(&mut pass.events);
        part.until_s = pass.pipelines.position_s();
        let more = step?;
        if part.until_s - measured_s >= MIN_LEVEL_SPAN_S
            && let Some(level) = pass.level()
        {
            measured_s = part.until_s;
            part.levels.push(level);
        }
        if !more {
            return Ok(pass.notices(source));
        }
        if sent.elapsed() >= RESULT_INTERVAL {
            part.inference_ms = pass.latency.inference_ms();
            if parts.send(std::mem::take(part)).is_err() {
                return Ok(Vec::new());
            }
            sent = Instant::now();
        }
    }
}
