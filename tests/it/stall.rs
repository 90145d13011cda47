//! Stalled sessions: at the worker, or at the input.

mod input;
mod worker;

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, unbounded};

use emoscope::audio::capture::{Capture, Feeder};
use emoscope::dsp::mono::ChannelSelection;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::messages::{Control, Update};
use emoscope::model::Model;
use emoscope::session::Session as _;
use emoscope::session::live::{LiveOptions, LiveSession, Microphone};
use emoscope::session::outlets::Outlets;

const RATE: u64 = 16_000;
/// 10 ms of two channels.
const BLOCK: usize = 320;

/// A session on a synthetic input, on its own thread.
fn listening(
    capture: Capture,
    channel: impl Into<ChannelSelection>,
    notices: fn(&str),
    mut outlets: Outlets,
) -> (JoinHandle<()>, Receiver<Update>, Sender<Control>) {
    let (screen, updates) = unbounded();
    let (wishes, controls) = unbounded();
    let channel = channel.into();
    let worker = std::thread::spawn(move || {
        let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Auto, None).unwrap();
        let options = LiveOptions {
            channel,
            seconds: None,
            started_at: "2026-01-01T00:00:00Z".into(),
            recording: None,
            notice: notices,
        };
        outlets.show_on(screen);
        let session = LiveSession {
            microphone: Microphone::from(capture),
            engine,
            options,
        };
        session.run(&mut outlets, &controls).unwrap();
    });
    (worker, updates, wishes)
}

/// Pushes `frames` of both channels.
fn push(feeder: &mut Feeder, samples: &[f32]) {
    let both: Vec<f32> = samples.iter().flat_map(|&x| [x, x]).collect();
    both.chunks(BLOCK).for_each(|block| feeder.push(block));
}
