//! A folder of Parquet files that are read as one data set.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{Parquet, RECORDINGS_KEY, failed};
use crate::events::Event;
use crate::files::{IfExists, PendingFile};
use crate::sink::{Sink, utterance};
use crate::text::name_hash;

/// Begins the name of the part of a recording with an error.
const INCOMPLETE_PREFIX: &str = "incomplete-";

/// Recordings per part: the most that is lost when a machine stops.
const RECORDINGS_PER_PART: usize = 256;

/// Writes a data set: parts of some hundred recordings, each written atomically. A
/// recording with an error gets a part of its own, so that it can be replaced.
pub struct ParquetParts {
    folder: PathBuf,
    prefix: String,
    next: usize,
    open: Option<(Parquet<BufWriter<File>>, PendingFile)>,
    /// The events of the current recording that Parquet needs.
    current: Vec<Event>,
    failed: bool,
}

impl ParquetParts {
    /// Writes parts named `prefix-NNNNN.parquet` to `folder`, after existing ones.
    ///
    /// # Errors
    /// The system's error about the folder.
    pub fn new(folder: &Path, prefix: String) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut parts = Self {
            folder: folder.to_owned(),
            prefix,
            next: 0,
            open: None,
            current: Vec::new(),
            failed: false,
        };
        while parts.path().exists() {
            parts.next += 1;
        }
        Ok(parts)
    }

    fn path(&self) -> PathBuf {
        let name = format!("{}-{:05}.parquet", self.prefix, self.next);
        self.folder.join(name)
    }

    /// The part of a recording with an error; shards that share the folder agree on it.
    fn own_path(&self, name: &str) -> PathBuf {
        let name = format!("{INCOMPLETE_PREFIX}{:016x}.parquet", name_hash(name));
        self.folder.join(name)
    }

    /// Writes a complete recording to the open part, another one to its own part.
    fn write(&mut self, name: &str) -> io::Result<()> {
        let events = std::mem::take(&mut self.current);
        if std::mem::take(&mut self.failed) {
            let path = self.own_path(name);
            let (part, out) = PendingFile::create(&path, IfExists::Replace)?;
            let mut sink = Parquet::new(BufWriter::new(out));
            for event in &events {
                sink.event(Some(name), event)?;
            }
            sink.finish()?;
            return part.keep();
        }
        let path = self.path();
        let (sink, _) = match &mut self.open {
            Some(open) => open,
            closed => {
                let (part, out) = PendingFile::create(&path, IfExists::Keep)?;
                closed.insert((Parquet::new(BufWriter::new(out)), part))
            }
        };
        for event in &events {
            sink.event(Some(name), event)?;
        }
        if sink.held.len() >= RECORDINGS_PER_PART {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some((mut sink, part)) = self.open.take() {
            sink.finish()?;
            part.keep()?;
            self.next += 1;
            for name in &sink.held {
                remove_if_present(&self.own_path(name))?;
            }
        }
        Ok(())
    }
}

impl Sink for ParquetParts {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        match event {
            Event::SessionStart(_) => {
                self.current.clear();
                self.failed = false;
            }
            Event::Error(_) => self.failed = true,
            Event::SessionEnd(_) | Event::Speakers(_) => {}
            _ if utterance(event).is_some() => {}
            _ => return Ok(()),
        }
        self.current.push(event.clone());
        if let Event::SessionEnd(_) = event {
            self.write(file.unwrap_or_default())?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.close()
    }
}

/// The recordings of a data set.
#[derive(Debug, Default)]
pub struct DataSetContent {
    /// Those that were read without an error.
    pub complete: BTreeSet<String>,
    /// The others, and the part of each.
    pub incomplete: BTreeMap<String, PathBuf>,
}

impl DataSetContent {
    /// Whether the data set has rows of a recording, or had to have some.
    pub fn contains(&self, name: &str) -> bool {
        self.complete.contains(name) || self.incomplete.contains_key(name)
    }
}

/// Removes the parts of incomplete recordings that are complete in another part: a run
/// stopped before it could do so.
///
/// # Errors
/// The system's error.
pub fn remove_outdated(held: &DataSetContent) -> io::Result<()> {
    let outdated = held.incomplete.iter();
    for (_, path) in outdated.filter(|(name, _)| held.complete.contains(*name)) {
        remove_if_present(path)?;
    }
    Ok(())
}

/// Removes a file that another shard may remove at the same time.
fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The recordings of the data set in `folder`.
///
/// # Errors
/// An unreadable part, with its name.
pub fn content(folder: &Path) -> io::Result<DataSetContent> {
    let mut held = DataSetContent::default();
    if !folder.is_dir() {
        return Ok(held);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "parquet")
        {
            continue;
        }
        let names = recordings(&path)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(INCOMPLETE_PREFIX) {
            let names = names.into_iter();
            held.incomplete
                .extend(names.map(|name| (name, path.clone())));
        } else {
            held.complete.extend(names);
        }
    }
    Ok(held)
}

/// The recordings of a part.
fn recordings(path: &Path) -> io::Result<Vec<String>> {
    let reader = SerializedFileReader::new(File::open(path)?).map_err(failed)?;
    let pairs = reader.metadata().file_metadata().key_value_metadata();
    let lists = pairs
        .into_iter()
        .flatten()
        .filter(|pair| pair.key == RECORDINGS_KEY);
    let mut names = Vec::new();
    for list in lists.filter_map(|pair| pair.value.as_deref()) {
        names.extend(serde_json::from_str::<Vec<String>>(list)?);
    }
    Ok(names)
}
