//! The effect of updates and keys on the state.

use emoscope::dashboard::keys::Key;
use emoscope::dashboard::state::picture::{Phase, Picture};
use emoscope::dashboard::state::prediction::Standing;
use emoscope::dashboard::state::{Action, Effect, Overlay, State, TimeScale};
use emoscope::dashboard::summary;
use emoscope::events::Trigger;
use emoscope::messages::{AnalyzedPart, Control, DeviceLine, Jump, Position, Status, Update};

use super::scenes::{
    SEVEN, analyzed, devices, just_ended, level, mark, measured, opened, outage, position, replay,
    signal, silent, state, status, stream, talk, utterance_end, utterance_start, voice,
};

fn labelled(at: f64, label: &str) -> Update {
    measured(
        &SEVEN,
        Trigger::Interval,
        (at - 1.5, at),
        (label, 0.6),
        true,
    )
}

#[test]
fn the_phases_of_an_utterance() {
    let mut state = State::new(false);
    assert_eq!(state.picture().phase(), Phase::Starting);
    let unsure = measured(&SEVEN, Trigger::Interval, (1.0, 2.75), ("fear", 0.2), false);
    for (update, phase) in [
        (Update::Status(status(&SEVEN)), Phase::Starting),
        (level(0.5, -70.0, false), Phase::Silent),
        (signal(0.6, false), Phase::Muted),
        (signal(0.8, true), Phase::Silent),
        (voice(1.0, true), Phase::WarmingUp),
        (utterance_start(1, 1.0), Phase::WarmingUp),
        (labelled(2.5, "fear"), Phase::Labelled),
        (unsure, Phase::Uncertain),
        (labelled(3.0, "anger"), Phase::Labelled),
        (voice(3.2, false), Phase::Labelled), // a short pause within the utterance
        (utterance_end(1, 1.0, 3.2), Phase::Silent),
    ] {
        state.apply(&update);
        assert_eq!(state.picture().phase(), phase, "{update:?}");
    }
    let shown = state.picture().shown.as_ref().unwrap();
    assert_eq!(shown.prediction.label, Some(0), "the last answer stays");
    assert!(!shown.live());
}

#[test]
fn the_final_prediction_replaces_the_live_one_and_ages() {
    let mut state = state(&[
        Update::Status(status(&SEVEN)),
        utterance_start(1, 1.0),
        labelled(3.0, "anger"),
    ]);
    let shown = |state: &State| state.picture().shown.clone().unwrap();
    assert_eq!(shown(&state).standing, Standing::Live);
    let whole = |label| measured(&SEVEN, Trigger::SpeechEnded, (1.0, 4.0), (label, 0.5), true);
    state.apply(&whole("fear"));
    state.apply(&utterance_end(1, 1.0, 4.0));
    assert_eq!(shown(&state).prediction.label, Some(2));
    assert_eq!(shown(&state).standing, Standing::Revised(Some(0)));
    assert!(!state.picture().dimmed());
    state.apply(&level(8.5, -70.0, false));
    assert!(state.picture().dimmed());
    assert!((shown(&state).age_s(state.picture().now) - 4.5).abs() < 1e-9);
    // It stays while the next utterance warms up, until its first prediction.
    state.apply(&utterance_start(2, 9.0));
    assert_eq!(state.picture().phase(), Phase::WarmingUp);
    assert_eq!(shown(&state).prediction.label, Some(2));
    state.apply(&labelled(10.0, "fear"));
    state.apply(&whole("fear"));
    assert_eq!(
        shown(&state).standing,
        Standing::Final,
        "nothing was revised"
    );
}

#[test]
fn a_missing_input_is_a_phase_with_its_seconds() {
    let mut state = state(&silent());
    for seconds in [1, 2] {
        assert_eq!(state.apply(&outage(seconds, true)), Effect::Redraw);
        assert!(matches!(state.picture().phase(), Phase::Away(o) if o.seconds == seconds));
    }
    assert_eq!(state.apply(&outage(2, true)), Effect::None);
    state.apply(&Update::Status(status(&SEVEN)));
    assert_eq!(state.picture().phase(), Phase::Silent);
}

