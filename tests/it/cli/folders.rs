//! Recordings in folders and streams: their names, kinds and outputs.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::comparable;
use crate::support::{data, emoscope, lines, path, run, said};

/// Runs `analyze` in a folder.
fn analyze(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = emoscope(&home);
    command.current_dir(folder).arg("analyze").args(arguments);
    command.output().unwrap()
}

/// A folder with copies of fixtures.
fn copies(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        let target = folder.path().join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(data(source), target).unwrap();
    }
    folder
}

/// The paths below a folder, sorted.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[cfg(target_os = "linux")]
#[test]
fn two_names_that_are_not_utf8_stay_distinct() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = copies(&[]);
    let file = |name: &[u8]| {
        folder
            .path()
            .join("d")
            .join(std::ffi::OsStr::from_bytes(name))
    };
    std::fs::create_dir(folder.path().join("d")).unwrap();
    // An umlaut in Latin-1.
    std::fs::copy(data("speech-16k.wav"), file(b"M\xfcller.wav")).unwrap();
    let to_lines = ["d", "--output", "o.jsonl", "--format", "jsonl", "--resume"];
    assert!(analyze(folder.path(), &to_lines).status.success());
    std::fs::copy(data("two-utterances.wav"), file(b"M\xf6ller.wav")).unwrap();
    assert!(analyze(folder.path(), &to_lines).status.success());
    let text = std::fs::read_to_string(folder.path().join("o.jsonl")).unwrap();
    let mut ends: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["type"] == "session_end")
        .collect();
    assert_eq!(ends.len(), 2);
    ends.sort_by_key(|end| end["utterances"].as_u64());
    assert_eq!(ends[0]["file"], "d/M\\xfcller.wav");
    assert_eq!(ends[1]["file"], "d/M\\xf6ller.wav");

    let captions = analyze(folder.path(), &["d", "--format", "vtt", "--output", "c"]);
    assert!(captions.status.success(), "{}", said(&captions));
    let names: Vec<Vec<u8>> = below(&folder.path().join("c"))
        .iter()
        .map(|path| path.as_os_str().as_bytes().to_owned())
        .collect();
    assert_eq!(names, [b"M\xf6ller.vtt", b"M\xfcller.vtt"]);
}

