//! A terminal, a disk, a pipe and a machine that are too slow.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::pty::Terminal;
use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, lines, said, signal};

/// The lines of a recording; each must be whole.
fn recorded(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// Time of the last event, in seconds.
fn last_s(lines: &[Value]) -> f64 {
    let line = lines.last().unwrap();
    line["end_s"]
        .as_f64()
        .or(line["start_s"].as_f64())
        .unwrap_or(0.0)
}

#[test]
fn a_blocked_terminal_stops_no_audio() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept.jsonl");
    let mut command = emoscope(&home);
    command.args(["live", "--device", "vmic", "--record"]);
    command.arg(&kept).envs(server.environment());
    let mut terminal = Terminal::start(24, 80, &command);
    terminal.until_drawn();
    // From here on the terminal is not read, as in a stopped window; large pictures fill the buffer.
    for round in 0..40 {
        terminal.resize_alone(20 + round % 40, 60 + round * 3);
        std::thread::sleep(Duration::from_millis(60));
    }
    let file = data("two-utterances.wav");
    let words = ["play", file.to_str().unwrap()];
    // Enough is buffered that playback has no gaps on a busy machine.
    server.run_with(&words, &[("VMIC_LATENCY", "500")]).unwrap();
    let ended = |line: &&Value| line["type"] == "utterance_end";
    let deadline = Instant::now() + Duration::from_secs(10);
    let both = || recorded(&kept).iter().filter(ended).count() == 2;
    while !both() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(both(), "{:#?}", recorded(&kept));
    terminal.resize(24, 80);
    terminal.until_drawn();
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
    assert_eq!(recorded(&kept).last().unwrap()["samples_lost"], 0);
}

#[test]
fn a_killed_session_leaves_whole_lines_up_to_its_last_second() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept.jsonl");
    // Its standard output is read only after it was killed.
    let child = emoscope(&home)
        .args(["live", "--jsonl", "--device", "vmic", "--record"])
        .arg(&kept)
        .envs(server.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Speech that is longer than the session.
    let voice = data("speech-16k.wav");
    for _ in 0..3 {
        server.run(&["play", voice.to_str().unwrap()]).unwrap();
    }
    let mut player = server.spawn(&["play", data("two-utterances.wav").to_str().unwrap()]);
    std::thread::sleep(Duration::from_millis(1500));
    let now = SystemTime::now();
    signal("KILL", &child);
    let output = child.wait_with_output().unwrap();
    player.wait().unwrap();
    let lines_kept = recorded(&kept);
    assert_eq!(lines_kept[0]["type"], "session_start");
    let began = lines_kept[0]["started_at"].as_str().unwrap();
    let began = humantime::parse_rfc3339(began).unwrap();
    let position = now.duration_since(began).unwrap().as_secs_f64();
    let last = last_s(&lines_kept);
    eprintln!("killed at {position:.2} s, the last line ends at {last:.2} s");
    assert!(last > position - 1.0, "{last} of {position}");
    // Output and record are equal, except for a line that was being written.
    let printed = lines(&output);
    let both = printed.len().min(lines_kept.len());
    assert!(printed.len().abs_diff(lines_kept.len()) <= 1);
    assert_eq!(printed[..both], lines_kept[..both]);
}

#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept.jsonl");
    // Files of at most three kilobytes; the signal for it is ignored.
    let program = emoscope(&home).get_program().to_owned();
    let child = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 3; exec \"$@\"", "bash"])
        .arg(program)
        .args([
            "live",
            "--jsonl",
            "--device",
            "vmic",
            "--seconds",
            "6",
            "--record",
        ])
        .arg(&kept)
        .env("XDG_STATE_HOME", home.path())
        .envs(server.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    server
        .run(&["play", data("two-utterances.wav").to_str().unwrap()])
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = said(&output);
    assert!(told.contains("kept.jsonl stops here"), "{told}");
    let kept = recorded(&kept);
    let printed = lines(&output);
    assert_eq!(printed.last().unwrap()["type"], "session_end");
    assert!(kept.len() > 1 && kept.len() < printed.len());
    assert_eq!(printed[..kept.len()], kept[..]);
}

#[test]
fn a_reader_that_closes_ends_a_live_session_without_error() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let mut child = emoscope(&home)
        .args(["live", "--jsonl", "--device", "vmic"])
        .envs(server.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    // The next event finds the pipe closed.
    server
        .run(&["play", data("speech-16k.wav").to_str().unwrap()])
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
