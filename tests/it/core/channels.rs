//! Each channel of an input analyzed alone: the same events in any block size, also
//! when the input changes.

use emoscope::dsp::mono::{ChannelChoice, ChannelSelection};
use emoscope::events::{Event, GapCause, SessionEnd};
use emoscope::pipeline::ChannelPipelines;
use proptest::prelude::*;

use super::{make, speech};

fn each(rate: u32, channels: u16) -> ChannelPipelines {
    ChannelPipelines::new(rate, channels, ChannelSelection::Each, make).unwrap()
}

/// Speech on the left; on the right the same, `delay` frames later.
fn call(delay: usize) -> Vec<f32> {
    let voice = speech();
    let at = |n: usize| voice.get(n).copied().unwrap_or(0.0);
    let right = |n: usize| n.checked_sub(delay).map_or(0.0, at);
    (0..voice.len() + delay)
        .flat_map(|n| [at(n), right(n)])
        .collect()
}

fn in_blocks(samples: &[f32], mut frames: impl FnMut() -> usize) -> Vec<Event> {
    let mut core = each(16_000, 2);
    let (mut events, mut rest) = (Vec::new(), samples);
    while !rest.is_empty() {
        let (block, after) = rest.split_at((2 * frames()).min(rest.len()));
        core.push(block, &mut events).unwrap();
        rest = after;
    }
    core.finish(&mut events).unwrap();
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn blocks_of_any_size_give_the_same_order_of_events(
        sizes in prop::collection::vec(1_usize..6_000, 1..40),
        delay in 0_usize..40_000,
    ) {
        let samples = call(delay);
        let whole = in_blocks(&samples, || samples.len());
        let mut sizes = sizes.iter().cycle();
        prop_assert_eq!(whole, in_blocks(&samples, || *sizes.next().unwrap()));
    }
}

/// The events of one channel as a pipeline of that channel alone gives them.
fn alone(samples: &[f32], number: u16, gap: u64) -> Vec<Event> {
    let one = ChannelChoice::One(number).into();
    let mut core = ChannelPipelines::new(16_000, 2, one, make).unwrap();
    let (first, second) = samples.split_at(40_000);
    let mut events = Vec::new();
    core.push(first, &mut events).unwrap();
    core.gap(gap, GapCause::Overrun, &mut events).unwrap();
    core.push(second, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    events
}

/// Removes the channel.
fn unnamed(mut event: Event) -> Event {
    match &mut event {
        Event::Voice(it) => it.channel = None,
        Event::UtteranceStart(it) => it.channel = None,
        Event::Measurement(it) => it.channel = None,
        Event::UtteranceEnd(it) => it.channel = None,
        _ => {}
    }
    event
}

fn channel(event: &Event) -> Option<u16> {
    match event {
        Event::Voice(it) => it.channel,
        Event::UtteranceStart(it) => it.channel,
        Event::Measurement(it) => it.channel,
        Event::UtteranceEnd(it) => it.channel,
        _ => None,
    }
}

#[test]
fn a_gap_is_reported_once_and_ends_the_speech_of_every_channel() {
    let samples = call(3_000);
    let mut core = each(16_000, 2);
    let (first, second) = samples.split_at(40_000);
    let mut events = Vec::new();
    core.push(first, &mut events).unwrap();
    assert!(core.is_voice_active());
    core.gap(777, GapCause::Overrun, &mut events).unwrap();
    assert!(!core.is_voice_active());
    core.push(second, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    let gaps = events.iter().filter(|e| matches!(e, Event::Gap(_)));
    assert_eq!(gaps.count(), 1);
    for number in [1, 2] {
        let of_speech = |event: &Event| channel(event) == Some(number);
        let found = events.iter().filter(|e| of_speech(e)).cloned();
        let found: Vec<Event> = found.map(unnamed).collect();
        let mut expected = alone(&samples, number, 777);
        expected.retain(|e| !matches!(e, Event::Gap(_) | Event::SessionEnd(_)));
        assert_eq!(found, expected);
    }
    assert_eq!(core.summary().samples_lost, 777);
}

/// The numbers of the utterances of a channel.
fn numbers(events: &[Event], wanted: u16) -> Vec<u64> {
    let starts = events.iter().filter_map(|event| match event {
        Event::UtteranceStart(start) if start.channel == Some(wanted) => Some(start.utterance),
        _ => None,
    });
    starts.collect()
}

#[test]
fn a_missing_channel_pauses_and_then_continues_its_numbers() {
    let (both, voice) = (call(0), speech());
    let mut core = each(16_000, 2);
    let mut events = Vec::new();
    core.push(&both, &mut events).unwrap();
    let before = numbers(&events, 2).len() as u64;
    let known = core.baselines()[1].clone();
    core.gap(0, GapCause::DeviceChanged, &mut events).unwrap();
    core.change_input(16_000, 1, make).unwrap();
    core.push(&voice, &mut events).unwrap();
    assert_eq!(numbers(&events, 2).len() as u64, before);
    assert_eq!(core.baselines()[1], known);
    core.gap(0, GapCause::DeviceChanged, &mut events).unwrap();
    core.change_input(16_000, 3, make).unwrap();
    let three: Vec<f32> = voice.iter().flat_map(|&x| [x, x, x]).collect();
    let begin_s = core.position_s();
    core.push(&three, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    assert_eq!(numbers(&events, 2), (1..=2 * before).collect::<Vec<_>>());
    assert_eq!(numbers(&events, 1).len() as u64, 3 * before);
    // The third channel is as new as at the start of the session, but later.
    let third: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::UtteranceStart(start) if start.channel == Some(3) => Some(start.start_s),
            _ => None,
        })
        .collect();
    let first: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::UtteranceStart(start) if start.channel == Some(1) => Some(start.start_s),
            _ => None,
        })
        .take(before as usize)
        .collect();
    assert_eq!(third.len(), first.len());
    for (late, early) in third.iter().zip(first) {
        assert!(
            (late - begin_s - early).abs() < 1e-6,
            "{late} {early} {begin_s}"
        );
    }
    let SessionEnd { utterances, .. } = core.summary();
    assert_eq!(utterances, 3 * before + 2 * before + before);
}