#[test]
fn equal_names_in_two_folders_stay_distinct() {
    let folder = copies(&[
        ("a/1.wav", "speech-16k.wav"),
        ("b/1.wav", "two-utterances.wav"),
        ("b/2.wav", "silence.wav"),
    ]);
    let out = analyze(
        folder.path(),
        &["a", "b", "--format", "vtt", "--output", "c"],
    );
    assert!(out.status.success(), "{}", said(&out));
    let names = ["2.vtt", "a/1.vtt", "b/1.vtt"].map(PathBuf::from);
    assert_eq!(below(&folder.path().join("c")), names);
    let out = analyze(folder.path(), &[".", "--format", "rttm"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let ids: Vec<&str> = text.lines().filter_map(|l| l.split(' ').nth(1)).collect();
    assert_eq!(ids, ["a/1", "b/1", "b/1"]);
    // A shard writes the same outputs as the whole run.
    for share in ["1/2", "2/2"] {
        let arguments = [
            "a", "b", "--format", "vtt", "--output", "s", "--shard", share,
        ];
        assert!(analyze(folder.path(), &arguments).status.success());
    }
    assert_eq!(below(&folder.path().join("s")), names);
}

#[cfg(target_os = "linux")]
#[test]
fn streams_given_as_files_are_read_once() {
    let folder = copies(&[]);
    let expected = comparable(&lines(&run([
        "replay".as_ref(),
        data("two-utterances.wav").as_os_str(),
    ])));
    for baseline in ["auto", "file", "folder"] {
        let pipes = ["1.wav", "2.wav"].map(|name| folder.path().join(name));
        let writers = pipes.clone().map(|pipe| {
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            std::thread::spawn(move || std::fs::copy(data("two-utterances.wav"), pipe))
        });
        let arguments = [
            "--format",
            "jsonl",
            "--baseline",
            baseline,
            "--speakers",
            "auto",
            "1.wav",
            "2.wav",
        ];
        let output = analyze(folder.path(), &arguments);
        assert!(output.status.success(), "{baseline}: {}", said(&output));
        let mut found = lines(&output);
        for name in ["1.wav", "2.wav"] {
            let (of_this, rest): (Vec<Value>, Vec<Value>) =
                found.into_iter().partition(|line| line["file"] == name);
            assert_eq!(comparable(&of_this), expected, "{baseline} {name}");
            found = rest;
        }
        assert_eq!(said(&output).contains("stream"), baseline != "auto");
        for (writer, pipe) in writers.into_iter().zip(pipes) {
            writer.join().unwrap().unwrap();
            std::fs::remove_file(pipe).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn other_files_in_a_folder_are_skipped_and_reported() {
    let folder = copies(&[
        ("d/a.wav", "speech-16k.wav"),
        ("d/__MACOSX/a.wav", "broken/text.wav"),
        ("d/._a.wav", "broken/text.wav"),
        ("d/b.amr", "broken/text.wav"),
        ("d/c.WMA", "broken/text.wav"),
        ("d/e.wma", "broken/text.wav"),
        ("d/notes.txt", "broken/text.wav"),
    ]);
    let pipe = folder.path().join("d/p.wav");
    let made = std::process::Command::new("mkfifo").arg(pipe).status();
    assert!(made.unwrap().success());
    let output = analyze(folder.path(), &["d", "--format", "csv"]);
    assert!(output.status.success(), "{}", said(&output));
    let rows = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(rows.lines().count(), 2, "{rows}");
    let text = said(&output);
    for words in ["d: 3 recordings skipped", "1 amr, 2 wma", "ffmpeg", "pipes"] {
        assert!(text.contains(words), "{text}");
    }
    assert!(
        !text.contains("notes") && !text.contains("MACOSX"),
        "{text}"
    );
}

#[test]
fn outputs_are_replaced_only_with_overwrite() {
    let folder = copies(&[("a.wav", "speech-16k.wav"), ("d/b.wav", "silence.wav")]);
    let written = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for arguments in [
        &["analyze", "a.wav", "--format", "csv", "--output", "o.csv"][..],
        &["analyze", "a.wav", "--format", "vtt", "--output", "o.vtt"],
        &["analyze", "d", "--format", "audacity", "--output", "d/"],
        &[
            "analyze",
            "a.wav",
            "--format",
            "parquet",
            "--output",
            "o.parquet",
        ],
        &["report", "a.wav"],
        &["report", "a.wav", "--format", "svg", "--output", "o.svg"],
    ] {
        if arguments.contains(&"parquet") && !cfg!(feature = "parquet") {
            continue;
        }
        let target = match arguments.last() {
            Some(&"d/") => "d/b.txt",
            Some(&"a.wav") => "a.html",
            Some(target) => target,
            None => unreachable!(),
        };
        std::fs::write(folder.path().join(target), "mine").unwrap();
        let again = |more: &[&str]| {
            let home = tempfile::tempdir().unwrap();
            let mut command = emoscope(&home);
            command
                .current_dir(folder.path())
                .args(arguments)
                .args(more);
            command.output().unwrap()
        };
        let refused = again(&[]);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        let text = said(&refused);
        assert!(
            text.contains(target) && text.contains("--overwrite"),
            "{text}"
        );
        assert_eq!(written(target), b"mine");
        let replaced = again(&["--overwrite"]);
        assert!(replaced.status.success(), "{}", said(&replaced));
        assert_ne!(written(target), b"mine");
    }
}

#[test]
fn every_command_reads_standard_input() {
    let file = data("two-utterances.wav");
    let home = tempfile::tempdir().unwrap();
    let from = |file: &Path, arguments: &[&str]| {
        let output = emoscope(&home)
            .env("XDG_DATA_HOME", home.path())
            .args(arguments)
            .stdin(std::fs::File::open(file).unwrap())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        output
    };
    let piped = |arguments: &[&str]| from(&file, arguments);
    let analyzed = lines(&piped(&["analyze", "-"]));
    let direct = lines(&run(["analyze".as_ref(), file.as_os_str()]));
    assert_eq!(comparable(&analyzed), comparable(&direct));
    assert_eq!(analyzed[0]["source"], "stdin");
    assert_eq!(analyzed[0]["file"], "standard input");
    let features = |input: &str| piped(&["features", input]).stdout;
    assert_eq!(features("-"), features(file.to_str().unwrap()));
    let page = piped(&["report", "-", "--output", "-"]).stdout;
    assert!(String::from_utf8(page).unwrap().contains("standard input"));
    from(
        &path("src/cli/demo.ogg"),
        &["calibrate", "--model", "voices", "-"],
    );
    let profiles = home.path().join("emoscope/profiles");
    let first = std::fs::read(profiles.join("default.json")).unwrap();
    let again = from(
        &path("src/cli/demo.ogg"),
        &["calibrate", "--model", "voices", "-"],
    );
    assert!(said(&again).contains("'default-2'"), "{}", said(&again));
    assert_eq!(
        std::fs::read(profiles.join("default-2.json")).unwrap(),
        first
    );
    assert!(profiles.join("default.json").exists());
}

#[test]
fn manifests_are_read_and_written() {
    let folder = copies(&[
        ("set/a/1.wav", "speech-16k.wav"),
        ("set/2.wav", "two-utterances.wav"),
    ]);
    let manifest = "{\"audio_filepath\": \"a/1.wav\", \"duration\": 3.6, \"text\": \"hello\"}\n\
                    {\"audio_filepath\": \"2.wav\", \"offset\": 0.0, \"duration\": 5.0}\n";
    std::fs::write(folder.path().join("set/in.json"), manifest).unwrap();
    let output = analyze(
        folder.path(),
        &["--manifest", "set/in.json", "--format", "manifest"],
    );
    assert!(output.status.success(), "{}", said(&output));
    let entries = lines(&output);
    let paths: Vec<&str> = entries
        .iter()
        .map(|entry| entry["audio_filepath"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["a/1.wav", "2.wav", "2.wav"]);
    let events = lines(&analyze(
        folder.path(),
        &["--manifest", "set/in.json", "--format", "jsonl"],
    ));
    let ended = events.iter().filter(|e| e["trigger"] == "speech_ended");
    for (entry, event) in entries.iter().zip(ended) {
        let end = entry["offset"].as_f64().unwrap() + entry["duration"].as_f64().unwrap();
        assert_eq!(entry["offset"], event["start_s"]);
        assert!((end - event["end_s"].as_f64().unwrap()).abs() < 1e-5);
        assert_eq!(entry["label"], event["label"]);
    }
    std::fs::write(folder.path().join("set/in.json"), "a,b\n").unwrap();
    let refused = analyze(folder.path(), &["--manifest", "set/in.json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("in.json is not a manifest: line 1"));
}

#[cfg(target_os = "linux")]
#[test]
fn audio_from_a_pipe_has_a_dashboard_with_keys() {
    let home = tempfile::tempdir().unwrap();
    let program = emoscope(&home);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "cat \"$1\" | \"$0\" replay -"]);
    shell.arg(program.get_program());
    shell.arg(data("two-utterances.wav"));
    for (name, value) in program.get_envs() {
        shell.env(name, value.unwrap());
    }
    let mut terminal = crate::pty::Terminal::start(24, 80, &shell);
    terminal.until_drawn();
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    assert!(terminal.restored());
}
