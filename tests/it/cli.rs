//! The program as a person or a script meets it.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::support::{data, emoscope, lines, path, run, said};

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(path("tests/schema/event.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// What must be the same live, from a file and in `analyze`.
fn comparable(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    lines.retain(|line| !line["type"].as_str().unwrap().starts_with("session_"));
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("file");
    }
    lines
}

#[test]
fn event_lines_follow_the_schema_and_have_one_number_per_label() {
    let schema = schema();
    for arguments in [vec!["demo"], vec!["demo", "--engine", "builtin"]] {
        let output = run(&arguments);
        assert!(output.status.success(), "{}", said(&output));
        let lines = lines(&output);
        assert_eq!(lines[0]["type"], "session_start");
        assert_eq!(lines.last().unwrap()["type"], "session_end");
        assert!(
            lines
                .iter()
                .filter(|line| line["trigger"] == "speech_ended")
                .count()
                > 5
        );
        let labels: Vec<Value> = lines[0]["labels"].as_array().unwrap().clone();
        for line in &lines {
            assert!(
                schema.is_valid(line),
                "{line}: {:?}",
                schema.iter_errors(line).next()
            );
            if line["type"] == "measurement" {
                let probabilities = line["probabilities"].as_object().unwrap();
                let names: Vec<Value> = probabilities.keys().map(|k| k.clone().into()).collect();
                assert_eq!(names.len(), labels.len());
                let sum: f64 = probabilities.values().map(|p| p.as_f64().unwrap()).sum();
                let top = probabilities
                    .values()
                    .map(|p| p.as_f64().unwrap())
                    .fold(0.0, f64::max);
                assert!((sum - 1.0).abs() < 1e-5);
                assert!((top - line["confidence"].as_f64().unwrap()).abs() < 1e-6);
                assert!(line["label"] == "uncertain" || labels.contains(&line["label"]));
            }
        }
    }
}

#[test]
fn probabilities_stand_in_the_order_of_the_labels_with_six_decimals_or_more() {
    let output = run(["demo"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("speech_ended"))
        .unwrap();
    let object = line
        .split("\"probabilities\":{")
        .nth(1)
        .unwrap()
        .split('}')
        .next()
        .unwrap();
    let pairs: Vec<(&str, &str)> = object
        .split(',')
        .map(|p| p.split_once(':').unwrap())
        .collect();
    let names: Vec<&str> = pairs
        .iter()
        .map(|(name, _)| name.trim_matches('"'))
        .collect();
    assert_eq!(
        names,
        [
            "anger",
            "disgust",
            "fear",
            "happiness",
            "neutral",
            "sadness",
            "surprise"
        ]
    );
    assert!(
        pairs
            .iter()
            .all(|(_, p)| p.split_once('.').unwrap().1.len() >= 6)
    );
}

#[test]
fn replay_analyze_and_stdin_agree() {
    let file = data("two-utterances.wav");
    let replayed = run(["replay".as_ref(), file.as_os_str()]);
    let analyzed = run(["analyze".as_ref(), file.as_os_str()]);
    let home = tempfile::tempdir().unwrap();
    let piped = emoscope(&home)
        .args(["replay", "-"])
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    let expected = comparable(&lines(&replayed));
    assert!(
        expected
            .iter()
            .any(|line| line["trigger"] == "speech_ended")
    );
    assert_eq!(comparable(&lines(&analyzed)), expected);
    assert_eq!(comparable(&lines(&piped)), expected);
    assert!(
        lines(&analyzed)
            .iter()
            .all(|line| line["file"] == file.to_str().unwrap())
    );
}

#[test]
fn a_recorded_session_is_shown_again_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let file = data("two-utterances.wav");
    let first = run(["replay".as_ref(), file.as_os_str()]);
    let kept = home.path().join("kept.jsonl");
    std::fs::write(&kept, &first.stdout).unwrap();
    // The model is not needed: one that is missing does no harm.
    let again = run([
        "replay".as_ref(),
        kept.as_os_str(),
        "--model".as_ref(),
        "none.onnx".as_ref(),
    ]);
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(again.stdout, first.stdout);
    let captions = |path: &std::path::Path| {
        let format = ["--format", "srt"].map(std::ffi::OsStr::new);
        let output = run(["replay".as_ref(), path.as_os_str()]
            .into_iter()
            .chain(format));
        assert!(output.status.success(), "{}", said(&output));
        output.stdout
    };
    assert!(!captions(&file).is_empty());
    assert_eq!(captions(&kept), captions(&file));

    std::fs::write(&kept, "a,b\n1,2\n").unwrap();
    let refused = run(["replay".as_ref(), kept.as_os_str()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("kept.jsonl") && said(&refused).contains("line 1"));
}

#[test]
fn completions_and_man_pages_tell_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = run(["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["analyze", "--shard", "--theme"] {
            let word = if shell == "fish" {
                word.trim_start_matches("--")
            } else {
                word
            };
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(
        run(["man".as_ref(), folder.path().as_os_str()])
            .status
            .success()
    );
    let page = std::fs::read_to_string(folder.path().join("emoscope-analyze.1")).unwrap();
    assert!(page.contains("\\-\\-shard"), "{page:.400}");
}

#[test]
fn raw_samples_from_stdin_are_heard_as_those_of_the_file() {
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
fn formats_rates_and_channels_of_one_speech_give_the_same_utterance() {
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
fn a_folder_is_judged_in_the_order_of_its_paths_and_bad_files_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in [
        ("b/2.wav", "speech-16k.wav"),
        ("a/1.wav", "two-utterances.wav"),
        ("c.wav", "broken/text.wav"),
        ("d.wav", "silence.wav"),
        ("notes.txt", "broken/text.wav"),
    ] {
        let target = folder.path().join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(data(source), target).unwrap();
    }
    let output = run(["analyze".as_ref(), folder.path().as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("c.wav"), "{}", said(&output));
    let mut files: Vec<String> = lines(&output)
        .iter()
        .map(|line| line["file"].as_str().unwrap().to_owned())
        .collect();
    files.dedup();
    let names: Vec<&str> = files
        .iter()
        .map(|file| &file[folder.path().to_str().unwrap().len() + 1..])
        .collect();
    assert_eq!(names, ["a/1.wav", "b/2.wav", "c.wav", "d.wav"]);
    let errors: Vec<Value> = lines(&output)
        .into_iter()
        .filter(|l| l["type"] == "error")
        .collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0]["message"].as_str().unwrap().contains("c.wav"));
    let schema = schema();
    assert!(lines(&output).iter().all(|line| schema.is_valid(line)));
}

#[test]
fn the_other_formats_hold_a_row_per_utterance() {
    let file = data("two-utterances.wav");
    let with = |format: &str| {
        let output = run([
            "analyze".as_ref(),
            file.as_os_str(),
            "--format".as_ref(),
            format.as_ref(),
        ]);
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let mut csv = csv::Reader::from_reader(with("csv").as_bytes().to_vec().leak() as &[u8]);
    assert_eq!(csv.headers().unwrap().iter().nth(6), Some("anger"));
    assert_eq!(
        csv.records()
            .map(|row| row.unwrap().len())
            .collect::<Vec<_>>(),
        [13, 13]
    );
    let json: Value = serde_json::from_str(&with("json")).unwrap();
    assert_eq!(json[0]["utterances"].as_array().unwrap().len(), 2);
    assert_eq!(json[0]["summary"]["utterances"], 2);
    assert_eq!(with("table").lines().count(), 3);
}

#[test]
fn the_table_fits_into_eighty_columns_whatever_fails_and_however_long_the_paths() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder
        .path()
        .join("a folder with a long name/日本語のフォルダー")
        .join("another one");
    std::fs::create_dir_all(&deep).unwrap();
    for (from, to) in [
        ("broken/text.wav", "a.wav"),
        ("two-utterances.wav", "b.wav"),
        ("silence.wav", "c.wav"),
    ] {
        std::fs::copy(data(from), deep.join(to)).unwrap();
    }
    let output = run([
        "analyze".as_ref(),
        "--format".as_ref(),
        "table".as_ref(),
        folder.path().as_os_str(),
    ]);
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(table.lines().count(), 5, "{table}");
    for line in table.lines() {
        assert!(line.width() <= 80, "{line}");
    }
    for (row, end, what) in [
        (1, "one/a.wav", "failed"),
        (2, "one/b.wav", "neutral"),
        (4, "one/c.wav", "no speech"),
    ] {
        let line = table.lines().nth(row).unwrap();
        assert!(line.contains(end) && line.contains(what), "{line}");
    }
    assert!(said(&output).contains("is not audio"));
}

#[test]
fn broken_recordings_are_named_with_what_is_wrong() {
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
fn a_recording_of_no_numbers_is_heard_as_silence_and_says_so() {
    let output = run(["replay".as_ref(), data("broken/nan.wav").as_os_str()]);
    let lines = lines(&output);
    assert!(lines.iter().all(|line| line["type"] != "measurement"));
    assert!(lines.last().unwrap()["samples_invalid"].as_u64().unwrap() > 0);
}

#[test]
fn usage_errors_are_two_and_failures_one() {
    for (arguments, code, word) in [
        (vec!["replay", "x.wav", "--speed", "9"], 2, "0.25 to 8"),
        (vec!["live", "--channel", "0"], 2, "mix, left, right"),
        (vec!["live", "--seconds", "0"], 2, "above 0"),
        (vec!["analyze"], 2, "FILE"),
        (vec!["nonsense"], 2, "nonsense"),
        (vec!["demo", "--model", "no-such.onnx"], 1, "no-such.onnx"),
        (vec!["demo", "--model", "Cargo.toml"], 1, "Cargo.toml"),
        (
            vec![
                "demo",
                "--engine",
                "onnxruntime",
                "--onnxruntime",
                "/nowhere.so",
            ],
            0,
            "",
        ),
        (
            vec!["replay", "x.wav", "--raw-rate", "16000"],
            1,
            "standard input",
        ),
        (vec!["live", "--device", "no such device"], 1, "no"),
    ] {
        if arguments.contains(&"onnxruntime") && !cfg!(feature = "onnxruntime") {
            continue;
        }
        let output = run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            said(&output)
        );
        let text = said(&output);
        assert!(text.contains(word), "{arguments:?}: {text}");
        // A reason is told once.
        let parts: Vec<&str> = text.lines().flat_map(|line| line.split(": ")).collect();
        assert!(
            parts.windows(2).all(|pair| pair[0] != pair[1]),
            "{arguments:?}: {text}"
        );
    }
}

#[test]
fn every_command_explains_itself_with_examples() {
    for command in [
        "live",
        "devices",
        "replay",
        "analyze",
        "report",
        "features",
        "demo",
        "doctor",
        "config",
        "completions",
    ] {
        let output = run([command, "--help"]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("Examples:") && text.contains(&format!("emoscope {command}")),
            "{text}"
        );
    }
    let version = run(["--version"]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap().trim(),
        concat!("emoscope ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [vec!["demo"], vec!["features", "tests/data/speech-16k.wav"]] {
        let mut child = emoscope(&home)
            .args(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            said(&output)
        );
        assert_eq!(said(&output), "");
    }
}

#[test]
fn a_full_disk_is_said_and_fails() {
    if !std::path::Path::new("/dev/full").exists() {
        eprintln!("skipped: no /dev/full here");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = emoscope(&home).arg("demo").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("standard output"),
        "{}",
        said(&output)
    );
    let file = data("speech-16k.wav");
    let output = run([
        "analyze".as_ref(),
        file.as_os_str(),
        "--output".as_ref(),
        "/dev/full".as_ref(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("/dev/full"), "{}", said(&output));
}

#[test]
fn nothing_but_text_reaches_a_pipe() {
    for arguments in [
        vec!["demo", "--plain"],
        vec!["devices"],
        vec!["doctor"],
        vec!["demo"],
    ] {
        let output = run(&arguments);
        assert!(
            !output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b),
            "{arguments:?}"
        );
    }
}
