//! Help, completions, man pages and usage errors.

use crate::support::{run, said};

#[test]
fn every_command_explains_itself_with_examples() {
    for command in [
        "live",
        "devices",
        "replay",
        "analyze",
        "report",
        "features",
        "demo",
        "doctor",
        "config",
        "completions",
    ] {
        let output = run([command, "--help"]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("Examples:") && text.contains(&format!("emoscope {command}")),
            "{text}"
        );
    }
    let version = run(["--version"]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap().trim(),
        concat!("emoscope ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_and_man_pages_list_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let output = run(["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["analyze", "--shard", "--theme"] {
            let word = if shell == "fish" {
                word.trim_start_matches("--")
            } else {
                word
            };
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(
        run(["man".as_ref(), folder.path().as_os_str()])
            .status
            .success()
    );
    let page = std::fs::read_to_string(folder.path().join("emoscope-analyze.1")).unwrap();
    assert!(page.contains("\\-\\-shard"), "{page:.400}");
    let again = |more: Option<&str>| {
        let more = more.map(std::ffi::OsStr::new);
        let arguments = ["man".as_ref(), folder.path().as_os_str()];
        run(arguments.into_iter().chain(more)).status.success()
    };
    assert!(again(None), "unchanged pages are no conflict");
    let own = folder.path().join("emoscope.1");
    std::fs::write(&own, "mine").unwrap();
    assert!(!again(None));
    assert_eq!(std::fs::read_to_string(&own).unwrap(), "mine");
    assert!(again(Some("--overwrite")));
    assert_ne!(std::fs::read_to_string(&own).unwrap(), "mine");
}

#[test]
fn usage_errors_exit_with_2_and_failures_with_1() {
    for (arguments, code, word) in [
        (vec!["replay", "x.wav", "--speed", "9"], 2, "0.25 to 8"),
        (vec!["live", "--channel", "0"], 2, "mix, left, right"),
        (vec!["live", "--seconds", "0"], 2, "above 0"),
        (vec!["analyze"], 2, "FILE"),
        (vec!["nonsense"], 2, "nonsense"),
        (vec!["demo", "--model", "no-such.onnx"], 1, "no-such.onnx"),
        (vec!["demo", "--model", "Cargo.toml"], 1, "Cargo.toml"),
        (
            vec![
                "demo",
                "--engine",
                "onnxruntime",
                "--onnxruntime",
                "/nowhere.so",
            ],
            0,
            "",
        ),
        (
            vec!["replay", "x.wav", "--raw-rate", "16000"],
            1,
            "standard input",
        ),
        (vec!["live", "--device", "no such device"], 1, "no"),
    ] {
        if arguments.contains(&"onnxruntime") && !cfg!(feature = "onnxruntime") {
            continue;
        }
        let output = run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            said(&output)
        );
        let text = said(&output);
        assert!(text.contains(word), "{arguments:?}: {text}");
        // The reason is printed once.
        let parts: Vec<&str> = text.lines().flat_map(|line| line.split(": ")).collect();
        assert!(
            parts.windows(2).all(|pair| pair[0] != pair[1]),
            "{arguments:?}: {text}"
        );
    }
}

#[test]
fn a_folder_to_replay_needs_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(["replay".as_ref(), folder.path().as_os_str()]);
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    for words in ["is a folder", "name a recording", "emoscope analyze"] {
        assert!(said.contains(words), "{said}");
    }
    assert!(output.stdout.is_empty());
}
