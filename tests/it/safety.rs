//! Stored files are private, and unsafe code is listed.

#[cfg(target_os = "linux")]
mod libraries;
mod steering;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::sound_server::SoundServer;
use crate::support::{emoscope, path, said};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn stored_files_are_private_and_in_the_documented_places() {
    let home = tempfile::tempdir().unwrap();
    let (state, own) = (home.path().join("state"), home.path().join("own"));
    std::fs::create_dir(&own).unwrap();
    let kept = own.join("kept.jsonl");
    let server = SoundServer::start();
    let mut command = emoscope(&home);
    command
        .env("HOME", &own)
        .env("XDG_STATE_HOME", &state)
        .env("XDG_CACHE_HOME", own.join("cache"))
        .env("XDG_DATA_HOME", own.join("data"))
        .env("XDG_CONFIG_HOME", own.join("config"))
        .current_dir(&own);
    match &server {
        Some(server) => {
            command.args(["live", "--jsonl", "--seconds", "1", "--record"]);
            command.arg(&kept).envs(server.environment());
        }
        None => drop(command.arg("demo")),
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let mut stored = Vec::new();
    files(home.path(), &mut stored);
    stored.sort();
    let log = state.join("emoscope/emoscope.log");
    let mut expected = vec![log.clone()];
    if server.is_some() {
        expected.insert(0, kept.clone());
        assert_eq!(mode(&kept), 0o600);
    }
    assert_eq!(stored, expected);
    assert_eq!(mode(&log), 0o600);
    assert_eq!(mode(&state.join("emoscope")), 0o700);
}

/// Files that may contain unsafe code, the number of its lines, and the reason.
const UNSAFE: &[(&str, usize)] = &[
    // glibc returns freed memory on request, and Linux drops pages of the program's file.
    ("src/engine/heap.rs", 4),
    // ONNX Runtime reads only from the environment whether it may send telemetry.
    ("src/main.rs", 2),
    // The counting allocator of a test.
    ("tests/callback.rs", 6),
];

#[test]
fn code_without_checks_by_the_compiler_is_listed() {
    let mut sources = Vec::new();
    files(&path("src"), &mut sources);
    files(&path("tests"), &mut sources);
    let mut found = Vec::new();
    let word = ["un", "safe"].concat();
    for file in sources {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap());
        // The keyword before a block, or an attribute that allows it.
        let lines = code
            .filter(|line| {
                ["_code", " {", " fn", " impl", " trait", " extern"]
                    .iter()
                    .any(|rest| line.contains(&format!("{word}{rest}")))
            })
            .count();
        if lines > 0 {
            let name = file.strip_prefix(path("")).unwrap();
            found.push((name.to_str().unwrap().to_owned(), lines));
        }
    }
    found.sort();
    let listed: Vec<(String, usize)> = UNSAFE
        .iter()
        .map(|&(name, lines)| (name.to_owned(), lines))
        .collect();
    assert_eq!(found, listed);
    let manifest = std::fs::read_to_string(path("Cargo.toml")).unwrap();
    assert!(manifest.contains(&format!("{word}_code = \"deny\"")));
}
