//! The laws of the core: the same audio gives the same lines, in blocks of any
//! size, through the ring or from a file; nothing is measured on silence.

use std::sync::Arc;

use emoscope::audio::ring::{self, Chunk};
use emoscope::baseline::{Baseline, VoiceChange};
use emoscope::dsp::mfcc::MfccStream;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{
    Answer, Classifier, Engine, EngineChoice, EngineError, Known, Voice, softmax,
};
use emoscope::events::{Event, GapCause, Measurement, Reason, Trigger, UNCERTAIN};
use emoscope::model::{Contract, Model};
use emoscope::pipeline::{Input, Pipeline};
use proptest::prelude::*;

use crate::support::{data, lines, run, samples_16};

/// Answers from the features and the known voice alone, at no cost: what it says
/// depends on every coefficient of the window and on all that was heard before,
/// so a frame too many or too few would show.
struct Sums;

impl Classifier for Sums {
    fn judge(&mut self, mfcc: &[f32], voice: Option<&Known>) -> Result<Answer, EngineError> {
        let sum: f32 = mfcc.iter().sum();
        let voice = voice.expect("the contract has a baseline");
        let known = voice.seconds + voice.statistics.iter().sum::<f32>();
        Ok(Answer {
            logits: (0..7)
                .map(|i| ((sum * 1e-4 + known) * (i + 1) as f32).sin() * 4.0)
                .collect(),
            speech: Some(3.0),
            embedding: vec![sum * 1e-3, mfcc.len() as f32 * 1e-3],
        })
    }
}

pub fn pipeline(rate: u32) -> Pipeline {
    pipeline_with(rate, Box::new(Sums), Voice::default())
}

fn pipeline_with(rate: u32, classifier: Box<dyn Classifier>, voice: Voice) -> Pipeline {
    let change = VoiceChange {
        numbers: 2,
        distance: 3.0,
    };
    let contract = Arc::new(Contract {
        width: Some(2),
        voice_change: Some(change),
        speech: true,
        ..Model::embedded().unwrap().contract
    });
    let input = Input {
        rate,
        channels: 1,
        choice: ChannelChoice::Mix,
    };
    Pipeline::new(input, contract, classifier, voice).unwrap()
}

fn text(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| serde_json::to_string(event).unwrap())
        .collect()
}

