//! Output paths, where each recording has its own output.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use super::recording::Recording;

/// Two recordings with the same output path.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{first} and {second} would both be written to {target}; rename one of them")]
pub struct Collision {
    /// The name of the first recording.
    pub first: String,
    /// The name of the second.
    pub second: String,
    /// Their common path.
    pub target: String,
}

/// Derives a recording's path in the output folder.
type PathScheme = fn(&Recording) -> PathBuf;

/// The naming schemes, shortest first. The path below the folder that the user named,
/// without and with the recording's extension; then below that folder's name; then the
/// whole path.
const SCHEMES: [PathScheme; 5] = [
    |recording| below(recording).with_extension(""),
    below,
    |recording| root_name(recording).join(below(recording).with_extension("")),
    |recording| root_name(recording).join(below(recording)),
    |recording| whole(&recording.path),
];

/// An output path with `extension` for each recording, keyed by the recording's name.
/// It is the same in every run and shard.
///
/// # Errors
/// Two recordings with the same output path.
pub fn files(
    recordings: &[Recording],
    extension: &str,
) -> Result<HashMap<String, PathBuf>, Collision> {
    let places = places(recordings)?;
    let named = places.into_iter().map(|(name, mut place)| {
        place.as_mut_os_string().push(".");
        place.as_mut_os_string().push(extension);
        (name, place)
    });
    Ok(named.collect())
}

/// An identifier without white space for each recording, keyed by its name: the
/// shortest naming scheme that is unique.
///
/// # Errors
/// Two recordings with the same identifier.
pub fn identifiers(recordings: &[Recording]) -> Result<HashMap<String, String>, Collision> {
    let stem = |recording: &Recording| {
        let below = below(recording);
        let stem = below.file_stem().unwrap_or(below.as_os_str());
        PathBuf::from(stem)
    };
    let word = |path: PathBuf| PathBuf::from(without_space(&crate::text::path_name(&path)));
    let found = distinct(
        recordings,
        SCHEMES.len() + 1,
        |level, recording| match level {
            0 => word(stem(recording)),
            level => word(SCHEMES[level - 1](recording)),
        },
    )?;
    let found = found.into_iter();
    Ok(found
        .map(|(name, id)| (name, crate::text::path_name(&id)))
        .collect())
}

/// Replaces white space and control characters with `_`.
pub fn without_space(text: &str) -> String {
    let replace = |c: char| {
        if c.is_whitespace() || c.is_control() {
            '_'
        } else {
            c
        }
    };
    text.chars().map(replace).collect()
}

fn places(recordings: &[Recording]) -> Result<HashMap<String, PathBuf>, Collision> {
    distinct(recordings, SCHEMES.len(), |level, recording| {
        SCHEMES[level](recording)
    })
}

/// The first of `levels` naming schemes that is unique for each recording.
fn distinct(
    recordings: &[Recording],
    levels: usize,
    place: impl Fn(usize, &Recording) -> PathBuf,
) -> Result<HashMap<String, PathBuf>, Collision> {
    let mut found: HashMap<String, PathBuf> = HashMap::new();
    let mut taken: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut open: Vec<&Recording> = recordings.iter().collect();
    for level in 0..levels {
        let mut groups: BTreeMap<PathBuf, Vec<&Recording>> = BTreeMap::new();
        for recording in open.drain(..) {
            groups
                .entry(place(level, recording))
                .or_default()
                .push(recording);
        }
        for (path, group) in groups {
            match (group.as_slice(), taken.get(&path)) {
                ([recording], None) => {
                    taken.insert(path.clone(), recording.name.clone());
                    found.insert(recording.name.clone(), path);
                }
                ([recording, ..], Some(other)) if level + 1 == levels => {
                    return Err(collision(other, &recording.name, &path));
                }
                ([first, second, ..], _) if level + 1 == levels => {
                    return Err(collision(&first.name, &second.name, &path));
                }
                _ => open.extend(group),
            }
        }
    }
    Ok(found)
}

fn collision(first: &str, second: &str, path: &Path) -> Collision {
    Collision {
        first: first.to_owned(),
        second: second.to_owned(),
        target: path.display().to_string(),
    }
}

/// The path without the folder that the user named.
fn below(recording: &Recording) -> PathBuf {
    if recording.is_standard_input() {
        return "stdin".into();
    }
    let path = &recording.path;
    let root = recording.root.as_deref();
    let below = root.and_then(|root| path.strip_prefix(root).ok());
    let name = path.file_name().map_or(path.as_path(), Path::new);
    below.unwrap_or(name).to_owned()
}

/// The name of the folder that the user named, or of the parent folder.
fn root_name(recording: &Recording) -> PathBuf {
    let folder = recording
        .root
        .as_deref()
        .or_else(|| recording.path.parent());
    folder.and_then(Path::file_name).unwrap_or_default().into()
}

/// All parts of a path that are allowed below a folder.
fn whole(path: &Path) -> PathBuf {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    parts.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn recordings(paths: &[(&str, &str)]) -> Vec<Recording> {
        let recording = |(root, path): &(&str, &str)| Recording {
            root: (!root.is_empty()).then(|| root.into()),
            ..Recording::new(*path)
        };
        paths.iter().map(recording).collect()
    }

    fn sorted<T: Ord + Clone>(found: &HashMap<String, T>) -> Vec<(&str, T)> {
        let mut pairs: Vec<_> = found.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn outputs_of_equal_names_are_told_apart() {
        for (paths, expected) in [
            (
                &[("d", "d/a/1.wav"), ("d", "d/b/1.wav")][..],
                &["a/1.vtt", "b/1.vtt"][..],
            ),
            (
                &[("d", "d/1.wav"), ("d", "d/1.mp3")],
                &["1.wav.vtt", "1.mp3.vtt"],
            ),
            (&[("", "a/1.wav"), ("", "b/1.wav")], &["a/1.vtt", "b/1.vtt"]),
            (
                &[("p/a", "p/a/1.wav"), ("q/a", "q/a/1.wav")],
                &["p/a/1.wav.vtt", "q/a/1.wav.vtt"],
            ),
            (&[("", "-"), ("", "x.wav")], &["stdin.vtt", "x.vtt"]),
        ] {
            let recordings = recordings(paths);
            let found = files(&recordings, "vtt").unwrap();
            for (recording, expected) in recordings.iter().zip(expected) {
                assert_eq!(found[&recording.name], Path::new(expected), "{paths:?}");
            }
        }
        let same = recordings(&[("", "/a/1.wav"), ("", "a/1.wav")]);
        assert!(files(&same, "vtt").is_err());
    }

    #[test]
    fn identifiers_have_no_white_space_and_differ() {
        let same = recordings(&[
            ("d", "d/a/one two.wav"),
            ("d", "d/b/one_two.wav"),
            ("d", "d/3.wav"),
        ]);
        assert_eq!(
            sorted(&identifiers(&same).unwrap()),
            [
                ("d/3.wav", "3".to_owned()),
                ("d/a/one two.wav", "a/one_two".to_owned()),
                ("d/b/one_two.wav", "b/one_two".to_owned()),
            ]
        );
    }
}
