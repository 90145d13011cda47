//! The terminal at every end of the program: it is restored, the exit code is right,
//! and the log holds the reason.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::pty::Terminal;
use crate::support::{data, emoscope};

/// The dashboard on a recording of two utterances, drawn.
fn dashboard(home: &TempDir) -> Terminal {
    let mut command = emoscope(home);
    command.arg("replay").arg(data("two-utterances.wav"));
    let mut terminal = Terminal::start(24, 80, &command);
    terminal.until_drawn();
    terminal
}

fn log(home: &TempDir) -> String {
    let log = Path::new("emoscope").join("emoscope.log");
    std::fs::read_to_string(home.path().join(log)).unwrap()
}

#[test]
fn a_signal_ends_it_and_the_exit_code_says_which() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = dashboard(&home);
        terminal.signal(signal);
        assert_eq!(terminal.ended(), code);
        assert!(terminal.restored(), "{signal:?}");
    }
}

#[test]
fn control_c_and_q_end_it_with_0() {
    for key in ["q", "\x03"] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = dashboard(&home);
        terminal.keys(key);
        assert_eq!(terminal.ended(), 0, "{key:?}");
        assert!(terminal.restored(), "{key:?}");
    }
}

#[test]
fn audio_through_a_pipe_leaves_the_keys_to_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let replay = emoscope(&home);
    let mut command = Command::new("sh");
    command
        .args(["-c", "cat \"$1\" | exec \"$0\" replay -"])
        .arg(replay.get_program())
        .arg(data("two-utterances.wav"));
    for (name, value) in replay.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let mut terminal = Terminal::start(24, 80, &command);
    terminal.until_drawn();
    terminal.keys("?");
    terminal.until("the keys", |t| t.contents().contains("keys and marks"));
    terminal.keys("?");
    terminal.until("no keys", |t| !t.contents().contains("keys and marks"));
    terminal.keys(" ");
    terminal.until("a pause", |t| t.contents().contains("paused"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
}

/// Also a mark at the edge of the timeline, set as the session ended.
#[test]
fn every_mark_of_a_kept_session_is_on_its_timeline() {
    let home = tempfile::tempdir().unwrap();
    let printed = emoscope(&home)
        .arg("replay")
        .arg(data("two-utterances.wav"))
        .output();
    let printed = String::from_utf8(printed.unwrap().stdout).unwrap();
    let (events, end) = printed.trim_end().rsplit_once('\n').unwrap();
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    let duration_s = end["duration_s"].as_f64().unwrap();
    for (at_s, duration_s) in [
        (1.0, duration_s),
        (duration_s, duration_s),
        (5.5, 5.5),
        (6.0, 6.0),
        (6.5, 6.5),
        (7.0, 7.0),
        (8.0, 8.0),
    ] {
        end["duration_s"] = duration_s.into();
        let kept = home.path().join(format!("marked-{at_s}.jsonl"));
        let mark = format!(r#"{{"type":"mark","at_s":{at_s}}}"#);
        std::fs::write(&kept, format!("{events}\n{mark}\n{end}\n")).unwrap();
        let mut command = emoscope(&home);
        command.arg("replay").arg(kept);
        let mut terminal = Terminal::start(24, 80, &command);
        terminal.until("its mark", |t| t.contents().contains('⚑'));
        terminal.keys("q");
        assert_eq!(terminal.ended(), 0);
    }
}

/// The recording and the kept events of its session.
#[test]
fn a_click_after_the_end_continues_from_there() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept.jsonl");
    let printed = emoscope(&home)
        .arg("replay")
        .arg(data("two-utterances.wav"))
        .output();
    std::fs::write(&kept, printed.unwrap().stdout).unwrap();
    for recording in [data("two-utterances.wav"), kept] {
        let mut command = emoscope(&home);
        command.arg("replay").arg(&recording).args(["--speed", "2"]);
        let mut terminal = Terminal::start(40, 120, &command);
        terminal.until("the end", |t| t.contents().contains("is over"));
        let contents = terminal.contents();
        let (row, line) = (1..)
            .zip(contents.lines())
            .filter(|(_, line)| line.contains(" / 0:05"))
            .last()
            .unwrap();
        // The line stands between the speed and the times.
        let from = line.find("2x").unwrap() + 12;
        let length = line.chars().take_while(|c| *c != '/').count() - 8 - from;
        assert!(length > 80, "{line}");
        let column = from + length / 2 + 1;
        terminal.keys(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
        terminal.until("a place within", |t| !t.contents().contains("is over"));
        let place = terminal.contents();
        // Half of 5.4 s: the first utterance is still there, the second comes again.
        let now = place
            .split(" / ")
            .next()
            .unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
            .to_owned();
        assert!(["0:02", "0:03"].contains(&now.as_str()), "{now}: {place}");
        assert!(place.contains("utterances"), "{place}");
        assert!(!place.contains("none yet"), "{place}");
        terminal.until("the end again", |t| t.contents().contains("is over"));
        terminal.keys("q");
        assert_eq!(terminal.ended(), 0);
    }
}

#[test]
fn a_stop_restores_the_terminal_and_a_continue_redraws() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(&home);
    // By the key, by job control, and by a stop that it cannot catch.
    terminal.keys("\x1a");
    terminal.until("a stop", Terminal::stopped);
    terminal.until("the terminal back", Terminal::restored);
    terminal.signal(Signal::CONT);
    terminal.until("the screen taken again", Terminal::taken);

    terminal.signal(Signal::TSTP);
    terminal.until("a stop", Terminal::stopped);
    terminal.until("the terminal back", Terminal::restored);
    terminal.signal(Signal::CONT);
    terminal.until("the screen taken again", Terminal::taken);

    terminal.signal(Signal::STOP);
    terminal.until("a stop", Terminal::stopped);
    terminal.signal(Signal::CONT);
    terminal.until_drawn();

    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
}

#[test]
fn a_panic_in_any_thread_restores_the_terminal_and_is_logged() {
    for thread in ["session", "screen", "keys"] {
        let home = tempfile::tempdir().unwrap();
        let mut command = emoscope(&home);
        command.arg("replay").arg(data("two-utterances.wav"));
        command.env("EMOSCOPE_FAILPOINT", thread);
        let mut terminal = Terminal::start(24, 80, &command);
        if thread == "keys" {
            terminal.until_drawn();
            terminal.keys("x");
        }
        assert_eq!(terminal.ended(), 1, "{thread}: {}", terminal.contents());
        assert!(terminal.restored(), "{thread}");
        // The message stands on the screen that was there before.
        assert!(
            terminal.contents().contains("panicked on request"),
            "{thread}: {}",
            terminal.contents()
        );
        assert!(
            log(&home).contains("src/failpoint.rs:") && log(&home).contains(thread),
            "{thread}: {}",
            log(&home)
        );
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(&home);
    terminal.close();
    assert_eq!(terminal.ended(), 129, "{}", log(&home));
}

#[test]
fn a_click_on_the_seek_bar_seeks_and_the_mouse_can_be_disabled() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(&home);
    assert!(terminal.reports_the_mouse());
    terminal.keys(" ");
    terminal.until("a pause", |terminal| terminal.contents().contains("paused"));
    assert!(!terminal.contents().contains("0:04 /"));
    // Near the end of the line, in the last row but one, of 5.4 seconds.
    terminal.keys("\x1b[<0;60;23M\x1b[<0;60;23m");
    terminal.until("a later time", |terminal| {
        terminal.contents().contains("0:04 /")
    });
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());

    let mut command = emoscope(&home);
    command
        .args(["replay", "--no-mouse"])
        .arg(data("two-utterances.wav"));
    let mut terminal = Terminal::start(24, 80, &command);
    terminal.until_drawn();
    assert!(!terminal.reports_the_mouse());
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn many_resizes_end_in_the_right_picture() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(&home);
    for round in 0..300_u16 {
        let (rows, columns) = (1 + round * 7 % 60, 1 + round * 13 % 200);
        terminal.resize(rows, columns);
        terminal.read();
    }
    terminal.resize(1, 1);
    terminal.read_for(Duration::from_millis(150));
    terminal.resize(12, 40);
    terminal.until_drawn();
    terminal.resize(24, 80);
    terminal.until("a picture of the last size", |terminal| {
        let text = terminal.contents();
        text.contains("? keys") && text.lines().count() == 24 && text.contains("surprise")
    });
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
}

