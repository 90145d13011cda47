//! Input: blocks of any size, the ring, arbitrary sample values, a change of input.

use emoscope::audio::ring::{self, Chunk};
use emoscope::dsp::mono::ChannelChoice;
use emoscope::events::{Event, GapCause};
use emoscope::pipeline::ChannelPipelines;
use proptest::prelude::*;

use super::{at_rate, make, pipeline, speech};

fn text(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect()
}

fn in_blocks(samples: &[f32], rate: u32, mut size: impl FnMut() -> usize) -> Vec<String> {
    let mut core = pipeline(rate);
    let (mut events, mut at) = (Vec::new(), 0);
    while at < samples.len() {
        let end = (at + size()).min(samples.len());
        core.push(&samples[at..end], &mut events).unwrap();
        at = end;
    }
    core.finish(&mut events).unwrap();
    text(&events)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn blocks_of_any_size_give_the_same_lines(
        sizes in prop::collection::vec(1_usize..6_000, 1..40),
        rate in prop::sample::select(vec![8_000_u32, 16_000, 44_100, 48_000]),
    ) {
        let samples = at_rate(rate);
        let whole = in_blocks(&samples, rate, || samples.len());
        let mut sizes = sizes.iter().cycle();
        let split = in_blocks(&samples, rate, || *sizes.next().unwrap());
        prop_assert!(whole.iter().any(|line| line.contains("speech_ended")));
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn the_ring_changes_nothing(
        pushes in prop::collection::vec(1_usize..3_000, 1..40),
        takes in prop::collection::vec(1_usize..3_000, 1..40),
    ) {
        let samples = at_rate(48_000);
        let whole = in_blocks(&samples, 48_000, || samples.len());
        let mut core = pipeline(48_000);
        let (mut producer, mut consumer) = ring::channel(8_000, 1);
        let (mut pushes, mut takes) = (pushes.iter().cycle(), takes.iter().cycle());
        let (mut events, mut taken, mut at) = (Vec::new(), Vec::new(), 0);
        loop {
            let end = (at + pushes.next().unwrap()).min(samples.len());
            producer.push(&samples[at..end]);
            at = end;
            let mut empty = false;
            while !empty {
                taken.clear();
                match consumer.read(&mut taken, *takes.next().unwrap()) {
                    Chunk::Samples(_) => core.push(&taken, &mut events).unwrap(),
                    Chunk::Gap(_) => prop_assert!(false, "nothing was lost"),
                    Chunk::Empty => empty = true,
                }
            }
            if at == samples.len() {
                break;
            }
        }
        core.finish(&mut events).unwrap();
        prop_assert_eq!(text(&events), whole);
    }

    #[test]
    fn any_sample_values_are_accepted_and_times_are_in_order(
        samples in prop::collection::vec(
            prop_oneof![
                5 => -1.0_f32..1.0,
                1 => prop::num::f32::ANY,
            ],
            0..20_000,
        ),
        gap in 0_u64..1_000_000,
    ) {
        let mut core = pipeline(16_000);
        let mut events = Vec::new();
        core.push(&samples, &mut events).unwrap();
        core.gap(gap, GapCause::Overrun, &mut events).unwrap();
        core.push(&samples, &mut events).unwrap();
        core.finish(&mut events).unwrap();
        let end = core.summary();
        prop_assert_eq!(end.samples_lost, gap);
        let odd = samples.iter().filter(|x| !x.is_finite()).count() as u64;
        prop_assert_eq!(end.samples_invalid, 2 * odd);
        let expected = (2 * samples.len() as u64 + gap) as f64 / 16_000.0;
        prop_assert!((end.duration_s - expected).abs() < 1e-9);
    }
}

#[test]
fn a_channel_that_the_input_lacks_is_named() {
    for (channels, wanted, there) in [(1, 1, true), (1, 2, false), (2, 2, true), (2, 3, false)] {
        let choice = ChannelChoice::One(wanted).into();
        let mut core = ChannelPipelines::new(16_000, wanted, choice, make).unwrap();
        let found = core.change_input(16_000, channels, make);
        assert_eq!(found.is_ok(), there, "{wanted} of {channels}");
        if let Err(error) = found {
            let said = format!("channel {wanted} was asked for, but the input has {channels}");
            assert_eq!(error.to_string(), said);
        }
    }
}

#[test]
fn after_a_minute_of_noise_speech_is_still_detected_also_with_another_input() {
    let mut core = pipeline(16_000);
    let mut events = Vec::new();
    let mut seed = 5_u32;
    let hiss: Vec<f32> = (0..16_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(seed) / f64::from(u32::MAX) - 0.5) as f32 * 2e-3
        })
        .collect();
    for _ in 0..60 {
        core.push(&hiss, &mut events).unwrap();
    }
    assert!(!core.is_voice_active());
    core.push(&speech()[..24_000], &mut events).unwrap();
    assert!(core.is_voice_active());
    core.gap(8_000, GapCause::DeviceChanged, &mut events)
        .unwrap();
    assert!(!core.is_voice_active());
    core.change_input(48_000, 2, make).unwrap();
    let both: Vec<f32> = at_rate(48_000).iter().flat_map(|&x| [x, x]).collect();
    core.push(&both, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    let summary = core.summary();
    let expected = 60.0 + 1.5 + 0.5 + both.len() as f64 / 96_000.0;
    assert!((summary.duration_s - expected).abs() < 1e-6, "{summary:?}");
    assert!(summary.utterances >= 3, "{summary:?}");
}
