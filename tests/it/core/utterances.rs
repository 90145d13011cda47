//! Start and end of utterances, times of their measurements, and the session's summary.

use emoscope::classifier::{Enrolment, softmax};
use emoscope::dsp::mfcc::MfccStream;
use emoscope::events::{Event, Measurement, Trigger};
use emoscope::model::Model;

use super::{Loudness, analyzed, pipeline, pipeline_with, speech};
use crate::support::{data, lines, run};

#[test]
fn every_utterance_is_measured_in_time_and_once_when_it_ends() {
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
fn a_long_utterance_is_measured_every_quarter_second_as_the_mean_of_its_tiles() {
    // A second of speech repeated, louder each time, between two silences.
    let silence = vec![0.0; 16_000];
    let voice = (0..9).flat_map(|n| {
        let gain = 0.2 + 0.1 * n as f32;
        speech()[12_000..22_000]
            .iter()
            .map(move |x| x * gain)
            .collect::<Vec<_>>()
    });
    let samples: Vec<f32> = [silence.clone(), voice.collect(), silence].concat();
    let core = pipeline_with(16_000, Box::new(Loudness), Enrolment::default());
    let temperature = Model::embedded().unwrap().spec.temperature;
    let (found, _) = analyzed(core, &samples);
    let (whole, intervals) = found.split_last().unwrap();
    let place = |seconds: f64| (seconds * 16_000.0).round() as usize;
    let (start, end) = (place(whole.start_s), place(whole.end_s));
    assert!(end - start > 80_000, "{start} {end}");

    // The frames of the front end, without the pipeline.
    let (mut rows, mut stream) = (Vec::new(), MfccStream::new());
    stream.push(&samples, |frame| rows.extend(*frame.mfcc));
    // The frames (400 samples, hop 160) that are complete by then.
    let probability_sum = |from: usize, to: usize, end: usize| {
        let last = to.div_ceil(160).min((end - 200) / 160 + 1);
        let mfcc = &rows[from.div_ceil(160) * 80..last * 80];
        softmax(&Loudness::logits(mfcc), temperature)[0]
    };
    // A tile is analyzed with the first block of 256 samples that completes it.
    let (mut tiled, mut sum) = (start, 0.0);
    for tile in 1..=(end - start) / 48_000 {
        let now = (start + tile * 48_000).next_multiple_of(256);
        sum += 48_000.0 * probability_sum(now - 48_000, now, now);
        tiled = now;
    }
    sum += (end - tiled) as f64 * probability_sum(end - 48_000, end, samples.len());
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
fn start_and_end_of_speech_do_not_depend_on_its_level() {
    let bounds = |gain: f32| {
        let samples: Vec<f32> = speech().iter().map(|x| x * gain).collect();
        let (found, _) = analyzed(pipeline(16_000), &samples);
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
fn speech_shortly_before_the_end_of_the_audio_ends_at_its_own_end() {
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
    // A tenth of a second of silence does not close the VAD; the middle of the speech is voiced.
    for (cut, expected) in [(end + 0.1, end), (1.5, 1.5)] {
        let found = ends(&speech()[..(cut * 16_000.0) as usize]);
        assert_eq!(found.len(), 1);
        assert!((found[0].0 - expected).abs() < 1e-4, "{found:?} {expected}");
        assert!((found[0].1 - expected).abs() < 1e-4, "{found:?} {expected}");
    }
}

#[test]
fn speech_is_active_until_its_utterance_ends_and_a_level_is_read_once() {
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
    let (level, _) = core.take_level().unwrap();
    let expected = 10.0 * (sum / end as f64).log10();
    assert!(
        (f64::from(level.rms_dbfs) - expected).abs() < 0.01,
        "{level:?}"
    );
    assert_eq!(core.take_level(), None);
    // After a third of a second the VAD is inactive, after half a second the utterance ends.
    core.push(&vec![0.0; 5_400], &mut events).unwrap();
    assert!(matches!(events.last(), Some(Event::Voice(voice)) if !voice.active));
    assert!(core.is_voice_active());
    core.push(&vec![0.0; 5_400], &mut events).unwrap();
    assert!(!core.is_voice_active());
}

#[test]
fn the_summary_matches_the_events() {
    let mut core = pipeline(16_000);
    let mut events = Vec::new();
    assert!(!core.is_voice_active());
    for block in speech().chunks(1600) {
        core.push(block, &mut events).unwrap();
    }
    // The fixture ends in silence that the VAD has processed.
    core.push(&vec![0.0; 16_000], &mut events).unwrap();
    assert!(!core.is_voice_active());
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
    // The fixture's first sample above its silence, at most one preroll later.
    let onset = speech().iter().position(|x| x.abs() > 0.02).unwrap() as f64 / 16_000.0;
    let begun = onset + bounds[0];
    assert!((0.02..0.3).contains(&begun), "{begun} s before the voice");
}
