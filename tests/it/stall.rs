//! A worker that is held up: nothing is lost while the ring has room, and what
//! is lost then is counted to the sample. An input that stalls: the time it took is
//! what came late and what is told as a gap, no less and no more.

use std::sync::{Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use emoscope::audio::capture::{Capture, Feeder};
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, GapCause, SessionEnd};
use emoscope::feed::{Control, Update};
use emoscope::model::Model;
use emoscope::session::Outlets;
use emoscope::session::microphone::{Microphone, Wanted, listen};
use emoscope::sink::Sink;

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

/// A session on such an input, on a thread of its own.
fn listening(
    capture: Capture,
    choice: ChannelChoice,
    notices: fn(&str),
    mut outlets: Outlets,
) -> (JoinHandle<()>, Receiver<Update>, Sender<Control>) {
    let (screen, updates) = unbounded();
    let (wishes, controls) = unbounded();
    let worker = std::thread::spawn(move || {
        let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Auto, None).unwrap();
        let wanted = Wanted {
            choice,
            seconds: None,
            started_at: "2026-01-01T00:00:00Z".into(),
            recording: None,
            notices,
        };
        outlets.show_on(screen);
        let microphone = Microphone::from(capture);
        listen(microphone, &engine, &wanted, &mut outlets, &controls).unwrap();
    });
    (worker, updates, wishes)
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
    turn(None);
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, hold_up, Outlets::default());
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

/// Pushes silence as time passes, up to `until` since `begin`.
fn pace(feeder: &mut Feeder, begin: Instant, blocks: &mut u32, until: Duration) {
    while *blocks * Duration::from_millis(10) < until {
        *blocks += 1;
        let due = begin + *blocks * Duration::from_millis(10);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        feeder.push(&[1e-5_f32; BLOCK]);
    }
}

/// Gaps and end of a session whose input stalls for `stalled` after a second, then
/// brings `late` at once, of what came in between, and goes on for `after` until it is left;
/// with how long it was open, and how long it says it was.
fn stalls(stalled: Duration, late: Duration, after: Duration) -> (Vec<f64>, f64, u64, f64) {
    let second = Duration::from_secs(1);
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::fed(spec, "stalling");
    let (mut blocks, mut begin) = (0, Instant::now());
    pace(&mut feeder, begin, &mut blocks, Duration::from_millis(10));
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, |_| {}, Outlets::default());
    let whole = second + stalled + after;
    pace(&mut feeder, begin, &mut blocks, second);
    std::thread::sleep((begin + second + stalled).saturating_duration_since(Instant::now()));
    for _ in 0..late.as_millis() / 10 {
        feeder.push(&[1e-5_f32; BLOCK]);
    }
    // What never came is not waited for.
    let missing = stalled.saturating_sub(late);
    begin += missing;
    blocks += (late.as_millis() / 10) as u32;
    pace(
        &mut feeder,
        begin,
        &mut blocks,
        whole.saturating_sub(missing),
    );
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    let (mut gaps, mut lost, mut duration_s) = (Vec::new(), 0, 0.0);
    for update in updates.try_iter() {
        match update {
            Update::Event(Event::Gap(gap)) => gaps.push(gap.end_s - gap.start_s),
            Update::Event(Event::SessionEnd(end)) => {
                (lost, duration_s) = (end.samples_lost, end.duration_s);
            }
            _ => {}
        }
    }
    (gaps, whole.as_secs_f64(), lost, duration_s)
}

#[test]
fn a_stall_took_as_long_as_what_came_late_and_the_gap_together() {
    const NEAR_S: f64 = 0.06;
    let ms = Duration::from_millis;
    // Hung for so long; of that came late; so long until it was left. Below a second
    // nothing is said to hang.
    let cases = [
        (ms(2000), ms(0), ms(1000)),
        (ms(2000), ms(900), ms(1000)),
        (ms(2000), ms(2000), ms(1000)),
        (ms(600), ms(0), ms(1000)),
        (ms(600), ms(600), ms(1000)),
        // Left while it is waited for what comes late, and while nothing comes.
        (ms(2000), ms(900), ms(100)),
        (ms(2000), ms(0), ms(0)),
    ];
    let sessions = cases
        .map(|(stalled, late, after)| std::thread::spawn(move || stalls(stalled, late, after)));
    for ((stalled, late, _), session) in cases.into_iter().zip(sessions) {
        let (gaps, passed, lost, duration) = session.join().unwrap();
        eprintln!("{stalled:?}, late {late:?}: gaps {gaps:?}, {duration:.3} s of {passed:.3} s");
        let missing = stalled.saturating_sub(late).as_secs_f64();
        assert_eq!(gaps.len(), usize::from(missing > 0.0), "{gaps:?}");
        let told: f64 = gaps.iter().sum();
        assert!((told - missing).abs() < NEAR_S, "{told} s of {missing} s");
        assert_eq!(lost, (told * RATE as f64).round() as u64);
        assert!((duration - passed).abs() < NEAR_S, "{duration} of {passed}");
    }
}

