//! Recordings of many programs and devices: result, exit code and message of each.

mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{emoscope, lines, path, said};

use table::Fate::{self, Cut, Noted, Refused, Utterances, Whole};
use table::{CLOSE, KINDS, START};

fn folder() -> Option<tempfile::TempDir> {
    let ffmpeg = Command::new("ffmpeg").arg("-version").output();
    if !ffmpeg.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: ffmpeg does not run");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    for script in ["tests/data/kinds.py", "tests/data/more_kinds.py"] {
        let made = Command::new("python3")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(path(script))
            .arg(folder.path())
            .output()
            .unwrap();
        eprintln!("{}", String::from_utf8_lossy(&made.stderr));
        assert!(made.status.success());
    }
    Some(folder)
}

/// Starts and ends of the utterances, and the length.
fn utterance_times(events: &[Value]) -> (Vec<f64>, f64) {
    let starts = events
        .iter()
        .filter(|event| event["trigger"] == "speech_ended");
    let starts = starts.map(|event| event["start_s"].as_f64().unwrap());
    let end = events.iter().find(|event| event["type"] == "session_end");
    let length = end.map_or(0.0, |end| end["duration_s"].as_f64().unwrap());
    (starts.collect(), length)
}

fn check(home: &tempfile::TempDir, file: &Path, fate: &Fate) {
    let name = file.display();
    let output = emoscope(home)
        .args([
            "analyze",
            "--quiet",
            "--format",
            "jsonl",
            "--baseline",
            "none",
        ])
        .arg(file)
        .output()
        .unwrap();
    let (starts, length) = utterance_times(&lines(&output));
    let told = said(&output);
    let found = format!("{name}: {starts:?} in {length} s, {told}");
    let (code, utterances, expected, words) = match *fate {
        Whole(start, expected) => {
            assert!((starts[0] - start).abs() < CLOSE, "{found}");
            (0, Some(1), expected, "")
        }
        Utterances(count, expected) => (0, Some(count), expected, ""),
        Noted(count, expected, words) => (0, Some(count), expected, words),
        Cut(expected, words) => (1, None, expected, words),
        Refused(words) => (1, Some(0), 0.0, words),
    };
    assert_eq!(output.status.code(), Some(code), "{found}");
    assert!(
        utterances.is_none_or(|count| count == starts.len()),
        "{found}"
    );
    assert!((length - expected).abs() < CLOSE, "{found}");
    assert_eq!(
        told.lines().count(),
        usize::from(!words.is_empty()),
        "{found}"
    );
    assert!(told.contains(words), "{found}");
    let damaged = told.contains("damaged") || told.contains("copy it again");
    assert!(!damaged, "{found}");
}

#[test]
fn every_kind_gives_the_result_of_the_table() {
    let Some(folder) = folder() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut left_out = BTreeSet::new();
    for (name, fate) in &KINDS {
        let file = folder.path().join(name);
        if file.metadata().is_ok_and(|file| file.len() > 0) {
            check(&home, &file, fate);
        } else {
            left_out.insert(name);
        }
    }
    eprintln!("left out: {left_out:?}");
    // Only kinds for which this ffmpeg lacks the encoder.
    assert!(left_out.len() < 20, "{left_out:?}");
    streams(folder.path(), &home);
}

