//! Lists of recordings in `NeMo`'s manifest format: JSON lines with an
//! `audio_filepath`.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::Path;

use serde::Deserialize;

use super::recording::Recording;
use crate::text::count;

/// Why a manifest cannot be used. The sentences follow the file's name.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Reading failed.
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    /// An invalid line.
    #[error(
        "is not a manifest: line {line}: {reason}; a line looks like {{\"audio_filepath\": \"a.wav\"}}"
    )]
    Line {
        /// Its line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
}

/// A line; other fields are ignored.
#[derive(Deserialize)]
struct ManifestLine {
    audio_filepath: String,
    #[serde(default)]
    offset: Option<f64>,
}

/// Recordings of a manifest, each once, and warnings for the user.
pub type Listed = (Vec<Recording>, Vec<String>);

/// Reads a manifest; relative paths start at `folder`. The name of a recording is its
/// `audio_filepath`, unchanged.
///
/// # Errors
/// A line that is no JSON object with an `audio_filepath`.
pub fn read(lines: impl BufRead, folder: &Path) -> Result<Listed, ManifestError> {
    let mut recordings = Vec::new();
    let mut known = BTreeSet::new();
    let mut parts = 0;
    for (index, line) in lines.lines().enumerate() {
        let text = line?;
        if text.trim().is_empty() {
            continue;
        }
        let entry: ManifestLine = serde_json::from_str(&text).map_err(|reason| {
            let line = index + 1;
            ManifestError::Line { line, reason }
        })?;
        parts += usize::from(entry.offset.is_some_and(|offset| offset > 0.0));
        if known.insert(entry.audio_filepath.clone()) {
            recordings.push(Recording {
                name: entry.audio_filepath.clone(),
                ..Recording::new(folder.join(entry.audio_filepath))
            });
        }
    }
    let warning = (parts > 0).then(|| {
        let parts = count(parts, "line");
        format!("{parts} of the manifest with an offset: the whole recordings are analyzed")
    });
    Ok((recordings, warning.into_iter().collect()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_the_folder_and_come_once() {
        let text = concat!(
            r#"{"audio_filepath": "a/1.wav", "duration": 3.2, "text": "hello"}"#,
            "\n\n",
            r#"{"audio_filepath": "/data/2.wav", "offset": 0, "duration": 1.0}"#,
            "\n",
            r#"{"audio_filepath": "a/1.wav", "offset": 3.2, "duration": 3.2}"#,
        );
        let (recordings, warnings) = read(text.as_bytes(), Path::new("/set")).unwrap();
        let found: Vec<_> = recordings
            .iter()
            .map(|recording| (recording.name.as_str(), recording.path.as_path()))
            .collect();
        assert_eq!(
            found,
            [
                ("a/1.wav", Path::new("/set/a/1.wav")),
                ("/data/2.wav", Path::new("/data/2.wav"))
            ]
        );
        assert_eq!(warnings.len(), 1);
        let wrong = read("{\"audio\": 1}".as_bytes(), Path::new("")).unwrap_err();
        assert!(wrong.to_string().contains("line 1"), "{wrong}");
    }
}
