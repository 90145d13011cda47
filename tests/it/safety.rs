//! Whose business it is, who steers the terminal, and what is unsafe.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::process::Command;

use crate::sound_server::SoundServer;
use crate::support::{data, emoscope, lines, path, said};

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
fn what_is_stored_is_private_in_its_place_and_nothing_else_is_stored() {
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

/// Sets the title of a terminal, rings, clears it, and turns the writing around.
const EVIL: &str = "a\u{1b}]0;taken\u{7}\u{9b}2J\u{1b}[2J\u{202e}b";

fn harmless(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for c in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
        assert!(!text.contains(c), "{c:?} in {text:?}");
    }
}

#[test]
fn a_name_cannot_steer_the_terminal() {
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
fn a_file_cannot_steer_the_dashboard() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(format!("{EVIL}.wav"));
    std::fs::copy(data("speech-16k.wav"), &file).unwrap();
    let mut command = emoscope(&home);
    command.arg("replay").arg(&file).current_dir(home.path());
    harmless_on_screen(&dashboard(&command));
}

#[test]
fn a_device_cannot_steer_the_terminal() {
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

/// What a dashboard wrote, once it showed the name.
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
fn a_label_of_a_model_cannot_steer_the_terminal() {
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

#[cfg(target_os = "linux")]
#[test]
fn a_device_cannot_steer_the_dashboard() {
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

/// Files that may hold unsafe code, and how many lines of it; each says why.
const UNSAFE: &[(&str, usize)] = &[
    // ONNX Runtime asks the environment alone whether it may report to its maker.
    ("src/main.rs", 2),
    // The counting allocator of a test.
    ("tests/callback.rs", 6),
];

#[test]
fn what_the_compiler_cannot_check_is_listed() {
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
        // The keyword before what it opens, or the lint that is lifted for it.
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

/// SHA-256 of a file, by another program.
#[cfg(target_os = "linux")]
fn sha256_of(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().next().unwrap().to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn the_sum_of_the_model_and_of_the_library_is_shown() {
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

/// The path of ONNX Runtime's library in what `doctor` prints.
fn library_in(text: &str) -> Option<&Path> {
    let (before, _) = text.split_once("libonnxruntime")?;
    let rest = &text[before.rfind('(')? + 1..];
    rest.split(')').next().map(Path::new)
}

/// ONNX Runtime's published builds number the machine and report what runs.
#[cfg(all(target_os = "linux", feature = "onnxruntime"))]
#[test]
fn the_library_may_not_report_to_its_maker() {
    let home = tempfile::tempdir().unwrap();
    let found = emoscope(&home).arg("doctor").output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    let Some(library) = library_in(&found) else {
        eprintln!("skipped: no library of ONNX Runtime");
        return;
    };
    // Of the environment nothing: it holds its tongue under many a test runner.
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
    files(home.path(), &mut left);
    let log = home.path().join(".local/state/emoscope/emoscope.log");
    assert_eq!(left, [log]);
}

#[cfg(all(target_os = "linux", feature = "onnxruntime"))]
#[test]
fn a_library_is_looked_for_where_the_documents_say_and_nowhere_else() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = home.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    };
    // No library, but by its name one.
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
    // What the README lists, in its order.
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let from = readme.find("looked for in this order").unwrap();
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
