//! Faults of devices and sound servers, and what a session reports.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, lines, path, said, signal};

/// A session in event lines whose notices are read as they arrive.
struct Session {
    child: Child,
    notices: Receiver<String>,
    started: Instant,
}

impl Session {
    fn start(home: &tempfile::TempDir, server: &SoundServer) -> Self {
        let mut child = emoscope(home)
            .args(["live", "--jsonl", "--device", "pulseaudio:vmic"])
            .envs(server.environment())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let (send, notices) = channel();
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self {
            child,
            notices,
            started: Instant::now(),
        }
    }

    /// Waits for a notice; returns the time that it took.
    fn until_said(&self, words: &str, longest: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let left = longest.saturating_sub(start.elapsed());
            let Ok(line) = self.notices.recv_timeout(left) else {
                panic!("never said: {words}");
            };
            if line.contains(words) {
                eprintln!("{:.2} s: {line}", self.started.elapsed().as_secs_f64());
                return start.elapsed();
            }
        }
    }

    /// Ends the session; its event lines, and how long it was open.
    fn end(self) -> (Vec<Value>, f64) {
        let now = SystemTime::now();
        signal("INT", &self.child);
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success());
        let lines = lines(&output);
        let began = lines[0]["started_at"].as_str().unwrap();
        let began = humantime::parse_rfc3339(began).unwrap();
        let wall = now.duration_since(began).unwrap().as_secs_f64();
        (lines, wall)
    }
}

const SOON: Duration = Duration::from_secs(3);
const LATER: Duration = Duration::from_secs(10);

/// Tolerance for the start of other processes.
const CLOSE_S: f64 = 0.5;

/// Plays two utterances to their end; returns the start of the first.
fn play(server: &SoundServer) -> SystemTime {
    let now = SystemTime::now();
    let file = data("two-utterances.wav");
    server.run(&["play", file.to_str().unwrap()]).unwrap();
    now
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

fn length(gap: &Value) -> f64 {
    gap["end_s"].as_f64().unwrap() - gap["start_s"].as_f64().unwrap()
}

#[test]
fn the_clock_stays_right_through_mute_stall_replacement_and_restart() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let session = Session::start(&home, &server);

    // Nothing plays into it: exact zeros, as a muted one gives.
    session.until_said("only zeros arrive", LATER);
    server.run(&["play", data("speech-16k.wav").to_str().unwrap()]);
    session.until_said("the microphone delivers a signal again", SOON);

    // It does not change to a new default, nor to an input with a similar name.
    let other = ["ctl", "load-module", "module-null-sink", "sink_name=other"];
    server.run(&other).unwrap();
    let remap = ["ctl", "load-module", "module-remap-source"];
    let remap = [&remap[..], &["master=other.monitor", "source_name=vmic2"]].concat();
    server.run(&remap).unwrap();
    server.run(&["ctl", "set-default-source", "vmic2"]).unwrap();
    let removed = Instant::now();
    server.run(&["remove"]);
    session.until_said("microphone lost, waiting for it", SOON);
    std::thread::sleep(Duration::from_secs(1));
    assert!(session.notices.try_recv().is_err(), "it waits for the same");

    // It returns with a different sample rate.
    let rate = [("VMIC_RATE", "44100")];
    server.run_with(&["add"], &rate).unwrap();
    session.until_said("the microphone is back", SOON);
    let away = removed.elapsed().as_secs_f64();
    let mut played = vec![play(&server)];

    // The server hangs, and continues.
    server.run(&["stall"]).unwrap();
    session.until_said("the microphone delivers nothing", SOON);
    std::thread::sleep(Duration::from_secs(1));
    server.run(&["resume"]).unwrap();
    session.until_said("the microphone delivers again", SOON);
    played.push(play(&server));

    // The program stands still for a while.
    signal("STOP", &session.child);
    std::thread::sleep(Duration::from_secs(2));
    signal("CONT", &session.child);
    played.push(play(&server));

    // The server dies, and another takes its place.
    let killed = Instant::now();
    server.run(&["kill"]).unwrap();
    session.until_said("microphone lost, waiting for it", SOON);
    server.run(&["start"]).unwrap();
    session.until_said("the microphone is back", SOON);
    let dead = killed.elapsed().as_secs_f64();
    played.push(play(&server));

    let (lines, wall) = session.end();
    let signals = of_type(&lines, "signal");
    assert!(signals[0]["present"] == false && signals[0]["at_s"].as_f64().unwrap() < 1.0);
    assert_eq!(signals[1]["present"], true);
    let gaps: Vec<f64> = of_type(&lines, "gap").into_iter().map(length).collect();
    eprintln!("gaps {gaps:?}, away for {away:.2} s and {dead:.2} s");
    let end = lines.last().unwrap();
    let lost = end["samples_lost"].as_u64().unwrap();
    let told: u64 = of_type(&lines, "gap")
        .iter()
        .map(|gap| gap["samples"].as_u64().unwrap())
        .sum();
    assert_eq!(lost, told);
    // Removal and restart cost what they took; a server that starts is detected before
    // its script returns. The paused server and the paused program cost
    // nothing: their audio arrived late.
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert!((gaps[0] - away).abs() < CLOSE_S, "{gaps:?}");
    assert!(gaps[1] > 1.0 && gaps[1] < dead + 0.1, "{gaps:?}");
    let duration = end["duration_s"].as_f64().unwrap();
    eprintln!("{duration:.2} s of session in {wall:.2} s");
    assert!((duration - wall).abs() < CLOSE_S, "{duration} of {wall}");
    // After each fault an utterance is at the time at which it was played.
    let replayed = crate::support::run(["replay".as_ref(), data("two-utterances.wav").as_os_str()]);
    let replayed = crate::support::lines(&replayed);
    let onset = of_type(&replayed, "utterance_start")[0]["start_s"].as_f64();
    let began = lines[0]["started_at"].as_str().unwrap();
    let began = humantime::parse_rfc3339(began).unwrap();
    let starts: Vec<f64> = of_type(&lines, "utterance_start")
        .iter()
        .map(|start| start["start_s"].as_f64().unwrap())
        .collect();
    for at in played {
        let said_s = at.duration_since(began).unwrap().as_secs_f64() + onset.unwrap();
        let late = starts.iter().map(|start| start - said_s);
        let late = late.fold(f64::MAX, |a, b| if b.abs() < a.abs() { b } else { a });
        eprintln!("said at {said_s:.2} s, detected {late:.2} s later");
        assert!(late.abs() < CLOSE_S, "{said_s} s: {starts:?}");
    }
    // The words after the removal came at 44.1 kHz and are as long as they are.
    let lengths = |lines: &[Value]| -> Vec<f64> {
        of_type(lines, "utterance_end")
            .into_iter()
            .map(length)
            .collect()
    };
    let found = lengths(&lines);
    for wanted in lengths(&replayed) {
        let close = found.iter().any(|found| (found - wanted).abs() < 0.15);
        assert!(close, "{wanted} s among {found:?}");
    }
}

