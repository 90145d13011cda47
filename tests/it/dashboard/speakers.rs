//! Speakers on the dashboard: letters, seconds, corrections and names.

use emoscope::dashboard::keys::Key;
use emoscope::dashboard::state::State;
use emoscope::events::{ChangedSpeaker, Event, Speaker, Speakers, Trigger};
use emoscope::messages::Update;

use super::scenes::{
    COLOR, SEVEN, drawn, measured, state, status, text, utterance_end, utterance_start, voice,
};

const A: Speaker = Speaker(0);
const B: Speaker = Speaker(1);

/// An utterance of a speaker, with one live measurement.
fn utterance(number: u64, (start, end): (f64, f64), speaker: Speaker) -> Vec<Update> {
    let live = (start, start + 1.0);
    let measurement = |trigger, span| {
        let Update::Event(Event::Measurement(mut it)) =
            measured(&SEVEN, trigger, span, ("anger", 0.7), true)
        else {
            unreachable!("a measurement")
        };
        it.utterance = number;
        it.speaker = Some(speaker);
        Update::Event(Event::Measurement(it))
    };
    vec![
        voice(start, true),
        utterance_start(number, start),
        measurement(Trigger::Interval, live),
        voice(end, false),
        measurement(Trigger::SpeechEnded, (start, end)),
        utterance_end(number, start, end),
    ]
}

/// Three utterances of these speakers, of 10, 20 and 5 s.
fn talk(speakers: [Speaker; 3]) -> Vec<Update> {
    let spans = [(1.0, 11.0), (12.0, 32.0), (33.0, 38.0)];
    let mut updates = vec![Update::Status(status(&SEVEN))];
    for ((number, span), speaker) in (1..).zip(spans).zip(speakers) {
        updates.extend(utterance(number, span, speaker));
    }
    updates
}

fn correction(utterance: u64, speaker: Speaker) -> Update {
    Update::Event(Event::Speakers(Speakers {
        channel: None,
        at_s: 39.0,
        changed: vec![ChangedSpeaker { utterance, speaker }],
    }))
}

fn picture(state: &State, width: u16, height: u16) -> String {
    text(&drawn(state, COLOR, width, height))
}

/// The speaker letters of the list, newest first: the text between the duration and the
/// mark of each utterance.
fn listed(state: &State) -> Vec<String> {
    let picture = picture(state, 120, 40);
    let rows = picture.lines().filter_map(|line| line.split_once(".0 s "));
    let words = rows.map(|(_, rest)| rest.split_whitespace().next().unwrap_or("").to_owned());
    words.collect()
}

/// The text after the labels in the row of totals.
fn totals(state: &State) -> String {
    let picture = picture(state, 120, 40);
    let row = picture.lines().find(|line| line.contains("totals"));
    row.unwrap_or_else(|| panic!("{picture}")).to_owned()
}

fn assert_totals(state: &State, part: &str) {
    let totals = totals(state);
    assert!(totals.contains(part), "{totals}");
}

#[test]
fn who_speaks_stands_beside_the_word_on_every_screen() {
    for (width, height) in [(40, 12), (80, 24), (120, 40), (200, 50)] {
        let picture = picture(&state(&talk([A, B, A])), width, height);
        assert!(picture.contains("speaker A"), "{width}x{height}\n{picture}");
    }
}

#[test]
fn one_speaker_is_not_named() {
    let state = state(&talk([A, A, A]));
    assert!(!picture(&state, 120, 40).contains("speaker"));
    assert_totals(&state, "of 35 s of speech");
}

#[test]
fn a_correction_changes_the_list_the_totals_and_the_word() {
    let mut state = state(&talk([A, A, B]));
    assert_eq!(listed(&state), ["B", "A", "A"]);
    assert_totals(&state, "A 30 s, B 5 s");
    state.apply(&correction(2, B));
    assert_eq!(listed(&state), ["B", "B", "A"]);
    assert_totals(&state, "A 10 s, B 25 s");
    state.apply(&correction(3, A));
    assert!(picture(&state, 80, 24).contains("speaker A"));
    state.apply(&correction(2, A));
    // Only one speaker is left.
    assert_totals(&state, "of 35 s of speech");
}

#[test]
fn a_speaker_gets_a_name_for_the_session() {
    let mut state = state(&talk([A, B, A]));
    state.press(Key::Name);
    for typed in "Ann".chars() {
        state.type_char(typed);
    }
    state.press(Key::Enter);
    assert_eq!(listed(&state), ["Ann", "B", "Ann"]);
    assert!(picture(&state, 80, 24).contains("speaker Ann"));
    state.press(Key::Name);
    state.press(Key::Down);
    for typed in "q\u{1b}ob".chars() {
        state.type_char(typed); // no key, and no control character
    }
    state.press(Key::Erase);
    state.press(Key::Enter);
    assert_eq!(listed(&state), ["Ann", "qo", "Ann"]);
    // An empty name restores the letter; Escape keeps the name.
    state.press(Key::Name);
    state.press(Key::Escape);
    assert_eq!(listed(&state), ["Ann", "qo", "Ann"]);
    state.press(Key::Name);
    state.press(Key::Enter);
    assert_eq!(listed(&state), ["A", "qo", "A"]);
}

#[test]
fn a_reset_begins_the_speakers_again() {
    let mut state = state(&talk([A, B, A]));
    state.press(Key::Name);
    state.type_char('X');
    state.press(Key::Enter);
    assert_totals(&state, "X 15 s, B 20 s");
    state.press(Key::Forget);
    // The next person is A again, and neither X nor the one who spoke before.
    for (number, span, speaker) in [(4, (40.0, 43.0), A), (5, (44.0, 46.0), B)] {
        for update in utterance(number, span, speaker) {
            state.apply(&update);
        }
    }
    assert_totals(&state, "A 3 s, B 2 s");
}

#[test]
fn without_a_speaker_there_is_nobody_to_name() {
    let mut state = state(&[Update::Status(status(&SEVEN)), voice(1.0, true)]);
    state.press(Key::Name);
    assert!(picture(&state, 80, 24).contains("no speaker is known yet"));
    assert_eq!(state.type_char('b'), None, "it is a key");
}
