//! Gaps and jumps: the clock stays right, and speech before them ends.

use emoscope::classifier::Enrolment;
use emoscope::events::{Event, GapCause, Trigger};
use proptest::prelude::*;

use super::{Loudness, analyzed, at_rate, pipeline, pipeline_with, speech};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_clock_is_exact_to_half_a_16_khz_sample_at_any_rate(
        rate in 8_000_u32..200_000,
        samples in 0_usize..3_000,
        lost in 0_u64..10_000_000,
    ) {
        let mut core = pipeline(rate);
        let mut events = Vec::new();
        core.push(&vec![0.0; samples], &mut events).unwrap();
        core.gap(lost, GapCause::Overrun, &mut events).unwrap();
        let expected = (samples as u64 + lost) as f64 / f64::from(rate);
        prop_assert!((core.position_s() - expected).abs() <= 0.5 / 16_000.0 + 1e-9);
    }
}

#[test]
fn a_gap_has_its_exact_place_and_length_and_ends_the_utterance() {
    let samples = at_rate(44_100);
    let cut = 44_100 * 3 / 2;
    let mut core = pipeline(44_100);
    let mut events = Vec::new();
    core.push(&samples[..cut], &mut events).unwrap();
    core.gap(12_345, GapCause::Overrun, &mut events).unwrap();
    core.push(&samples[cut..], &mut events).unwrap();
    core.finish(&mut events).unwrap();
    let place = events
        .iter()
        .position(|event| matches!(event, Event::Gap(_)))
        .unwrap();
    let Event::Gap(gap) = &events[place] else {
        unreachable!()
    };
    assert!((gap.start_s - 1.5).abs() < 1e-4, "{gap:?}");
    assert!(
        (gap.end_s - gap.start_s - 12_345.0 / 44_100.0).abs() < 1e-4,
        "{gap:?}"
    );
    assert_eq!(gap.samples, 12_345);
    let Event::UtteranceEnd(end) = &events[place - 1] else {
        panic!("{:?}", events[place - 1])
    };
    assert!((end.end_s - 1.5).abs() < 0.02, "{end:?}");
    assert!(matches!(&events[place + 1], Event::Voice(voice) if voice.at_s >= gap.end_s));
}

#[test]
fn a_jump_ends_the_utterance_and_times_continue_from_its_place() {
    let samples = at_rate(44_100);
    let cut = 44_100 * 3 / 2;
    let (mut core, mut before, mut after) = (pipeline(44_100), Vec::new(), Vec::new());
    core.push(&samples[..cut], &mut before).unwrap();
    core.seek(44_100 * 60, &mut before).unwrap();
    let Some(Event::UtteranceEnd(end)) = before.last() else {
        panic!("{:?}", before.last())
    };
    assert!((end.end_s - 1.5).abs() < 0.02, "{end:?}");
    core.push(&samples, &mut after).unwrap();
    core.finish(&mut after).unwrap();
    let expected = 60.0 + samples.len() as f64 / 44_100.0;
    assert!((core.position_s() - expected).abs() < 1e-4);
    let starts = after.iter().filter_map(|event| match event {
        Event::UtteranceStart(start) => Some(start.start_s),
        _ => None,
    });
    assert!(starts.clone().count() > 0);
    assert!(starts.clone().all(|at| (60.0..expected).contains(&at)));
}

#[test]
fn after_a_gap_results_are_those_of_a_fresh_start() {
    let new = || pipeline_with(16_000, Box::new(Loudness), Enrolment::default());
    // The VAD decides where an utterance ends, and keeps its noise floor across a gap.
    let run = |core| {
        let (mut found, _) = analyzed(core, &speech());
        found.retain(|measurement| measurement.trigger == Trigger::Interval);
        found
    };
    let alone = run(new());
    let (mut core, mut before) = (new(), Vec::new());
    let louder: Vec<f32> = speech().iter().rev().map(|x| x * 3.0).collect();
    core.push(&louder, &mut before).unwrap();
    core.gap(8_000, GapCause::Overrun, &mut before).unwrap();
    let after = run(core);
    assert!(alone.len() > 5);
    assert_eq!(alone.len(), after.len());
    for (alone, after) in alone.iter().zip(&after) {
        assert_eq!(alone.probabilities, after.probabilities);
    }
}
