//! Speakers told apart: in a call of two synthetic voices, and in speech of one.

use std::ops::Range;
use std::path::Path;
use std::process::Stdio;

use emoscope::engine::{Engine, EngineChoice};
use emoscope::model::Model;
use emoscope::model::speakers::SpeakerModel;
use serde_json::Value;

use crate::support::{data, emoscope, lines, path, run, said};

fn analyze(arguments: &[&str], name: &str) -> Vec<Value> {
    let jsonl = ["analyze", "--quiet", "--format", "jsonl"];
    let arguments = jsonl.iter().chain(arguments).map(Path::new);
    let output = run(arguments.chain([data(name).as_path()]));
    assert!(output.status.success(), "{}", said(&output));
    lines(&output)
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

/// Speaker, start and end of each utterance.
fn turns(lines: &[Value]) -> Vec<(String, f64, f64)> {
    let turn = |end: &&Value| {
        (
            end["speaker"].as_str().unwrap().to_owned(),
            end["start_s"].as_f64().unwrap(),
            end["end_s"].as_f64().unwrap(),
        )
    };
    let ends = of_type(lines, "utterance_end");
    ends.iter().map(turn).collect()
}

#[test]
fn the_two_voices_of_a_call_take_turns_and_a_change_ends_an_utterance() {
    let found = analyze(&["--speakers", "2"], "call.flac");
    let turns = turns(&found);
    let letters: Vec<&str> = turns.iter().map(|turn| turn.0.as_str()).collect();
    assert_eq!(letters, ["A", "B", "A", "B"], "{turns:?}");
    // The last two speak at once from 10.6 to 11.3 s, as `make.py` says.
    assert_eq!(turns[2].2.to_bits(), turns[3].1.to_bits());
    assert!((10.35..=11.55).contains(&turns[3].1), "{turns:?}");
    // Every line about speech says who speaks, and numbers go up one by one.
    for (kind, number) in [("utterance_start", 4), ("utterance_end", 4)] {
        let lines = of_type(&found, kind);
        assert_eq!(lines.len(), number);
        for (line, number) in lines.iter().zip(1..) {
            assert_eq!(line["utterance"], number);
            assert_eq!(line["speaker"], letters[number - 1]);
        }
    }
    for measurement in of_type(&found, "measurement") {
        let number = measurement["utterance"].as_u64().unwrap() as usize;
        assert_eq!(measurement["speaker"], letters[number - 1]);
    }
    assert_eq!(found, analyze(&["--speakers", "2"], "call.flac"));
}

#[test]
fn a_speaker_has_the_baseline_of_its_own_speech() {
    let found = analyze(&["--speakers", "2", "--baseline", "none"], "call.flac");
    let ends = of_type(&found, "measurement");
    let whole: Vec<&&Value> = ends
        .iter()
        .filter(|m| m["trigger"] == "speech_ended")
        .collect();
    let known: Vec<f64> = whole
        .iter()
        .map(|m| m["baseline_s"].as_f64().unwrap())
        .collect();
    let length = |index: usize| {
        whole[index]["end_s"].as_f64().unwrap() - whole[index]["start_s"].as_f64().unwrap()
    };
    let expected = [0.0, 0.0, length(0), length(1)];
    for (known, expected) in known.iter().zip(expected) {
        assert!((known - expected).abs() < 0.006, "{known} {expected}");
    }
}

#[test]
fn one_voice_stays_one_and_only_its_letter_is_added() {
    for name in ["two-utterances.wav", "speech-16k.wav"] {
        let auto = analyze(&[], name);
        let one = analyze(&["--speakers", "1"], name);
        assert!(one.iter().all(|line| line.get("speaker").is_none()));
        let mut plain = auto.clone();
        for line in &mut plain {
            let fields = line.as_object_mut().unwrap();
            if let Some(speaker) = fields.remove("speaker") {
                assert_eq!(speaker, "A");
            }
            if let Some(speakers) = fields.remove("speakers") {
                assert_eq!(speakers, 1);
            }
        }
        assert_eq!(plain, one, "{name}");
    }
}

#[test]
fn a_stream_is_followed_as_it_comes_with_no_more_speakers_than_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let output = emoscope(&home)
        .args([
            "analyze",
            "-",
            "--quiet",
            "--format",
            "jsonl",
            "--speakers",
            "2",
        ])
        .stdin(Stdio::from(std::fs::File::open(data("call.flac")).unwrap()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let found = lines(&output);
    let turns = turns(&found);
    assert!(turns.len() >= 3);
    assert!(
        turns.iter().all(|turn| turn.0 == "A" || turn.0 == "B"),
        "{turns:?}"
    );
    let in_order = turns.windows(2).all(|pair| pair[0].2 <= pair[1].1);
    assert!(in_order, "{turns:?}");
}

#[test]
fn a_number_that_makes_no_sense_is_a_mistake_of_usage() {
    for number in ["0", "-1", "two", "1000"] {
        let speakers = format!("--speakers={number}");
        let output = run([
            "analyze".as_ref(),
            speakers.as_ref(),
            data("tone.wav").as_os_str(),
        ]);
        assert_eq!(output.status.code(), Some(2), "{number}");
        assert!(said(&output).contains("auto"), "{}", said(&output));
    }
}

#[test]
fn another_speaker_network_is_a_file() {
    let network = path("models/speakers/model.onnx");
    let named = [
        "--speakers",
        "2",
        "--speaker-model",
        network.to_str().unwrap(),
    ];
    let found = analyze(&named, "call.flac");
    assert_eq!(found, analyze(&["--speakers", "2"], "call.flac"));
    let emotions = path("models/small/model.onnx");
    for (file, words) in [
        (emotions.as_path(), "metadata entry kind"),
        (Path::new("nothing.onnx"), "nothing.onnx"),
    ] {
        let arguments = [Path::new("analyze"), Path::new("--speaker-model"), file];
        let output = run(arguments.into_iter().chain([data("call.flac").as_path()]));
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(words), "{}", said(&output));
    }
}

#[test]
fn doctor_names_the_terms_of_both_networks() {
    let output = run(["doctor", "--model", "small", "--engine", "builtin"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    let terms = SpeakerModel::embedded().unwrap().spec.licence;
    assert!(terms.contains("Apache-2.0") && terms.contains("CC0 1.0"));
    for line in [terms.as_str(), "licences of the corpora: "] {
        assert!(printed.contains(line), "{printed}");
    }
}

/// The answers of the training, which ship with the network.
#[test]
fn both_engines_give_the_golden_embeddings() {
    let file = std::fs::read_to_string(path("models/speakers/golden.json")).unwrap();
    let golden: Value = serde_json::from_str(&file).unwrap();
    let numbers = |values: &Value| -> Vec<f32> {
        let values = values.as_array().unwrap().iter();
        values.map(|value| value.as_f64().unwrap() as f32).collect()
    };
    let mut engines = vec![EngineChoice::Builtin];
    if cfg!(feature = "onnxruntime") {
        engines.push(EngineChoice::Onnxruntime);
    }
    for choice in engines {
        let engine = Engine::load(Model::embedded().unwrap(), choice, None).unwrap();
        let engine = engine
            .tracking_speakers(None, SpeakerModel::embedded().unwrap())
            .unwrap();
        let mut network = engine.speaker_network().unwrap().unwrap();
        let mut cases = 0;
        for case in golden["cases"].as_array().unwrap() {
            let Some(expected) = case["embeddings"].as_array() else {
                continue;
            };
            let windows: Vec<Range<usize>> = case["windows"]
                .as_array()
                .unwrap()
                .iter()
                .map(|ends| {
                    let frame = |index: usize| ends[index].as_u64().unwrap() as usize;
                    frame(0)..frame(1)
                })
                .collect();
            let found = network.embed(&numbers(&case["bands"]), &windows).unwrap();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                cases += 1;
                let expected = numbers(expected);
                assert_eq!(found.len(), expected.len());
                let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
                let lengths = dot(found, found) * dot(&expected, &expected);
                let cosine = dot(found, &expected) / lengths.sqrt();
                assert!(cosine > 0.999, "{} {}: {cosine}", engine.name, case["name"]);
            }
        }
        assert!(cases >= 7);
    }
}
