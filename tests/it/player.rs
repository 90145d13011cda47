//! A recording that is analyzed ahead of playback: whatever the user does meanwhile,
//! its results are those of `analyze`.

use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use emoscope::audio::file::AudioFile;
use emoscope::audio::source::Source;
use emoscope::dashboard::state::State;
use emoscope::dashboard::state::utterance::Utterance;
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, SourceKind};
use emoscope::messages::{Control, Jump, Update};
use emoscope::model::Model;
use emoscope::session::PlaybackOptions;
use emoscope::session::audio_file::FileOptions;
use emoscope::session::event_log::EventLog;
use emoscope::session::handle::{self, Handle};
use emoscope::session::outlets::Outlets;
use emoscope::session::player::Player;
use emoscope::sink::Sink;
use serde_json::Value;

use crate::support::{lines, path, run};

/// Longest wait for a condition; a loaded machine is slow.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The utterances that `analyze` finds.
fn analyzed(file: &Path) -> Vec<Value> {
    let arguments = ["analyze", file.to_str().unwrap(), "--format", "jsonl"];
    let options = ["--engine", "builtin", "--speakers", "1"];
    let mut rows = lines(&run(arguments.into_iter().chain(options)));
    rows.retain(|line| line["trigger"] == "speech_ended");
    assert!(rows.len() >= 8, "{}", rows.len());
    rows
}

fn play(file: &Path) -> (Handle, Receiver<Update>) {
    let open = || -> Box<dyn Source> { Box::new(AudioFile::open(file).unwrap()) };
    let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Builtin, None).unwrap();
    let options = FileOptions {
        kind: SourceKind::File,
        name: "demo.ogg".into(),
        channel: ChannelChoice::Mix.into(),
        notice: |_| {},
    };
    let playback = PlaybackOptions {
        speed: Some(1.0),
        repeat: false,
        linger: true,
        mute: true,
    };
    let player = Player::of_recording(open(), None, open(), engine, options, playback).unwrap();
    let (screen, updates) = unbounded();
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    (handle::start(player, outlets).unwrap(), updates)
}

/// Applies updates until a condition holds.
fn until(state: &mut State, updates: &Receiver<Update>, so: impl Fn(&State) -> bool) {
    let start = Instant::now();
    while !so(state) {
        assert!(
            start.elapsed() < LONGEST_WAIT,
            "{:?}",
            state.picture().position
        );
        if let Ok(update) = updates.recv_timeout(Duration::from_millis(50)) {
            state.apply(&update);
        }
    }
}

fn is_row(state: &State, utterance: &Utterance, row: &Value) -> bool {
    let label = match utterance.prediction.label {
        Some(label) => state.picture().status.labels[label].as_str(),
        None => "uncertain",
    };
    let near = |ours: f64, name: &str| (ours - row[name].as_f64().unwrap()).abs() < 1e-6;
    label == row["label"]
        && near(utterance.start_s, "start_s")
        && near(utterance.end_s, "end_s")
        && near(utterance.prediction.confidence.into(), "confidence")
}

/// The utterances shown so far are the first rows, without a gap.
fn check(state: &State, rows: &[Value]) {
    let picture = state.picture();
    for (utterance, row) in picture.utterances.iter().zip(rows) {
        assert!(is_row(state, utterance, row), "{utterance:?} is not {row}");
    }
    let until = picture.now.min(picture.known_s());
    let ended = |row: &&Value| row["end_s"].as_f64().unwrap() <= until;
    assert_eq!(
        picture.past_utterances().count(),
        rows.iter().filter(ended).count(),
        "at {until}"
    );
}

