//! Destinations of the output: a pipe, a reader that closes early, a full disk.

use std::process::Stdio;

use crate::support::{data, emoscope, run, said};

#[test]
fn a_pipe_receives_plain_text() {
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

#[test]
fn a_reader_that_closes_early_is_no_failure() {
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
fn a_full_disk_is_reported_and_fails() {
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
