//! The event lines: their schema, and equality across `replay`, `analyze` and standard input.

use serde_json::Value;

use super::{comparable, schema};
use crate::support::{data, emoscope, lines, run, said};

#[test]
fn event_lines_follow_the_schema_with_one_number_per_label() {
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
fn probabilities_follow_the_order_of_the_labels_with_six_decimals_or_more() {
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
fn a_recorded_session_is_replayed_unchanged() {
    let home = tempfile::tempdir().unwrap();
    let file = data("two-utterances.wav");
    let first = run(["replay".as_ref(), file.as_os_str()]);
    let kept = home.path().join("kept.jsonl");
    std::fs::write(&kept, &first.stdout).unwrap();
    // The model is not needed: a missing one is no error.
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
