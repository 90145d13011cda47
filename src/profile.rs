//! Speaker profiles: a named baseline, statistics only, never audio.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::baseline::Baseline;
use crate::files::{IfExists, PendingFile, numbered};
use crate::model::Model;
use crate::paths::create_private_folder;

/// Name and version of the format.
pub const PROFILE_SCHEMA: &str = "emoscope.profile/1";

/// Largest profile that is read, in bytes.
const LARGEST_PROFILE_BYTES: u64 = 4 << 20;

/// Why a profile cannot be used or stored.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The name would lead out of the folder.
    #[error("'{0}' is not a valid profile name: use letters, digits, '-', '_' and '.'")]
    Name(String),
    /// There is no folder for profiles.
    #[error("no folder for profiles: set HOME or XDG_DATA_HOME")]
    NoFolder,
    /// There is no such profile.
    #[error("no profile '{name}' in {folder}; there {}; make it with: emoscope calibrate --profile {name}", listed(.others))]
    Missing {
        /// Its name.
        name: String,
        /// The folder that was searched.
        folder: String,
        /// The existing profiles.
        others: Vec<String>,
    },
    /// It could not be read or written.
    #[error("cannot {what} the profile {path}: {reason}")]
    Io {
        /// "read" or "write".
        what: &'static str,
        /// Its path.
        path: String,
        /// The system's error.
        reason: io::Error,
    },
    /// It is not a profile, or it is damaged.
    #[error("the profile {path} is damaged: {reason}; make it again with: emoscope calibrate")]
    Damaged {
        /// Its path.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// It was made with another model, so its numbers do not apply to this one.
    #[error(
        "the profile {path} was made with another model ({theirs}); make it again with: emoscope calibrate"
    )]
    OtherModel {
        /// Its path.
        path: String,
        /// Start of that model's SHA-256.
        theirs: String,
    },
    /// The model takes no baseline.
    #[error("the model {0} uses no speaker baseline, so it takes no profile")]
    NoBaseline(String),
}

fn listed(others: &[String]) -> String {
    match others {
        [] => "are none".into(),
        names => format!("are {}", names.join(", ")),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    model_sha256: String,
    baseline: Baseline,
}

/// Reads the profile with a name, made with this model.
///
/// # Errors
/// No such profile, one of another model, or a damaged one.
pub fn read(name: &str, model: &Model) -> Result<Baseline, ProfileError> {
    let width = width_of(model)?;
    let path = path_of(name)?;
    let failed = |reason| ProfileError::Io {
        what: "read",
        path: path.display().to_string(),
        reason,
    };
    let size = match fs::metadata(&path) {
        Ok(about) => about.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing(name, &path)),
        Err(error) => return Err(failed(error)),
    };
    let damaged = |reason: String| ProfileError::Damaged {
        path: path.display().to_string(),
        reason,
    };
    if size > LARGEST_PROFILE_BYTES {
        return Err(damaged(format!("it has {size} bytes")));
    }
    let text = fs::read_to_string(&path).map_err(failed)?;
    let file: File = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    if file.schema != PROFILE_SCHEMA {
        return Err(damaged(format!("its schema is not {PROFILE_SCHEMA}")));
    }
    if file.model_sha256 != model.sha256 {
        return Err(ProfileError::OtherModel {
            path: path.display().to_string(),
            theirs: file.model_sha256.chars().take(8).collect(),
        });
    }
    if file.baseline.width() != width || !file.baseline.is_valid() {
        return Err(damaged(
            "its statistics do not match the model's embedding".into(),
        ));
    }
    let mut baseline = file.baseline;
    baseline.raise_variance(model.spec.tuning.reference_variance);
    Ok(baseline)
}

/// Stores a profile under a name, readable by its owner only. Returns its path, and the
/// new name of an earlier profile with that name.
///
/// # Errors
/// An invalid name, or the system's error.
pub fn write(
    name: &str,
    model: &Model,
    baseline: &Baseline,
) -> Result<(PathBuf, Option<String>), ProfileError> {
    width_of(model)?;
    let path = path_of(name)?;
    let failed = |reason| ProfileError::Io {
        what: "write",
        path: path.display().to_string(),
        reason,
    };
    let file = File {
        schema: PROFILE_SCHEMA.into(),
        model_sha256: model.sha256.clone(),
        baseline: baseline.clone(),
    };
    let text = serde_json::to_string(&file).map_err(|error| failed(error.into()))?;
    let earlier = write_private(&path, text.as_bytes()).map_err(failed)?;
    let earlier = earlier.as_deref().and_then(Path::file_stem);
    let earlier = earlier.map(|stem| stem.to_string_lossy().into_owned());
    Ok((path, earlier))
}

/// Writes atomically, readable by the owner only. Returns the new path of a file that
/// was there.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<Option<PathBuf>> {
    create_private_folder(path.parent().unwrap_or(Path::new(".")))?;
    let (pending, mut file) = PendingFile::create_private(path, IfExists::Replace)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let free = numbered(path);
    let earlier = (free != path).then_some(free);
    if let Some(earlier) = &earlier {
        fs::rename(path, earlier)?;
    }
    pending.keep()?;
    Ok(earlier)
}

fn width_of(model: &Model) -> Result<usize, ProfileError> {
    let width = model.spec.embedding_width;
    width.ok_or_else(|| ProfileError::NoBaseline(model.name.clone()))
}

fn path_of(name: &str) -> Result<PathBuf, ProfileError> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(ProfileError::Name(name.into()));
    }
    let folder = crate::paths::data().ok_or(ProfileError::NoFolder)?;
    Ok(folder.join("profiles").join(format!("{name}.json")))
}

fn missing(name: &str, path: &Path) -> ProfileError {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut others: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    others.sort();
    ProfileError::Missing {
        name: name.into(),
        folder: folder.display().to_string(),
        others,
    }
}
