//! A recording with a speaker on each channel: `--channel each` gives for each channel
//! what a mono file of that channel gives.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{data, emoscope, lines, run, said};

/// The channels of the call as mono files, made by ffmpeg.
fn mono_files(folder: &Path) -> [PathBuf; 2] {
    [1, 2].map(|channel: u16| {
        let path = folder.join(format!("{channel}.wav"));
        let filter = format!("pan=mono|c0=c{}", channel - 1);
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-i"])
            .arg(data("call.flac"))
            .args(["-af", &filter, "-c:a", "pcm_s16le"])
            .arg(&path)
            .status();
        assert!(made.expect("ffmpeg is installed").success());
        path
    })
}

/// The speech events of a channel, without the fields that a mono file lacks.
fn of_channel(lines: &[Value], channel: u16) -> Vec<Value> {
    let of = |line: &&Value| line["channel"] == channel;
    let without = |mut line: Value| {
        let fields = line.as_object_mut().unwrap();
        fields.remove("channel");
        fields.remove("file");
        line
    };
    lines.iter().filter(of).cloned().map(without).collect()
}

/// The speech events.
fn speech(lines: &[Value]) -> Vec<Value> {
    let of_speech = ["voice", "utterance_start", "measurement", "utterance_end"];
    let about = |line: &&Value| of_speech.contains(&line["type"].as_str().unwrap());
    let without = |mut line: Value| {
        line.as_object_mut().unwrap().remove("file");
        line
    };
    lines.iter().filter(about).cloned().map(without).collect()
}

fn analyze(arguments: &[&str], file: &Path) -> Vec<Value> {
    let jsonl = ["analyze", "--quiet", "--format", "jsonl"];
    let arguments = jsonl.iter().chain(arguments).map(Path::new);
    let output = run(arguments.chain([file]));
    assert!(output.status.success(), "{}", said(&output));
    lines(&output)
}

#[test]
fn each_channel_has_the_lines_of_its_mono_file() {
    let folder = tempfile::tempdir().unwrap();
    let mono = mono_files(folder.path());
    for baseline in ["none", "file"] {
        let call = analyze(
            &["--channel", "each", "--baseline", baseline],
            &data("call.flac"),
        );
        let (mut utterances, mut speech_s) = (0, 0.0);
        for (channel, path) in (1..).zip(&mono) {
            let alone = analyze(&["--baseline", baseline, "--speakers", "1"], path);
            let expected = speech(&alone);
            assert!(expected.len() > 20);
            assert_eq!(of_channel(&call, channel), expected, "{channel} {baseline}");
            let end = alone.last().unwrap();
            utterances += end["utterances"].as_u64().unwrap();
            speech_s += end["speech_s"].as_f64().unwrap();
        }
        let end = call.last().unwrap();
        assert_eq!(end["utterances"], utterances);
        assert!((end["speech_s"].as_f64().unwrap() - speech_s).abs() < 1e-9);
        assert_eq!(end["duration_s"], 15.0);
        assert_eq!(
            speech(&call).len(),
            of_channel(&call, 1).len() + of_channel(&call, 2).len()
        );
    }
}

