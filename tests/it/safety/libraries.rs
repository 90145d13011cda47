//! The model and library in use, the search for the library, and no telemetry from it.

use std::path::Path;
use std::process::Command;

use crate::support::{data, emoscope, lines, path, said};

/// SHA-256 of a file, computed by another program.
fn sha256_of(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().next().unwrap().to_owned()
}

/// The path of ONNX Runtime's library in what `doctor` prints.
fn library_in(text: &str) -> Option<&Path> {
    let (before, _) = text.split_once("libonnxruntime")?;
    let rest = &text[before.rfind('(')? + 1..];
    rest.split(')').next().map(Path::new)
}

#[test]
fn the_sha256_of_the_model_and_of_the_library_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let mine = home.path().join("mine.onnx");
    std::fs::copy(path("tests/fuzz/seeds/model/tiny.onnx"), &mine).unwrap();
    let own = path("models/voices/model.onnx");
    for (file, arguments) in [
        (&own, &[][..]),
        (&mine, &["--model".as_ref(), mine.as_os_str()]),
    ] {
        let sum = sha256_of(file);
        let output = emoscope(&home)
            .arg("doctor")
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(&format!("SHA-256 {sum}")), "{text}");
        if let Some(library) = library_in(&text) {
            let sum = sha256_of(library);
            assert!(text.contains(&format!("SHA-256 {sum}")), "{text}");
        }
        let mut command = emoscope(&home);
        command
            .args(["replay", "--jsonl"])
            .args(arguments)
            .arg(data("speech-16k.wav"));
        let start = &lines(&command.output().unwrap())[0];
        assert_eq!(start["model_sha256"], sum);
    }
}

/// Published builds of ONNX Runtime give the machine an id and send telemetry.
#[cfg(feature = "onnxruntime")]
#[test]
fn the_library_sends_no_telemetry() {
    let home = tempfile::tempdir().unwrap();
    let found = emoscope(&home).arg("doctor").output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let Some(library) = library_in(&found) else {
        eprintln!("skipped: no library of ONNX Runtime");
        return;
    };
    // Without the environment, because the library sends no telemetry under many test runners.
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_emoscope"))
        .env_clear()
        .env("HOME", home.path())
        .args(["analyze", "--engine", "onnxruntime", "--onnxruntime"])
        .arg(library)
        .arg(data("speech-16k.wav"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let mut left = Vec::new();
    super::files(home.path(), &mut left);
    let log = home.path().join(".local/state/emoscope/emoscope.log");
    assert_eq!(left, [log]);
}

#[cfg(feature = "onnxruntime")]
#[test]
fn a_library_is_searched_only_in_the_documented_places() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = home.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };
    // Not a library, but named like one.
    let put = |folder: &Path| std::fs::write(folder.join("libonnxruntime.so.1"), "none").unwrap();
    let python = folder("user/.local/lib/python3.11/site-packages/onnxruntime/capi");
    let cache = folder("cache/emoscope/onnxruntime-1.32.0");
    let here = folder("here");
    for place in [&python, &cache, &here] {
        put(place);
    }
    let mut command = emoscope(&home);
    command
        .args([
            "demo",
            "--plain",
            "--engine",
            "onnxruntime",
            "--onnxruntime",
            "first.so",
        ])
        .env("ORT_DYLIB_PATH", "second.so")
        .env("HOME", home.path().join("user"))
        .env("XDG_CACHE_HOME", home.path().join("cache"))
        .env_remove("VIRTUAL_ENV")
        .current_dir(&here);
    let output = command.output().unwrap();
    if output.status.success() {
        eprintln!("skipped: this system has a library of its own");
        return;
    }
    let text = said(&output);
    let looked: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .collect();
    let mut kinds: Vec<&str> = looked
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            "--onnxruntime",
            "ORT_DYLIB_PATH",
            "beside the program",
            "the cache",
            "the system",
            "Python's package"
        ],
        "{text}"
    );
    let tried = |place: &Path| text.contains(&format!("{}/libonnxruntime", place.display()));
    assert!(tried(&cache) && tried(&python) && !tried(&here), "{text}");
    // The places and the order of the README.
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let from = readme.find("looks for ONNX Runtime in this order").unwrap();
    let order = [
        "--onnxruntime PATH",
        "ORT_DYLIB_PATH",
        "beside the program",
        "the cache",
        "the system",
        "Python's",
    ];
    let places = order.map(|name| readme[from..].find(name).unwrap());
    assert!(places.is_sorted(), "{places:?}");
}