#[test]
fn it_runs_and_quits_in_a_single_cell() {
    let home = tempfile::tempdir().unwrap();
    let mut command = emoscope(&home);
    command.arg("replay").arg(data("two-utterances.wav"));
    let mut terminal = Terminal::start(1, 1, &command);
    terminal.until("the screen taken", Terminal::taken);
    terminal.read_for(Duration::from_millis(300));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
}

/// Enter opens a recording of a folder, Escape returns to the list.
#[test]
fn a_folder_is_shown_as_a_list() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("monday")).unwrap();
    let copy = |from: &str, to: &str| std::fs::copy(data(from), folder.path().join(to)).unwrap();
    copy("two-utterances.wav", "monday/first.wav");
    copy("speech-48k-stereo.flac", "second.flac");
    std::fs::write(folder.path().join("third.wav"), "no audio").unwrap();
    let mut command = emoscope(&home);
    command.args(["replay", "--mute"]).arg(folder.path());
    let mut terminal = Terminal::start(12, 60, &command);
    terminal.until("the list", |t| {
        let text = t.contents();
        let all = [
            "3 recordings",
            "monday/first.wav",
            "second.flac",
            "third.wav",
        ];
        all.iter().all(|word| text.contains(word)) && text.contains("0:05")
    });
    let line = |t: &Terminal, name: &str| {
        let text = t.contents();
        let line = text.lines().find(|line| line.contains(name));
        line.unwrap_or_default().to_owned()
    };
    assert!(line(&terminal, "monday/first.wav").contains("0:05"));
    terminal.keys("\r");
    terminal.until("the first", |t| t.contents().contains(" / 0:05"));
    terminal.keys("\x1b");
    terminal.until("the list again", |t| t.contents().contains("3 recordings"));
    // A file that cannot be played is told in the list.
    terminal.keys("jj\r");
    terminal.until("why not", |t| t.contents().contains("not readable"));
    terminal.until("why not", |t| t.contents().contains("! "));
    terminal.keys("k\r");
    terminal.until("the second", |t| {
        let text = t.contents();
        text.contains("second.flac") && text.contains("NEUTRAL") && !text.contains("recordings")
    });
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
}
