//! Recordings of many programs and devices: result, exit code and message of each.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{emoscope, lines, path, said};

/// The expected result of a kind.
enum Fate {
    /// One utterance, at the start of the speech, in a recording of that length.
    Whole(f64, f64),
    /// A number of utterances in a recording of that length.
    Utterances(usize, f64),
    /// The same, and words on standard error.
    Noted(usize, f64, &'static str),
    /// Up to its end, and exit code 1 with these words.
    Cut(f64, &'static str),
    /// Nothing, and exit code 1 with these words.
    Refused(&'static str),
}

use Fate::{Cut, Noted, Refused, Utterances, Whole};

/// Start of the speech in `speech-16k.wav`, and the length of the file, in seconds.
const START: f64 = 0.272;
const LENGTH: f64 = 3.858;
/// Tolerance for frames that an encoder adds at both ends, and for rounded timestamps.
const CLOSE: f64 = 0.09;
/// An ADPCM file ends with a whole block.
const BLOCK: f64 = 0.2;

const UNFINISHED: &str = "has a header that was never completed";

/// The table: message and exit code of each kind.
const KINDS: [(&str, Fate); 125] = [
    // Live-written: no length is known, and nothing is missing.
    ("whole.webm", Whole(START, LENGTH)),
    ("browser.webm", Whole(START, LENGTH)),
    ("pipe.webm", Whole(START, LENGTH)),
    ("pipe.mkv", Whole(START, LENGTH)),
    ("4.weba", Whole(START, LENGTH)),
    ("live.flac", Whole(START, LENGTH)),
    ("live.ogg", Whole(START, LENGTH)),
    ("live.aiff", Noted(1, LENGTH, UNFINISHED)),
    ("live.au", Whole(START, LENGTH)),
    ("live-x.caf", Whole(START, LENGTH)),
    ("live-ulaw.caf", Whole(START, LENGTH)),
    // Remuxed.
    ("x.opus", Whole(START, LENGTH)),
    ("remuxed.opus", Whole(START, LENGTH)),
    ("remuxed.mka", Whole(START, LENGTH)),
    ("remuxed.mp4", Whole(START, LENGTH)),
    ("remuxed.caf", Whole(START, LENGTH)),
    // Headers that were never completed.
    ("riff0.wav", Noted(1, LENGTH, UNFINISHED)),
    ("riff36.wav", Noted(1, LENGTH, UNFINISHED)),
    ("riffwhole.wav", Noted(1, LENGTH, UNFINISHED)),
    ("avaudiofile.wav", Noted(1, LENGTH, UNFINISHED)),
    ("first-block.wav", Noted(1, LENGTH, UNFINISHED)),
    ("killed.au", Noted(1, LENGTH, UNFINISHED)),
    ("killed.aiff", Noted(1, LENGTH, UNFINISHED)),
    // Lengths that are too large, and data after the samples.
    ("plus44.wav", Whole(START, LENGTH)),
    ("sector.wav", Whole(START, LENGTH)),
    ("odd.wav", Whole(START, LENGTH)),
    ("tagged.wav", Whole(START, LENGTH)),
    ("whole.au", Whole(START, LENGTH)),
    ("x.aiff", Whole(START, LENGTH)),
    ("x.caf", Whole(START, LENGTH)),
    ("ulaw.caf", Whole(START, LENGTH)),
    ("no-samples.wav", Refused("holds a header but no samples")),
    // Telephony.
    ("pcm_mulaw.wav", Whole(START, LENGTH)),
    ("pcm_alaw.wav", Whole(START, LENGTH)),
    ("adpcm_ima_wav.wav", Utterances(1, LENGTH + BLOCK)),
    ("adpcm_ms.wav", Utterances(1, LENGTH + BLOCK)),
    ("pipe-pcm_mulaw.wav", Whole(START, LENGTH)),
    ("pipe-pcm_alaw.wav", Whole(START, LENGTH)),
    ("pipe-adpcm_ima_wav.wav", Utterances(1, LENGTH + BLOCK)),
    ("pipe-adpcm_ms.wav", Utterances(1, LENGTH + BLOCK)),
    ("mulaw.au", Whole(START, LENGTH)),
    // MP3.
    ("bare.mp3", Whole(START, LENGTH)),
    ("cover.mp3", Whole(START, LENGTH)),
    ("cover.flac", Whole(START, LENGTH)),
    ("cover.m4a", Whole(START, LENGTH)),
    ("joined.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-covers.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-stereo.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-untagged.mp3", Utterances(2, 2.0 * LENGTH)),
    (
        "joined-rates.mp3",
        Cut(LENGTH, "changes from 44100 Hz to 22050 Hz"),
    ),
    ("mp3.wav", Whole(START, LENGTH)),
    ("x.mp2", Whole(START, LENGTH)),
    // AAC and MP4.
    ("lc.m4a", Whole(START, LENGTH)),
    ("he-implicit.m4a", Whole(START, LENGTH)),
    ("he-explicit.m4a", Whole(START, LENGTH)),
    ("opus.mp4", Whole(START, LENGTH)),
    ("opus-frag.mp4", Whole(START, LENGTH)),
    ("frag.mp4", Whole(START, LENGTH)),
    ("a.m4a", Whole(START, LENGTH)),
    ("b.m4a", Whole(START, LENGTH)),
    ("2.3gp", Whole(START, LENGTH)),
    ("3.m4v", Whole(START, LENGTH)),
    ("trimmed.m4a", Whole(0.0, LENGTH - 1.0)),
    // Edit lists of several parts, and fragments with their own times.
    ("pause.m4a", Utterances(2, 2.0 + LENGTH)),
    ("late-pause.m4a", Utterances(2, 6.0 + LENGTH)),
    ("rounded.m4a", Utterances(2, 2.0 + LENGTH)),
    ("cut-out.m4a", Whole(START, LENGTH - 1.0)),
    ("repeated.m4a", Noted(1, LENGTH, "repeats parts")),
    ("late-pieces.mp4", Whole(2.02, 6.1)),
    ("hole-pieces.mp4", Utterances(1, 6.1)),
    ("hundred.mp4", Whole(100.0 + START, 104.06)),
    // The times of the container.
    ("late.mp4", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.mov", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.mkv", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.mka", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.weba", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.opus", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late-opus.mp4", Whole(4.0 + START, 4.0 + LENGTH)),
    ("hole.mka", Utterances(2, 2.0 + LENGTH)),
    ("hole.m4a", Utterances(2, 2.0 + LENGTH)),
    ("hole.weba", Utterances(2, 2.0 + LENGTH)),
    ("hole.opus", Utterances(2, 2.0 + LENGTH)),
    ("hole.ogg", Utterances(2, 2.0 + LENGTH)),
    // Channels and tracks.
    ("twin.wav", Whole(START, LENGTH)),
    (
        "inverted.wav",
        Noted(1, LENGTH, "the channels cancel each other"),
    ),
    (
        "near.wav",
        Noted(1, LENGTH, "the channels cancel each other"),
    ),
    ("dead.wav", Noted(1, LENGTH, "only channel 1 carries sound")),
    (
        "two-tracks.mkv",
        Noted(1, LENGTH, "holds 2 audio tracks; track 2 was read"),
    ),
    ("lfe.wav", Noted(1, LENGTH, "only channel 4 carries sound")),
    // Ogg: several in one file, without an end, with padding of more than a packet.
    ("chained.opus", Utterances(2, 2.0 * LENGTH)),
    ("no-end.opus", Whole(START, LENGTH)),
    ("trim-end.opus", Whole(START, LENGTH)),
    ("flac.ogg", Whole(START, LENGTH)),
    // Layouts that few writers use.
    ("chapters.mkv", Whole(START, LENGTH)),
    ("pipe-chapters.mkv", Whole(START, LENGTH)),
    ("chapters.m4b", Whole(START, LENGTH)),
    ("sidx.mp4", Whole(START, LENGTH)),
    ("pcm_s24be.mov", Whole(START, LENGTH)),
    ("pcm_s24le.mov", Whole(START, LENGTH)),
    ("pcm_f32be.mov", Whole(START, LENGTH)),
    ("rf64.wav", Whole(START, LENGTH)),
    ("bw64.wav", Whole(START, LENGTH)),
    ("sowt.aifc", Whole(START, LENGTH)),
    ("samples-first.aiff", Whole(START, LENGTH)),
    ("alac.caf", Whole(START, LENGTH)),
    ("unknown.flac", Whole(START, LENGTH)),
    ("garbage.aac", Whole(START, LENGTH)),
    // Truncated: more than a packet of the announced length is missing.
    ("cut.wav", Cut(1.93, "is cut off: only 1.93 s of 3.86 s")),
    ("cut.webm", Cut(2.19, "is cut off")),
    ("cut.m4a", Cut(2.25, "is cut off")),
    ("cut.mp3", Cut(2.30, "is cut off")),
    // Recognised, but not supported.
    ("gsm.wav", Refused("(GSM 06.10 in WAV)")),
    ("g722.wav", Refused("(G.722 in WAV)")),
    ("g726.wav", Refused("(G.726 or G.721 in WAV)")),
    ("ima4.aifc", Refused("(IMA ADPCM in AIFF)")),
    ("ima4.caf", Refused("(IMA ADPCM in CAF)")),
    ("speex.ogg", Refused("(Speex in Ogg)")),
    ("ac3.mp4", Refused("(AC-3 in MP4)")),
    ("ac3.mkv", Refused("(AC-3 in Matroska)")),
    ("adpcm.mkv", Refused("(a codec of Windows in Matroska)")),
    ("pcm_alaw.mov", Refused("(A-law in MP4)")),
    ("rifx.wav", Refused("(WAV with big-endian samples)")),
    ("amr.3gp", Refused("(AMR-NB in MP4)")),
    ("x.amr", Refused("(AMR-NB)")),
    ("tv.ts", Refused("(MPEG-TS)")),
];

fn folder() -> Option<tempfile::TempDir> {
    let ffmpeg = Command::new("ffmpeg").arg("-version").output();
    if !ffmpeg.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: ffmpeg does not run");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("python3")
        .arg(path("tests/data/kinds.py"))
        .arg(folder.path())
        .output()
        .unwrap();
    eprintln!("{}", String::from_utf8_lossy(&made.stderr));
    assert!(made.status.success());
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
    let raw = |format| ["--raw-rate", "8000", "--raw-format", format];
    let cases: [(&str, &[&str]); 18] = [
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

/// Fragments that begin late or have a hole have the same times in a file and as a stream.
fn late_fragments(folder: &Path, home: &tempfile::TempDir) {
    for name in ["late-pieces.mp4", "hole-pieces.mp4", "hundred.mp4"] {
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
