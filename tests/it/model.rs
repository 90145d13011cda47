//! Incompatible models are rejected with what was expected and what was found.

use emoscope::dsp::feature_spec::FeatureSpec;
use emoscope::model::Model;
use emoscope::model_spec::Tuning;
use rten_onnx::onnx::{DataLocation, ModelProto, StringStringEntryProto, TensorProto};
use serde_json::json;

use crate::support::{data, lines, path, run, said};

fn default_model() -> ModelProto {
    ModelProto::parse_buf(&std::fs::read(path("models/small/model.onnx")).unwrap()).unwrap()
}

/// The default model with one metadata entry changed, added or removed.
fn with_entry(key: &str, value: Option<&str>) -> Vec<u8> {
    let mut model = default_model();
    model
        .metadata_props
        .retain(|entry| entry.key.as_deref() != Some(key));
    let (key, value) = (Some(key.to_owned()), value.map(str::to_owned));
    if value.is_some() {
        let entry = StringStringEntryProto { key, value };
        model.metadata_props.push(entry);
    }
    model.write_buf().unwrap()
}

/// The default model with other names for its labels.
pub fn with_labels(labels: &[String]) -> Vec<u8> {
    let mut model = default_model();
    model
        .metadata_props
        .retain(|entry| entry.key.as_deref() != Some("affect"));
    for entry in &mut model.metadata_props {
        if entry.key.as_deref() == Some("labels") {
            entry.value = Some(json!(labels).to_string());
        }
    }
    model.write_buf().unwrap()
}

