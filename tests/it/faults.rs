//! A folder full of broken recordings: each is named with its reason, the rest
//! is analyzed, and time and memory stay bounded.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::decode::write_wav;
use crate::support::{data, emoscope, lines, path, run, said, samples_16};

/// Far more than a run takes, and far less than a hang.
const PATIENCE: Duration = Duration::from_mins(4);
/// What broken recordings may add to the peak memory of whole ones. Their headers claim up
/// to exabytes.
const MOST_ADDED_KIB: u64 = 64 * 1024;

/// Peak of the resident memory so far, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn peak_kib(_pid: u32) -> u64 {
    0
}

/// Analyzes into the files `lines` and `said` of the folder; gives the exit code and the
/// peak memory in KiB.
#[cfg(unix)]
fn analyzed(home: &TempDir, paths: &[PathBuf]) -> (Option<i32>, u64) {
    let log = std::fs::File::create(home.path().join("said")).unwrap();
    let lines = std::fs::File::create(home.path().join("lines")).unwrap();
    let mut child = emoscope(home)
        .args(["analyze", "--quiet", "--format", "jsonl"])
        .args(paths)
        .stdout(lines)
        .stderr(log)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let (begin, mut peak) = (Instant::now(), 0);
    loop {
        peak = peak.max(peak_kib(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), peak);
        }
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The result of a file: its errors, and whether its session was finished.
#[derive(Debug, Default)]
struct Fate {
    errors: Vec<String>,
    ended: bool,
    utterances: u64,
}

fn fates(text: &str) -> BTreeMap<String, Fate> {
    let mut fates = BTreeMap::<String, Fate>::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let fate = fates
            .entry(line["file"].as_str().unwrap().into())
            .or_default();
        match line["type"].as_str().unwrap() {
            "error" => fate.errors.push(line["message"].as_str().unwrap().into()),
            "session_end" => {
                assert!(!fate.ended, "{line}");
                fate.ended = true;
                fate.utterances = line["utterances"].as_u64().unwrap();
            }
            _ => {}
        }
    }
    fates
}

#[cfg(unix)]
#[test]
fn a_folder_of_broken_recordings_is_reported_file_by_file_and_the_rest_is_analyzed() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("broken");
    let made = Command::new("python3")
        .arg(path("tests/data/break.py"))
        .arg(&folder)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let whole = ["00.wav", "m.wav", "zz.wav"].map(|name| folder.join(name));
    let (code, usual) = analyzed(&home, &whole);
    assert_eq!(code, Some(0));
    let (code, peak) = analyzed(&home, std::slice::from_ref(&folder));
    assert_eq!(code, Some(1));
    assert!(peak < usual + MOST_ADDED_KIB, "{peak} KiB, {usual} KiB");
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    assert!(
        !said.contains("panicked") && !said.contains("caused a crash"),
        "{said}"
    );
    let fates = fates(&std::fs::read_to_string(home.path().join("lines")).unwrap());
    let made = String::from_utf8(made.stdout).unwrap();
    let mut told = 0;
    for (kind, name) in made.lines().map(|line| line.split_once('\t').unwrap()) {
        let full = folder.join(name).display().to_string();
        let fate = fates
            .get(&full)
            .unwrap_or_else(|| panic!("nothing of {name}"));
        if kind == "whole" {
            assert!(
                fate.errors.is_empty() && fate.ended && fate.utterances == 1,
                "{name}: {fate:?}"
            );
            continue;
        }
        assert!(fate.ended || fate.errors.len() == 1, "{name}: {fate:?}");
        for error in &fate.errors {
            let reason = error
                .strip_prefix(&full)
                .unwrap_or_else(|| panic!("{error}"));
            assert!(reason.len() > 10, "{error}");
            assert!(
                said.contains(error.as_str()),
                "on standard error too: {error}"
            );
            told += 1;
        }
    }
    assert!(made.lines().count() > 290 && told > 150, "{told}");
    let _ = Command::new("chmod")
        .arg("-R")
        .arg("u+rwx")
        .arg(&folder)
        .status();
}

/// The built-in engine has its own threads. A worker that waits for them must not
/// begin another file inside the first: that once filled the stack. The number of files
/// fills it, not their length: each is one utterance.
#[test]
fn many_files_with_the_built_in_engine_are_analyzed_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let speech = samples_16(&data("two-utterances.wav"));
    for number in 0..200 {
        let to = folder.path().join(format!("{number:03}.wav"));
        write_wav(&to, &speech[..24_000], 16_000, 1);
    }
    let output = run([
        "analyze".as_ref(),
        folder.path().as_os_str(),
        "--engine".as_ref(),
        "builtin".as_ref(),
        "--format".as_ref(),
        "jsonl".as_ref(),
    ]);
    assert!(output.status.success(), "{}", said(&output));
    let ends = lines(&output);
    let ends = ends.iter().filter(|line| line["type"] == "session_end");
    assert_eq!(ends.filter(|end| end["utterances"] == 1).count(), 200);
}