#[test]
fn lines_follow_the_schema_and_name_a_channel_only_with_channel_each() {
    let schema = std::fs::read_to_string(crate::support::path("tests/schema/event.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let each = analyze(&["--channel", "each"], &data("call.flac"));
    assert_eq!(each[0]["by_channel"], true);
    for line in &each {
        let error = schema.iter_errors(line).next();
        assert!(error.is_none(), "{line}: {error:?}");
    }
    for choice in ["mix", "left", "2"] {
        for line in analyze(&["--channel", choice], &data("call.flac")) {
            assert!(line.get("channel").is_none() && line.get("by_channel").is_none());
        }
    }
}

#[test]
fn a_mono_file_is_channel_1() {
    let each = analyze(&["--channel", "each"], &data("two-utterances.wav"));
    let alone = analyze(&["--speakers", "1"], &data("two-utterances.wav"));
    assert_eq!(of_channel(&each, 1), speech(&alone));
    assert_eq!(speech(&each).len(), speech(&alone).len());
}

#[test]
fn a_stream_several_jobs_and_a_resumed_run_give_the_same_lines() {
    let home = tempfile::tempdir().unwrap();
    let expected = analyze(&["--channel", "each"], &data("call.flac"));
    let piped = emoscope(&home)
        .args([
            "analyze",
            "-",
            "--quiet",
            "--channel",
            "each",
            "--format",
            "jsonl",
        ])
        .stdin(std::fs::File::open(data("call.flac")).unwrap())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert_eq!(speech(&lines(&piped)), speech(&expected));

    let folder = tempfile::tempdir().unwrap();
    for name in ["a.flac", "b.flac", "c.flac"] {
        std::fs::copy(data("call.flac"), folder.path().join(name)).unwrap();
    }
    let written = |jobs: &str, resume: bool, output: &Path| {
        let mut command = emoscope(&home);
        command
            .args([
                "analyze",
                "--quiet",
                "--baseline",
                "none",
                "--channel",
                "each",
            ])
            .args(["--format", "jsonl", "--jobs", jobs, "--output"])
            .arg(output)
            .arg(folder.path())
            .args(resume.then_some("--resume"));
        let output_of = command.output().unwrap();
        assert!(output_of.status.success(), "{}", said(&output_of));
        std::fs::read_to_string(output).unwrap()
    };
    let one = written("1", false, &home.path().join("one.jsonl"));
    assert_eq!(one, written("3", false, &home.path().join("three.jsonl")));
    // A run that was interrupted within the second recording.
    let stopped = home.path().join("stopped.jsonl");
    std::fs::write(&stopped, &one[..one.len() / 2]).unwrap();
    assert_eq!(one, written("2", true, &stopped));
}

#[test]
fn with_a_folder_baseline_each_channel_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    std::fs::create_dir(&calls).unwrap();
    for name in ["a", "b"] {
        std::fs::copy(data("call.flac"), calls.join(format!("{name}.flac"))).unwrap();
        for (channel, mono) in (1..).zip(mono_files(folder.path())) {
            let alone = folder.path().join(format!("channel{channel}"));
            std::fs::create_dir_all(&alone).unwrap();
            std::fs::copy(mono, alone.join(format!("{name}.wav"))).unwrap();
        }
    }
    for baseline in ["auto", "folder"] {
        let both = analyze(&["--channel", "each", "--baseline", baseline], &calls);
        for channel in [1, 2] {
            let alone = folder.path().join(format!("channel{channel}"));
            let expected = speech(&analyze(
                &["--baseline", baseline, "--speakers", "1"],
                &alone,
            ));
            assert_eq!(of_channel(&both, channel), expected, "{channel} {baseline}");
        }
    }
}

#[test]
fn replay_gives_the_same_lines_and_so_do_its_recorded_events() {
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let expected = analyze(&["--channel", "each"], &data("call.flac"));
    let replayed = emoscope(&home)
        .args(["replay", "--jsonl", "--channel", "each"])
        .arg(data("call.flac"))
        .output()
        .unwrap();
    assert_eq!(speech(&lines(&replayed)), speech(&expected));
    let log = folder.path().join("call.jsonl");
    std::fs::write(&log, &replayed.stdout).unwrap();
    let again = emoscope(&home)
        .args(["replay", "--jsonl"])
        .arg(&log)
        .output()
        .unwrap();
    assert_eq!(again.stdout, replayed.stdout);
}

#[test]
fn features_and_calibrate_take_one_channel() {
    for command in ["features", "calibrate"] {
        let file = data("call.flac");
        let output = run([command, "--channel", "each", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("expected mix, left, right or a channel number"));
    }
}