fn refusal(bytes: Vec<u8>) -> String {
    match Model::from_bytes("mine.onnx".into(), bytes.into()) {
        Ok(_) => panic!("no refusal"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_entry_is_checked() {
    let mut other_rate = serde_json::to_value(FeatureSpec::ours()).unwrap();
    other_rate["sample_rate"] = json!(8000);
    for (key, value, expected, found) in [
        ("labels", json!(["one"]), "two or more", "one"),
        ("labels", json!(["a", "a"]), "distinct", "a"),
        ("labels", json!(["a", "uncertain"]), "uncertain", "a"),
        (
            "labels",
            json!(["a", "b"]),
            "logits [batch, 2]",
            "logits [batch, 7]",
        ),
        ("frontend", other_rate, "16000", "8000"),
        (
            "window",
            json!({"min_s": 2.0, "max_s": 1.0, "hop_s": 0.25}),
            "min_s <= max_s",
            "2",
        ),
        (
            "window",
            json!({"min_s": 0.5, "max_s": 4.0, "hop_s": 0.0}),
            "hop_s",
            "0",
        ),
        ("temperature", json!(-1.0), "0.01 to 100", "-1"),
        ("temperature", json!("hot"), "a number", "hot"),
        (
            "thresholds",
            json!({"certain": 2.0, "margin": 0.1}),
            "0 to 1",
            "2",
        ),
        ("affect", json!({"anger": [0.0, 2.0]}), "-1 to 1", "2"),
        ("version", json!(7), "a string", "7"),
        ("colors", json!({"anger": "green"}), "magenta", "green"),
        ("colors", json!({"angre": "red"}), "of the model", "angre"),
        ("colors", json!(["red"]), "an object", "red"),
        ("training_data", json!("all"), "a list", "all"),
        ("licences", json!({}), "a list of strings", "{}"),
        (
            "tuning",
            json!({"prior_s": 0.0}),
            "tuning.prior_s",
            "found 0",
        ),
        ("tuning", json!({"speech_logit": "3"}), "numbers", "3"),
        ("tuning", json!({"prior": 6.0}), "numbers", "unknown field"),
    ] {
        let text = refusal(with_entry(key, Some(&value.to_string())));
        assert!(text.contains("mine.onnx"), "{text}");
        assert!(
            text.contains(expected) && text.contains(found),
            "{key}: {text}"
        );
    }
    for key in [
        "labels",
        "frontend",
        "window",
        "temperature",
        "thresholds",
        "version",
        "training_data",
        "licences",
    ] {
        let text = refusal(with_entry(key, None));
        assert!(text.contains(key) && text.contains("nothing"), "{text}");
    }
    let text = refusal(with_entry("frontend", Some("not json")));
    assert!(text.contains("frontend"), "{text}");
}

/// The streaming model of the tests with a change to its entry `stream`.
fn with_stream(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = std::fs::read(path("tests/streaming/model.onnx")).unwrap();
    let mut model = ModelProto::parse_buf(&bytes).unwrap();
    let mut entries = model.metadata_props.iter_mut();
    let entry = entries.find(|it| it.key.as_deref() == Some("stream"));
    let entry = entry.unwrap();
    let mut stream = serde_json::from_str(entry.value.as_deref().unwrap()).unwrap();
    change(&mut stream);
    entry.value = Some(stream.to_string());
    model.write_buf().unwrap()
}

#[test]
fn each_item_of_a_stream_is_checked() {
    let intact = with_stream(|_| {});
    assert!(Model::from_bytes("mine.onnx".into(), intact.into()).is_ok());
    for (pointer, value, expected, found) in [
        ("/first_frames", json!(2), "3 to 3000", "2"),
        ("/step_frames", json!(3001), "2 to 3000", "3001"),
        ("/step_frames", json!(-1), "step_frames", "-1"),
        ("/state", json!([]), "one tensor or more", "none"),
        (
            "/state/0/name",
            json!("other"),
            "an input other [1]",
            "position [1]",
        ),
        ("/state/0/name", json!("sum"), "distinct names", "\"sum\""),
        ("/state/0/name", json!("mfcc"), "distinct names", "\"mfcc\""),
        (
            "/state/1/shape",
            json!([1, 79]),
            "an input sum [1, 79]",
            "sum [1, 80]",
        ),
        (
            "/state/1/shape",
            json!([80]),
            "an input sum [80]",
            "sum [1, 80]",
        ),
        (
            "/state/3/shape",
            json!([1, 0, 80]),
            "at least 1",
            "[1, 0, 80]",
        ),
        (
            "/state/3/shape",
            json!([1, 1_i64 << 40, 80]),
            "16777216 numbers",
            "1099511627776",
        ),
        (
            "/state/3/shape",
            json!([1_i64 << 40, 1_i64 << 40]),
            "16777216 numbers",
            "1099511627776",
        ),
        ("/state/3/fill", json!("full"), "stream", "full"),
    ] {
        let text = refusal(with_stream(|stream| {
            *stream.pointer_mut(pointer).unwrap() = value.clone();
        }));
        assert!(
            text.contains(expected) && text.contains(found),
            "{pointer} {value}: {text}"
        );
    }
    // A state that goes in and does not come out.
    let bytes = std::fs::read(path("tests/streaming/model.onnx")).unwrap();
    let mut model = ModelProto::parse_buf(&bytes).unwrap();
    model.graph.as_mut().unwrap().output.pop();
    let text = refusal(model.write_buf().unwrap());
    assert!(text.contains("an output next_edge"), "{text}");
}

#[test]
fn constants_come_from_the_file_and_those_it_lacks_have_defaults() {
    let tuning = |bytes: Vec<u8>| {
        let model = Model::from_bytes("mine.onnx".into(), bytes.into()).unwrap();
        model.spec.tuning
    };
    assert_eq!(tuning(with_entry("tuning", None)), Tuning::default());
    let given = json!({"prior_s": 9.5, "reference_variance": 0.25}).to_string();
    let expected = Tuning {
        prior_s: 9.5,
        reference_variance: 0.25,
        ..Tuning::default()
    };
    assert_eq!(tuning(with_entry("tuning", Some(&given))), expected);
}

/// The speech threshold of the model file decides which utterances get a label.
#[test]
fn a_model_that_asks_for_more_evidence_of_speech_names_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.onnx");
    let named = |speech_logit: f64| {
        let given = json!({ "speech_logit": speech_logit }).to_string();
        std::fs::write(&file, with_entry("tuning", Some(&given))).unwrap();
        let output = run([
            "replay".into(),
            "--jsonl".into(),
            "--model".into(),
            file.clone().into_os_string(),
            data("speech-16k.wav").into_os_string(),
        ]);
        let measured = lines(&output);
        let mut measured = measured.iter().filter(|line| line["type"] == "measurement");
        measured.any(|line| line["label"] != "uncertain")
    };
    assert!(named(-50.0));
    assert!(!named(50.0));
}

#[test]
fn wrong_tensors_are_refused() {
    let mut model = default_model();
    model.graph.as_mut().unwrap().input[0].name = Some("audio".into());
    let text = refusal(model.write_buf().unwrap());
    assert!(
        text.contains("mfcc [batch, time, 80]") && text.contains("audio"),
        "{text}"
    );
}

#[test]
fn a_model_with_other_labels_runs_end_to_end() {
    let labels = json!([
        "wut",
        "ekel",
        "angst",
        "freude",
        "ruhe",
        "trauer",
        "\u{1b}[31mrot"
    ]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.onnx");
    // Written by replacing bytes, so that the graph stays the exporter's: both texts
    // are padded to one length with spaces, which JSON allows.
    let bytes = std::fs::read(path("models/small/model.onnx")).unwrap();
    let old = default_model();
    let entry = old
        .metadata_props
        .iter()
        .find(|e| e.key.as_deref() == Some("labels"))
        .unwrap();
    let old = entry.value.clone().unwrap().into_bytes();
    let mut new = labels.to_string().into_bytes();
    assert!(new.len() <= old.len() + 40);
    if new.len() > old.len() {
        new = json!(["w", "e", "a", "f", "r", "t", "s"])
            .to_string()
            .into_bytes();
    }
    new.resize(old.len(), b' ');
    let at = bytes.windows(old.len()).position(|w| w == old).unwrap();
    let mut bytes = bytes;
    bytes[at..at + old.len()].copy_from_slice(&new);
    // These labels have no valence and arousal: the entry is renamed.
    let key = b"\n\x06affect";
    let at = bytes.windows(key.len()).position(|w| w == key).unwrap();
    bytes[at..at + key.len()].copy_from_slice(b"\n\x06absent");
    std::fs::write(&file, bytes).unwrap();
    let recording = data("speech-16k.wav");
    for engine in ["builtin", "auto"] {
        let output = run([
            "replay".as_ref(),
            recording.as_os_str(),
            "--model".as_ref(),
            file.as_os_str(),
            "--engine".as_ref(),
            engine.as_ref(),
        ]);
        assert!(output.status.success(), "{}", said(&output));
        let first: Vec<String> = serde_json::from_slice(&new).unwrap();
        for line in crate::support::lines(&output) {
            if line["type"] == "measurement" {
                let names: Vec<&String> =
                    line["probabilities"].as_object().unwrap().keys().collect();
                assert!(first.iter().all(|label| names.contains(&label)));
            }
        }
    }
}

#[test]
fn colours_of_a_model_reach_the_lines_and_the_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let (file, recording) = (folder.path().join("mine.onnx"), data("speech-16k.wav"));
    let colors = json!({"sadness": "red", "anger": "blue"}).to_string();
    std::fs::write(&file, with_entry("colors", Some(&colors))).unwrap();
    let analyze = |format: &str, model: &std::path::Path| {
        let mut command = vec![
            "analyze".as_ref(),
            recording.as_os_str(),
            "--model".as_ref(),
        ];
        command.extend([model.as_os_str(), "--format".as_ref(), format.as_ref()]);
        run(command)
    };
    let start = &crate::support::lines(&analyze("jsonl", &file))[0];
    let given = json!(["blue", null, null, null, null, "red", null]);
    assert_eq!(start["colors"], given);
    let start = &crate::support::lines(&analyze("jsonl", &path("models/small/model.onnx")))[0];
    assert!(start.get("colors").is_none());
    let picture = folder.path().join("picture.svg");
    let mut command = vec!["report".as_ref(), recording.as_os_str(), "--model".as_ref()];
    command.extend([file.as_os_str(), "--output".as_ref(), picture.as_os_str()]);
    let output = run(command);
    assert!(output.status.success(), "{}", said(&output));
    let svg = std::fs::read_to_string(picture).unwrap();
    let lane = |label: &str| {
        let from = svg.rfind(&format!(">{label}<")).unwrap();
        let end = svg[from + 1..]
            .find("\"name\"")
            .map_or(svg.len(), |at| from + 1 + at);
        svg[from..end].to_owned()
    };
    // In the report's palette 0 is red and 5 is blue.
    assert!(lane("anger").contains("c5") && !lane("anger").contains("c0"));
    assert!(lane("sadness").contains("c0"));
    assert!(lane("fear").contains("c2"));
}

#[test]
fn files_that_are_no_models_fail_without_a_panic() {
    let whole = std::fs::read(path("models/small/model.onnx")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cut.onnx");
    for length in [0, 1, 10, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        let output = run(["demo".as_ref(), "--model".as_ref(), file.as_os_str()]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{length} bytes: {text}");
        assert!(
            text.contains("cut.onnx") && !text.contains("panicked"),
            "{length} bytes: {text}"
        );
    }
}

/// A protobuf field with a length, which may be false.
fn field(number: u64, length: u64, held: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mut value in [(number << 3) | 2, length] {
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
    }
    bytes.extend(held);
    bytes
}

/// A parser that trusts these lengths runs out of memory, loops forever, or overflows
/// its stack.
#[test]
fn a_model_file_with_false_lengths_is_refused() {
    let whole = std::fs::read(path("models/small/model.onnx")).unwrap();
    let with = |lie: Vec<u8>| [whole.clone(), lie].concat();
    let (producer, graph, unknown) = (2, 7, 100);
    // Graphs nested in attributes of nodes, from the innermost outwards.
    let mut deep = Vec::new();
    for number in [6, 5, 1].repeat(100_000) {
        let around = field(number, deep.len() as u64, &[]);
        deep.extend(around.iter().rev());
    }
    deep.reverse();
    let deep = field(graph, deep.len() as u64, &deep);
    // A node that does not end within its graph.
    let beyond = [field(graph, 2, &field(1, 2, &[])), field(unknown, 0, &[])].concat();
    // Five bytes of four-byte numbers in a tensor.
    let uneven = field(graph, 9, &field(5, 7, &field(4, 5, &[0; 5])));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lying.onnx");
    for (lie, reason) in [
        (
            field(producer, 1 << 46, b"me"),
            "a length of 70368744177664 bytes where 2 are left",
        ),
        (
            field(unknown, 3, b"me"),
            "a length of 3 bytes where 2 are left",
        ),
        // As a signed number it is -13: back to where the field began.
        (field(unknown, u64::MAX - 12, b""), "where 0 are left"),
        (deep, "more than 64 messages inside each other"),
        (beyond, "a length of 2 bytes where 0 are left"),
        (uneven, "numbers that are cut off"),
        (
            field(graph, 0, &[]).repeat(1_000_001),
            "more than 1000000 messages",
        ),
    ] {
        std::fs::write(&file, with(lie)).unwrap();
        let output = run(["demo".as_ref(), "--model".as_ref(), file.as_os_str()]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{reason}: {text}");
        assert!(
            text.contains("lying.onnx") && text.contains(reason),
            "{reason}: {text}"
        );
    }
}

#[test]
fn tensors_have_as_many_values_as_their_shape() {
    let first = |change: &dyn Fn(&mut TensorProto)| {
        let mut model = default_model();
        change(&mut model.graph.as_mut().unwrap().initializer[0]);
        refusal(model.write_buf().unwrap())
    };
    let shape = default_model().graph.unwrap().initializer[0].dims.clone();
    let numbers: i64 = shape.iter().product();
    for (dims, expected) in [
        (
            vec![numbers + 1],
            format!("expected {} numbers", numbers + 1),
        ),
        // The product is 0 where it wraps.
        (vec![1 << 32, 1 << 32], "expected a shape".into()),
        (vec![-1], "expected a shape".into()),
    ] {
        let text = first(&|tensor| tensor.dims.clone_from(&dims));
        assert!(
            text.contains(&expected) && text.contains("tensor "),
            "{text}"
        );
    }
    let text = first(&|tensor| {
        tensor.raw_data.as_ref().unwrap().borrow_mut().pop();
    });
    assert!(
        text.contains(&format!("expected {numbers} numbers, found")),
        "{text}"
    );
    // Only the model file itself is read, whatever other file it names.
    let text = first(&|tensor| {
        tensor.data_location = Some(DataLocation::EXTERNAL);
        tensor.raw_data = None;
    });
    assert!(text.contains("found another file"), "{text}");
}
