//! Latency of the live path: time in the audio callback, and time from the last
//! sample of a window to its event. Audio arrives in real time.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, unbounded};
use emoscope::audio::capture::{Capture, Feeder};
use emoscope::audio::ring;
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, Trigger};
use emoscope::messages::{Control, Update};
use emoscope::model::Model;
use emoscope::session::Session as _;
use emoscope::session::live::{LiveOptions, LiveSession, Microphone};
use emoscope::session::outlets::Outlets;

const RATE: u32 = 48_000;
/// 10 ms.
const BLOCK: usize = RATE as usize / 100;
/// Seconds of speech.
const LENGTH: usize = 60;

/// Quantile in thousandths: the smallest value that `of_1000` of a thousand do not exceed.
fn quantile(values: &mut [f64], of_1000: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * of_1000 / 1000).min(values.len() - 1)]
}

/// Recorded speech of the tests, looped, at 48 kHz stereo. Each sample is repeated
/// three times, which is good enough for VAD and timing.
fn speech() -> Vec<i16> {
    let bytes = include_bytes!("../data/speech-16k.wav");
    let once = bytes[44..].as_chunks::<2>().0.iter();
    once.map(|&pair| i16::from_le_bytes(pair))
        .flat_map(|sample| [sample; 6])
        .cycle()
        .take(2 * LENGTH * RATE as usize)
        .collect()
}

/// Duration of `work` in microseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let before = Instant::now();
    work();
    before.elapsed().as_secs_f64() * 1e6
}

/// Pushes block after block into a ring that is emptied at intervals.
fn callback() {
    let (mut producer, mut consumer) = ring::channel(RATE as usize, 2);
    let block: Vec<i16> = (0..2 * BLOCK as i16).collect();
    let mut out = Vec::with_capacity(2 * RATE as usize);
    let mut took = Vec::with_capacity(200_000);
    for round in 0..200_000 {
        took.push(timed(|| producer.push(&block)));
        if round % 50 == 0 {
            out.clear();
            consumer.read(&mut out, RATE as usize);
        }
    }
    println!(
        "callback, 10 ms of 48 kHz stereo, 200,000 at once: p50 {:.2} us, p99.9 {:.2} us",
        quantile(&mut took, 500),
        quantile(&mut took, 999),
    );
}

/// Time of each block in microseconds, with two references that show the machine's
/// share after a sleep: the minimum of any callback (convert samples to float and
/// store them), and reading the clock.
#[derive(Default)]
struct Took {
    block: Vec<f64>,
    copy: Vec<f64>,
    clock: Vec<f64>,
}

/// Delivers the speech in real time; returns the start and the time of each block.
fn deliver(mut feeder: Feeder, speech: &[i16]) -> (Instant, Took) {
    // The memory for half a minute, touched in advance.
    let mut memory = vec![1.0_f32; 30 * 2 * RATE as usize];
    let places = memory.len() / (2 * BLOCK);
    let blocks: Vec<&[i16]> = speech.chunks_exact(2 * BLOCK).collect();
    let mut took = Took::default();
    let begin = Instant::now();
    for (number, block) in blocks.iter().enumerate() {
        let due = begin + Duration::from_millis(10) * (number as u32 + 1);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        took.clock.push(timed(|| ()));
        let other = blocks[(number + blocks.len() / 2) % blocks.len()];
        let place = &mut memory[number % places * 2 * BLOCK..][..2 * BLOCK];
        let copy = || {
            for (to, from) in place.iter_mut().zip(other) {
                *to = f32::from(*from) / 32768.0;
            }
        };
        // The first of the two wakes the processor.
        if number % 2 == 0 {
            took.block.push(timed(|| feeder.push(block)));
            took.copy.push(timed(copy));
        } else {
            took.copy.push(timed(copy));
            took.block.push(timed(|| feeder.push(block)));
        }
        black_box(&memory);
    }
    (begin, took)
}

/// Per window: arrival of its event, end of the window in seconds, inference time.
fn watch(updates: &Receiver<Update>) -> Vec<(Instant, f64, f64)> {
    let mut found = Vec::new();
    let mut open = None;
    for update in updates {
        match update {
            Update::Event(Event::Measurement(m)) if m.trigger == Trigger::Interval => {
                open = Some((Instant::now(), m.end_s));
            }
            Update::Status(status) => {
                found.extend(
                    open.take()
                        .map(|(at, end_s)| (at, end_s, f64::from(status.inference_ms))),
                );
            }
            _ => {}
        }
    }
    found
}

fn event() {
    let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Auto, None).unwrap();
    let spec = Spec::checked(RATE, 2).unwrap();
    let (feeder, capture) = Capture::synthetic(spec, "bench");
    let (screen, updates) = bounded(1 << 16);
    let (wishes, controls) = unbounded();
    let session = std::thread::spawn(move || {
        let options = LiveOptions {
            channel: ChannelChoice::Mix.into(),
            seconds: None,
            started_at: String::new(),
            recording: None,
            notice: |_| {},
        };
        let mut outlets = Outlets::default();
        outlets.show_on(screen);
        let session = LiveSession {
            microphone: Microphone::from(capture),
            engine,
            options,
        };
        session.run(&mut outlets, &controls).unwrap();
    });
    let watcher = std::thread::spawn(move || watch(&updates));
    let (begin, mut took) = deliver(feeder, &speech());
    wishes.send(Control::Quit).unwrap();
    session.join().unwrap();
    let events = watcher.join().unwrap();
    for (what, values) in [
        ("the same", &mut took.block),
        ("a bare copy", &mut took.copy),
        ("the clock alone", &mut took.clock),
    ] {
        println!(
            "callback, {what} every 10 ms, {} of them: p50 {:.2} us, p99.9 {:.2} us",
            values.len(),
            quantile(values, 500),
            quantile(values, 999),
        );
    }
    // Latency from the sample itself, and from the delivery of its block.
    let block_s = BLOCK as f64 / f64::from(RATE);
    let (mut whole, mut ours, mut inference) = (Vec::new(), Vec::new(), Vec::new());
    for (at, end_s, inference_ms) in events {
        let since = at.duration_since(begin).as_secs_f64();
        let delivered = (end_s / block_s).ceil() * block_s;
        whole.push((since - end_s) * 1e3 - inference_ms);
        ours.push((since - delivered) * 1e3 - inference_ms);
        inference.push(inference_ms);
    }
    for (what, values) in [
        (
            "event after the last sample of its window, without inference",
            &mut whole,
        ),
        ("of that after the delivery of the sample", &mut ours),
        ("inference", &mut inference),
    ] {
        println!(
            "{what}, {} windows: p50 {:.1} ms, p99 {:.1} ms",
            values.len(),
            quantile(values, 500),
            quantile(values, 990),
        );
    }
}

fn main() {
    callback();
    event();
}