/// The same on standard input.
fn streams(folder: &Path, home: &tempfile::TempDir) {
    let replay = |name: &str, options: &[&str]| {
        let input = std::fs::File::open(folder.join(name)).ok()?;
        let output = emoscope(home)
            .args(["replay", "-", "--jsonl"])
            .args(options)
            .stdin(Stdio::from(input))
            .output();
        output.ok()
    };
    late_fragments(folder, home);
    pauses(folder, home);
    late_pictures(folder, home);
    let raw = |format| ["--raw-rate", "8000", "--raw-format", format];
    let cases: [(&str, &[&str]); 47] = [
        ("tag-speech.wav", &[]),
        ("tag-x.aiff", &[]),
        ("tag-x.caf", &[]),
        ("tag-whole.au", &[]),
        ("tag-cover.flac", &[]),
        ("tag-live.ogg", &[]),
        ("tag-b.m4a", &[]),
        ("tag-whole.webm", &[]),
        ("two-data.wav", &[]),
        ("zero-first.wav", &[]),
        ("zero-list.wav", &[]),
        ("five-data.wav", &[]),
        ("junk.wav", &[]),
        ("junk-text.wav", &[]),
        ("junk-x.aiff", &[]),
        ("junk-x.caf", &[]),
        ("junk-whole.au", &[]),
        ("x.sph", &[]),
        ("mulaw.sph", &[]),
        ("stream-mulaw.mov", &[]),
        ("joined.flac", &[]),
        ("longer.mkv", &[]),
        ("odd-data.wav", &[]),
        ("odd-no-pad.wav", &[]),
        ("no-pad.wav", &[]),
        ("joined-rate.wav", &[]),
        ("x.w64", &[]),
        ("pipe.w64", &[]),
        ("pcm_u8.mkv", &[]),
        ("pcm_mulaw.wav", &[]),
        ("pcm_alaw.wav", &[]),
        ("adpcm_ima_wav.wav", &[]),
        ("adpcm_ms.wav", &[]),
        ("pipe-adpcm_ms.wav", &[]),
        ("mp3.wav", &[]),
        ("first-block.wav", &[]),
        ("riff36.wav", &[]),
        ("cover.mp3", &[]),
        ("b.m4a", &[]),
        ("browser.webm", &[]),
        ("opus.mp4", &[]),
        ("killed.aiff", &[]),
        ("live-x.caf", &[]),
        ("chapters.mkv", &[]),
        ("pipe-chapters.mkv", &[]),
        ("raw.ul", &raw("mulaw")),
        ("raw.al", &raw("alaw")),
    ];
    for (name, options) in cases {
        let Some(output) = replay(name, options) else {
            continue;
        };
        if name == "opus.mp4" {
            // Its index comes last.
            assert_eq!(output.status.code(), Some(1), "{name}");
            assert!(said(&output).contains("has its index at its end"), "{name}");
            continue;
        }
        let (starts, _) = utterance_times(&lines(&output));
        let found = format!("{name}: {starts:?}, {}", said(&output));
        assert_eq!(output.status.code(), Some(0), "{found}");
        assert_eq!(starts.len(), 1, "{found}");
        assert!((starts[0] - START).abs() < CLOSE, "{found}");
    }
}

/// What begins late or has a hole has the same times in a file and as a stream.
fn late_fragments(folder: &Path, home: &tempfile::TempDir) {
    let names = [
        "late-pieces.mp4",
        "hole-pieces.mp4",
        "hundred.mp4",
        "hole.opus",
        "hole.ogg",
        "hole.mka",
        "tag-x.opus",
        "hours.mkv",
        "leap.mka",
        "joined-rates.aac",
        "tag-joined.aac",
    ];
    for name in names {
        let [file, stream] = [false, true].map(|streamed| {
            let path = folder.join(name);
            let input = std::fs::File::open(&path).unwrap();
            let output = emoscope(home)
                .args(["replay", "--jsonl", "--speakers", "1"])
                .arg(if streamed { Path::new("-") } else { &path })
                .stdin(Stdio::from(input))
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
            let times = |event: &Value| {
                let times = ["start_s", "end_s", "duration_s"].map(|field| event[field].as_f64());
                (event["type"].to_string(), times)
            };
            let events = lines(&output);
            let with_times = |event: &&Value| {
                event["type"] == "gap"
                    || event["type"] == "session_end"
                    || event["trigger"] == "speech_ended"
            };
            events
                .iter()
                .filter(with_times)
                .map(times)
                .collect::<Vec<_>>()
        });
        assert_eq!(file, stream, "{name}");
        let gaps = file.iter().filter(|(kind, _)| kind == "\"gap\"");
        assert_eq!(
            gaps.count(),
            usize::from(name.starts_with("hole")),
            "{file:?}"
        );
    }
}