#[test]
fn a_source_of_any_format_gives_the_same_samples() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let session = Session::start(&home, &server);
    session.until_said("only zeros arrive", LATER);
    let shapes = [("u8", "8000", "1"), ("s24-32be", "96000", "6")];
    for (format, rate, channels) in shapes {
        server.run(&["remove"]);
        session.until_said("microphone lost, waiting for it", SOON);
        let shape = [
            ("VMIC_FORMAT", format),
            ("VMIC_RATE", rate),
            ("VMIC_CHANNELS", channels),
        ];
        server.run_with(&["add"], &shape).unwrap();
        session.until_said("the microphone is back", LATER);
        // Enough is buffered that playback has no gaps on a busy machine. Twice, because the
        // first utterance on a new input of 8 bits is detected up to 0.4 s late.
        let file = data("two-utterances.wav");
        let words = ["play", file.to_str().unwrap()];
        for _ in 0..2 {
            server.run_with(&words, &[("VMIC_LATENCY", "500")]).unwrap();
            std::thread::sleep(Duration::from_millis(800));
        }
    }
    let (lines, wall) = session.end();
    let ends = of_type(&lines, "utterance_end");
    let lengths: Vec<f64> = ends.into_iter().map(length).collect();
    eprintln!("{lengths:?}");
    assert_eq!(lengths.len(), 8);
    let plays: Vec<&[f64]> = lengths.chunks(2).collect();
    let same = |one: &[f64], other: &[f64]| one.iter().zip(other).all(|(a, b)| (a - b).abs() < 0.3);
    let mut pairs = plays[..2]
        .iter()
        .flat_map(|one| plays[2..].iter().map(move |other| (one, other)));
    assert!(pairs.any(|(one, other)| same(one, other)), "{lengths:?}");
    let duration = lines.last().unwrap()["duration_s"].as_f64().unwrap();
    assert!((duration - wall).abs() < CLOSE_S, "{duration} of {wall}");
}

/// The program with an ALSA whose every input is refused with that system error.
fn refused(errno: &str) -> Option<std::process::Output> {
    let home = tempfile::tempdir().unwrap();
    let library = home.path().join("refuse.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([library.as_path(), &path("tests/e2e/refuse.c")])
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no C compiler");
        return None;
    }
    let alsa = home.path().join("asound.conf");
    let input = "pcm.desk { type null hint { show on description \"Deskphone\" } }\n";
    std::fs::write(&alsa, input).unwrap();
    let output = emoscope(&home)
        .args(["live", "--jsonl", "--seconds", "1", "--device", "Deskphone"])
        .env("LD_PRELOAD", &library)
        .env("REFUSE_WITH", errno)
        .env("PULSE_SERVER", "unix:/nowhere")
        .env("XDG_RUNTIME_DIR", home.path())
        .env("ALSA_CONFIG_PATH", &alsa)
        .output()
        .unwrap();
    Some(output)
}

#[test]
fn a_busy_device_and_a_denied_permission_have_their_own_messages() {
    const EACCES: &str = "13";
    const EBUSY: &str = "16";
    for (errno, words) in [
        (EBUSY, "`Deskphone` is in use by another program"),
        (EACCES, "no permission to listen to `Deskphone`"),
    ] {
        let Some(output) = refused(errno) else { return };
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains(words), "{}", said(&output));
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        assert!(output.stdout.is_empty());
    }
}
