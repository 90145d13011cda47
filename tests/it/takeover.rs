//! The model of a session: by name, by path, and the small one where the default is too slow.

use std::process::Output;

use crossbeam_channel::unbounded;
use emoscope::audio::capture::Capture;
use emoscope::audio::source::Spec;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::Event;
use emoscope::messages::{Control, Update};
use emoscope::model::Model;
use emoscope::session::Session as _;
use emoscope::session::live::{LiveOptions, LiveSession, Microphone};
use emoscope::session::outlets::Outlets;

use crate::support::{data, lines, path, run, run_alone, said};

fn demo_with(model: &str) -> Output {
    let recording = data("speech-16k.wav");
    let arguments = ["replay", "--jsonl", "--model", model].map(std::path::Path::new);
    run(arguments.into_iter().chain([recording.as_path()]))
}

#[test]
fn a_model_inside_the_program_has_a_name() {
    let recording = data("speech-16k.wav");
    let default = run([std::path::Path::new("replay"), &recording]);
    let named = demo_with("voices");
    assert!(named.status.success(), "{}", said(&named));
    assert_eq!(named.stdout, default.stdout);
    let file = path("models/voices/model.onnx");
    let by_path = demo_with(&file.display().to_string());
    let (by_path, named) = (lines(&by_path), lines(&named));
    assert_eq!(by_path[0]["model_sha256"], named[0]["model_sha256"]);
    assert_eq!(by_path[1..], named[1..]);
    let unknown = demo_with("tiny");
    assert_eq!(unknown.status.code(), Some(1));
    let text = said(&unknown);
    assert!(text.contains("tiny") && text.contains("voices"), "{text}");
}

fn load(model: Model) -> Engine {
    Engine::load(model, EngineChoice::Builtin, None).unwrap()
}

fn quick() -> Engine {
    load(Model::read(&path("tests/streaming/model.onnx")).unwrap())
}

#[test]
fn a_model_that_is_fast_enough_stays() {
    let engine = quick().or_small_if_slow(|| unreachable!()).unwrap();
    assert_eq!((engine.replaced, engine.model.spec.labels.len()), (None, 3));
}

#[test]
fn the_small_model_replaces_one_that_is_too_slow() {
    let slow = [("EMOSCOPE_FAILPOINT", "slow voices")];
    run_alone(
        "takeover::a_session_reports_that_the_small_model_is_used",
        slow,
    );
}

#[test]
#[ignore = "run by the test above in a process whose engine is slow"]
fn a_session_reports_that_the_small_model_is_used() {
    let voices = load(Model::embedded().unwrap());
    let engine = voices.or_small_if_slow(|| Ok(quick())).unwrap();
    let small = engine.model.name.clone();
    let replaced = engine.replaced.clone().unwrap();
    assert_eq!(replaced.model, "voices");
    assert!(replaced.measurement_ms > 60.0);

    let spec = Spec::checked(16_000, 1).unwrap();
    let (_feeder, capture) = Capture::synthetic(spec, "quiet");
    let (screen, updates) = unbounded();
    let (wishes, controls) = unbounded();
    wishes.send(Control::Quit).unwrap();
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    let session = LiveSession {
        microphone: Microphone::from(capture),
        engine,
        options: LiveOptions {
            channel: ChannelChoice::Mix.into(),
            seconds: None,
            started_at: "2026-01-01T00:00:00Z".into(),
            recording: None,
            notice: |notice| eprintln!("{notice}"),
        },
    };
    session.run(&mut outlets, &controls).unwrap();
    let (mut started, mut noticed) = (false, false);
    for update in updates.try_iter() {
        match update {
            Update::Event(Event::SessionStart(start)) => {
                assert_eq!(
                    (start.model, start.replaced),
                    (small.clone(), Some(replaced.clone()))
                );
                started = true;
            }
            Update::Notice(notice) => {
                assert!(
                    notice.contains("voices") && notice.contains(&small),
                    "{notice}"
                );
                noticed = true;
            }
            _ => {}
        }
    }
    assert!(started && noticed);
}
