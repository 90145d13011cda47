//! What is known of a voice before it is judged.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::hear::hear;
use super::walk::{Found, path_of};
use crate::baseline::Baseline;
use crate::cli::jobs::Jobs;
use crate::dsp::mono::ChannelChoice;
use crate::engine::{Engine, Voice};

/// Over what a baseline is gathered first; everything is heard twice then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Gather {
    /// Nothing: each file begins with a stranger, or with --profile
    None,
    /// Each file: one voice a file
    File,
    /// Each folder: one voice a folder
    Folder,
}

/// The voices of all files.
pub enum Voices {
    /// What the engine begins with.
    Strangers,
    /// What the file itself tells.
    PerFile,
    /// What all files of a folder tell.
    PerFolder(BTreeMap<PathBuf, Baseline>),
}

impl Voices {
    /// Hears everything once in the folders of `files` where a folder has one
    /// voice: `all` of it, also what another shard judges. What cannot be read is
    /// told when it is judged.
    pub fn gather(
        gather: Gather,
        all: &[Found],
        files: &[Found],
        choice: ChannelChoice,
        jobs: Jobs,
        engine: &Engine,
    ) -> Self {
        match gather {
            Gather::None => Self::Strangers,
            Gather::File => Self::PerFile,
            Gather::Folder => {
                let wanted: BTreeSet<PathBuf> = files.iter().map(path_of).map(folder_of).collect();
                let paths: Vec<&Path> = all
                    .iter()
                    .filter_map(|found| found.as_deref().ok())
                    .filter(|path| wanted.contains(&folder_of(path)))
                    .collect();
                let voices = jobs.map(&paths, |path| heard(path, choice, engine));
                let mut folders = BTreeMap::new();
                for (path, voice) in paths.into_iter().zip(voices) {
                    let Some(voice) = voice else { continue };
                    match folders.entry(folder_of(path)) {
                        Entry::Vacant(free) => drop(free.insert(voice)),
                        Entry::Occupied(mut known) => Baseline::merge(known.get_mut(), &voice),
                    }
                }
                Self::PerFolder(folders)
            }
        }
    }

    /// The engine that knows the voice of a file.
    pub fn before(&self, path: &Path, choice: ChannelChoice, engine: &Engine) -> Engine {
        let known = match self {
            Self::Strangers => return engine.clone(),
            Self::PerFile => heard(path, choice, engine),
            Self::PerFolder(folders) => folders.get(&folder_of(path)).cloned(),
        };
        engine.with_voice(Voice { known, fixed: true })
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// The voice of one file.
fn heard(path: &Path, choice: ChannelChoice, engine: &Engine) -> Option<Baseline> {
    let found = Ok(path.to_path_buf());
    let work = || hear(&found, choice, engine, |source| Box::new(source), drop);
    catch_unwind(AssertUnwindSafe(work)).ok()?
}
