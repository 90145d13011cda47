//! A day of audio through the live path, faster than real time: ring, worker, pipeline,
//! engine, recording. Memory stays flat, every lost sample is reported, and the time
//! at the end is right.
//!
//! The short form runs with all tests; `make check-long` runs the day.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use emoscope::audio::capture::{Capture, Feeder};
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, Gap, GapCause};
use emoscope::messages::{Control, Update};
use emoscope::model::Model;
use emoscope::session::Session as _;
use emoscope::session::live::{LiveOptions, LiveSession, Microphone};
use emoscope::session::outlets::Outlets;
use emoscope::sink::Sink;

use crate::support::{data, run_alone, samples_16};

const RATE: u32 = 16_000;
const BLOCK: usize = 160;
/// Capacity of the ring in frames: 30 s.
const RING: u64 = 30 * RATE as u64;
/// Blocks per second, and some more: a server delivers buffered audio at once.
const PACE: f64 = 1.5 * RATE as f64 / BLOCK as f64;
/// Speech, then silence: a quarter of the day is speech.
const CYCLE_S: usize = 20;

/// Receives the events like a recording, and keeps those that the test checks.
struct Ledger {
    lost: Arc<AtomicU64>,
    gaps: Vec<Gap>,
    utterances: Vec<(f64, f64)>,
    last_s: f64,
    end: Option<emoscope::events::SessionEnd>,
    out: Sender<Ledger>,
}

impl Sink for Ledger {
    fn event(&mut self, _: Option<&str>, event: &Event) -> std::io::Result<()> {
        match event {
            Event::Gap(gap) => {
                self.lost.fetch_add(gap.samples, Ordering::Relaxed);
                self.gaps.push(gap.clone());
            }
            Event::UtteranceEnd(end) => {
                assert!(end.start_s >= self.last_s - 0.5 && end.end_s > end.start_s);
                self.last_s = end.end_s;
                self.utterances.push((end.start_s, end.end_s));
                // Emptied, because the test's own list must not count as memory of the session.
                if self.utterances.len() > 100 {
                    self.utterances.remove(0);
                }
            }
            Event::SessionEnd(end) => self.end = Some(end.clone()),
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        let done = Ledger {
            lost: Arc::clone(&self.lost),
            gaps: std::mem::take(&mut self.gaps),
            utterances: std::mem::take(&mut self.utterances),
            last_s: self.last_s,
            end: self.end.take(),
            out: self.out.clone(),
        };
        let _ = self.out.send(done);
        Ok(())
    }
}

/// Resident memory of this process, in KiB.
#[cfg(target_os = "linux")]
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn resident() -> Option<u64> {
    None
}

/// One cycle of the day's audio: speech, then faint noise.
fn cycle() -> Vec<f32> {
    let mut audio = samples_16(&data("two-utterances.wav"));
    let mut state = 1_u32;
    audio.resize_with(CYCLE_S * RATE as usize, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as f32 * 1e-8
    });
    audio
}

/// Pushes audio for a number of seconds, at most the ring's capacity ahead of the
/// session, except in stalls at intervals.
struct Pusher {
    feeder: Feeder,
    pushed: u64,
    updates: Receiver<Update>,
    at: u64,
    /// When the last block was pushed.
    last: Instant,
    /// Blocks to push without waiting: those that were due in a pause. The session
    /// treats an input that is behind the clock as hung, and a slow machine pauses.
    free: usize,
}

impl Pusher {
    fn push(&mut self, block: &[f32]) {
        while self.free == 0 && self.pushed - self.at > RING / 2 {
            match self.updates.recv_timeout(Duration::from_millis(200)) {
                Ok(Update::Level(level)) => self.at = (level.at_s * f64::from(RATE)) as u64,
                Ok(_) => {}
                // Everything is processed except a loss, which the next block reports.
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => panic!("the session is over"),
            }
        }
        let paused = self.last.elapsed().as_secs_f64();
        self.free = self.free.saturating_sub(1) + (paused * PACE) as usize;
        self.push_without_waiting(block);
    }

    /// Pushes without waiting for the session.
    fn push_without_waiting(&mut self, block: &[f32]) {
        self.feeder.push(block);
        self.pushed += block.len() as u64;
        self.last = Instant::now();
    }

    fn pushed_s(&self) -> f64 {
        self.pushed as f64 / f64::from(RATE)
    }
}

/// The live session, as the program runs it.
fn run(
    capture: Capture,
    engine: &Engine,
    screen: Sender<Update>,
    sink: Ledger,
    controls: &Receiver<Control>,
) {
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    let writer = outlets.add(sink, |error| panic!("{error}"));
    let options = LiveOptions {
        channel: ChannelChoice::Mix.into(),
        seconds: None,
        started_at: "2026-01-01T00:00:00Z".into(),
        recording: None,
        notice: |_| {},
    };
    let session = LiveSession {
        microphone: Microphone::from(capture),
        engine: engine.clone(),
        options,
    };
    session.run(&mut outlets, controls).unwrap();
    outlets.close();
    writer.join().unwrap();
}