/// Two utterances at any rate: the 16 kHz fixture, taken as if it had that rate.
fn speech() -> Vec<f32> {
    samples_16(&data("two-utterances.wav"))
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

/// Resampled by a second implementation: good enough to be speech at that rate.
fn at_rate(rate: u32) -> Vec<f32> {
    let speech = speech();
    let length = speech.len() as u64 * u64::from(rate) / 16_000;
    (0..length)
        .map(|n| {
            let place = n as f64 * 16_000.0 / f64::from(rate);
            let (index, part) = (place as usize, place.fract() as f32);
            let next = speech.get(index + 1).copied().unwrap_or(0.0);
            speech[index] * (1.0 - part) + next * part
        })
        .collect()
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
    fn any_numbers_are_survived_and_times_are_in_order(
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

    #[test]
    fn the_clock_is_right_to_half_a_sample_of_the_core_at_any_rate(
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
fn a_gap_has_its_exact_place_and_length_and_ends_what_was_said() {
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
fn a_jump_ends_what_was_said_and_times_go_on_from_its_place() {
    let samples = at_rate(44_100);
    let cut = 44_100 * 3 / 2;
    let (mut core, mut before, mut after) = (pipeline(44_100), Vec::new(), Vec::new());
    core.push(&samples[..cut], &mut before).unwrap();
    core.jump(44_100 * 60, &mut before).unwrap();
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
fn every_utterance_is_measured_in_time_and_once_as_a_whole() {
    let mut core = pipeline(16_000);
    let mut events = Vec::new();
    // Ten times, so that the silence between counts as well.
    for _ in 0..10 {
        core.push(&speech(), &mut events).unwrap();
    }
    core.finish(&mut events).unwrap();
    let mut onset = None;
    let (mut first, mut wholes, mut last) = (None, 0, f64::NEG_INFINITY);
    let mut utterances = 0;
    for event in &events {
        match event {
            Event::UtteranceStart(start) => {
                assert_eq!(onset, None);
                (onset, first, wholes) = (Some(start.start_s), None, 0);
            }
            Event::Measurement(Measurement {
                trigger: Trigger::Interval,
                start_s,
                end_s,
                ..
            }) => {
                first.get_or_insert(end_s - onset.unwrap());
                assert!(*end_s > last && end_s - start_s <= 4.0 + 1e-9);
                last = *end_s;
            }
            Event::Measurement(whole) => {
                wholes += 1;
                assert_eq!(Some(whole.start_s), onset);
            }
            Event::UtteranceEnd(end) => {
                utterances += 1;
                assert_eq!((wholes, Some(end.start_s)), (1, onset));
                if end.end_s - end.start_s > 1.0 {
                    assert!(first.unwrap() <= 1.2, "first at {first:?}");
                }
                onset = None;
            }
            _ => {}
        }
    }
    assert_eq!(utterances, 20);
}

#[test]
fn silence_hum_noise_and_a_tone_are_never_measured() {
    for name in ["silence.wav", "noise.wav", "tone.wav"] {
        let output = run([
            "replay".as_ref(),
            data(name).as_os_str(),
            "--jsonl".as_ref(),
        ]);
        assert!(output.status.success());
        let lines = lines(&output);
        assert!(
            lines.iter().all(|line| line["type"] != "measurement"),
            "{name}: {lines:?}"
        );
    }
}

#[test]
fn both_engines_give_the_golden_probabilities() {
    let golden = Model::embedded_golden();
    assert!(golden.cases.len() >= 2);
    let mut engines = vec![EngineChoice::Builtin];
    if cfg!(feature = "onnxruntime") {
        engines.push(EngineChoice::Onnxruntime);
    }
    for choice in engines {
        let engine = Engine::load(Model::embedded().unwrap(), choice, None).unwrap();
        let mut classifier = engine.classifier().unwrap();
        let settled = Some(Known {
            statistics: golden.baseline.statistics.clone(),
            seconds: golden.baseline.seconds,
        });
        for case in &golden.cases {
            assert_eq!(case.mfcc.len(), case.frames * 80);
            for (voice, answers) in [
                (&engine.stranger(), &case.probabilities),
                (&settled, &case.settled_probabilities),
            ] {
                let answer = classifier.judge(&case.mfcc, voice.as_ref()).unwrap();
                let found = softmax(&answer.logits, engine.model.contract.temperature);
                assert_eq!(found.len(), answers.len());
                for (found, expected) in found.iter().zip(answers) {
                    let name = &engine.name;
                    assert!(
                        (found - expected).abs() <= 1e-4,
                        "{name}, {}: {found} {expected}",
                        case.name
                    );
                }
            }
        }
    }
}

fn judged(mut core: Pipeline, samples: &[f32]) -> (Vec<Measurement>, Pipeline) {
    let mut events = Vec::new();
    core.push(samples, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    let found = events.into_iter().filter_map(|event| match event {
        Event::Measurement(measurement) => Some(measurement),
        _ => None,
    });
    (found.collect(), core)
}

#[test]
fn the_baseline_grows_by_what_was_said_and_only_after_it() {
    let (found, core) = judged(pipeline(16_000), &speech());
    let mut known = 0.0;
    for measurement in &found {
        assert_eq!(measurement.baseline_s, Some(known), "{measurement:?}");
        if measurement.trigger == Trigger::SpeechEnded {
            known = ((known + measurement.end_s - measurement.start_s) * 100.0).round() / 100.0;
        }
    }
    assert!(known > 2.0);
    let seconds = core.voice_known().unwrap().seconds();
    assert!((seconds - known).abs() < 0.02, "{seconds} {known}");
    assert_eq!(core.voice_s(), Some(seconds));
}

#[test]
fn a_voice_that_is_given_is_used_from_the_start_and_stays_if_it_is_fixed() {
    let mut voice = Baseline::new(2);
    voice.hear(&[1.0, 2.0], 30.0);
    for fixed in [true, false] {
        let known = Some(voice.clone());
        let core = pipeline_with(16_000, Box::new(Sums), Voice { known, fixed });
        let (found, core) = judged(core, &speech());
        assert_eq!(found[0].baseline_s, Some(30.0));
        assert_eq!(core.voice_known().as_ref() == Some(&voice), fixed);
    }
}

#[test]
fn a_new_voice_is_a_stranger() {
    let mut core = pipeline(16_000);
    let mut events = Vec::new();
    core.push(&speech(), &mut events).unwrap();
    core.push(&vec![0.0; 16_000], &mut events).unwrap();
    assert!(core.voice_known().unwrap().seconds() > 2.0);
    core.forget_voice();
    let before = events.len();
    core.push(&speech(), &mut events).unwrap();
    let first = events[before..].iter().find_map(|event| match event {
        Event::Measurement(measurement) => measurement.baseline_s,
        _ => None,
    });
    assert_eq!(first, Some(0.0));
}

/// A voice for so many windows, then another one.
struct Replaced(u32);

impl Classifier for Replaced {
    fn judge(&mut self, _: &[f32], _: Option<&Known>) -> Result<Answer, EngineError> {
        self.0 = self.0.saturating_sub(1);
        let place = if self.0 > 0 { 0.0 } else { 4.0 };
        Ok(Answer {
            logits: vec![0.0; 7],
            speech: Some(3.0),
            embedding: vec![place, -place],
        })
    }
}

#[test]
fn a_voice_that_is_plainly_another_one_begins_anew() {
    let talk = [speech(), vec![0.0; 16_000]].concat().repeat(20);
    let heard = |windows| {
        let core = pipeline_with(16_000, Box::new(Replaced(windows)), Voice::default());
        let (found, core) = judged(core, &talk);
        let known: Vec<f64> = found.iter().filter_map(|m| m.baseline_s).collect();
        let drops = known.windows(2).filter(|pair| pair[1] < pair[0]).count();
        (drops as u64, core, known)
    };
    let (drops, core, known) = heard(u32::MAX);
    assert_eq!((drops, core.voice_changes()), (0, 0));
    assert!(known[known.len() - 1] > 40.0, "{known:?}");
    let (drops, core, _) = heard(known.len() as u32 * 2 / 3);
    assert_eq!((drops, core.voice_changes()), (1, 1));
    // What is known now is the voice of the end.
    let voice = core.voice_known().unwrap();
    assert!((voice.statistics()[0] - 4.0).abs() < 0.5);
    assert!(voice.seconds() < 40.0);
}

/// Sure of its label always; the logits of speech of its windows, the last for good.
struct Told(Vec<f32>);

impl Classifier for Told {
    fn judge(&mut self, _: &[f32], _: Option<&Known>) -> Result<Answer, EngineError> {
        let speech = self.0[0];
        if self.0.len() > 1 {
            self.0.remove(0);
        }
        Ok(Answer {
            logits: vec![9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            speech: Some(speech),
            embedding: vec![1.0, 1.0],
        })
    }
}

/// What was said of the first utterance, and why where nothing was.
fn said_of_the_first(speech: Vec<f32>) -> Vec<(Trigger, String, Option<Reason>)> {
    let core = pipeline_with(16_000, Box::new(Told(speech)), Voice::default());
    let (found, _) = judged(core, &self::speech());
    let first = found.into_iter().filter(|m| m.utterance == 1);
    first.map(|m| (m.trigger, m.label, m.reason)).collect()
}

#[test]
fn a_label_waits_for_a_second_window() {
    // However surely the first is speech.
    for logit in [3.0, 30.0] {
        let said = said_of_the_first(vec![logit]);
        assert!(said.len() > 3);
        let early = (
            Trigger::Interval,
            UNCERTAIN.to_owned(),
            Some(Reason::TooShort),
        );
        assert_eq!(said[0], early);
        assert!(said[1..].iter().all(|(_, label, _)| label == "anger"));
    }
}

#[test]
fn what_hardly_is_speech_needs_more_windows() {
    let said = said_of_the_first(vec![1.5]);
    let (short, named) = said.split_at(2);
    for (_, label, reason) in short {
        assert_eq!(
            (label.as_str(), *reason),
            (UNCERTAIN, Some(Reason::TooShort))
        );
    }
    assert!(named.len() > 1 && named.iter().all(|(_, label, _)| label == "anger"));
}

#[test]
fn a_window_that_passes_for_speech_among_others_names_nothing() {
    for (_, label, reason) in &said_of_the_first(vec![2.0, -6.0, 2.0, -6.0])[1..] {
        assert_eq!(label, UNCERTAIN);
        assert_eq!(*reason, Some(Reason::NoSpeech));
    }
    // And one that does not, among windows that do, takes nothing back.
    let said = said_of_the_first(vec![3.0, 3.0, -1.0, 3.0]);
    assert!(said[1..].iter().all(|(_, label, _)| label == "anger"));
}

#[test]
fn what_hardly_is_speech_is_none_however_long_it_goes_on() {
    let said = said_of_the_first(vec![1.4]);
    // Four of them would add up to enough.
    assert!(said.len() >= 4, "{said:?}");
    for (number, (_, label, reason)) in said.iter().enumerate() {
        assert_eq!(label, UNCERTAIN);
        let why = [Reason::TooShort, Reason::NoSpeech][usize::from(number >= 2)];
        assert_eq!(*reason, Some(why), "measurement {number}");
    }
}

#[test]
fn what_is_no_speech_has_no_label_and_is_not_learned() {
    let core = pipeline_with(16_000, Box::new(Told(vec![-3.0])), Voice::default());
    let (found, core) = judged(core, &speech());
    assert!(!found.is_empty());
    for measurement in found {
        assert_eq!(measurement.label, UNCERTAIN);
        assert_eq!(measurement.reason, Some(Reason::NoSpeech));
    }
    assert!(core.voice_known().unwrap().seconds().abs() < 1e-9);
}

/// Judges by the mean of the first coefficient, and so by what the window holds.
struct Loudness;

impl Loudness {
    fn logits(mfcc: &[f32]) -> Vec<f32> {
        let rows = mfcc.as_chunks::<80>().0;
        let mean = rows.iter().map(|row| row[0]).sum::<f32>() / rows.len() as f32;
        // Between a fifth and four fifths for the voice below, as loud as it comes.
        let loud = (mean + 440.0) * 0.02;
        vec![loud, 0.0, -99.0, -99.0, -99.0, -99.0, -99.0]
    }
}

impl Classifier for Loudness {
    fn judge(&mut self, mfcc: &[f32], _: Option<&Known>) -> Result<Answer, EngineError> {
        Ok(Answer {
            logits: Self::logits(mfcc),
            speech: Some(3.0),
            embedding: vec![0.0, 0.0],
        })
    }
}

#[test]
fn a_long_utterance_is_the_mean_of_the_windows_that_tile_it_and_is_measured_every_quarter_second() {
    // A second of a voice over and over, louder each time, between two silences.
    let silence = vec![0.0; 16_000];
    let voice = (0..9).flat_map(|n| {
        let gain = 0.2 + 0.1 * n as f32;
        speech()[12_000..22_000]
            .iter()
            .map(move |x| x * gain)
            .collect::<Vec<_>>()
    });
    let samples: Vec<f32> = [silence.clone(), voice.collect(), silence].concat();
    let core = pipeline_with(16_000, Box::new(Loudness), Voice::default());
    let temperature = Model::embedded().unwrap().contract.temperature;
    let (found, _) = judged(core, &samples);
    let (whole, intervals) = found.split_last().unwrap();
    let place = |seconds: f64| (seconds * 16_000.0).round() as usize;
    let (start, end) = (place(whole.start_s), place(whole.end_s));
    assert!(end - start > 80_000, "{start} {end}");

    // The frames of the front end, without the pipeline.
    let (mut rows, mut stream) = (Vec::new(), MfccStream::new());
    stream.push(&samples, |row| rows.extend_from_slice(row));
    // Of frames of 400 samples around every 160th those that are complete by then.
    let judge = |from: usize, to: usize, heard: usize| {
        let last = to.div_ceil(160).min((heard - 200) / 160 + 1);
        let mfcc = &rows[from.div_ceil(160) * 80..last * 80];
        softmax(&Loudness::logits(mfcc), temperature)[0]
    };
    // A tile is judged with the first block of 256 samples that completes it.
    let (mut tiled, mut sum) = (start, 0.0);
    for tile in 1..=(end - start) / 48_000 {
        let now = (start + tile * 48_000).next_multiple_of(256);
        sum += 48_000.0 * judge(now - 48_000, now, now);
        tiled = now;
    }
    sum += (end - tiled) as f64 * judge(end - 48_000, end, samples.len());
    let weight = (tiled - start) / 48_000 * 48_000 + end - tiled;
    let expected = sum / weight as f64;
    let told = whole.probabilities.0[0].1.0;
    assert!((told - expected).abs() < 1e-5, "{told} {expected}");

    for (number, measurement) in intervals.iter().enumerate() {
        let due = whole.start_s + 0.75 + 0.25 * number as f64;
        let late = measurement.end_s - due;
        assert!((0.0..0.017).contains(&late), "{number}: {late} s late");
        assert!(measurement.end_s - measurement.start_s <= 3.0 + 1e-9);
    }
}

#[test]
fn after_a_gap_it_hears_as_from_the_beginning() {
    let new = || pipeline_with(16_000, Box::new(Loudness), Voice::default());
    // Where an utterance ends the gate decides, which goes on knowing the room.
    let heard = |core| {
        let (mut found, _) = judged(core, &speech());
        found.retain(|measurement| measurement.trigger == Trigger::Interval);
        found
    };
    let alone = heard(new());
    let (mut core, mut before) = (new(), Vec::new());
    let louder: Vec<f32> = speech().iter().rev().map(|x| x * 3.0).collect();
    core.push(&louder, &mut before).unwrap();
    core.gap(8_000, GapCause::Overrun, &mut before).unwrap();
    let after = heard(core);
    assert!(alone.len() > 5);
    assert_eq!(alone.len(), after.len());
    for (alone, after) in alone.iter().zip(&after) {
        assert_eq!(alone.probabilities, after.probabilities);
    }
}

#[test]
fn valence_and_arousal_are_expected_over_the_labels() {
    let core = pipeline_with(16_000, Box::new(Loudness), Voice::default());
    let places = Model::embedded().unwrap().contract.affect.unwrap();
    let (found, _) = judged(core, &speech());
    assert!(!found.is_empty());
    for measurement in found {
        let (mut valence, mut arousal) = (0.0, 0.0);
        for ((_, chance), place) in measurement.probabilities.0.iter().zip(&places) {
            valence += chance.0 * place.valence;
            arousal += chance.0 * place.arousal;
        }
        // Told to four decimals.
        assert!((measurement.valence.unwrap() - valence).abs() < 5.1e-5);
        assert!((measurement.arousal.unwrap() - arousal).abs() < 5.1e-5);
    }
}

#[test]
fn what_is_too_short_to_tell_of_a_voice_is_not_learned() {
    let silence = vec![0.0; 16_000];
    for (samples, learned) in [(4_800, false), (16_000, true)] {
        let voice = &speech()[12_000..12_000 + samples];
        let core = pipeline_with(16_000, Box::new(Told(vec![9.0])), Voice::default());
        let (found, core) = judged(core, &[&silence, voice, &silence].concat());
        assert!(!found.is_empty());
        assert_eq!(core.voice_s().unwrap() > 0.0, learned, "{samples}");
    }
}

#[test]
fn less_than_the_shortest_window_has_no_label() {
    // Half a second of a voice between two silences.
    let voice = &speech()[8_000..16_000];
    let silence = vec![0.0; 16_000];
    let samples = [&silence, voice, &silence].concat();
    // A single window that leaves no doubt of a voice.
    let core = pipeline_with(16_000, Box::new(Told(vec![9.0])), Voice::default());
    let (found, _) = judged(core, &samples);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].label, UNCERTAIN);
    assert_eq!(found[0].reason, Some(Reason::TooShort));
}

/// Torn between two labels always.
struct Torn;

impl Classifier for Torn {
    fn judge(&mut self, _: &[f32], _: Option<&Known>) -> Result<Answer, EngineError> {
        Ok(Answer {
            logits: vec![4.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            speech: Some(3.0),
            embedding: vec![1.0, 1.0],
        })
    }
}

#[test]
fn where_no_label_is_sure_the_way_it_was_heard_says_why() {
    let mut seed = 9_u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let decibels = |level: f32| 10_f32.powf(level / 20.0);
    for (gain, hiss, expected) in [
        (0.0, -90.0, Reason::Between),
        (-50.0, -120.0, Reason::TooQuiet),
        (16.0, -90.0, Reason::Clipped),
    ] {
        let heard = |x: &f32| (x * decibels(gain) + noise() * decibels(hiss)).clamp(-1.0, 1.0);
        let samples: Vec<f32> = speech().iter().map(heard).collect();
        let core = pipeline_with(16_000, Box::new(Torn), Voice::default());
        let (found, _) = judged(core, &samples);
        let whole = |m: &&Measurement| m.trigger == Trigger::SpeechEnded;
        let last = found.iter().rfind(whole).unwrap();
        assert_eq!(last.label, UNCERTAIN);
        assert_eq!(last.reason, Some(expected), "{gain} dB over {hiss} dB");
    }
}

#[test]
fn a_voice_begins_and_ends_where_it_does_however_loud_it_is() {
    let bounds = |gain: f32| {
        let samples: Vec<f32> = speech().iter().map(|x| x * gain).collect();
        let (found, _) = judged(pipeline(16_000), &samples);
        let whole = found.iter().filter(|m| m.trigger == Trigger::SpeechEnded);
        whole.map(|m| (m.start_s, m.end_s)).collect::<Vec<_>>()
    };
    let usual = bounds(1.0);
    assert_eq!(usual.len(), 2);
    for gain in [0.01, 0.1, 1.8] {
        let found = bounds(gain);
        assert_eq!(found.len(), 2, "{gain}: {found:?}");
        for ((start, end), (s, e)) in found.iter().zip(&usual) {
            let near = (start - s).abs() < 0.05 && (end - e).abs() < 0.05;
            assert!(near, "{gain}: {found:?} {usual:?}");
        }
    }
}

#[test]
fn what_is_summed_up_is_what_was_told() {
    let mut core = pipeline(16_000);
    let mut events = Vec::new();
    assert!(!core.hears_a_voice());
    for block in speech().chunks(1600) {
        core.push(block, &mut events).unwrap();
    }
    // The fixture ends in silence that the gate has had time to hear.
    core.push(&vec![0.0; 16_000], &mut events).unwrap();
    assert!(!core.hears_a_voice());
    core.finish(&mut events).unwrap();
    let bounds: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::UtteranceStart(start) => Some(-start.start_s),
            Event::UtteranceEnd(end) => Some(end.end_s),
            _ => None,
        })
        .collect();
    let spoken: f64 = bounds.iter().sum();
    let summary = core.summary();
    assert!(
        (summary.speech_s - spoken).abs() < 1e-6,
        "{summary:?} {spoken}"
    );
    assert_eq!(summary.utterances, 2);
    let told: Vec<&Measurement> = events
        .iter()
        .filter_map(|event| match event {
            Event::Measurement(measurement) => Some(measurement),
            _ => None,
        })
        .collect();
    assert_eq!(summary.measurements, told.len() as u64);
    for (label, count) in &summary.utterance_labels.0 {
        let whole = |m: &&&Measurement| m.trigger == Trigger::SpeechEnded && *m.label == **label;
        assert_eq!(*count, told.iter().filter(whole).count() as u64, "{label}");
    }
    // The first sample that stands out of the fixture's silence, at most a preroll later.
    let onset = speech().iter().position(|x| x.abs() > 0.02).unwrap() as f64 / 16_000.0;
    let begun = onset + bounds[0];
    assert!((0.02..0.3).contains(&begun), "{begun} s before the voice");
}

#[test]
fn a_voice_that_audio_cuts_short_ends_where_it_does_and_not_with_the_audio() {
    let ends = |samples: &[f32]| -> Vec<(f64, f64)> {
        let (mut core, mut events) = (pipeline(16_000), Vec::new());
        core.push(samples, &mut events).unwrap();
        core.finish(&mut events).unwrap();
        let utterances = events.iter().filter_map(|event| match event {
            Event::UtteranceEnd(end) => Some(end.end_s),
            _ => None,
        });
        let voices = events.iter().filter_map(|event| match event {
            Event::Voice(voice) if !voice.active => Some(voice.at_s),
            _ => None,
        });
        utterances.zip(voices).collect()
    };
    let (end, silent) = ends(&speech())[0];
    assert!((end - silent).abs() < 1e-9);
    // A tenth of a second of silence does not close the gate; the middle of the voice is voiced.
    for (cut, expected) in [(end + 0.1, end), (1.5, 1.5)] {
        let found = ends(&speech()[..(cut * 16_000.0) as usize]);
        assert_eq!(found.len(), 1);
        assert!((found[0].0 - expected).abs() < 1e-4, "{found:?} {expected}");
        assert!((found[0].1 - expected).abs() < 1e-4, "{found:?} {expected}");
    }
}

#[test]
fn a_voice_is_there_until_its_utterance_ends_and_a_level_is_read_once() {
    let (mut core, mut events) = (pipeline(16_000), Vec::new());
    core.push(&speech(), &mut events).unwrap();
    let end = events.iter().find_map(|event| match event {
        Event::UtteranceEnd(end) => Some((end.end_s * 16_000.0) as usize),
        _ => None,
    });
    let end = end.unwrap();
    let (mut core, mut events) = (pipeline(16_000), Vec::new());
    assert_eq!(core.take_level(), None);
    core.push(&speech()[..end], &mut events).unwrap();
    let sum: f64 = speech()[..end].iter().map(|&x| f64::from(x * x)).sum();
    let level = core.take_level().unwrap();
    let expected = 10.0 * (sum / end as f64).log10();
    assert!(
        (f64::from(level.rms_dbfs) - expected).abs() < 0.01,
        "{level:?}"
    );
    assert_eq!(core.take_level(), None);
    // After a third of a second the gate has closed, after half a second the utterance ends.
    core.push(&vec![0.0; 5_400], &mut events).unwrap();
    assert!(matches!(events.last(), Some(Event::Voice(voice)) if !voice.active));
    assert!(core.hears_a_voice());
    core.push(&vec![0.0; 5_400], &mut events).unwrap();
    assert!(!core.hears_a_voice());
}

#[test]
fn a_channel_that_the_input_lacks_is_named() {
    for (channels, wanted, there) in [(1, 1, true), (1, 2, false), (2, 2, true), (2, 3, false)] {
        let choice = ChannelChoice::One(wanted);
        let found = pipeline(16_000).change_input(Input {
            rate: 16_000,
            channels,
            choice,
        });
        assert_eq!(found.is_ok(), there, "{wanted} of {channels}");
        if let Err(error) = found {
            let said = format!("channel {wanted} was asked for, but the input has {channels}");
            assert_eq!(error.to_string(), said);
        }
    }
}

#[test]
fn after_a_minute_of_noise_a_voice_is_still_heard_and_so_it_is_with_another_input() {
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
    assert!(!core.hears_a_voice());
    core.push(&speech()[..24_000], &mut events).unwrap();
    assert!(core.hears_a_voice());
    let stereo = Input {
        rate: 48_000,
        channels: 2,
        choice: ChannelChoice::Mix,
    };
    core.gap(8_000, GapCause::DeviceChanged, &mut events)
        .unwrap();
    assert!(!core.hears_a_voice());
    core.change_input(stereo).unwrap();
    let both: Vec<f32> = at_rate(48_000).iter().flat_map(|&x| [x, x]).collect();
    core.push(&both, &mut events).unwrap();
    core.finish(&mut events).unwrap();
    let summary = core.summary();
    let expected = 60.0 + 1.5 + 0.5 + both.len() as f64 / 96_000.0;
    assert!((summary.duration_s - expected).abs() < 1e-6, "{summary:?}");
    assert!(summary.utterances >= 3, "{summary:?}");
}
