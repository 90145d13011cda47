//! Files named like ONNX Runtime that are damaged, foreign or too old: the built-in
//! engine replaces it with one message, and `doctor` reports the same.

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::{data, emoscope, lines, said};

/// The library that `doctor` has in use.
fn usable_library() -> Option<PathBuf> {
    let home = tempfile::tempdir().unwrap();
    let output = emoscope(&home)
        .args(["doctor", "--model", "voices"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("ONNX Runtime") && line.ends_with(", in use"));
    let Some(line) = line else {
        eprintln!("skipped: no ONNX Runtime here");
        return None;
    };
    let (_, rest) = line.split_once('(').unwrap();
    Some(rest.split(')').next().unwrap().into())
}

/// The program with `library` as the only one that it can find.
fn with_library(home: &TempDir, library: &Path) -> Command {
    let mut command = emoscope(home);
    command
        .env("ORT_DYLIB_PATH", library)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path())
        .env_remove("VIRTUAL_ENV");
    command
}

/// Analysis and `doctor` both run on the built-in engine, and give `reason`.
fn assert_builtin_engine_runs(library: &Path, reason: &str) {
    let home = tempfile::tempdir().unwrap();
    let output = with_library(&home, library)
        .args(["replay", "--jsonl"])
        .arg(data("speech-16k.wav"))
        .output()
        .unwrap();
    let what = format!("{}: {}", library.display(), describe(&output));
    assert!(output.status.success(), "{what}");
    let warning = said(&output);
    assert_eq!(
        warning.matches("the built-in engine is used").count(),
        1,
        "{what}"
    );
    assert!(warning.contains(reason), "{what}");
    assert!(!warning.contains("panicked"), "{what}");
    let events = lines(&output);
    assert!(
        events[0]["engine"].as_str().unwrap().contains("rten"),
        "{what}"
    );

    let output = with_library(&home, library)
        .args(["doctor", "--model", "voices"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let used: Vec<&str> = text
        .lines()
        .filter(|line| line.ends_with(", in use"))
        .collect();
    assert_eq!(
        used,
        ["ok    engine      rten (built in), in use"],
        "{text}"
    );
    assert!(text.contains(reason), "{text}");

    let output = with_library(&home, library)
        .args(["demo", "--plain", "--engine", "onnxruntime"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", describe(&output));
    assert!(said(&output).contains(reason), "{}", describe(&output));
}

fn describe(output: &Output) -> String {
    format!("{:?}\n{}", output.status, said(output))
}

#[test]
fn a_damaged_library_is_refused_before_it_is_loaded() {
    let Some(whole) = usable_library() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libonnxruntime.so");
    std::fs::copy(&whole, &file).unwrap();
    let length = std::fs::metadata(&file).unwrap().len();
    let open = || OpenOptions::new().write(true).open(&file).unwrap();
    // A download whose last part was never written: the size is right.
    let mut library = open();
    library.seek(SeekFrom::Start(length / 4 * 3)).unwrap();
    library
        .write_all(&vec![0; (length - length / 4 * 3) as usize])
        .unwrap();
    assert_builtin_engine_runs(&file, "or is damaged");
    for kept in [length - 1, length / 2, 100_000, 4096, 64, 10, 0] {
        open().set_len(kept).unwrap();
        assert_builtin_engine_runs(&file, "or is damaged");
    }
    std::fs::write(&file, "404: Not Found\n".repeat(100)).unwrap();
    assert_builtin_engine_runs(&file, "or is damaged");
}

/// Compiles a library; `None`, with a message, where there is no compiler.
fn compile(folder: &TempDir, name: &str, source: &str) -> Option<PathBuf> {
    let code = folder.path().join("library.c");
    std::fs::write(&code, source).unwrap();
    let library = folder.path().join(name);
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &code])
        .status();
    if compiled.is_ok_and(|status| status.success()) {
        return Some(library);
    }
    eprintln!("skipped: no C compiler");
    None
}

/// The entry point of ONNX Runtime with a version and without an interface.
fn entry(version: &str) -> String {
    format!(
        "#include <stddef.h>\n#include <stdint.h>\n\
         static const void *api(uint32_t version) {{ return NULL; }}\n\
         static const char *version(void) {{ return \"{version}\"; }}\n\
         static const struct {{ const void *(*api)(uint32_t); const char *(*version)(void); }} \
         base = {{ api, version }};\n\
         const void *OrtGetApiBase(void) {{ return &base; }}\n"
    )
}

#[test]
fn a_library_that_is_foreign_too_old_or_incomplete_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (source, reason)) in [
        (
            "int answer(void) { return 42; }".into(),
            "is not ONNX Runtime",
        ),
        (
            entry("1.16.3"),
            "its version 1.16.3 is too old; 1.17 or later is needed",
        ),
        (entry("0"), "its version 0 is too old"),
        (entry("\\xff\\xfe"), "its version is not text"),
        (entry("1.99.0"), "its interface is incomplete"),
        (
            "void *OrtGetApiBase(void) { return 0; }".into(),
            "its interface is incomplete",
        ),
        (
            "extern int missing; void *OrtGetApiBase(void) { return &missing; }".into(),
            "cannot be loaded",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let source: String = source;
        let Some(library) = compile(&folder, &format!("{number}.so"), &source) else {
            return;
        };
        assert_builtin_engine_runs(&library, reason);
    }
}

#[test]
fn the_next_library_of_the_search_is_used_where_the_first_fails() {
    let Some(whole) = usable_library() else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    let bad = home.path().join("bad.so");
    std::fs::write(&bad, "no library").unwrap();
    let cache = home.path().join("emoscope/onnxruntime-1.32.0");
    std::fs::create_dir_all(&cache).unwrap();
    // The newest by its name, but not a library.
    std::fs::write(cache.join("libonnxruntime.so.9.9.9"), "no library").unwrap();
    let name = whole.file_name().unwrap();
    std::os::unix::fs::symlink(&whole, cache.join(name)).unwrap();
    let run = |library: &Path| {
        with_library(&home, library)
            .args(["replay", "--jsonl"])
            .arg(data("speech-16k.wav"))
            .output()
            .unwrap()
    };
    for named in [bad, home.path().join("missing.so")] {
        let output = run(&named);
        let what = describe(&output);
        assert!(output.status.success(), "{what}");
        let engine = lines(&output)[0]["engine"].to_string();
        assert!(engine.contains("ONNX Runtime"), "{engine}");
        // The user named it, so the user is told.
        assert!(
            said(&output).contains(&named.display().to_string()),
            "{what}"
        );
        assert!(!said(&output).contains("9.9.9"), "{what}");
    }
}

#[test]
fn the_newest_version_of_a_folder_comes_first_and_links_count_once() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("libraries");
    std::fs::create_dir(&folder).unwrap();
    for name in [
        "libonnxruntime.so.1.9.0",
        "libonnxruntime.so.1.32.0",
        "libonnxruntime.so.1.21.1",
        "libonnxruntime_providers_shared.so",
    ] {
        std::fs::write(folder.join(name), "no library").unwrap();
    }
    for link in ["libonnxruntime.so", "libonnxruntime.so.1"] {
        std::os::unix::fs::symlink(folder.join("libonnxruntime.so.1.32.0"), folder.join(link))
            .unwrap();
    }
    let output = with_library(&home, &folder)
        .args(["demo", "--plain", "--engine", "onnxruntime"])
        .output()
        .unwrap();
    let text = said(&output);
    let tried: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("libraries/")?.1.split(':').next())
        .collect();
    let newest_first = ["1.32.0", "1.21.1", "1.9.0"].map(|v| format!("libonnxruntime.so.{v}"));
    assert_eq!(tried, newest_first, "{text}");
}
