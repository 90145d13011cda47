//! Human labels: read from CSV, a `TextGrid` or an Audacity label track, matched with
//! recordings, and compared with predictions.

pub mod confusion;

mod audacity;
mod table;
mod textgrid;

use std::fs;
use std::path::{Path, PathBuf};

use crate::labels::common_style;
use crate::text::{path_name, whole_path};

/// A time span of a recording with a human label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledSpan {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds; infinite where the label applies to the whole recording.
    pub end_s: f64,
    /// The label as written.
    pub label: String,
}

/// Spans with the path of their recording; `None` where the file names no recordings
/// and applies to a single one.
type Spans = Vec<(Option<PathBuf>, LabelledSpan)>;

/// The labels of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct References {
    /// Path of the label file.
    path: PathBuf,
    spans: Spans,
}

/// Why labels cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// Its extension belongs to no known format.
    #[error(
        "{0} has no format that emoscope reads: use a .csv with the columns path,label or start,end,label, a .TextGrid, or Audacity's labels as .txt"
    )]
    Kind(String),
    /// Its content does not match its extension.
    #[error("{0}: {1}")]
    Format(String, String),
    /// It names no recordings, and several are analyzed.
    #[error(
        "{0} does not name recordings, so it describes a single one: analyze one file, or use a .csv with a column path"
    )]
    Whose(String),
    /// None of its labels belongs to an analyzed recording.
    #[error("{0} has no label for these recordings; its paths start from its own folder")]
    NoneFits(String),
}

impl References {
    /// Reads a label file; its extension determines the format.
    ///
    /// # Errors
    /// [`ReferenceError`], with the name of the file.
    pub fn read(path: &Path) -> Result<Self, ReferenceError> {
        let name = || path_name(path);
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let parse: fn(&str) -> Result<Spans, String> = match extension.to_lowercase().as_str() {
            "csv" => table::parse,
            "textgrid" => |text| Ok(unnamed(textgrid::parse(text)?)),
            "txt" => |text| Ok(unnamed(audacity::parse(text)?)),
            _ => return Err(ReferenceError::Kind(name())),
        };
        let bytes = fs::read(path).map_err(|error| ReferenceError::Unreadable(name(), error))?;
        let text =
            decoded(&bytes).ok_or_else(|| ReferenceError::Format(name(), "is not text".into()))?;
        let spans = parse(&text).map_err(|reason| ReferenceError::Format(name(), reason))?;
        Ok(Self {
            path: path.to_owned(),
            spans,
        })
    }

    /// Number of spans.
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    /// The spans of each recording, in the order of `recordings`.
    ///
    /// # Errors
    /// [`ReferenceError::Whose`] and [`ReferenceError::NoneFits`].
    pub fn of(&self, recordings: &[&Path]) -> Result<Vec<Vec<LabelledSpan>>, ReferenceError> {
        if recordings.len() != 1 && self.spans.iter().any(|(path, _)| path.is_none()) {
            return Err(ReferenceError::Whose(path_name(&self.path)));
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let found: Vec<Vec<LabelledSpan>> = recordings
            .iter()
            .map(|recording| {
                let recording = whole_path(recording);
                let fits = |path: &PathBuf| {
                    whole_path(&folder.join(path)) == recording
                        || whole_path(path) == recording
                        || recording.ends_with(path)
                };
                let spans = self.spans.iter();
                let own = spans.filter(|(path, _)| path.as_ref().is_none_or(fits));
                own.map(|(_, span)| span.clone()).collect()
            })
            .collect();
        if found.iter().all(Vec::is_empty) {
            return Err(ReferenceError::NoneFits(path_name(&self.path)));
        }
        Ok(found)
    }
}

/// The index of a label among those of a model: by name in any case, otherwise by a
/// synonym.
pub fn label_index(labels: &[String], label: &str) -> Option<usize> {
    let label = label.trim();
    let alike = |name: &String| name.to_lowercase() == label.to_lowercase();
    let exact = labels.iter().position(alike);
    exact.or_else(|| {
        let look = common_style(label)?;
        labels
            .iter()
            .position(|name| common_style(name) == Some(look))
    })
}

fn unnamed(spans: Vec<LabelledSpan>) -> Spans {
    spans.into_iter().map(|span| (None, span)).collect()
}

/// Text in UTF-8, or in UTF-16 with a byte order mark, as Praat writes it.
fn decoded(bytes: &[u8]) -> Option<String> {
    let units = |read: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks_exact(2);
        let units: Vec<u16> = pairs.map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_under_other_names() {
        let labels = ["anger", "neutral", "Boredom"].map(str::to_owned);
        for (label, expected) in [
            ("ANGER", Some(0)),
            (" angry ", Some(0)),
            ("calm", Some(1)),
            ("boredom", Some(2)),
            ("happy", None),
            ("", None),
        ] {
            assert_eq!(label_index(&labels, label), expected, "{label}");
        }
    }

    #[test]
    fn praat_and_spreadsheets_write_other_encodings() {
        let text = "Wörter";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(
            decoded(&[&[0xfe, 0xff], &utf16[..]].concat()).as_deref(),
            Some(text)
        );
        let marked = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
        assert_eq!(decoded(&marked).as_deref(), Some(text));
        assert_eq!(decoded(&[0xc3]), None);
    }
}
