//! The program on a microphone: a virtual one of a private sound server.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, lines, run, said, signal};

fn utterances(lines: &[Value]) -> Vec<(f64, f64, Value)> {
    lines
        .iter()
        .filter(|line| line["trigger"] == "speech_ended")
        .map(|line| {
            let time = |key: &str| line[key].as_f64().unwrap();
            (
                time("start_s"),
                time("end_s"),
                line["probabilities"].clone(),
            )
        })
        .collect()
}

/// Event lines of an input for some seconds.
fn listen(home: &TempDir, server: &SoundServer, device: &str, seconds: &str) -> Child {
    emoscope(home)
        .args(["live", "--jsonl", "--device", device, "--seconds", seconds])
        .envs(server.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The lines of a running session.
struct EventReader {
    out: BufReader<ChildStdout>,
    lines: Vec<Value>,
}

impl EventReader {
    /// Reads until there are `count` lines of a kind, without a time limit.
    fn until(&mut self, count: usize, kind: impl Fn(&Value) -> bool) {
        while self.lines.iter().filter(|line| kind(line)).count() < count {
            let mut line = String::new();
            let more = self.out.read_line(&mut line).unwrap();
            assert!(more > 0, "it ended after {:#?}", self.lines);
            self.lines.push(serde_json::from_str(&line).unwrap());
        }
    }

    /// All lines, to the end.
    fn rest(mut self) -> Vec<Value> {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        let rest = rest.lines().map(|line| serde_json::from_str(line).unwrap());
        self.lines.extend(rest);
        self.lines
    }
}

#[test]
fn a_voice_through_a_microphone_is_analyzed_as_its_recording() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let file = data("two-utterances.wav");
    let home = tempfile::tempdir().unwrap();
    let mut child = listen(&home, &server, "VirtualMicrophone", "60");
    let mut reader = EventReader {
        out: BufReader::new(child.stdout.take().unwrap()),
        lines: Vec::new(),
    };
    // For a busy machine: playback starts once it listens, and it listens
    // until both utterances are analyzed.
    reader.until(1, |line| line["type"] == "session_start");
    std::thread::sleep(Duration::from_millis(500));
    // Two seconds are buffered at the server, so that a late player leaves no gaps.
    let play = ["play", file.to_str().unwrap()];
    server.run_with(&play, &[("VMIC_LATENCY", "2000")]).unwrap();
    reader.until(2, |line| line["type"] == "utterance_end");
    signal("INT", &child);
    let live = reader.rest();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(live[0]["source"], "microphone");
    assert!(live[0]["started_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(live.last().unwrap()["samples_lost"], 0);
    let live = utterances(&live);
    let replayed = utterances(&lines(&run(["replay".as_ref(), file.as_os_str()])));
    assert_eq!(live.len(), replayed.len());
    assert_eq!(replayed.len(), 2);
    // The sound server resamples and chooses its start: durations and distances
    // agree within six VAD blocks, probabilities as far as its filters allow.
    let shift = live[0].0 - replayed[0].0;
    for (live, replayed) in live.iter().zip(&replayed) {
        assert!(
            (live.0 - replayed.0 - shift).abs() < 0.1,
            "{live:?} {replayed:?}"
        );
        assert!(
            (live.1 - replayed.1 - shift).abs() < 0.1,
            "{live:?} {replayed:?}"
        );
        for (label, p) in replayed.2.as_object().unwrap() {
            let (p, q) = (p.as_f64().unwrap(), live.2[label].as_f64().unwrap());
            assert!((p - q).abs() < 0.25, "{label}: {p} and {q}");
        }
    }
}

#[test]
fn each_channel_of_a_microphone_is_analyzed_as_that_of_its_recording() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let stereo = [("VMIC_CHANNELS", "2"), ("VMIC_LATENCY", "2000")];
    server.run(&["remove"]).unwrap();
    server.run_with(&["add"], &stereo).unwrap();
    let home = tempfile::tempdir().unwrap();
    // At the rate of the server, so that it does not resample.
    let file = home.path().join("call.wav");
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(data("call.flac"))
        .args(["-ar", "48000"])
        .arg(&file)
        .status();
    assert!(made.expect("ffmpeg is installed").success());
    let mut child = emoscope(&home)
        .args(["live", "--jsonl", "--device", "VirtualMicrophone"])
        .args(["--channel", "each", "--seconds", "90"])
        .arg("--record")
        .arg(home.path().join("call.jsonl"))
        .envs(server.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = EventReader {
        out: BufReader::new(child.stdout.take().unwrap()),
        lines: Vec::new(),
    };
    reader.until(1, |line| line["type"] == "session_start");
    std::thread::sleep(Duration::from_millis(500));
    let play = ["play", file.to_str().unwrap()];
    server.run_with(&play, &stereo).unwrap();
    reader.until(5, |line| line["type"] == "utterance_end");
    signal("INT", &child);
    let live = reader.rest();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(live[0]["channels"], 2);
    assert_eq!(live.last().unwrap()["samples_lost"], 0);
    // What `--record` kept is the same, each line with its channel.
    let kept = std::fs::read_to_string(home.path().join("call.jsonl")).unwrap();
    let kept: Vec<Value> = kept
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(kept, live);
    let choice = ["replay", "--jsonl", "--channel", "each"].map(str::as_ref);
    let replayed = lines(&run(choice.into_iter().chain([file.as_os_str()])));
    let of = |lines: &[Value], channel: u16| {
        let lines = lines.iter().filter(|line| line["channel"] == channel);
        utterances(&lines.cloned().collect::<Vec<_>>())
    };
    let shift = of(&live, 1)[0].0 - of(&replayed, 1)[0].0;
    for (channel, count) in [(1, 2), (2, 3)] {
        let (live, replayed) = (of(&live, channel), of(&replayed, channel));
        assert_eq!((live.len(), replayed.len()), (count, count), "{channel}");
        for (live, replayed) in live.iter().zip(&replayed) {
            // Before the call the server delivers digital silence, so the VAD has a different
            // noise floor; a missing or shifted channel would differ by a second.
            let apart = [live.0 - replayed.0, live.1 - replayed.1];
            assert!(
                apart.iter().all(|apart| (apart - shift).abs() < 0.25),
                "{live:?} {replayed:?}"
            );
        }
    }
}

#[test]
fn a_session_waits_for_a_lost_microphone_and_reports_the_gap() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let child = listen(&home, &server, "pulseaudio:vmic", "7");
    std::thread::sleep(Duration::from_millis(1_500));
    let lost = Instant::now();
    server.run(&["remove"]).unwrap();
    std::thread::sleep(Duration::from_secs(1));
    server.run(&["add"]).unwrap();
    let away = lost.elapsed().as_secs_f64();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("microphone lost, waiting for it"),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains("the microphone is back"),
        "{}",
        said(&output)
    );
    let lines = lines(&output);
    let gap = lines.iter().find(|line| line["type"] == "gap").unwrap();
    assert_eq!(gap["cause"], "device_lost");
    let length = gap["end_s"].as_f64().unwrap() - gap["start_s"].as_f64().unwrap();
    assert!(
        length > 0.9 && length < away + 3.0,
        "{length} s, away {away} s"
    );
}

#[test]
fn events_are_recorded_in_a_file_and_a_signal_ends_the_session_cleanly() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept.jsonl");
    let child = emoscope(&home)
        .args(["live", "--plain", "--record"])
        .arg(&kept)
        .envs(server.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(800));
    server
        .run(&["play", data("two-utterances.wav").to_str().unwrap()])
        .unwrap();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = std::fs::read_to_string(&kept).unwrap();
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("{\"type\":\"session_start\""));
    assert!(text.ends_with("}\n") && text.lines().last().unwrap().contains("session_end"));
    assert!(text.contains("speech_ended"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("Somebody speaks."));
}

