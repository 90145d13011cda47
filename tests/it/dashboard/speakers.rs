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

/// The content of the rows that begin with a name, without the list beside the bars.
fn lane(state: &State, (width, height): (u16, u16), name: &str) -> Option<String> {
    let picture = picture(state, width, height);
    let rows = picture.lines().rev();
    let rows = rows.map(|row| row.trim_start_matches(['|', ' ']));
    rows.filter_map(|row| row.strip_prefix(name))
        .find(|rest| rest.starts_with("  "))
        .map(str::to_owned)
}

/// Number of columns with the mark of anger, the label of all utterances here.
fn columns(lane: &str) -> usize {
    lane.chars().filter(|symbol| *symbol == '▲').count()
}

#[test]
fn each_speaker_has_a_lane_as_long_as_the_speech() {
    let state = state(&talk([A, B, A]));
    for size in [(80, 24), (120, 40), (200, 50)] {
        let of = |name| columns(&lane(&state, size, name).unwrap_or_default());
        let (first, second) = (of("speaker A"), of("speaker B"));
        // 15 and 20 seconds of the last minute.
        let minute = f64::from(size.0) - 17.0;
        let near = |columns: usize, seconds: f64| {
            let expected = minute * seconds / 60.0;
            (columns as f64 - expected).abs() <= 0.05 * minute
        };
        assert!(near(first, 15.0), "{size:?} {first}");
        assert!(near(second, 20.0), "{size:?} {second}");
        assert_eq!(lane(&state, size, "label"), None, "{size:?}");
    }
    // One row is left: it has the labels of both.
    let small = picture(&state, 40, 12);
    let row = small.lines().filter(|row| columns(row) > 10).count();
    assert_eq!(row, 1, "{small}");
}

#[test]
fn a_lane_follows_a_correction_and_a_name() {
    let mut state = state(&talk([A, B, A]));
    let of = |state: &State, name| lane(state, (80, 24), name).map(|lane| columns(&lane));
    let before = of(&state, "speaker B").unwrap();
    state.apply(&correction(3, B));
    assert!(of(&state, "speaker B").unwrap() > before);
    state.press(Key::Name);
    for typed in "Ann".chars() {
        state.type_char(typed);
    }
    state.press(Key::Enter);
    assert!(of(&state, "Ann").is_some());
    // With one speaker left there are no lanes.
    for number in 1..4 {
        state.apply(&correction(number, A));
    }
    assert_eq!(of(&state, "speaker A"), None);
    assert!(of(&state, "label").is_some());
}

#[test]
fn the_speakers_with_least_speech_share_a_lane_where_rows_are_few() {
    let mut updates = vec![Update::Status(status(&SEVEN))];
    for number in 0..9_u16 {
        let start = f64::from(number) * 6.0 + 1.0;
        // The first two speak longest.
        let end = start + if number < 2 { 5.0 } else { 2.0 };
        updates.extend(utterance(
            u64::from(number) + 1,
            (start, end),
            Speaker(number),
        ));
    }
    let state = state(&updates);
    for size in [(80, 24), (120, 40)] {
        let picture = picture(&state, size.0, size.1);
        assert!(lane(&state, size, "speaker A").is_some(), "{picture}");
        assert!(lane(&state, size, "speaker B").is_some(), "{picture}");
        assert_eq!(lane(&state, size, "speaker I"), None, "{picture}");
        let others = lane(&state, size, "others").unwrap_or_default();
        assert!(columns(&others) >= 4, "{picture}");
    }
}

#[test]
fn a_replay_has_a_row_for_each_label_above_the_lanes_of_up_to_six_speakers() {
    let letters = ["A", "B", "C", "D", "E", "F"];
    for count in 2..=letters.len() {
        let mut status = status(&SEVEN);
        status.replay = true;
        let mut updates = vec![Update::Status(status)];
        for number in 0..count as u16 {
            let start = f64::from(number) * 6.0 + 1.0;
            let span = (start, start + 5.0);
            updates.extend(utterance(u64::from(number) + 1, span, Speaker(number)));
        }
        let state = state(&updates);
        let picture = picture(&state, 120, 40);
        for label in ["◆ fear", "▼ sadness", "✚ surprise"] {
            // A bar, and a row of the history.
            let rows = picture.lines().filter(|row| row.contains(label)).count();
            assert_eq!(rows, 2, "{count} speakers\n{picture}");
        }
        for letter in &letters[..count] {
            let name = format!("speaker {letter}");
            assert!(lane(&state, (120, 40), &name).is_some(), "{picture}");
        }
    }
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
