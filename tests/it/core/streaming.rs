//! Streaming models: which frames reach the model when, and what its outputs lead to.

mod reference;
mod steps;

use std::path::{Path, PathBuf};

use emoscope::classifier::{Classifier, Enrolment};
use emoscope::dsp::feature_spec::N_MFCC;
use emoscope::dsp::mfcc::MfccStream;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, GapCause, Measurement, Trigger};
use emoscope::model::Model;
use emoscope::pipeline::ChannelPipelines;

use self::reference::Reference;
use super::{mixed, speech};
use crate::support::{data, lines, path, run, said};

/// The model of `tests/streaming/make.py`.
fn model_path() -> PathBuf {
    path("tests/streaming/model.onnx")
}

fn model() -> Model {
    Model::read(&model_path()).unwrap()
}

fn engines() -> Vec<Engine> {
    let mut choices = vec![EngineChoice::Builtin];
    if cfg!(feature = "onnxruntime") {
        choices.push(EngineChoice::Onnxruntime);
    }
    let load = |choice| Engine::load(model(), choice, None).unwrap();
    choices.into_iter().map(load).collect()
}

fn streaming(classifier: Box<dyn Classifier>) -> ChannelPipelines {
    mixed(16_000, model().spec, classifier, Enrolment::default())
}

fn built_in() -> ChannelPipelines {
    streaming(engines()[0].classifier().unwrap())
}

/// Speech with pauses of a third of a second, which end no utterance, then a pause of a second, then louder speech without pauses.
fn talk() -> Vec<f32> {
    let voice = &speech()[12_000..28_000];
    let silence = |ms: usize| vec![0.0; 16 * ms];
    let louder: Vec<f32> = speech()[12_000..23_000].iter().map(|x| x * 3.0).collect();
    [
        &silence(500)[..],
        voice,
        &silence(330),
        voice,
        &silence(330),
        &voice[..9_000],
        &silence(1000),
        &louder,
        &louder,
        &louder,
        &silence(1000),
    ]
    .concat()
}

/// All frames of the samples, by the front end without the pipeline.
fn frames(samples: &[f32]) -> Vec<[f32; N_MFCC]> {
    let (mut frames, mut stream) = (Vec::new(), MfccStream::new());
    stream.push(samples, |frame| frames.push(*frame.mfcc));
    stream.finish(|frame| frames.push(*frame.mfcc));
    frames
}

fn events(mut core: ChannelPipelines, samples: &[f32], block: usize) -> Vec<Event> {
    let mut events = Vec::new();
    for block in samples.chunks(block) {
        core.push(block, &mut events).unwrap();
    }
    core.finish(&mut events).unwrap();
    events
}

fn measurements(events: &[Event]) -> Vec<&Measurement> {
    let found = events.iter().filter_map(|event| match event {
        Event::Measurement(measurement) => Some(measurement),
        _ => None,
    });
    found.collect()
}

#[test]
fn the_same_audio_gives_the_same_events_in_blocks_of_any_size() {
    for engine in engines() {
        let run = |block| {
            let core = streaming(engine.classifier().unwrap());
            events(core, &talk(), block)
        };
        let whole = run(usize::MAX);
        assert!(measurements(&whole).len() > 10);
        for block in [1, 160, 256, 1000, 4096] {
            assert_eq!(run(block), whole, "{}: {block}", engine.name);
        }
    }
}

#[test]
fn measurements_match_a_second_implementation_of_the_model() {
    let samples = talk();
    let frames = frames(&samples);
    for engine in engines() {
        let core = streaming(engine.classifier().unwrap());
        let events = events(core, &samples, 512);
        let mut reference = Reference::default();
        let (mut names, mut lengths) = (Vec::new(), Vec::new());
        for found in measurements(&events) {
            let expected = reference.measure(&frames, found);
            let name = &engine.name;
            assert_eq!(found.label, expected.label, "{name}: {found:?}");
            assert_eq!(found.reason, expected.reason, "{name}: {found:?}");
            let seconds = found.baseline_s.unwrap();
            assert!((seconds - expected.baseline_s).abs() < 0.006, "{found:?}");
            for ((_, p), q) in found.probabilities.0.iter().zip(expected.probabilities) {
                assert!((p.0 - q).abs() < 1e-4, "{name}: {found:?} {q}");
            }
            names.push(found.label.clone());
            if found.trigger == Trigger::Interval {
                lengths.push(expected.frames);
            }
        }
        assert!(lengths.iter().all(|frames| frames % 24 == 73 % 24));
        // Labels, uncertain and no speech all occur, so all were compared.
        names.sort();
        names.dedup();
        assert!(names.len() > 1, "{names:?}");
        assert!(reference.utterances() == 2 && reference.seconds() > 2.0);
    }
}