#[test]
fn a_recording_that_cannot_be_written_is_reported() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    for (path, word) in [
        ("/no/such/folder/x.jsonl", "/no/such/folder"),
        ("/dev/full", "/dev/full"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let output = emoscope(&home)
            .args(["live", "--jsonl", "--seconds", "1", "--record", path])
            .envs(server.environment())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{path}: {}", said(&output));
        assert!(said(&output).contains(word), "{path}: {}", said(&output));
    }
}

#[test]
fn without_a_microphone_it_says_so_or_plays_the_demonstration() {
    let home = tempfile::tempdir().unwrap();
    let nothing = home.path().join("asound.conf");
    std::fs::write(&nothing, "").unwrap();
    let mute = |arguments: &[&str]| {
        emoscope(&home)
            .args(arguments)
            .env("PULSE_SERVER", "unix:/nowhere")
            .env("XDG_RUNTIME_DIR", home.path())
            .env("ALSA_CONFIG_PATH", &nothing)
            .output()
            .unwrap()
    };
    let output = mute(&["live"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("no microphone was found"),
        "{}",
        said(&output)
    );
    assert_eq!(said(&output).lines().count(), 1);
    let output = mute(&["live", "--or-demo"]);
    assert!(output.status.success());
    assert_eq!(said(&output).lines().count(), 1);
    assert!(
        lines(&output)
            .iter()
            .any(|line| line["type"] == "measurement")
    );
    let output = mute(&["devices", "--json"]);
    assert!(output.status.success());
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).unwrap(),
        serde_json::json!([])
    );
    assert_eq!(said(&output), "");
}