fn soak(seconds: u64) {
    let spec = Spec::checked(RATE, 1).unwrap();
    let (feeder, capture) = Capture::synthetic(spec, "a day");
    let (screen, updates) = bounded(4096);
    let (wishes, controls) = unbounded();
    let (out, ledger) = unbounded();
    let lost = Arc::new(AtomicU64::new(0));
    let mut pusher = Pusher {
        feeder,
        pushed: 0,
        updates,
        at: 0,
        last: Instant::now(),
        free: 0,
    };

    // While an engine loads, nothing would be pushed, and the input would count as hung.
    let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Auto, None).unwrap();
    // The session starts 35 s late: the ring holds the first 30, and 5 are reported lost.
    let audio = cycle();
    let late = 35 * RATE as usize;
    for block in audio
        .iter()
        .copied()
        .cycle()
        .take(late)
        .collect::<Vec<_>>()
        .chunks(BLOCK)
    {
        pusher.push_without_waiting(block);
    }
    let sink = Ledger {
        lost: Arc::clone(&lost),
        gaps: Vec::new(),
        utterances: Vec::new(),
        last_s: 0.0,
        end: None,
        out,
    };
    let session = std::thread::spawn(move || run(capture, &engine, screen, sink, &controls));

    let mut memory = Vec::new();
    // Start and end of each part that was pushed while the worker stood still.
    let mut stalls = vec![(0.0, late as f64 / f64::from(RATE))];
    while pusher.pushed < seconds * u64::from(RATE) {
        let from = pusher.pushed as usize % audio.len();
        pusher.push(&audio[from..from + BLOCK]);
        let second = pusher.pushed / u64::from(RATE);
        let whole = pusher.pushed.is_multiple_of(u64::from(RATE));
        if whole && second.is_multiple_of(seconds / 10) {
            memory.extend(resident());
            // The worker falls behind by more than the ring holds.
            let from_s = pusher.pushed_s();
            for _ in 0..(40 * RATE as usize / BLOCK) {
                let from = pusher.pushed as usize % audio.len();
                pusher.push_without_waiting(&audio[from..from + BLOCK]);
            }
            stalls.push((from_s, pusher.pushed_s()));
        }
    }
    // All of the ring is processed before the end, and a loss at the end is reported.
    let pushed_s = pusher.pushed_s();
    drop(pusher);
    wishes.send(Control::Quit).unwrap();
    session.join().unwrap();
    let ledger = ledger.recv().unwrap();
    let end = ledger.end.unwrap();
    eprintln!(
        "{:.2} h pushed, {} gaps in {} stalls, {} frames lost, {} utterances, memory {memory:?} KiB",
        pushed_s / 3600.0,
        ledger.gaps.len(),
        stalls.len(),
        end.samples_lost,
        end.utterances,
    );
    // Every frame was processed or reported as lost, and the clock is right to the sample.
    assert_eq!(end.samples_lost, lost.load(Ordering::Relaxed));
    assert!((end.duration_s - pushed_s).abs() < 1e-6, "{end:?}");
    // The five seconds of the late start, and otherwise only stalls. A session that
    // runs in the middle of a stall reports two gaps.
    assert!(end.samples_lost >= 5 * u64::from(RATE));
    for gap in &ledger.gaps {
        let within = |&(from_s, to_s): &(f64, f64)| gap.start_s >= from_s && gap.start_s <= to_s;
        assert!(stalls.iter().any(within), "{gap:?} in none of {stalls:?}");
        assert_eq!(gap.cause, GapCause::Overrun);
    }
    let after_start = stalls.len() as u64 - 1;
    assert!(end.samples_lost <= 5 * u64::from(RATE) + after_start * 41 * u64::from(RATE));
    // The last utterances are where they were pushed: at the same place of a cycle.
    let place = |at: f64| at % CYCLE_S as f64;
    let (begin, _) = ledger.utterances[ledger.utterances.len() - 3];
    let like = ledger.utterances[ledger.utterances.len() - 9..]
        .iter()
        .filter(|(start, _)| (place(*start) - place(begin)).abs() < 0.1)
        .count();
    assert!(like >= 3, "{:?}", ledger.utterances);
    if let [_, early, .., last] = memory[..] {
        assert!(last <= early + 4096, "memory grows: {memory:?} KiB");
    }
}

/// Runs a test in its own process, so that its memory is not shared.
fn alone(name: &str) {
    run_alone(name, [("", ""); 0]);
}

#[test]
fn ten_minutes_of_audio_keep_memory_flat() {
    alone("soak::ten_minutes");
}

#[test]
#[ignore = "run by ten_minutes_of_audio_keep_memory_flat"]
fn ten_minutes() {
    soak(10 * 60);
}

#[test]
#[ignore = "takes minutes; run by make check-long"]
fn a_day_of_audio_keeps_memory_flat() {
    alone("soak::a_day");
}

#[test]
#[ignore = "run by a_day_of_audio_keeps_memory_flat"]
fn a_day() {
    soak(24 * 3600);
}
