//! Who may know whom: the pure core knows no outside world, siblings outside do
//! not see each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::path;

/// A room and the rooms of ours that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("stumble", &[]),
    ("guard", &[]),
    ("events", &[]),
    ("feed", &["events"]),
    ("paths", &[]),
    ("dsp", &[]),
    ("gate", &["dsp"]),
    ("model", &["baseline", "dsp", "events"]),
    ("baseline", &[]),
    ("smooth", &["model"]),
    ("engine", &["baseline", "dsp", "guard", "model", "paths"]),
    ("profile", &["baseline", "model", "paths"]),
    (
        "pipeline",
        &[
            "baseline", "dsp", "engine", "events", "gate", "model", "smooth",
        ],
    ),
    ("audio", &["dsp", "guard"]),
    ("sink", &["events"]),
    ("dashboard", &["events", "feed", "sink", "stumble"]),
    (
        "session",
        &[
            "audio", "baseline", "dsp", "engine", "events", "feed", "pipeline", "profile", "sink",
            "stumble",
        ],
    ),
    (
        "cli",
        &[
            "audio",
            "baseline",
            "dashboard",
            "dsp",
            "engine",
            "events",
            "feed",
            "guard",
            "model",
            "paths",
            "profile",
            "session",
            "sink",
        ],
    ),
];

/// Rooms that know no clock, thread, file or terminal.
const PURE: &[&str] = &[
    "events", "feed", "dsp", "gate", "baseline", "smooth", "pipeline",
];

/// What belongs to the outside world.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::time",
    "std::net",
    "std::env",
    "std::process",
    "cpal",
    "crossterm",
    "ratatui",
    "println!",
    "eprintln!",
    "Instant",
    "SystemTime",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Each source file with its room and its text up to the tests.
fn sources() -> Vec<(String, PathBuf, String)> {
    let top = path("src");
    let mut found = Vec::new();
    files(&top, &mut found);
    found
        .into_iter()
        .map(|file| {
            let first = file
                .strip_prefix(&top)
                .unwrap()
                .components()
                .next()
                .unwrap();
            let room = first
                .as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            (room, file, text)
        })
        .filter(|(room, ..)| room != "lib" && room != "main")
        .collect()
}

#[test]
fn rooms_import_only_what_lies_before_them() {
    for (room, file, text) in sources() {
        let (_, allowed) = MAY_IMPORT
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("{room} has no place in the plan"));
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for import in code.split("crate::").skip(1) {
            let name: String = import
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let known = MAY_IMPORT.iter().any(|(room, _)| *room == name);
            assert!(
                !known || name == room || allowed.contains(&name.as_str()),
                "{} imports {name}, which {room} may not know",
                file.display()
            );
        }
    }
}

/// The list of rooms that people read is the one that is checked, and no room
/// is allowed what it does not use.
#[test]
fn the_page_about_the_rooms_is_true() {
    let page = std::fs::read_to_string(path("CONTRIBUTING.md")).unwrap();
    let list = page
        .split("<!-- rooms -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- end of rooms -->").next())
        .unwrap();
    let told: Vec<(String, Vec<String>)> = list
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let knows = cells[2].split(", ").filter(|name| !name.is_empty());
            (
                cells[0].trim_matches('`').to_owned(),
                knows.map(str::to_owned).collect(),
            )
        })
        .collect();
    let planned: Vec<(String, Vec<String>)> = MAY_IMPORT
        .iter()
        .map(|(room, others)| {
            let others = others.iter().map(|other| (*other).to_owned());
            ((*room).to_owned(), others.collect())
        })
        .collect();
    assert_eq!(told, planned);
    let sources = sources();
    for (room, others) in MAY_IMPORT {
        for other in *others {
            let uses = |text: &String| {
                text.contains(&format!("crate::{other}")) || text.contains(&format!("{other}::"))
            };
            assert!(
                sources
                    .iter()
                    .any(|(name, _, text)| name == room && uses(text)),
                "{room} may know {other} and does not"
            );
        }
    }
}

/// Everything that a room knows, through others as well.
fn all_known(room: &str) -> BTreeSet<&'static str> {
    let (_, direct) = MAY_IMPORT.iter().find(|(name, _)| *name == room).unwrap();
    direct
        .iter()
        .flat_map(|other| all_known(other).into_iter().chain([*other]))
        .collect()
}

/// The picture has an arrow for each thing that a room knows by itself alone.
#[test]
fn the_picture_of_the_rooms_is_true() {
    let page = std::fs::read_to_string(path("CONTRIBUTING.md")).unwrap();
    let picture = page.split("```mermaid").nth(1).unwrap();
    let picture = picture.split("```").next().unwrap();
    let mut drawn: Vec<(&str, &str)> = picture
        .lines()
        .filter_map(|line| line.split_once("-->"))
        .flat_map(|(room, others)| others.split('&').map(|other| (room.trim(), other.trim())))
        .collect();
    let mut expected: Vec<(&str, &str)> = MAY_IMPORT
        .iter()
        .flat_map(|(room, others)| others.iter().map(|other| (*room, *other)))
        .filter(|(room, other)| {
            let (_, others) = MAY_IMPORT.iter().find(|(name, _)| name == room).unwrap();
            !others
                .iter()
                .any(|between| all_known(between).contains(other))
        })
        .collect();
    drawn.sort_unstable();
    expected.sort_unstable();
    assert_eq!(drawn, expected);
}

#[test]
fn the_core_knows_no_outside_world() {
    for (room, file, text) in sources() {
        if !PURE.contains(&room.as_str()) {
            continue;
        }
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for word in OUTSIDE {
                assert!(!line.contains(word), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn no_file_is_a_labyrinth() {
    for (_, file, _) in sources() {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 480, "{} has {lines} lines", file.display());
    }
}
