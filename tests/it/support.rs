//! Shared by several tests: the program, the fixtures, the lines it prints.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A file of the repository.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A recording of `tests/data`.
pub fn data(name: &str) -> PathBuf {
    path("tests/data").join(name)
}

/// The program, with log and settings in a private folder, without sound.
pub fn emoscope(home: &tempfile::TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emoscope"));
    command
        .env("XDG_STATE_HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path())
        .env("EMOSCOPE_MUTE", "true");
    command
}

/// Runs the program to its end.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    let home = tempfile::tempdir().unwrap();
    emoscope(&home).args(arguments).output().unwrap()
}

/// Standard output as JSON, a value a line.
pub fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Standard error as text.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The samples of a 16-bit mono WAV, read without the code under test.
pub fn samples_16(path: &std::path::Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
    bytes[at..]
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&b| f32::from(i16::from_le_bytes(b)) / 32_768.0)
        .collect()
}

/// Runs an ignored test of this binary in its own process with more environment
/// variables; returns its standard error.
pub fn run_alone<K, V>(name: &str, environment: impl IntoIterator<Item = (K, V)>) -> String
where
    K: AsRef<std::ffi::OsStr>,
    V: AsRef<std::ffi::OsStr>,
{
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env_remove("DISPLAY")
        .envs(environment)
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    let err = said(&output);
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{out}\n{err}"
    );
    eprintln!("{err}");
    err
}

/// Sends a signal to a program by its shell name: `INT`, `KILL`, `STOP`, ...
pub fn signal(name: &str, child: &std::process::Child) {
    let status = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}
