//! An input that stalls, runs ahead or delivers blocks of a wrong length.

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use emoscope::audio::capture::{Capture, Feeder};
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::events::{Event, SessionEnd};
use emoscope::messages::{Control, Update};
use emoscope::session::outlets::Outlets;

use super::{BLOCK, RATE, listening, push};
use crate::support::{data, samples_16};

/// Pushes silence in real time, up to `until` since `begin`.
fn pace(feeder: &mut Feeder, begin: Instant, blocks: &mut u32, until: Duration) {
    while *blocks * Duration::from_millis(10) < until {
        *blocks += 1;
        let due = begin + *blocks * Duration::from_millis(10);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        feeder.push(&[1e-5_f32; BLOCK]);
    }
}

/// Gaps and end of a session whose input stalls for `stalled` after a second, then
/// delivers the last `late` of the stall at once, and continues for `after`. Also the time
/// that the session was open, and its own duration.
fn stalls(stalled: Duration, late: Duration, after: Duration) -> (Vec<f64>, f64, u64, f64) {
    let second = Duration::from_secs(1);
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "stalling");
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
    // Lost audio is not waited for.
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
fn a_stall_lasts_as_long_as_the_late_audio_and_the_gap_together() {
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
        // Ended while late audio is awaited, and while no audio arrives.
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

#[test]
fn audio_ahead_of_time_leaves_no_gap_in_the_pause_after_it() {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "ahead");
    // Like an idle source that renders seconds at a time, from before the session on.
    let seconds = |feeder: &mut Feeder| push(feeder, &vec![1e-5; 2 * RATE as usize]);
    seconds(&mut feeder);
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, |_| {}, Outlets::default());
    let begin = Instant::now();
    for number in 1..3 {
        let due = begin + number * Duration::from_secs(2);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // The first part, and soon all of it.
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

/// The last `session_end` of a finished session.
fn last_end(updates: &Receiver<Update>) -> SessionEnd {
    let ends = updates.try_iter().filter_map(|update| match update {
        Update::Event(Event::SessionEnd(end)) => Some(end),
        _ => None,
    });
    ends.last().unwrap()
}

#[test]
fn a_slow_start_of_an_input_loses_nothing() {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "slow");
    let (worker, updates, wishes) =
        listening(capture, ChannelChoice::Mix, |_| {}, Outlets::default());
    // The session listens once it has sent its header.
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

/// Utterances of a session on one channel of blocks that are a sample too long.
fn too_long(channel: u16) -> u64 {
    let spec = Spec::checked(RATE as u32, 2).unwrap();
    let (mut feeder, capture) = Capture::synthetic(spec, "too long");
    // Speech on the left, silence on the right.
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

#[test]
fn blocks_of_a_wrong_length_swap_no_channels() {
    assert_eq!((too_long(1), too_long(2)), (2, 0));
}
