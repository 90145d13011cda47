//! The dashboard on a microphone: marks, recordings, pictures, and a lost input.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::pty::Terminal;
use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, path};

fn dashboard(home: &TempDir, server: &SoundServer) -> Terminal {
    let mut command = emoscope(home);
    command
        .args(["live", "--device", "VirtualMicrophone"])
        .envs(server.environment())
        .current_dir(home.path());
    let mut terminal = Terminal::start(24, 80, &command);
    terminal.until("the dashboard at work", |t| t.contents().contains("silent"));
    terminal
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn moments_are_marked_and_recordings_and_pictures_are_numbered() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    // An existing file is kept.
    let taken = home.path().join("emoscope.jsonl");
    std::fs::write(&taken, "mine").unwrap();
    let mut terminal = dashboard(&home, &server);
    terminal.keys("r");
    terminal.until("a recording", |t| t.contents().contains("emoscope-2.jsonl"));
    let file = data("two-utterances.wav");
    server.run(&["play", file.to_str().unwrap()]).unwrap();
    terminal.until("a final answer", |t| t.contents().contains("final"));
    terminal.keys("m");
    terminal.until("a mark", |t| t.contents().contains("marked 0:"));
    terminal.keys("r");
    terminal.until("its end", |t| t.contents().contains("recording is stopped"));
    terminal.keys("s");
    terminal.until("a picture", |t| t.contents().contains("saved emoscope.svg"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
    let left = terminal.contents();
    for words in ["of VirtualMicrophone", "of the speech", "1 mark,"] {
        assert!(left.contains(words), "{words}: {left}");
    }
    assert!(left.contains("emoscope replay emoscope-2.jsonl"), "{left}");

    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");
    let kept = lines(&home.path().join("emoscope-2.jsonl"));
    let schema = std::fs::read_to_string(path("tests/schema/event.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for line in &kept {
        assert!(schema.is_valid(line), "{line}");
    }
    let last = kept.len() - 1;
    assert_eq!(kept[0]["type"], "session_start");
    assert_eq!(kept[last]["type"], "session_end");
    let of = |kind: &str| {
        kept.iter()
            .filter(|l| l["type"] == kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("mark").len(), 1, "{kept:#?}");
    assert_eq!(kept[last]["utterances"], of("utterance_start").len());
    let marked = of("mark")[0]["at_s"].as_f64().unwrap();
    let length = kept[last]["duration_s"].as_f64().unwrap();
    assert!(0.0 < marked && marked <= length, "{marked} of {length} s");
    let picture = std::fs::read_to_string(home.path().join("emoscope.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("VirtualMicrophone"));

    // The recording can be replayed, and its mark is shown.
    let mut command = emoscope(&home);
    command
        .args(["replay", "emoscope-2.jsonl"])
        .current_dir(home.path());
    let mut terminal = Terminal::start(24, 80, &command);
    terminal.until("the end", |t| t.contents().contains("is over"));
    assert!(terminal.contents().contains('⚑'), "{}", terminal.contents());
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_lost_input_is_shown_with_a_running_clock() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(&home, &server);
    server.run(&["remove"]).unwrap();
    terminal.until("a loss", |t| t.contents().contains("✕ lost"));
    terminal.until("advice", |t| t.contents().contains("waiting for it"));
    let clock = |t: &Terminal| {
        // The second in big letters changes.
        let lines: Vec<String> = t.contents().lines().map(str::to_owned).collect();
        lines[2..5].join("\n")
    };
    let first = clock(&terminal);
    terminal.until("another second", |t| clock(t) != first);
    server.run(&["add"]).unwrap();
    terminal.until("the input again", |t| !t.contents().contains("✕ lost"));
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}
