//! A recording that is judged on a thread of its own, ahead of what is played: from
//! its begin to its end, as `analyze` does. A baseline grows along the recording, so
//! no later part could be judged before those in front of it.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::SessionError;
use super::audio_file::{FileOptions, Pass, with_turns};
use crate::audio::source::Source;
use crate::engine::Engine;
use crate::events::Event;
use crate::messages::Level;

/// How often what was judged is passed on.
const INTERVAL: Duration = Duration::from_millis(50);
/// Seconds of audio that a level is measured over, at least.
const LEVEL_S: f64 = 0.05;

/// What was judged since the part before.
#[derive(Default)]
pub(super) struct Part {
    pub(super) events: Vec<Event>,
    pub(super) levels: Vec<Level>,
    /// Seconds from the begin that are judged now.
    pub(super) until_s: f64,
    /// Time of the last inference in milliseconds.
    pub(super) inference_ms: f32,
    /// At the end: what is worth a word, or why it ended early.
    pub(super) end: Option<Result<Vec<String>, SessionError>>,
}

/// Starts to judge, after a pass over `first` that finds the speakers; it ends early where the receiver goes.
///
/// # Errors
/// A system that starts no thread.
pub(super) fn start(
    mut source: Box<dyn Source>,
    first: Option<Box<dyn Source>>,
    engine: Engine,
    options: FileOptions,
) -> io::Result<Receiver<Part>> {
    let (sender, parts) = unbounded();
    std::thread::Builder::new()
        .name("lookahead".into())
        .spawn(move || {
            let mut part = Part::default();
            let engine = match first {
                Some(mut first) => with_turns(&mut *first, &engine, &options),
                None => engine,
            };
            let result = judge(&mut *source, &engine, &options, &mut part, &sender);
            part.end = Some(result);
            let _ = sender.send(part); // nobody may be left to see it
        })?;
    Ok(parts)
}

fn judge(
    source: &mut dyn Source,
    engine: &Engine,
    options: &FileOptions,
    part: &mut Part,
    parts: &Sender<Part>,
) -> Result<Vec<String>, SessionError> {
    let mut pass = Pass::new(source, engine, options)?;
    let (mut sent, mut measured_s) = (Instant::now(), 0.0);
    loop {
        let step = pass.step(source);
        part.events.append(&mut pass.events);
        part.until_s = pass.pipelines.position_s();
        let more = step?;
        if part.until_s - measured_s >= LEVEL_S
            && let Some(level) = pass.level()
        {
            measured_s = part.until_s;
            part.levels.push(level);
        }
        if !more {
            return Ok(pass.notices(source));
        }
        if sent.elapsed() >= INTERVAL {
            part.inference_ms = pass.latency.inference_ms();
            if parts.send(std::mem::take(part)).is_err() {
                return Ok(Vec::new());
            }
            sent = Instant::now();
        }
    }
}