/// The first thing that is said holds the session up, for longer than its ring keeps.
fn sleep_on(notice: &str) {
    if notice.contains("zeros") {
        std::thread::sleep(Duration::from_secs(4));
    }
}

#[test]
fn what_the_ring_lost_while_the_worker_was_held_up_is_told_once() {
    const FAST: u32 = 96_000;
    const MANY: usize = 64;
    let spec = Spec::checked(FAST, MANY).unwrap();
    let (mut feeder, capture) = Capture::fed(spec, "held up");
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

/// A disk that takes nothing until it is told to.
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
    let (mut feeder, capture) = Capture::fed(spec, "blocked");
    let (unblock, free) = unbounded();
    let (took, kept) = unbounded();
    let mut outlets = Outlets::default();
    let writer = outlets.add(Blocked { free, took }, |error| panic!("{error}"));
    let (worker, updates, wishes) = listening(capture, ChannelChoice::Mix, |_| {}, outlets);
    push(&mut feeder, &samples_16(&data("two-utterances.wav")));
    push(&mut feeder, &vec![1e-5; RATE as usize]);
    // Both utterances are heard while not a line is written.
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

/// Utterances of a session that hears one channel of blocks that are a sample too long.
fn too_long(channel: u16) -> u64 {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::fed(spec, "too long");
    // A voice on the left, silence on the right.
    let voice = samples_16(&data("two-utterances.wav"));
    for block in voice.chunks(BLOCK / 2) {
        let mut block: Vec<f32> = block.iter().flat_map(|&x| [x, 0.0]).collect();
        block.push(1.0);
        feeder.push(&block);
        feeder.push::<f32>(&[]);
        feeder.push(&[1.0_f32]);
    }
    let choice = ChannelChoice::One(channel);
    let (worker, updates, wishes) = listening(capture, choice, |_| {}, Outlets::default());
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    let end = last_end(&updates);
    let length = voice.len() as f64 / RATE as f64;
    assert!((end.duration_s - length).abs() < 0.01, "{end:?}");
    end.utterances
}

/// What a session that is over says of itself.
fn last_end(updates: &Receiver<Update>) -> SessionEnd {
    let ends = updates.try_iter().filter_map(|update| match update {
        Update::Event(Event::SessionEnd(end)) => Some(end),
        _ => None,
    });
    ends.last().unwrap()
}

#[test]
fn blocks_of_a_wrong_length_swap_no_channels() {
    assert_eq!((too_long(1), too_long(2)), (2, 0));
}

#[test]
fn audio_that_came_ahead_of_time_leaves_no_gap_in_the_pause_after_it() {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::fed(spec, "ahead");
    // As an idle source that renders seconds at a time: before it is listened to, and on.
    let seconds = |feeder: &mut Feeder| push(feeder, &vec![1e-5; 2 * RATE as usize]);
    seconds(&mut feeder);
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, |_| {}, Outlets::default());
    let begin = Instant::now();
    for number in 1..3 {
        let due = begin + number * Duration::from_secs(2);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // The first of it, and soon all of it.
        push(&mut feeder, &[1e-5; 160]);
        std::thread::sleep(Duration::from_millis(400));
        push(&mut feeder, &vec![1e-5; 2 * RATE as usize - 160]);
    }
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    let events = updates.try_iter().filter_map(|update| match update {
        Update::Event(event) => Some(event),
        _ => None,
    });
    let events: Vec<Event> = events.collect();
    let gap = |event: &Event| matches!(event, Event::Gap(_));
    assert!(!events.iter().any(gap), "{events:?}");
    let Some(Event::SessionEnd(end)) = events.last() else {
        panic!("{events:?}");
    };
    assert!((end.duration_s - 6.0).abs() < 0.01, "{end:?}");
}

#[test]
fn an_input_that_is_slow_to_start_has_lost_nothing() {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::fed(spec, "slow");
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, |_| {}, Outlets::default());
    // It is listened to once the header is there.
    updates.recv_timeout(Duration::from_secs(20)).unwrap();
    std::thread::sleep(Duration::from_millis(600));
    let (begin, mut blocks) = (Instant::now(), 0);
    pace(&mut feeder, begin, &mut blocks, Duration::from_secs(1));
    wishes.send(Control::Quit).unwrap();
    worker.join().unwrap();
    let end = last_end(&updates);
    assert_eq!(end.samples_lost, 0);
    assert!((end.duration_s - 1.0).abs() < 0.01, "{end:?}");
}
