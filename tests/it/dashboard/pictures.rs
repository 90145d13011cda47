//! Snapshots of the screen as text.

use emoscope::dashboard::keys::Key;
use emoscope::dashboard::state::recordings::RecordingMenu;
use emoscope::dashboard::state::{Action, Overlay, State};
use emoscope::dashboard::theme::{Palette, Theme};
use emoscope::events::Event;
use emoscope::messages::{Position, RecordingLine, Sound, Status, Update};
use emoscope::session::PlaybackOptions;
use emoscope::session::Session as _;
use emoscope::session::event_log::EventLog;
use emoscope::session::outlets::Outlets;
use insta::assert_snapshot;
use ratatui::style::{Color, Modifier};

use super::scenes::{
    COLOR, LATER, SEVEN, devices, drawn, just_ended, level, lost, measured, opened, position,
    replay, silent, state, status, stream, talk, text, uncertain, utterance_start, voice,
};

/// The sizes of the snapshots.
const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 50)];

/// Compares a scene with its snapshot in every size.
fn keep(name: &str, updates: &[Update]) {
    for (width, height) in SIZES {
        let picture = text(&drawn(&state(updates), COLOR, width, height));
        assert_snapshot!(format!("{name}_{width}x{height}"), picture);
    }
}

#[test]
fn somebody_speaks() {
    keep("speaking", &talk(&SEVEN));
}

#[test]
fn an_utterance_has_just_ended() {
    keep("just_ended", &just_ended());
}

#[test]
fn nobody_speaks_for_a_while() {
    keep("silent", &silent());
}

#[test]
fn two_labels_are_likely() {
    keep("uncertain", &uncertain());
}

#[test]
fn the_microphone_is_lost() {
    keep("lost", &lost());
}

#[test]
fn of_a_long_path_the_name_of_the_file_stays() {
    let path = format!("/home/{}/monday, interview.wav", "folder/".repeat(20));
    let updates = [Update::Status(Status {
        source: path,
        replay: true,
        ..status(&SEVEN)
    })];
    for (width, height) in [(60, 20), (80, 24), (120, 40)] {
        let picture = text(&drawn(&state(&updates), COLOR, width, height));
        let header = picture.lines().nth(1).unwrap();
        assert!(header.contains("  monday, interview.wav "), "{header}");
    }
}

#[test]
fn a_recording_plays() {
    keep("replay", &replay());
}

#[test]
fn a_recording_plays_ahead_of_what_is_analyzed() {
    let mut updates = opened(60.0);
    updates.push(position(100.0));
    keep("analyzing", &updates);
}

