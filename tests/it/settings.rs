//! Settings: their precedence, and which are rejected.

use std::process::Output;

use crate::support::{emoscope, said};

/// Runs the program with a file of settings and variables.
fn with(file: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("emoscope");
    std::fs::create_dir_all(&folder).unwrap();
    if !file.is_empty() {
        std::fs::write(folder.join("config.toml"), file).unwrap();
    }
    let mut command = emoscope(&home);
    command.envs(variables.iter().copied());
    command.args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The beginning of the output in each format.
const CSV: &str = "file,utterance";
const VTT: &str = "WEBVTT";
const JSON: &str = "[\n";
const LINES: &str = "{\"type\":\"session_start\"";

#[test]
fn flags_override_the_environment_then_the_file_then_defaults() {
    let file = "channel = \"mix\"\n[analyze]\nformat = \"csv\"\n";
    let variable = ("EMOSCOPE_FORMAT", "vtt");
    let sound = "tests/data/speech-16k.wav";
    for (file, variables, arguments, begin) in [
        ("", &[][..], &["analyze", sound][..], LINES),
        (file, &[], &["analyze", sound], CSV),
        (file, &[variable], &["analyze", sound], VTT),
        (
            file,
            &[variable],
            &["analyze", sound, "--format", "json"],
            JSON,
        ),
        // A table holds for its command alone.
        (file, &[], &["replay", sound], LINES),
        ("format = \"csv\"", &[], &["replay", sound], CSV),
    ] {
        let output = printed(&with(file, variables, arguments));
        assert!(
            output.starts_with(begin),
            "{file} {variables:?} {arguments:?}: {output:.60}"
        );
    }
}

#[test]
fn a_switch_can_be_set_in_the_file() {
    let output = printed(&with("plain = true", &[], &["demo"]));
    assert!(output.contains("Listening to"), "{output:.80}");
}

#[test]
fn a_variable_of_a_switch_takes_the_usual_words() {
    for (word, on) in [
        ("1", true),
        ("yes", true),
        ("true", true),
        ("0", false),
        ("off", false),
    ] {
        let output = printed(&with("", &[("EMOSCOPE_PLAIN", word)], &["demo"]));
        assert_eq!(output.contains("Listening to"), on, "{word}: {output:.80}");
    }
    let wrong = with("", &[("EMOSCOPE_PLAIN", "perhaps")], &["demo"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
}

#[test]
fn unknown_settings_are_rejected_with_their_place_and_the_nearest_name() {
    for (file, words) in [
        ("thme = \"dark\"", &["config.toml", "thme", "theme"][..]),
        ("[analyse]\nformat = \"csv\"", &["table analyse", "analyze"]),
        ("[replay]\nspede = 2", &["spede", "speed"]),
        (
            "[replay]\nspeed = 9",
            &["config.toml", "speed", "0.25 to 8"],
        ),
        ("engine = \"fast\"", &["config.toml", "engine", "fast"]),
        ("quiet = \"yes\"", &["quiet", "true or false"]),
        ("channel = [1]", &["channel", "expected"]),
        ("theme = ", &["config.toml", "not valid TOML"]),
    ] {
        let output = with(file, &[], &["demo"]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        for word in words {
            assert!(said(&output).contains(word), "{file}: {}", said(&output));
        }
    }
}

#[test]
fn the_template_holds_every_setting_and_takes_effect_line_by_line() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| emoscope(&home).args(arguments).output().unwrap();
    assert!(run(&["config", "--init"]).status.success());
    let path = printed(&run(&["config", "--path"]));
    let text = std::fs::read_to_string(path.trim()).unwrap();
    for setting in [
        "theme",
        "reduced-motion",
        "speed",
        "record",
        "shard",
        "audio",
        "onnxruntime",
    ] {
        assert_eq!(
            text.matches(&format!("\n# {setting} = ")).count(),
            1,
            "{setting}"
        );
    }
    // An existing file is never replaced.
    let again = run(&["config", "--init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("already"));
    assert!(run(&["demo", "--speed", "max"]).status.success());
    let edited = text.replace("\n# theme = \"auto\"", "\ntheme = \"mono\"");
    assert_ne!(edited, text);
    std::fs::write(path.trim(), edited).unwrap();
    let shown = printed(&run(&["config"]));
    assert!(
        shown.contains("theme = \"mono\"") && shown.contains("[live]"),
        "{shown}"
    );
}