#[test]
fn seeking_leaves_no_gap_and_changes_no_result() {
    let file = path("src/cli/demo.ogg");
    let rows = analyzed(&file);
    let (session, updates) = play(&file);
    let mut state = State::new(false);
    let mut random = 7_u64;
    for _ in 0..40 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let to = (random >> 40) as f64 / f64::from(1 << 24) * 50.0;
        session.controls().send(Control::SeekTo(to)).unwrap();
        until(&mut state, &updates, |state| {
            let at = state.picture().now;
            state.picture().position.is_some() && (to..to + 1.0).contains(&at)
        });
        check(&state, &rows);
    }
    until(&mut state, &updates, |state| {
        let ahead = state.picture().ahead.as_ref();
        ahead.is_some_and(|ahead| ahead.complete)
    });
    check(&state, &rows);
    assert_eq!(state.picture().utterances.len(), rows.len());

    // From utterance to utterance, by its number and by its label.
    let start = |row: &Value| row["start_s"].as_f64().unwrap();
    session.controls().send(Control::SeekTo(0.0)).unwrap();
    until(&mut state, &updates, |state| state.picture().now < 0.5);
    for row in &rows[..4] {
        session.controls().send(Control::Jump(Jump::Next)).unwrap();
        let there = start(row);
        until(&mut state, &updates, |state| {
            (there..there + 0.5).contains(&state.picture().now)
        });
    }
    let label = rows[6]["label"].as_str().unwrap();
    let later = rows[4..].iter().find(|row| row["label"] == label).unwrap();
    let jump = Control::Jump(Jump::NextOf(label.into()));
    session.controls().send(jump).unwrap();
    let there = start(later);
    until(&mut state, &updates, |state| {
        (there..there + 0.5).contains(&state.picture().now)
    });
    let none = Control::Jump(Jump::NextOf("no such label".into()));
    session.controls().send(none).unwrap();
    until(&mut state, &updates, |state| {
        let notice = state.picture().notice();
        notice.is_some_and(|notice| notice.contains("no later utterance"))
    });
    session.stop().unwrap();
}

/// Passes events on to the test.
struct Collect(Sender<Event>);

impl Sink for Collect {
    fn event(&mut self, _: Option<&str>, event: &Event) -> std::io::Result<()> {
        self.0.send(event.clone()).map_err(std::io::Error::other)
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Events as JSON until the last of a session.
fn session_of(events: &Receiver<Event>) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let event = events.recv_timeout(LONGEST_WAIT).unwrap();
        lines.push(serde_json::to_value(&event).unwrap());
        if matches!(event, Event::SessionEnd(_)) {
            return lines;
        }
    }
}

/// Other programs get the events of what is played: none of a part that a seek skips,
/// and those of a part that plays again a second time, after a new header.
#[test]
fn readers_get_the_events_as_they_are_played() {
    let printed = run(["demo", "--jsonl", "--engine", "builtin"]);
    let all = lines(&printed);
    let log = EventLog::read(printed.stdout.as_slice()).unwrap();
    let playback = PlaybackOptions {
        speed: Some(8.0),
        repeat: false,
        linger: true,
        mute: true,
    };
    let (sender, events) = unbounded();
    let mut outlets = Outlets::default();
    let writer = outlets.add(Collect(sender), |_| {});
    let session = handle::start(log.session(playback), outlets).unwrap();
    session.controls().send(Control::SeekTo(30.0)).unwrap();
    let first = session_of(&events);
    session.controls().send(Control::SeekTo(40.0)).unwrap();
    let again = session_of(&events);
    session.stop().unwrap();
    writer.join().unwrap();

    let ended = |lines: &[Value], from: f64| -> Vec<Value> {
        let lines = lines
            .iter()
            .filter(|line| line["trigger"] == "speech_ended");
        let late = lines.filter(|line| line["end_s"].as_f64().unwrap() > from);
        late.cloned().collect()
    };
    assert!(ended(&all, 0.0).len() > ended(&all, 30.0).len());
    assert!(ended(&all, 40.0).len() >= 2);
    assert_eq!(ended(&first, 0.0), ended(&all, 30.0));
    assert_eq!(ended(&again, 0.0), ended(&all, 40.0));
    for session in [first, again] {
        assert_eq!(session[0]["type"], "session_start");
        let headers = session
            .iter()
            .filter(|line| line["type"] == "session_start");
        assert_eq!(headers.count(), 1);
    }
}
