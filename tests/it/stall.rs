//! A worker that is held up: nothing is lost while the ring has room, and what
//! is lost then is counted to the sample.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crossbeam_channel::unbounded;

use emoscope::audio::capture::{Capture, Feeder};
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, GapCause};
use emoscope::feed::{Control, Update};
use emoscope::model::Model;
use emoscope::session::Outlets;
use emoscope::session::microphone::{Microphone, Wanted, listen};

use crate::support::{data, samples_16};

const RATE: u64 = 16_000;
/// 10 ms of two channels.
const BLOCK: usize = 320;
/// What the documentation promises to keep.
const KEPT: u64 = 30 * RATE;

/// Where the worker stands while it is held up.
static HELD: Mutex<Option<bool>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

fn turn(to: Option<bool>) {
    *HELD.lock().unwrap() = to;
    CHANGED.notify_all();
}

fn until(wanted: Option<bool>) {
    let long = Duration::from_mins(1);
    let held = HELD.lock().unwrap();
    let ended = CHANGED.wait_timeout_while(held, long, |held| *held != wanted);
    assert!(!ended.unwrap().1.timed_out(), "never {wanted:?}");
}

/// The session says on its own thread that the input is mute, and is kept there.
fn hold_up(notice: &str) {
    if notice.contains("zeros") {
        turn(Some(true));
        until(Some(false));
    }
}

/// Pushes `frames` of both channels.
fn push(feeder: &mut Feeder, samples: &[f32]) {
    let both: Vec<f32> = samples.iter().flat_map(|&x| [x, x]).collect();
    both.chunks(BLOCK).for_each(|block| feeder.push(block));
}

/// The events of a session whose worker stands still while `stalled` frames
/// come, three seconds after its begin; a voice follows them.
fn session(stalled: u64) -> Vec<Event> {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::fed(spec, "held up");
    let (screen, updates) = unbounded();
    let (wishes, controls) = unbounded();
    turn(None);
    let worker = std::thread::spawn(move || {
        let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Auto, None).unwrap();
        let wanted = Wanted {
            choice: ChannelChoice::Mix,
            seconds: None,
            started_at: "2026-01-01T00:00:00Z".into(),
            recording: None,
            notices: hold_up,
        };
        let mut outlets = Outlets::default();
        outlets.show_on(screen);
        listen(
            Microphone::from(capture),
            &engine,
            &wanted,
            &mut outlets,
            &controls,
        )
        .unwrap();
    });
    // The ring is empty when the worker finds that all of it was zeros.
    push(&mut feeder, &vec![0.0; 3 * RATE as usize]);
    until(Some(true));
    push(&mut feeder, &vec![0.0; stalled as usize]);
    turn(Some(false));
    // It has to have room before a block tells of the loss.
    let heard_s = (3 * RATE + stalled.min(KEPT)) as f64 / RATE as f64;
    let mut events = Vec::new();
    for update in &updates {
        match update {
            Update::Level(level) if level.at_s > heard_s - 1e-6 => break,
            Update::Event(event) => events.push(event),
            _ => {}
        }
    }
    push(&mut feeder, &samples_16(&data("two-utterances.wav")));
    push(&mut feeder, &vec![1e-5; RATE as usize]);
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    events.extend(updates.try_iter().filter_map(|update| match update {
        Update::Event(event) => Some(event),
        _ => None,
    }));
    events
}

#[test]
fn a_worker_held_up_loses_what_the_ring_cannot_keep_to_the_sample() {
    let seconds = |frames: u64| frames as f64 / RATE as f64;
    let (voice, spoken) = (samples_16(&data("two-utterances.wav")), 0.05);
    // The first sample of the voice that is louder than its background.
    let onset = voice.iter().position(|x| x.abs() > spoken).unwrap() as u64;
    for stalled in [RATE, 5 * RATE, KEPT, KEPT + 160, 37 * RATE] {
        let lost = stalled.saturating_sub(KEPT);
        let events = session(stalled);
        let gaps: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Gap(gap) => Some((gap.start_s, gap.end_s, gap.samples, gap.cause)),
                _ => None,
            })
            .collect();
        let (from, to) = (3 * RATE + KEPT, 3 * RATE + stalled);
        let expected = (seconds(from), seconds(to), lost, GapCause::Overrun);
        let expected: &[_] = if lost > 0 { &[expected] } else { &[] };
        assert_eq!(gaps, expected, "{stalled} frames");
        let Some(Event::SessionEnd(end)) = events.last() else {
            panic!("{events:?}");
        };
        assert_eq!(end.samples_lost, lost);
        // The clock is right: to the sample at the end, to a few blocks for the voice.
        let all = 3 * RATE + stalled + voice.len() as u64 + RATE;
        assert!((end.duration_s - seconds(all)).abs() < 1e-9, "{end:?}");
        let starts: Vec<f64> = events
            .iter()
            .filter_map(|event| match event {
                Event::UtteranceStart(start) => Some(start.start_s),
                _ => None,
            })
            .collect();
        assert_eq!(starts.len(), 2, "{stalled} frames: {starts:?}");
        let begun = starts[0] - seconds(3 * RATE + stalled + onset);
        assert!(begun.abs() < 0.15, "{stalled} frames: {begun} s off");
    }
}
