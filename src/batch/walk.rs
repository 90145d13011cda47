//! Finds recordings in files and folders.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::recording::Recording;
use crate::audio::file::is_audio_name;
use crate::text::{count, path_name};

/// Extensions of audio files that no decoder here supports.
const UNSUPPORTED_EXTENSIONS: [&str; 34] = [
    "ac3", "amr", "ape", "asf", "avi", "awb", "ds2", "dsf", "dss", "dts", "eac3", "flv", "gsm",
    "m2ts", "mpc", "mpeg", "mpg", "msv", "mts", "ra", "ram", "rm", "rmvb", "silk", "spx", "tak",
    "ts", "tta", "voc", "vob", "vox", "w64", "wma", "wv",
];
/// Folders and files that macOS adds to archives and foreign disks.
const MAC_FOLDER: &str = "__MACOSX";
const MAC_PREFIX: &[u8] = b"._";

/// The result of a search.
#[derive(Debug, Default)]
pub struct Walk {
    /// The recordings in the order of their paths, each once.
    pub recordings: Vec<Recording>,
    /// Warnings for the user, one sentence each.
    pub warnings: Vec<String>,
}

impl Walk {
    /// Searches the paths. A file counts whatever its name; in a folder, only files
    /// with an audio extension count.
    pub fn new(paths: &[PathBuf]) -> Self {
        let mut found: BTreeMap<PathBuf, Recording> = BTreeMap::new();
        let mut warnings = Vec::new();
        for path in paths {
            if path.is_dir() {
                let folder = Folder::walk(path);
                warnings.extend(folder.warnings(path));
                for recording in folder.recordings {
                    found.entry(recording.path.clone()).or_insert(recording);
                }
            } else {
                found.insert(path.clone(), Recording::new(path));
            }
        }
        Self {
            recordings: found.into_values().collect(),
            warnings,
        }
    }
}

/// Rejects the later of two recordings with equal names: the output could not tell them
/// apart. Only names with the escapes of [`path_name`] can be equal.
pub fn reject_equal_names(recordings: &mut [Recording]) {
    let mut names = BTreeSet::new();
    for recording in recordings {
        if !names.insert(recording.name.clone()) && recording.problem.is_none() {
            let problem = "has the name of another recording in the output; rename one of them";
            recording.problem = Some(problem.into());
        }
    }
}

/// The content of a folder.
#[derive(Default)]
struct Folder {
    recordings: Vec<Recording>,
    /// Number of unsupported recordings by extension.
    unread: BTreeMap<String, usize>,
    /// Pipes, sockets and devices with names of recordings.
    not_files: usize,
}

impl Folder {
    fn walk(root: &Path) -> Self {
        let mut folder = Self::default();
        let entries = WalkDir::new(root)
            .follow_links(true)
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_of_mac(entry.file_name()));
        for entry in entries {
            match entry {
                Ok(entry) => folder.add(root, entry),
                Err(error) => folder.fail(root, &error),
            }
        }
        folder
    }

    fn add(&mut self, root: &Path, entry: DirEntry) {
        if entry.file_type().is_dir() {
            return;
        }
        let is_file = entry.file_type().is_file();
        let path = entry.into_path();
        if is_audio_name(&path) {
            if is_file {
                self.recordings.push(Recording {
                    root: Some(root.to_owned()),
                    ..Recording::new(path)
                });
            } else {
                self.not_files += 1;
            }
        } else if let Some(extension) = unread_extension(&path)
            && is_file
        {
            *self.unread.entry(extension).or_default() += 1;
        }
    }

    fn fail(&mut self, root: &Path, error: &walkdir::Error) {
        let problem = error.io_error().map_or_else(
            || "is a link to a folder that contains it; it was not followed".to_owned(),
            |error| format!("could not be read: {error}"),
        );
        self.recordings.push(Recording {
            root: Some(root.to_owned()),
            problem: Some(problem),
            ..Recording::new(error.path().unwrap_or(root))
        });
    }

    fn warnings(&self, root: &Path) -> Vec<String> {
        let mut warnings = Vec::new();
        let root = path_name(root);
        let unread: usize = self.unread.values().sum();
        if unread > 0 {
            let kinds = self.unread.iter();
            let kinds: Vec<String> = kinds
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            warnings.push(format!(
                "{root}: {} skipped, of kinds that emoscope does not read ({}); \
                 convert them, for example with: ffmpeg -i FILE out.wav",
                count(unread, "recording"),
                kinds.join(", ")
            ));
        }
        if self.not_files > 0 {
            warnings.push(format!(
                "{root}: pipes, sockets and devices are skipped ({}); \
                 name one to read it",
                self.not_files
            ));
        }
        if self.recordings.is_empty() {
            warnings.push(format!("{root}: no audio files in this folder"));
        }
        warnings
    }
}

fn is_of_mac(name: &OsStr) -> bool {
    name == MAC_FOLDER || name.as_encoded_bytes().starts_with(MAC_PREFIX)
}

/// The extension of an unsupported recording, in lower case.
fn unread_extension(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    UNSUPPORTED_EXTENSIONS
        .contains(&extension.as_str())
        .then_some(extension)
}