#[test]
fn keys_of_a_live_session() {
    let mut live = state(&talk(&SEVEN));
    assert_eq!(live.press(Key::Mark), Action::Send(Control::Mark));
    assert_eq!(
        live.press(Key::Record),
        Action::Send(Control::ToggleRecording)
    );
    assert_eq!(live.press(Key::Save), Action::Save);
    let seconds = [5, 30, 60, 1].map(|minutes| {
        assert_eq!(live.press(Key::Scale), Action::Redraw);
        (60 * minutes, live.scale().seconds())
    });
    assert!(
        seconds.iter().all(|(wanted, is)| Some(*wanted) == *is),
        "{seconds:?}"
    );
    live.apply(&mark(63.0));
    assert_eq!(live.picture().notice(), Some("marked 1:03"));
    assert_eq!(live.picture().marks, 1);
    // A replay has neither.
    let mut replayed = state(&replay());
    for key in [Key::Mark, Key::Record] {
        assert_eq!(replayed.press(key), Action::Redraw);
        assert!(replayed.picture().notice().unwrap().contains("live input"));
    }
}

#[test]
fn totals_count_whole_utterances_by_seconds() {
    let state = state(&stream());
    let shares = state.picture().totals.shares();
    // 7 s happiness, 9 s surprise, 6 s fear and 11 s sadness of 33 s.
    let expected = [(5, 11.0), (6, 9.0), (3, 7.0), (2, 6.0)];
    assert_eq!(shares.len(), expected.len());
    for ((shown, share), (label, seconds)) in shares.iter().zip(expected) {
        assert_eq!(*shown, Some(label));
        assert!((share - seconds / 33.0).abs() < 1e-3, "{share}");
    }
}

#[test]
fn a_summary_of_three_lines_describes_the_session() {
    let mut updates = just_ended();
    updates.push(Update::Status(Status {
        recording: Some("talk-1.jsonl".into()),
        ..status(&SEVEN)
    }));
    updates.push(Update::Status(status(&SEVEN)));
    let lines = summary::lines(state(&updates).picture());
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].contains("1 min 7 s of Desk Microphone"),
        "{lines:?}"
    );
    assert!(lines[0].contains("in 5 utterances"), "{lines:?}");
    assert!(
        lines[1].starts_with("happiness 34 %, sadness 28 %"),
        "{lines:?}"
    );
    assert!(lines[2].contains("1 mark,") && lines[2].contains("emoscope replay talk-1.jsonl"));
    assert!(summary::lines(State::new(false).picture()).is_empty());
}

#[test]
fn an_input_of_two_audio_systems_is_listed_once() {
    let line = |id: &str, name: &str, default, current| DeviceLine {
        id: id.into(),
        name: name.into(),
        default,
        monitor: false,
        current,
    };
    let mut state = state(&talk(&SEVEN));
    state.press(Key::Devices);
    state.apply(&Update::Devices(vec![
        line("alsa:desk", "Desk", true, false),
        line("pulse:desk", "Desk", false, true),
        line("pulse:head", "Headset", false, false),
        line("alsa:default", "Default (PulseAudio)", false, false),
        line("pulse:other", "Desk", false, false),
    ]));
    let Overlay::Devices(menu) = state.overlay() else {
        panic!("no list");
    };
    let listed: Vec<_> = menu.choices.iter().flatten().map(|c| &c.device).collect();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].id == "pulse:desk" && listed[0].current);
    assert_eq!(menu.selected, 0);
}

#[test]
fn unchanged_values_are_not_drawn() {
    let mut state = State::new(false);
    let status = Update::Status(status(&SEVEN));
    assert_eq!(state.apply(&status), Effect::Redraw);
    assert_eq!(state.apply(&status), Effect::None);
    assert_eq!(state.apply(&level(0.1, -80.0, false)), Effect::Redraw);
    let noise = (2..40).map(|i| level(f64::from(i) * 0.0125, -80.0 + i as f32 / 4.0, false));
    let drawn = noise.filter(|level| state.apply(level) != Effect::None);
    assert_eq!(drawn.count(), 0, "noise under the meter moved the screen");
}

#[test]
fn a_frozen_picture_catches_up() {
    let mut state = state(&talk(&SEVEN));
    assert_eq!(state.press(Key::Hold), Action::Redraw);
    assert!(state.frozen());
    assert_eq!(state.apply(&labelled(70.0, "anger")), Effect::None);
    assert!(state.picture().now < 70.0);
    state.press(Key::Hold);
    assert!(!state.frozen() && state.picture().now >= 70.0);
}