#[test]
fn a_stream_plays_while_it_is_analyzed() {
    let picture = text(&drawn(&state(&stream()), COLOR, 80, 24));
    for words in ["now", "30 s", "━━━"] {
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
    assert!(!picture.contains("volume"), "{picture}");
}

/// The seek bar shows the labels of the timeline at their places.
#[test]
fn the_seek_bar_shows_the_whole_recording() {
    let picture = text(&drawn(&state(&replay()), COLOR, 200, 50));
    let line = picture.lines().find(|line| line.contains("1:04 / 2:30"));
    let line: Vec<char> = line.unwrap().chars().collect();
    let first = line.iter().position(|c| *c == '─').unwrap();
    let last = line.iter().rposition(|c| *c == '─').unwrap();
    let column = |seconds: f64| first + (seconds / 150.0 * (last + 1 - first) as f64) as usize;
    let marks = COLOR.marks(&SEVEN.map(str::to_owned), &[]);
    for (start, end, label) in LATER {
        let mark = marks.iter().find(|mark| mark.name == label).unwrap();
        assert_eq!(
            line[column(f64::midpoint(start, end))],
            mark.symbol,
            "{label}"
        );
        assert_eq!(line[column(end + 5.0)], '─', "behind {label}");
    }
    assert_eq!(line[column(64.0)], '┃');
}

#[test]
fn the_state_of_the_sound_is_shown() {
    let mut state = state(&replay());
    for (sound, speed, words) in [
        (Sound::Volume(4), 1.0, "volume 4"),
        (Sound::Volume(9), 2.0, "muted at 2x"),
        (Sound::Volume(0), 1.0, "muted"),
        (Sound::NoOutput, 1.0, "no sound"),
    ] {
        state.apply(&Update::Status(Status {
            replay: true,
            analyzed_ahead: true,
            sound,
            ..status(&SEVEN)
        }));
        state.apply(&Update::Position(Position {
            at_s: 64.0,
            total_s: Some(150.0),
            speed: Some(speed),
            paused: false,
        }));
        let picture = text(&drawn(&state, COLOR, 120, 40));
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
}

#[test]
fn a_label_is_searched_in_the_last_row() {
    let mut state = state(&replay());
    state.press(Key::Find);
    state.type_char('s');
    for (width, height) in SIZES {
        let picture = text(&drawn(&state, COLOR, width, height));
        let row = picture.lines().rev().nth(1).unwrap();
        let listed = ["/s", "sadness", "surprise"];
        assert!(listed.iter().all(|word| row.contains(word)), "{picture}");
        assert!(!row.contains("anger"), "{picture}");
    }
}

#[test]
fn a_folder_is_listed_and_the_chosen_one_stays_in_sight() {
    let line = |number: usize| RecordingLine {
        name: format!("monday/talk-{number:02}.wav"),
        length_s: match number {
            7 => None,
            13 => Some(Err("talk-13.wav is empty (0 bytes)".into())),
            _ => Some(Ok(number as f64 * 100.0)),
        },
    };
    let mut state = State::choosing(RecordingMenu {
        folder: "recordings".into(),
        lines: (0..40).map(line).collect(),
        ..RecordingMenu::default()
    });
    for (width, height) in SIZES {
        let picture = text(&drawn(&state, COLOR, width, height));
        assert_snapshot!(format!("recordings_{width}x{height}"), picture);
    }
    for number in 1..40 {
        assert_eq!(state.press(Key::Down), Action::Redraw);
        let picture = text(&drawn(&state, COLOR, 40, 12));
        let name = format!("› monday/talk-{number:02}.wav");
        assert!(picture.contains(&name), "{picture}");
        assert_eq!(picture.contains("is empty"), number == 13, "{picture}");
    }
    assert_eq!(state.press(Key::Enter), Action::Open(39));
    state.apply(&Update::RecordingLength {
        number: 39,
        length_s: Ok(3661.0),
    });
    assert!(text(&drawn(&state, COLOR, 40, 12)).contains("1:01:01"));
    assert_eq!(state.press(Key::Escape), Action::Quit);
}

#[test]
fn a_tall_terminal() {
    assert_snapshot!(text(&drawn(&state(&talk(&SEVEN)), COLOR, 80, 50)));
}

/// Nothing is cut: no ellipsis, and no word without its end.
#[test]
fn none_of_our_texts_is_cut_in_any_size() {
    let scenes = [
        talk(&SEVEN),
        just_ended(),
        silent(),
        uncertain(),
        lost(),
        replay(),
        opened(60.0),
        stream(),
    ];
    for updates in scenes {
        let mut state = state(&updates);
        for key in [Key::Escape, Key::Help, Key::Escape, Key::Devices] {
            if key != Key::Escape || *state.overlay() != Overlay::None {
                state.press(key);
            }
            state.apply(&devices());
            for (width, height) in (40..=130).flat_map(|w| [12, 17, 24, 40].map(|h| (w, h))) {
                let picture = text(&drawn(&state, COLOR, width, height));
                let whole = ["listening…", "warming up…", "starting…", "analyzing…"];
                let cut = whole
                    .iter()
                    .fold(picture.clone(), |all, word| all.replace(word, ""));
                assert!(!cut.contains('…'), "{width}x{height}\n{picture}");
                let over = *state.overlay() != Overlay::None || state.picture().notice().is_some();
                assert!(over || picture.contains("? keys"), "{picture}");
            }
        }
    }
}

#[test]
fn a_long_notice_is_shown_whole_on_the_smallest_screen() {
    let mut updates = talk(&SEVEN);
    let notice = "the microphone delivers nothing; does the sound server run?";
    updates.push(Update::Notice(notice.into()));
    let picture = text(&drawn(&state(&updates), COLOR, 40, 12));
    for word in notice.split(' ') {
        assert!(picture.contains(word), "{word}:\n{picture}");
    }
}

#[test]
fn a_screen_that_is_too_small_says_so_in_one_line() {
    for (width, height) in [(39, 24), (80, 11), (20, 5)] {
        let picture = text(&drawn(&state(&talk(&SEVEN)), COLOR, width, height));
        assert!(picture.contains("too small"), "{picture}");
        let used = picture
            .lines()
            .filter(|line| line.contains(char::is_alphabetic));
        assert_eq!(used.count(), 1, "{picture}");
    }
}

#[test]
fn every_line_of_the_help_can_be_reached_on_the_smallest_screen() {
    let mut state = state(&talk(&SEVEN));
    state.press(Key::Help);
    let mut seen = String::new();
    for _ in 0..40 {
        seen += &text(&drawn(&state, COLOR, 40, 12));
        state.press(Key::Down);
    }
    let whole = text(&drawn(&state, COLOR, 120, 40));
    for words in [
        "freeze or release",
        "moment marked with m",
        "audio lost",
        "person feels.",
    ] {
        assert!(
            seen.contains(words) && whole.contains(words),
            "{words}:\n{seen}"
        );
    }
    for label in SEVEN {
        assert!(seen.contains(label), "{label}:\n{seen}");
    }
    for _ in 0..40 {
        state.press(Key::Up);
    }
    assert!(text(&drawn(&state, COLOR, 40, 12)).contains("freeze or release"));
}

/// The mark and the age of events, in each time scale.
#[test]
fn the_time_scale_is_shown_with_the_mark() {
    let mut state = state(&just_ended());
    for (scale, tick) in [
        ("1 min", "45 s"),
        ("5 min", "4 min"),
        ("30 min", "25 min"),
        ("60 min", "50 min"),
    ] {
        let picture = text(&drawn(&state, COLOR, 120, 40));
        assert!(
            picture.contains(scale) && picture.contains(tick),
            "{picture}"
        );
        assert!(picture.contains('⚑'), "{picture}");
        // A mark does not cut a time label.
        assert!(
            !picture.contains("n⚑") && !picture.contains("⚑w"),
            "{picture}"
        );
        state.press(Key::Scale);
    }
}

#[test]
fn a_final_prediction_shows_its_age_and_what_it_replaced() {
    let picture = text(&drawn(&state(&just_ended()), COLOR, 80, 24));
    for words in ["final", "2 s ago", "was disgust", "totals", "! marked 1:03"] {
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
    let picture = text(&drawn(&state(&silent()), COLOR, 80, 24));
    for words in ["final", "15 s ago", "voice 42 s", "48 kHz stereo"] {
        assert!(picture.contains(words), "{words}:\n{picture}");
    }
    let dim = |updates: &[Update]| {
        let buffer = drawn(&state(updates), COLOR, 80, 24);
        let letters = buffer.content().iter().filter(|cell| cell.symbol() == "█");
        letters
            .filter(|cell| cell.modifier.contains(Modifier::DIM))
            .count()
    };
    // Bars and letters of a live prediction are bright, those of an old one are not.
    assert!(dim(&silent()) > dim(&talk(&SEVEN)));
}

#[test]
fn a_model_without_arousal_gives_its_rows_to_the_rest() {
    let mut updates = talk(&SEVEN);
    for update in &mut updates {
        if let Update::Event(Event::Measurement(measurement)) = update {
            (measurement.valence, measurement.arousal) = (None, None);
        }
    }
    let picture = text(&drawn(&state(&updates), COLOR, 120, 40));
    assert!(
        !picture.contains("arousal") && !picture.contains("excited"),
        "{picture}"
    );
}

#[test]
fn ascii_only() {
    let theme = Theme {
        color: false,
        unicode: false,
        palette: Palette::Auto,
    };
    let picture = text(&drawn(&state(&talk(&SEVEN)), theme, 80, 24));
    assert!(picture.is_ascii());
    assert_snapshot!(picture);
}

#[test]
fn two_labels_of_a_custom_model() {
    let labels = ["calm voice", "raised voice"];
    assert_snapshot!(text(&drawn(&state(&talk(&labels)), COLOR, 80, 24)));
}

const LOST_LINES: &str = r#"{"type":"session_start","schema":"emoscope.event/1","version":"0.1.0","source":"microphone","name":"Desk Microphone","sample_rate":16000,"channels":1,"labels":["neutral","anger"],"model":"m","model_sha256":"","engine":"e"}
{"type":"gap","start_s":2.0,"end_s":2.5,"samples":8000,"cause":"overrun"}
{"type":"voice","at_s":5.0,"active":true}
"#;

/// Event lines hold no level and no engine, but the lost samples.
#[test]
fn an_earlier_session_shows_what_its_lines_hold() {
    let log = EventLog::read(LOST_LINES.as_bytes()).unwrap();
    let (screen, updates) = crossbeam_channel::unbounded();
    let (_person, controls) = crossbeam_channel::unbounded();
    let mut outlets = Outlets::default();
    outlets.show_on(screen);
    let playback = PlaybackOptions {
        speed: None,
        repeat: false,
        linger: false,
        mute: true,
    };
    log.session(playback).run(&mut outlets, &controls).unwrap();
    drop(outlets);
    let updates: Vec<Update> = updates.iter().collect();
    let picture = text(&drawn(&state(&updates), COLOR, 120, 40));
    assert!(picture.contains("8000 samples lost"), "{picture}");
    for unknown in ["dBFS", "quiet", "inference", "latency"] {
        assert!(!picture.contains(unknown), "{unknown}:\n{picture}");
    }
}

#[test]
fn silence_shows_that_it_listens() {
    let updates = [Update::Status(status(&SEVEN)), level(5.0, -75.0, false)];
    let picture = text(&drawn(&state(&updates), COLOR, 40, 12));
    assert!(picture.contains("listening…") && picture.contains("silent"));
    assert!(!picture.contains('%'), "{picture}");
}

#[test]
fn the_first_second_of_speech_warms_up() {
    let updates = [
        Update::Status(status(&SEVEN)),
        voice(5.0, true),
        utterance_start(1, 5.0),
    ];
    let picture = text(&drawn(&state(&updates), COLOR, 80, 24));
    assert!(picture.contains("warming up…"), "{picture}");
}

#[test]
fn two_similar_probabilities_are_uncertain() {
    use emoscope::events::Trigger;
    let unsure = measured(&SEVEN, Trigger::Interval, (1.0, 2.5), ("fear", 0.3), false);
    let updates = [Update::Status(status(&SEVEN)), voice(1.0, true), unsure];
    let picture = text(&drawn(&state(&updates), COLOR, 80, 24));
    assert!(picture.contains("uncertain"), "{picture}");
    assert!(
        picture.contains("no label is clear · ◆ fear 30 %, ✚ surprise 20 %"),
        "{picture}"
    );
}

#[test]
fn the_help_and_the_inputs() {
    let mut state = state(&talk(&SEVEN));
    state.press(Key::Help);
    assert_snapshot!("help", text(&drawn(&state, COLOR, 80, 24)));
    state.press(Key::Escape);
    state.press(Key::Devices);
    state.apply(&devices());
    state.press(Key::Down);
    for (id, peak_dbfs) in [("pulse:desk", -12.0), ("pulse:head", -90.0)] {
        state.apply(&Update::DeviceLevel {
            id: id.into(),
            peak_dbfs,
        });
    }
    assert_snapshot!("inputs", text(&drawn(&state, COLOR, 80, 24)));
    assert_snapshot!("inputs_small", text(&drawn(&state, COLOR, 40, 12)));
}

#[test]
fn a_frozen_picture_says_so_and_does_not_change() {
    let mut state = state(&talk(&SEVEN));
    state.press(Key::Hold);
    let before = text(&drawn(&state, COLOR, 80, 24));
    assert!(before.contains("frozen"), "{before}");
    state.apply(&level(90.0, -50.0, false));
    assert_eq!(text(&drawn(&state, COLOR, 80, 24)), before);
}

#[test]
fn lost_samples_and_notices_are_shown() {
    let mut updates = talk(&SEVEN);
    updates.push(Update::Status(Status {
        samples_lost: 4800,
        recording: Some("/data/talk.jsonl".into()),
        ..status(&SEVEN)
    }));
    let picture = text(&drawn(&state(&updates), COLOR, 80, 24));
    assert!(picture.contains("4800 samples lost"), "{picture}");
    assert!(picture.contains("rec talk.jsonl"), "{picture}");
    updates.push(Update::Notice("microphone lost, waiting for it".into()));
    let picture = text(&drawn(&state(&updates), COLOR, 80, 24));
    assert!(picture.contains("! microphone lost"), "{picture}");
}

#[test]
fn without_colour_there_is_none() {
    let theme = Theme {
        color: false,
        unicode: true,
        palette: Palette::Auto,
    };
    let buffer = drawn(&state(&talk(&SEVEN)), theme, 120, 40);
    let plain = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
    assert!(buffer.content().iter().all(plain));
}

/// A background of our own, or text in black or white, would be illegible on some terminals.
#[test]
fn the_background_is_that_of_the_terminal() {
    let mut state = state(&talk(&SEVEN));
    state.press(Key::Devices);
    state.apply(&devices());
    for cell in drawn(&state, COLOR, 120, 40).content() {
        assert_eq!(cell.bg, Color::Reset);
        let fixed = matches!(cell.fg, Color::Indexed(16..=255));
        assert!(cell.fg == Color::Reset || fixed, "{cell:?}");
    }
}

#[test]
fn control_characters_of_names_do_not_reach_the_terminal() {
    let evil = "\x1b]0;title\x07\x1b[2J\u{202e}\nname";
    let labels = [evil, "other\r"];
    let mut updates = talk(&labels);
    updates.push(Update::Status(Status {
        source: evil.into(),
        engine: evil.into(),
        model: evil.into(),
        recording: Some(evil.into()),
        ..status(&labels)
    }));
    let mut state = state(&updates);
    let check = |state: &State| {
        for cell in drawn(state, COLOR, 120, 40).content() {
            let harmless = |c: char| !c.is_control() && c != '\u{202e}';
            assert!(cell.symbol().chars().all(harmless), "{cell:?}");
        }
    };
    check(&state);
    state.apply(&Update::Notice(evil.into()));
    check(&state);
}

#[test]
fn wide_characters_keep_their_columns() {
    let labels = ["怒り", "喜び", "悲しみ"];
    let mut updates = talk(&labels);
    updates.push(Update::Status(Status {
        source: "マイクロホン・内蔵オーディオ・アナログステレオ・とても長い名前のデバイス".into(),
        ..status(&labels)
    }));
    let buffer = drawn(&state(&updates), COLOR, 60, 16);
    let picture = text(&buffer);
    assert!(picture.contains("● speaking"), "{picture}");
    for (i, cell) in buffer.content().iter().enumerate() {
        let wide = ratatui::text::Span::raw(cell.symbol()).width() == 2;
        assert!(!wide || (i + 1) % 60 != 0, "a wide character at the edge");
    }
}

#[test]
fn every_size_is_drawn() {
    let scenes = [state(&talk(&SEVEN)), state(&replay()), state(&[])];
    for mut state in scenes {
        for key in [Key::Escape, Key::Help, Key::Escape, Key::Devices] {
            if key != Key::Escape || *state.overlay() != emoscope::dashboard::state::Overlay::None {
                state.press(key);
            }
            state.apply(&devices());
            for (width, height) in (1..=60).flat_map(|w| (1..=30).map(move |h| (w, h))) {
                drawn(&state, COLOR, width, height);
            }
        }
        drawn(&state, COLOR, 200, 60);
        drawn(&state, COLOR, 500, 3);
        drawn(&state, COLOR, 3, 200);
    }
}
