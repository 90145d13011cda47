//! No name of a file, device or label sends control sequences to the terminal.

use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, said};

/// Sets the title of a terminal, rings its bell, clears it, and reverses the text direction.
const EVIL: &str = "a\u{1b}]0;taken\u{7}\u{9b}2J\u{1b}[2J\u{202e}b";

fn harmless(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for c in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
        assert!(!text.contains(c), "{c:?} in {text:?}");
    }
}

/// The output of a dashboard, once it showed the name.
#[cfg(target_os = "linux")]
fn dashboard(command: &std::process::Command) -> String {
    let mut terminal = crate::pty::Terminal::start(40, 200, command);
    terminal.until("the name", |terminal| terminal.contents().contains("taken"));
    String::from_utf8_lossy(&terminal.written).into_owned()
}

#[cfg(target_os = "linux")]
fn harmless_on_screen(written: &str) {
    for text in ["\u{1b}]0;taken", "\u{7}", "\u{9b}", "\u{202e}"] {
        assert!(!written.contains(text), "{text:?}");
    }
}

#[test]
fn a_name_cannot_control_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(format!("{EVIL}.wav"));
    std::fs::copy(data("speech-16k.wav"), &file).unwrap();
    let missing = home.path().join(format!("{EVIL}.flac"));
    for (arguments, name) in [
        (vec!["replay", "--plain"], &file),
        (vec!["replay", "--plain"], &missing),
        (vec!["analyze", "--format", "table"], &file),
        (vec!["analyze", "--format", "table"], &missing),
        (vec!["demo", "--plain", "--model"], &missing),
        (vec!["doctor", "--model"], &missing),
    ] {
        let output = emoscope(&home).args(&arguments).arg(name).output().unwrap();
        harmless(&output.stdout);
        harmless(&output.stderr);
        let both = [output.stdout, output.stderr].concat();
        assert!(
            String::from_utf8_lossy(&both).contains("taken"),
            "{arguments:?}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_cannot_control_the_dashboard() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(format!("{EVIL}.wav"));
    std::fs::copy(data("speech-16k.wav"), &file).unwrap();
    let mut command = emoscope(&home);
    command.arg("replay").arg(&file).current_dir(home.path());
    harmless_on_screen(&dashboard(&command));
}

#[test]
fn a_device_cannot_control_the_terminal() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let description = format!("sink_properties=device.description=\"{EVIL}\"");
    server
        .run(&[
            "ctl",
            "load-module",
            "module-null-sink",
            "sink_name=evil",
            &description,
        ])
        .unwrap();
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        vec!["devices"],
        vec!["doctor"],
        vec!["live", "--device", "evil"],
        vec![
            "live",
            "--plain",
            "--device",
            "evil.monitor",
            "--seconds",
            "1",
        ],
    ] {
        let output = emoscope(&home)
            .args(&arguments)
            .args(if arguments.len() == 3 {
                &["--seconds", "1", "--plain"][..]
            } else {
                &[]
            })
            .envs(server.environment())
            .output()
            .unwrap();
        harmless(&output.stdout);
        harmless(&output.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_cannot_control_the_dashboard() {
    let Some(server) = SoundServer::start() else {
        return;
    };
    let description = format!("sink_properties=device.description=\"{EVIL}\"");
    let load = [
        "ctl",
        "load-module",
        "module-null-sink",
        "sink_name=evil",
        &description,
    ];
    server.run(&load).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = emoscope(&home);
    command.args(["live", "--device", "pulseaudio:evil.monitor"]);
    command.envs(server.environment());
    harmless_on_screen(&dashboard(&command));
}

#[test]
fn a_label_of_a_model_cannot_control_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let labels: Vec<String> = (0..7).map(|number| format!("{EVIL}{number}")).collect();
    let model = home.path().join("mine.onnx");
    std::fs::write(&model, crate::model::with_labels(&labels)).unwrap();
    let report = home.path().join("report.html");
    let speech = data("speech-16k.wav");
    let sure = ["--certain", "0", "--model"];
    for arguments in [
        &["replay", "--plain"][..],
        &["analyze", "--format", "table"],
        &["replay", "--format", "vtt"],
        &["demo", "--plain"],
    ] {
        let mut command = emoscope(&home);
        command.args(arguments).args(sure).arg(&model);
        if arguments[0] != "demo" {
            command.arg(&speech);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        harmless(&output.stdout);
        harmless(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("taken"), "{arguments:?}: {text}");
    }
    let mut page = emoscope(&home);
    page.args(["report", "--output"]).arg(&report);
    page.args(sure).arg(&model).arg(&speech);
    let output = page.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    harmless(&std::fs::read(&report).unwrap());
    #[cfg(target_os = "linux")]
    {
        let mut command = emoscope(&home);
        command.arg("replay").arg(&speech);
        command.args(sure).arg(&model);
        harmless_on_screen(&dashboard(&command));
    }
}
