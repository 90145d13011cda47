//! A stalled worker, disk or reader: a loss beyond the ring is counted to the sample.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use emoscope::audio::capture::Capture;
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::events::{Event, GapCause};
use emoscope::messages::{Control, Update};
use emoscope::session::outlets::Outlets;
use emoscope::sink::Sink;

use super::{RATE, listening, push};
use crate::support::{data, samples_16};

/// Buffered seconds that the documentation promises.
const KEPT: u64 = 30 * RATE;

/// The barrier at which the worker waits.
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

/// Blocks the session's thread in its notice that the input is mute.
fn hold_up(notice: &str) {
    if notice.contains("zeros") {
        turn(Some(true));
        until(Some(false));
    }
}

/// The events of a session whose worker stands still while `stalled` frames
/// come, three seconds after its begin; a voice follows them.
fn session(stalled: u64) -> Vec<Event> {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "held up");
    turn(None);
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, hold_up, Outlets::default());
    // The ring is empty when the worker finds that all of it was zeros.
    push(&mut feeder, &vec![0.0; 3 * RATE as usize]);
    until(Some(true));
    push(&mut feeder, &vec![0.0; stalled as usize]);
    turn(Some(false));
    // The ring needs room before a block can report the loss.
    let processed_s = (3 * RATE + stalled.min(KEPT)) as f64 / RATE as f64;
    let mut events = Vec::new();
    for update in &updates {
        match update {
            Update::Level(level) if level.at_s > processed_s - 1e-6 => break,
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
fn a_stalled_worker_loses_only_what_exceeds_the_ring() {
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

/// The first notice blocks the session for longer than its ring can buffer.
fn sleep_on(notice: &str) {
    if notice.contains("zeros") {
        std::thread::sleep(Duration::from_secs(4));
    }
}

#[test]
fn a_loss_during_a_stall_of_the_worker_is_reported_once() {
    const FAST: u32 = 96_000;
    const MANY: usize = 64;
    let spec = Spec::checked(FAST, MANY).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "held up");
    let choice = ChannelChoice::One(1);
    let (worker, updates, wishes) = listening(capture, choice, sleep_on, Outlets::default());
    let (begin, block) = (Instant::now(), vec![0.0_f32; FAST as usize / 50 * MANY]);
    let mut frames = 0;
    for number in 0..50 * 8 {
        let due = begin + number * Duration::from_millis(20);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        feeder.push(&block);
        frames += u64::from(FAST / 50);
    }
    drop(feeder);
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    let (mut told, mut end) = (0, None);
    for update in updates.try_iter() {
        match update {
            Update::Event(Event::Gap(gap)) => {
                assert_eq!(gap.cause, GapCause::Overrun);
                told += gap.samples;
            }
            Update::Event(Event::SessionEnd(summary)) => end = Some(summary),
            _ => {}
        }
    }
    let end = end.unwrap();
    eprintln!("{told} of {frames} frames lost, {} s", end.duration_s);
    assert!(told > u64::from(FAST) && end.samples_lost == told);
    let passed = frames as f64 / f64::from(FAST);
    assert!((end.duration_s - passed).abs() < 1e-3, "{end:?}");
}

/// A disk that blocks until it is released.
struct Blocked {
    free: Receiver<()>,
    took: Sender<Event>,
}

impl Sink for Blocked {
    fn event(&mut self, _: Option<&str>, event: &Event) -> std::io::Result<()> {
        let _ = self.free.recv();
        let _ = self.took.send(event.clone());
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_or_a_reader_that_blocks_costs_no_sample_and_no_event() {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "blocked");
    let (unblock, free) = unbounded();
    let (took, kept) = unbounded();
    let mut outlets = Outlets::default();
    let writer = outlets.add(Blocked { free, took }, |error| panic!("{error}"));
    let (worker, updates, wishes) = listening(capture, ChannelChoice::Mix, |_| {}, outlets);
    push(&mut feeder, &samples_16(&data("two-utterances.wav")));
    push(&mut feeder, &vec![1e-5; RATE as usize]);
    // Both utterances are analyzed while no line is written.
    let (mut shown, mut ended) = (Vec::new(), 0);
    while ended < 2 {
        let update = updates.recv_timeout(Duration::from_secs(20));
        if let Update::Event(event) = update.expect("the session stands still") {
            ended += u32::from(matches!(event, Event::UtteranceEnd(_)));
            shown.push(event);
        }
    }
    assert!(kept.is_empty());
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    drop(unblock);
    writer.join().unwrap();
    shown.extend(updates.try_iter().filter_map(|update| match update {
        Update::Event(event) => Some(event),
        _ => None,
    }));
    assert_eq!(kept.try_iter().collect::<Vec<_>>(), shown);
    let Some(Event::SessionEnd(end)) = shown.last() else {
        panic!("{shown:?}");
    };
    assert_eq!((end.samples_lost, end.utterances), (0, 2));
}