/// A track that begins hours late is drawn from there on, and its features are those of
/// the same packets without the delay.
fn late_pictures(folder: &Path, home: &tempfile::TempDir) {
    let print = |arguments: &[&str], name: &str| {
        let output = emoscope(home)
            .args(arguments)
            .arg(folder.join(name))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", said(&output));
        let told = said(&output);
        (String::from_utf8(output.stdout).unwrap(), told)
    };
    let drawn = ["hours.mkv", "a.m4a"].map(|name| {
        let picture = ["report", "--quiet", "--format", "svg", "--output", "-"];
        let (svg, _) = print(&picture, name);
        let first = |from: &str, to: &str| {
            let rest = svg.split_once(from).unwrap().1;
            rest.split_once(to).unwrap().0.to_owned()
        };
        let call = svg.split_once("class=\"call ").unwrap().1;
        let x: f64 = call.split('"').nth(2).unwrap().parse().unwrap();
        (x, first("class=\"time\"", "<"))
    });
    let [(late_x, late_time), (x, _)] = drawn;
    assert!((late_x - x).abs() < 1.0, "{late_x} {x}");
    assert!(late_time.ends_with(">2:00:00"), "{late_time}");
    let [late, whole] = ["hours.mkv", "a.m4a"].map(|name| print(&["features"], name));
    // The index of an MP4 leaves out the padding at its end, which Matroska keeps.
    let rows = |text: &str| {
        text.lines()
            .take(300)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&late.0).len(), 300);
    assert!(rows(&late.0) == rows(&whole.0));
    assert!(late.1.contains("begins at 7199.977 s"), "{}", late.1);
    assert_eq!(whole.1, "");
}

/// A pause of an edit list is a gap from the frame on at which it begins.
fn pauses(folder: &Path, home: &tempfile::TempDir) {
    for (name, start) in [("pause.m4a", 1.0), ("late-pause.m4a", 5.0)] {
        let output = emoscope(home)
            .args(["replay", "--jsonl", "--speakers", "1"])
            .arg(folder.join(name))
            .output()
            .unwrap();
        let events = lines(&output);
        let gap = events.iter().find(|event| event["type"] == "gap").unwrap();
        for (field, expected) in [("start_s", start), ("end_s", start + 2.0)] {
            let at = gap[field].as_f64().unwrap();
            assert!((at - expected).abs() < 1e-3, "{name}: {gap}");
        }
    }
}

/// A length that is not known is no failure, so that a continued run has nothing to do.
#[test]
fn a_recording_without_a_length_is_not_tried_again() {
    let Some(folder) = folder() else { return };
    let home = tempfile::tempdir().unwrap();
    let unknown = folder.path().join("unknown");
    std::fs::create_dir(&unknown).unwrap();
    let names = [
        "browser.webm",
        "pipe.mkv",
        "live.flac",
        "live.au",
        "riff0.wav",
    ];
    for name in names {
        std::fs::copy(folder.path().join(name), unknown.join(name)).unwrap();
    }
    for (format, output) in [
        ("jsonl", "o.jsonl"),
        ("vtt", "captions"),
        ("parquet", "data"),
    ] {
        let runs = [0, 1].map(|_| {
            let output = emoscope(&home)
                .current_dir(folder.path())
                .args(["analyze", "unknown", "--format", format, "--output", output])
                .args(["--resume", "--jobs", "1"])
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(0), "{format}: {}", said(&output));
            said(&output)
        });
        assert!(
            runs[0].contains("riff0.wav has a header"),
            "{format}: {}",
            runs[0]
        );
        assert!(
            !runs[1].contains("riff0.wav has a header"),
            "{format}: {}",
            runs[1]
        );
    }
    let text = std::fs::read_to_string(folder.path().join("o.jsonl")).unwrap();
    assert_eq!(text.matches("session_end").count(), names.len());
}
