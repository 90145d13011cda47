//! What is known of a voice before it is judged.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::hear::hear;
use super::walk::{Found, path_of};
use crate::audio::file::AudioFile;
use crate::audio::source::{DecodeError, Source, Spec};
use crate::baseline::Baseline;
use crate::classifier::Enrolment;
use crate::cli::jobs::Jobs;
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;

/// Recordings of a folder, evenly spread over it, that tell how voices sound there.
const SPREAD: usize = 60;
/// What is heard of each of them, in seconds.
const OPENING_S: f64 = 15.0;
/// What others said weighs no more than so many seconds of the voice itself. More
/// is right more often on acted speech, but calls plain reading anger or fear: 4 %
/// of it with 3 s, 11 % with 20 s.
const OTHERS_S: f64 = 3.0;
/// Files that are heard before their voices are put together.
const AT_ONCE: usize = 256;

/// Over what a baseline is gathered first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Gather {
    /// A part of each folder of several files, whoever speaks in it; then the
    /// voice itself while it speaks. Without effect beside --profile
    Auto,
    /// Nothing: each file begins with a stranger, or with --profile
    None,
    /// Each file, heard twice: one voice a file
    File,
    /// Each folder, heard twice: one voice a folder
    Folder,
}

/// The wish for it.
#[derive(Debug, Clone, Copy, Args)]
pub struct Before {
    /// What is heard beforehand, so that a voice is judged against a baseline from the first word
    #[arg(long, value_enum, default_value = "auto")]
    pub baseline: Gather,
}

/// The voices of all files.
pub enum Voices {
    /// What the engine begins with.
    Strangers,
    /// What the file itself tells.
    PerFile,
    /// What the files of a folder tell.
    PerFolder {
        /// By the folder's path.
        folders: BTreeMap<PathBuf, Baseline>,
        /// Whether that is the voice itself.
        fixed: bool,
    },
}

impl Voices {
    /// Hears what `gather` asks for in the folders of `files`: of `all` of them,
    /// also what another shard judges. What cannot be read is told when it is
    /// judged.
    pub fn gather(
        gather: Gather,
        all: &[Found],
        files: &[Found],
        choice: ChannelChoice,
        jobs: Jobs,
        engine: &Engine,
    ) -> Self {
        let fixed = match gather {
            Gather::None => return Self::Strangers,
            Gather::Auto if engine.enrolment.baseline.is_some() => return Self::Strangers,
            Gather::File => return Self::PerFile,
            Gather::Auto => false,
            Gather::Folder => true,
        };
        let mut folders: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
        let wanted: BTreeSet<PathBuf> = files.iter().map(path_of).map(folder_of).collect();
        for path in all.iter().filter_map(|found| found.as_deref().ok()) {
            let folder = folder_of(path);
            if wanted.contains(&folder) {
                folders.entry(folder).or_default().push(path);
            }
        }
        if !fixed {
            folders.retain(|_, paths| paths.len() > 1);
            folders.values_mut().for_each(spread);
        }
        let most_s = if fixed { f64::INFINITY } else { OPENING_S };
        let paths: Vec<&Path> = folders.into_values().flatten().collect();
        let mut voices = BTreeMap::new();
        for part in paths.chunks(AT_ONCE) {
            let heard = jobs.map(part, |path| heard(path, most_s, choice, engine));
            for (path, voice) in part.iter().zip(heard) {
                let Some(voice) = voice else { continue };
                match voices.entry(folder_of(path)) {
                    Entry::Vacant(free) => drop(free.insert(voice)),
                    Entry::Occupied(mut known) => Baseline::merge(known.get_mut(), &voice),
                }
            }
        }
        if !fixed {
            for voice in voices.values_mut() {
                voice.cap_seconds(OTHERS_S);
            }
        }
        Self::PerFolder {
            folders: voices,
            fixed,
        }
    }

    /// The engine that knows the voice of a file.
    pub fn before(&self, path: &Path, choice: ChannelChoice, engine: &Engine) -> Engine {
        let (baseline, fixed) = match self {
            Self::Strangers => return engine.clone(),
            Self::PerFile => (heard(path, f64::INFINITY, choice, engine), true),
            Self::PerFolder { folders, fixed } => (folders.get(&folder_of(path)).cloned(), *fixed),
        };
        engine.with_enrolment(Enrolment { baseline, fixed })
    }
}

/// Leaves so many that what they tell is about the whole, in their order.
fn spread(paths: &mut Vec<&Path>) {
    let count = paths.len();
    if count > SPREAD {
        *paths = (0..SPREAD)
            .map(|place| paths[place * count / SPREAD])
            .collect();
    }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// The voice of one file, from its first `most_s` seconds.
fn heard(path: &Path, most_s: f64, choice: ChannelChoice, engine: &Engine) -> Option<Baseline> {
    let found = Ok(path.to_path_buf());
    let opening = |source| -> Box<dyn Source> { Box::new(Opening::new(source, most_s)) };
    let work = || hear(&found, choice, engine, opening, drop);
    catch_unwind(AssertUnwindSafe(work)).ok()?
}

/// The beginning of a recording.
struct Opening {
    source: AudioFile,
    /// Samples until it ends.
    left: usize,
}

impl Opening {
    fn new(source: AudioFile, most_s: f64) -> Self {
        let spec = source.spec();
        let frames = (most_s * f64::from(spec.sample_rate)).ceil() as usize;
        let left = frames.saturating_mul(usize::from(spec.channels));
        Self { source, left }
    }
}

impl Source for Opening {
    fn spec(&self) -> Spec {
        self.source.spec()
    }

    fn total_s(&self) -> Option<f64> {
        None
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let before = out.len();
        let more = self.source.read(out)?;
        out.truncate(before.saturating_add(self.left));
        self.left -= out.len() - before;
        Ok(more && self.left > 0)
    }

    fn seek(&mut self, _: f64) -> Result<f64, DecodeError> {
        Err(DecodeError::CannotSeek)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_are_heard_first_are_spread_over_the_folder() {
        for count in [2, 59, 60, 61, 1000, 123_456] {
            let names: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let mut paths: Vec<&Path> = names.iter().map(Path::new).collect();
            spread(&mut paths);
            let numbers: Vec<usize> = paths
                .iter()
                .map(|path| path.display().to_string().parse().unwrap())
                .collect();
            assert_eq!(numbers.len(), count.min(SPREAD));
            assert_eq!(numbers[0], 0);
            let widest = count.div_ceil(SPREAD);
            let apart = |pair: &[usize]| (1..=widest).contains(&(pair[1] - pair[0]));
            assert!(numbers.windows(2).all(apart), "{numbers:?}");
            assert!(count - numbers[numbers.len() - 1] <= widest);
        }
    }

    #[test]
    fn an_opening_ends_after_its_seconds_to_the_sample() {
        for (name, most_s) in [
            ("speech-48k-stereo.flac", 0.123_456),
            ("speech-16k.wav", 1.0),
            ("speech-16k.wav", 1e9),
        ] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/data")
                .join(name);
            let whole = read(AudioFile::open(&path).unwrap());
            let source = AudioFile::open(&path).unwrap();
            let spec = source.spec();
            let frames = (most_s * f64::from(spec.sample_rate)).ceil() as usize;
            let expected = whole.len().min(frames * usize::from(spec.channels));
            assert_eq!(read(Opening::new(source, most_s)), whole[..expected]);
        }
    }

    fn read(mut source: impl Source) -> Vec<f32> {
        let mut out = Vec::new();
        while source.read(&mut out).unwrap() {}
        out
    }
}
