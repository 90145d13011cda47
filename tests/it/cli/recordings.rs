//! Input recordings: every format, raw samples, broken files.

use std::io::Write;
use std::process::Stdio;

use super::comparable;
use crate::support::{data, emoscope, lines, run, said};

#[test]
fn one_speech_gives_the_same_utterance_in_any_format_rate_and_channels() {
    let span = |name: &str, channel: &str| {
        let file = data(name);
        let output = run([
            "replay".as_ref(),
            file.as_os_str(),
            "--channel".as_ref(),
            channel.as_ref(),
        ]);
        assert!(output.status.success(), "{name}: {}", said(&output));
        let lines = lines(&output);
        let end = lines
            .iter()
            .find(|line| line["type"] == "utterance_end")
            .unwrap_or_else(|| panic!("{name}"));
        (
            end["start_s"].as_f64().unwrap(),
            end["end_s"].as_f64().unwrap(),
        )
    };
    let (start, end) = span("speech-16k.wav", "mix");
    for (name, channel) in [
        ("speech-48k-stereo.flac", "left"),
        ("speech-48k-stereo.flac", "mix"),
        ("speech-44k1.mp3", "mix"),
        ("speech.m4a", "mix"),
        ("speech-8k.wav", "mix"),
    ] {
        let found = span(name, channel);
        assert!(
            (found.0 - start).abs() < 0.15 && (found.1 - end).abs() < 0.3,
            "{name}: {found:?}"
        );
    }
    if cfg!(feature = "opus") {
        let found = span("speech.opus", "mix");
        assert!(
            (found.0 - start).abs() < 0.15 && (found.1 - end).abs() < 0.3,
            "{found:?}"
        );
    }
}

#[test]
fn raw_samples_from_stdin_give_the_events_of_the_file() {
    let file = data("two-utterances.wav");
    let bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    let home = tempfile::tempdir().unwrap();
    let mut child = emoscope(&home)
        .args([
            "replay",
            "-",
            "--raw-rate",
            "16000",
            "--raw-format",
            "s16le",
            "--raw-channels",
            "1",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes[at..]).unwrap();
    let output = child.wait_with_output().unwrap();
    let replayed = run(["replay".as_ref(), file.as_os_str()]);
    assert_eq!(comparable(&lines(&output)), comparable(&lines(&replayed)));
}

#[test]
fn the_track_of_a_film_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.mka");
    let made = std::process::Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i"])
        .arg(data("speech-16k.wav"))
        .arg("-i")
        .arg(data("two-utterances.wav"))
        .args(["-map", "0", "-map", "1", "-c:a", "flac"])
        .arg(&film)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no ffmpeg here");
        return;
    }
    let film = film.to_str().unwrap();
    let utterances = |command: &str, track: &str| {
        let output = run([command, film, "--track", track]);
        assert!(output.status.success(), "{}", said(&output));
        lines(&output).last().unwrap()["utterances"].clone()
    };
    for command in ["analyze", "replay"] {
        assert_eq!(utterances(command, "1"), 1);
        assert_eq!(utterances(command, "2"), 2);
    }
    let unchosen = run(["analyze", film]);
    assert!(
        said(&unchosen).contains("2 audio tracks"),
        "{}",
        said(&unchosen)
    );
    let missing = run(["analyze", film, "--track", "3"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("film.mka"), "{}", said(&missing));
    assert_eq!(
        run(["analyze", film, "--track", "0"]).status.code(),
        Some(2)
    );
}

#[test]
fn broken_recordings_are_named_with_the_fault() {
    for (name, code) in [
        ("broken/empty.wav", 1),
        ("broken/header-only.wav", 1),
        ("broken/text.wav", 1),
        ("broken/truncated.flac", 1),
        ("broken/one-sample.wav", 0),
        ("broken/nan.wav", 0),
        ("no-such-file.wav", 1),
    ] {
        for command in ["replay", "analyze", "features"] {
            let output = run([command.as_ref(), data(name).as_os_str()]);
            let text = said(&output);
            assert_eq!(output.status.code(), Some(code), "{command} {name}: {text}");
            assert_eq!(text.contains(name), code == 1, "{command} {name}: {text}");
            assert!(!text.contains("panicked"), "{text}");
        }
    }
}

#[test]
fn a_recording_of_nan_is_read_as_silence_and_reported() {
    let output = run(["replay".as_ref(), data("broken/nan.wav").as_os_str()]);
    let lines = lines(&output);
    assert!(lines.iter().all(|line| line["type"] != "measurement"));
    assert!(lines.last().unwrap()["samples_invalid"].as_u64().unwrap() > 0);
}