#[test]
fn keys_of_a_replay() {
    let mut state = state(&replay());
    for (key, control) in [
        (Key::Hold, Control::TogglePause),
        (Key::Seek(-5.0), Control::SeekBy(-5.0)),
        (Key::Seek(30.0), Control::SeekBy(30.0)),
        (Key::Home, Control::SeekTo(0.0)),
        (Key::Next, Control::Jump(Jump::Next)),
        (Key::Previous, Control::Jump(Jump::Previous)),
        (Key::Volume(3), Control::Volume(3)),
        (Key::Faster, Control::Speed(4.0)),
        (Key::Slower, Control::Speed(1.0)),
    ] {
        assert_eq!(state.press(key), Action::Send(control));
    }
    assert!(!state.frozen());
    assert_eq!(state.press(Key::Devices), Action::Redraw);
    assert!(state.picture().notice().unwrap().contains("no input"));
    let speed = |speed| {
        Update::Position(Position {
            at_s: 70.0,
            total_s: None,
            speed,
            paused: false,
        })
    };
    state.apply(&speed(Some(8.0)));
    assert_eq!(state.press(Key::Faster), Action::None);
    state.apply(&speed(None));
    assert_eq!(state.press(Key::Faster), Action::None);
    assert_eq!(state.press(Key::Slower), Action::Send(Control::Speed(8.0)));
}

/// A place in a recording looks the same, whichever keys lead to it.
#[test]
fn a_place_looks_the_same_however_it_was_reached() {
    let places = [
        64.0, 3.5, 140.0, 77.0, 78.6, 24.0, 24.1, 96.0, 0.0, 131.0, 64.5, 50.0,
    ];
    let mut wandering = state(&opened(150.0));
    for place in places {
        wandering.apply(&position(place));
        let mut played = state(&opened(150.0));
        for step in 0..=(place * 10.0) as u32 {
            played.apply(&position(f64::from(step) / 10.0));
        }
        played.apply(&position(place));
        let direct = {
            let mut updates = opened(150.0);
            updates.push(position(place));
            state(&updates)
        };
        for other in [&played, &direct] {
            let (seen, expected) = (wandering.picture(), other.picture());
            assert_eq!(seen.shown, expected.shown, "{place}");
            assert_eq!(seen.phase(), expected.phase(), "{place}");
            let past = |picture: &Picture| picture.past_utterances().cloned().collect::<Vec<_>>();
            assert_eq!(past(seen), past(expected), "{place}");
            assert_eq!(seen.totals, expected.totals, "{place}");
        }
    }
}

#[test]
fn analyzed_parts_one_by_one_give_the_same_result() {
    let Update::Analyzed(whole) = analyzed(150.0) else {
        panic!("no timeline");
    };
    let mut updates = opened(0.0);
    for events in whole.events.chunks(7) {
        updates.push(Update::Analyzed(AnalyzedPart {
            events: events.to_vec(),
            until_s: events[events.len() - 1].0,
            complete: false,
        }));
        updates.push(position(40.0));
    }
    let mut by_parts = state(&updates);
    let share = by_parts.picture().analyzed_share().unwrap();
    assert!((share - 131.0 / 150.0).abs() < 1e-9, "{share}");
    by_parts.apply(&Update::Analyzed(AnalyzedPart {
        events: Vec::new(),
        until_s: 150.0,
        complete: true,
    }));
    let mut at_once = state(&opened(150.0));
    at_once.apply(&position(40.0));
    assert_eq!(by_parts.picture().analyzed_share(), None);
    assert_eq!(by_parts.picture().utterances, at_once.picture().utterances);
    assert_eq!(by_parts.picture().shown, at_once.picture().shown);
}

#[test]
fn a_label_is_found_by_the_shortest_unique_prefix() {
    let mut state = state(&replay());
    let next = |label: &str| Action::Send(Control::Jump(Jump::NextOf(label.into())));
    assert_eq!(state.type_char('a'), None, "it is still a key");
    assert_eq!(state.press(Key::Find), Action::Redraw);
    assert_eq!(state.type_char('f'), Some(next("fear")));
    assert_eq!(*state.overlay(), Overlay::None);
    // Two labels begin with s: a second character decides.
    state.press(Key::Find);
    assert_eq!(state.type_char('S'), Some(Action::Redraw));
    assert_eq!(state.type_char('x'), Some(Action::None));
    assert_eq!(state.type_char('u'), Some(next("surprise")));
    // Enter takes the first; without typing, the last search again.
    state.press(Key::Find);
    state.type_char('s');
    assert_eq!(state.press(Key::Enter), next("sadness"));
    state.press(Key::Find);
    assert_eq!(state.press(Key::Enter), next("sadness"));
    state.press(Key::Find);
    assert_eq!(state.type_char('u'), Some(next("uncertain")));
    state.press(Key::Find);
    assert_eq!(state.press(Key::Escape), Action::Redraw);
    assert_eq!(*state.overlay(), Overlay::None);
}

