//! `analyze`: folders, and formats with a row per utterance.

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::schema;
use crate::support::{data, lines, run, said};

#[test]
fn a_folder_is_analyzed_in_path_order_despite_bad_files() {
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
fn the_other_formats_have_one_row_per_utterance() {
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
        [18, 18]
    );
    let json: Value = serde_json::from_str(&with("json")).unwrap();
    assert_eq!(json[0]["utterances"].as_array().unwrap().len(), 2);
    assert_eq!(json[0]["summary"]["utterances"], 2);
    assert_eq!(with("table").lines().count(), 3);
}

#[test]
fn the_table_fits_80_columns_with_errors_and_long_paths() {
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