#[test]
fn nothing_is_measured_while_no_voice_is_active() {
    let events = events(built_in(), &talk(), 300);
    let (mut active, mut fed, mut count) = (false, 0.0, 0);
    for event in &events {
        match event {
            Event::Voice(voice) => active = voice.active,
            Event::UtteranceStart(_) => fed = 0.0,
            Event::Measurement(m) if m.trigger == Trigger::Interval => {
                assert!(active, "{m:?}");
                let span = m.end_s - m.start_s;
                assert!(fed == 0.0 || span > fed);
                fed = span;
                count += 1;
            }
            _ => {}
        }
    }
    assert!(count > 10);
}

#[test]
fn an_utterance_shorter_than_the_first_step_is_measured_at_its_end() {
    let silence = vec![0.0; 16_000];
    let samples = [&silence, &speech()[12_000..20_000], &silence].concat();
    let events = events(built_in(), &samples, 777);
    let found = measurements(&events);
    // A first step in the pause is undone.
    let mut reference = Reference::default();
    for measurement in &found {
        let expected = reference.measure(&frames(&samples), measurement);
        let ended = measurement.trigger == Trigger::SpeechEnded;
        assert_eq!(expected.frames < 73, ended, "{}", expected.frames);
        for ((_, p), q) in measurement
            .probabilities
            .0
            .iter()
            .zip(expected.probabilities)
        {
            assert!((p.0 - q).abs() < 1e-4, "{measurement:?} {q}");
        }
        assert_eq!(measurement.label, "uncertain");
    }
    assert_eq!(found.last().unwrap().trigger, Trigger::SpeechEnded);
}

#[test]
fn a_gap_and_a_jump_reset_the_state() {
    let samples = &talk()[..24_000];
    let frames = frames(samples);
    for (jump, begin_s) in [(false, 1.75), (true, 10.0)] {
        let (mut core, mut before, mut after) = (built_in(), Vec::new(), Vec::new());
        // Cut within an utterance.
        core.push(&samples[..20_000], &mut before).unwrap();
        if jump {
            core.seek(160_000, &mut before).unwrap();
        } else {
            core.gap(8_000, GapCause::Overrun, &mut before).unwrap();
        }
        assert!(measurements(&before).len() > 1);
        core.reset_speakers();
        core.push(samples, &mut after).unwrap();
        core.finish(&mut after).unwrap();
        let mut reference = Reference::default();
        let after = measurements(&after);
        assert!(after.len() > 1);
        for found in after {
            let here = Measurement {
                start_s: found.start_s - begin_s,
                end_s: found.end_s - begin_s,
                ..found.clone()
            };
            let expected = reference.measure(&frames, &here);
            for ((_, p), q) in found.probabilities.0.iter().zip(expected.probabilities) {
                assert!((p.0 - q).abs() < 1e-4, "{found:?} {q}");
            }
        }
    }
}

#[test]
fn every_command_gives_the_same_measurements() {
    let (model, recording) = (model_path(), data("two-utterances.wav"));
    let mut outputs = Vec::new();
    for command in [
        &["replay", "--jsonl"][..],
        &["analyze", "--format", "jsonl"],
    ] {
        for engine in ["auto", "builtin"] {
            let files = [recording.as_path(), Path::new("--model"), &model];
            let engine = ["--engine", engine].map(Path::new);
            let command = command.iter().map(Path::new);
            let output = run(command.chain(files).chain(engine));
            assert!(output.status.success(), "{}", said(&output));
            let mut lines = lines(&output);
            lines.retain(|line| line["type"] == "measurement");
            assert!(lines.len() > 4, "{lines:?}");
            for line in &mut lines {
                line.as_object_mut().unwrap().remove("file");
            }
            outputs.push(lines);
        }
    }
    // Identical bytes on one engine; the two engines differ by rounding.
    assert_eq!(outputs[0], outputs[2]);
    assert_eq!(outputs[1], outputs[3]);
    assert_eq!(outputs[0].len(), outputs[1].len());
    for (one, other) in outputs[0].iter().zip(&outputs[1]) {
        assert_eq!(one["label"], other["label"]);
        let apart = one["confidence"].as_f64().unwrap() - other["confidence"].as_f64().unwrap();
        assert!(apart.abs() <= 1e-4, "{one} {other}");
    }
}