#[test]
fn the_timeline_is_zoomed() {
    let mut state = state(&replay());
    assert_eq!(state.scale(), TimeScale::Whole);
    assert_eq!(state.press(Key::ZoomIn), Action::Redraw);
    assert_eq!(state.scale(), TimeScale::OneMinute);
    state.press(Key::ZoomIn);
    assert_eq!(state.scale(), TimeScale::TenSeconds);
    state.press(Key::ZoomOut);
    state.press(Key::ZoomOut);
    assert_eq!(state.scale(), TimeScale::Whole);
    // An hour is shown in parts.
    state.apply(&Update::Position(Position {
        at_s: 70.0,
        total_s: Some(3600.0),
        speed: Some(1.0),
        paused: false,
    }));
    let mut long = State::new(false);
    for update in opened(150.0) {
        long.apply(&update);
    }
    long.apply(&Update::Position(Position {
        at_s: 0.0,
        total_s: Some(3600.0),
        speed: Some(1.0),
        paused: false,
    }));
    assert_eq!(long.scale(), TimeScale::FiveMinutes);
}

#[test]
fn a_stream_can_be_paused_but_not_seeked() {
    let mut state = state(&stream());
    assert_eq!(state.press(Key::Hold), Action::Send(Control::TogglePause));
    for key in [Key::Next, Key::Find, Key::End, Key::Volume(3), Key::ZoomIn] {
        assert_eq!(state.press(key), Action::None, "{key:?}");
    }
    assert_eq!(
        state.press(Key::Forget),
        Action::Send(Control::ResetSpeaker)
    );
    assert_eq!(
        self::state(&replay()).press(Key::Forget),
        Action::Redraw,
        "what is analyzed stays"
    );
}

#[test]
fn the_end_of_a_replay_stays_until_a_key() {
    let mut state = state(&replay());
    assert_eq!(state.apply(&Update::Ended(Ok(()))), Effect::Redraw);
    assert!(state.picture().ended && state.over());
    assert_eq!(state.press(Key::Home), Action::Send(Control::SeekTo(0.0)));
    state.apply(&position(0.0));
    assert!(!state.picture().ended && !state.over());
    assert_eq!(state.press(Key::Quit), Action::Quit);
}

#[test]
fn the_end_closes_the_screen_where_nothing_is_kept() {
    let end = Update::Ended(Ok(()));
    assert_eq!(state(&talk(&SEVEN)).apply(&end), Effect::End(Ok(())));
    let mut quitting = State::new(true);
    for update in replay() {
        quitting.apply(&update);
    }
    assert_eq!(quitting.apply(&end), Effect::End(Ok(())));
    let failed = Update::Ended(Err("talk.wav: cut off".into()));
    let effect = state(&replay()).apply(&failed);
    assert_eq!(effect, Effect::End(Err("talk.wav: cut off".into())));
}

#[test]
fn choosing_an_input() {
    let mut state = state(&talk(&SEVEN));
    assert_eq!(state.press(Key::Devices), Action::Send(Control::OpenPicker));
    assert_eq!(state.apply(&devices()), Effect::Redraw);
    let gone = Update::DeviceLevel {
        id: "gone".into(),
        peak_dbfs: -3.0,
    };
    assert_eq!(state.apply(&gone), Effect::None);
    state.press(Key::Up);
    state.press(Key::Down);
    let switch = Control::SwitchDevice("pulse:head".into());
    assert_eq!(state.press(Key::Enter), Action::Send(switch));
    assert_eq!(*state.overlay(), Overlay::None);
    state.press(Key::Devices);
    assert_eq!(state.press(Key::Escape), Action::Send(Control::ClosePicker));
    assert_eq!(state.press(Key::Escape), Action::Quit);
}

#[test]
fn a_notice_stays_while_no_audio_comes() {
    let mut state = state(&[level(10.0, -30.0, false)]);
    state.apply(&Update::Notice("microphone lost".into()));
    assert_eq!(state.picture().notice(), Some("microphone lost"));
    state.apply(&level(19.0, -30.0, false));
    assert_eq!(state.picture().notice(), None);
}

#[test]
fn a_model_with_other_labels_starts_a_new_history() {
    let mut state = state(&talk(&SEVEN));
    state.apply(&Update::Status(Status {
        labels: vec!["calm".into(), "tense".into()],
        ..status(&SEVEN)
    }));
    assert!(state.picture().utterances.is_empty());
}
