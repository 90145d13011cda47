//! Which recordings there are, and whose share each is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::anyhow;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::audio::file::is_audio_name;
use crate::cli::complain;

/// A file, or what is wrong with a path.
pub(in crate::cli) type Found = Result<PathBuf, (PathBuf, String)>;

/// All files in the order of their paths, each once.
pub(in crate::cli) fn walk(paths: &[PathBuf]) -> anyhow::Result<Vec<Found>> {
    let mut found: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    for path in paths {
        if !path.is_dir() {
            found.insert(path.clone(), None);
            continue;
        }
        let before = found.len();
        for entry in WalkDir::new(path).follow_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_audio_name(entry.path()) => {
                    found.insert(entry.into_path(), None);
                }
                Ok(_) => {}
                Err(error) => {
                    let at = error.path().unwrap_or(path).to_path_buf();
                    let reason = error.io_error().map_or_else(
                        || "is a link to a folder that holds it; it was not followed".to_owned(),
                        |error| format!("could not be read: {error}"),
                    );
                    found.insert(at, Some(reason));
                }
            }
        }
        if found.len() == before {
            complain(&format!(
                "{}: no audio files in this folder",
                path.display()
            ));
        }
    }
    if found.is_empty() {
        return Err(anyhow!("nothing to analyze"));
    }
    let found = found.into_iter();
    Ok(found
        .map(|(path, wrong)| wrong.map_or(Ok(path.clone()), |w| Err((path, w))))
        .collect())
}

/// The path, good or bad.
pub(in crate::cli) fn path_of(found: &Found) -> &Path {
    match found {
        Ok(path) | Err((path, _)) => path,
    }
}

/// The path as it stands in the output.
pub(in crate::cli) fn name_of(found: &Found) -> String {
    path_of(found).display().to_string()
}

/// Its bytes, for a bar.
pub(in crate::cli) fn size(found: &Found) -> u64 {
    std::fs::metadata(path_of(found)).map_or(0, |about| about.len())
}

/// The Kth of N shares. A recording belongs to one by a hash of its path, so
/// that an archive may grow without any changing its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) struct Shard {
    /// Which, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// Whether a recording belongs to it.
    pub(in crate::cli) fn has(self, name: &str) -> bool {
        let hash = Sha256::digest(name.as_bytes());
        let first = hash
            .iter()
            .take(8)
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        first % self.of == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some(Self { number, of })
        });
        numbers.ok_or_else(|| "expected K/N with K from 1 to N, as in 2/8".into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_belongs_to_one_share() {
        let shards: Vec<Shard> = (1..=5).map(|k| format!("{k}/5").parse().unwrap()).collect();
        let mut counts = [0; 5];
        for name in (0..500).map(|i| format!("archive/{i}.wav")) {
            let mine: Vec<usize> = (0..5).filter(|k| shards[*k].has(&name)).collect();
            assert_eq!(mine.len(), 1, "{name}");
            counts[mine[0]] += 1;
        }
        assert!(
            counts.iter().all(|count| (60..140).contains(count)),
            "{counts:?}"
        );
        for wrong in ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
