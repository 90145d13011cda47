//! Speaker baselines that are collected before a recording is analyzed.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::jobs::Jobs;
use super::recording::Recording;
use crate::audio::source::{DecodeError, Source, Spec};
use crate::baseline::Baseline;
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::speakers::SpeakerWindow;
use crate::speakers::same_speaker::is_one_speaker;

/// Recordings sampled evenly from a folder for its baseline.
const RECORDINGS_PER_FOLDER: usize = 60;
/// Seconds decoded of each of them.
const OPENING_PER_RECORDING_S: f64 = 15.0;
/// Recordings decoded before their baselines are merged.
const RECORDINGS_PER_MERGE: usize = 256;
/// Recordings of a folder, and seconds of each, that show whether one person speaks in
/// all of them. Embedding them costs about a second of processor time.
const SPEAKER_SPREAD: usize = 20;
const SPEAKER_OPENING_S: f64 = 6.0;

/// The recordings that share one baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A sample of each folder with several recordings, followed by the speaker's own
    /// speech. The sample weighs little, unless one person speaks in all of it. Nothing
    /// where the engine has a baseline from a profile.
    Auto,
    /// Nothing: every recording starts with the engine's baseline.
    None,
    /// Each recording: one speaker per recording.
    Recording,
    /// Each folder: one speaker per folder.
    Folder,
}

/// The baselines of all recordings.
pub enum Baselines {
    /// The engine's baseline.
    Engine,
    /// A baseline of the recording itself.
    Recording,
    /// A baseline of the folder's recordings.
    Folder {
        /// By the folder's path; one for each analyzed channel.
        folders: BTreeMap<PathBuf, Vec<Option<Baseline>>>,
        /// Whether it is the speaker's own baseline, which stays unchanged.
        fixed: bool,
    },
}

impl Baselines {
    /// Decodes the recordings that `scope` needs in the folders of `wanted`: from `all`
    /// recordings there, including those of another shard. Failures are reported when
    /// the recording is analyzed. Streams are left out, because they can be read only
    /// once; the second value is a warning for each of them.
    pub fn collect(
        scope: Scope,
        all: &[Recording],
        wanted: &[Recording],
        channel: ChannelSelection,
        jobs: Jobs,
        engine: &Engine,
    ) -> (Self, Vec<String>) {
        let tracking = engine;
        // A shared baseline covers all speakers.
        let engine = &engine.without_speakers();
        let fixed = match scope {
            Scope::None => return (Self::Engine, Vec::new()),
            Scope::Auto if engine.enrolment.baseline.is_some() => {
                return (Self::Engine, Vec::new());
            }
            Scope::Recording => return (Self::Recording, streams(wanted)),
            Scope::Auto => false,
            Scope::Folder => true,
        };
        let wanted_folders: BTreeSet<PathBuf> = wanted.iter().map(folder_of).collect();
        let mut folders: BTreeMap<PathBuf, Vec<&Recording>> = BTreeMap::new();
        for recording in all {
            let folder = folder_of(recording);
            if recording.problem.is_none()
                && wanted_folders.contains(&folder)
                && !recording.is_stream()
            {
                folders.entry(folder).or_default().push(recording);
            }
        }
        if !fixed {
            folders.retain(|_, recordings| recordings.len() > 1);
            for recordings in folders.values_mut() {
                spread(recordings, RECORDINGS_PER_FOLDER);
            }
        }
        let of_one = if fixed {
            BTreeMap::new()
        } else {
            one_speaker(&folders, channel, jobs, tracking)
        };
        let most_s = if fixed {
            f64::INFINITY
        } else {
            OPENING_PER_RECORDING_S
        };
        let recordings: Vec<&Recording> = folders.into_values().flatten().collect();
        let mut folders = BTreeMap::new();
        for part in recordings.chunks(RECORDINGS_PER_MERGE) {
            let found = jobs.map(part, |recording| {
                baselines(recording, most_s, channel, engine)
            });
            for (recording, baselines) in part.iter().zip(found) {
                let known: &mut Vec<Option<Baseline>> =
                    folders.entry(folder_of(recording)).or_default();
                known.resize(known.len().max(baselines.len()), None);
                for (known, found) in known.iter_mut().zip(baselines) {
                    match (known, found) {
                        (Some(known), Some(found)) => known.merge(&found),
                        (known @ None, found) => *known = found,
                        (Some(_), None) => {}
                    }
                }
            }
        }
        if !fixed {
            let most_s = engine.model.spec.tuning.folder_s;
            for (folder, baselines) in &mut folders {
                let is_one = |channel: usize| {
                    let channels = of_one.get(folder);
                    channels.and_then(|channels| channels.get(channel)) == Some(&true)
                };
                for (channel, baseline) in baselines.iter_mut().enumerate() {
                    if let Some(baseline) = baseline
                        && !is_one(channel)
                    {
                        baseline.cap_seconds(most_s);
                    }
                }
            }
        }
        let warnings = if fixed { streams(wanted) } else { Vec::new() };
        (Self::Folder { folders, fixed }, warnings)
    }

    /// The engine with the baseline for a recording.
    pub fn engine(
        &self,
        recording: &Recording,
        channel: ChannelSelection,
        engine: &Engine,
    ) -> Engine {
        let (baselines, fixed) = match self {
            Self::Engine => return engine.clone(),
            Self::Recording | Self::Folder { fixed: true, .. } if recording.is_stream() => {
                return engine.clone();
            }
            Self::Recording => {
                let one = engine.without_speakers();
                (baselines(recording, f64::INFINITY, channel, &one), true)
            }
            Self::Folder { folders, fixed } => {
                let known = folders.get(&folder_of(recording));
                (known.cloned().unwrap_or_default(), *fixed)
            }
        };
        engine.with_baselines(baselines, fixed)
    }
}

/// A warning for each stream.
fn streams(recordings: &[Recording]) -> Vec<String> {
    let streams = recordings.iter().filter(|recording| recording.is_stream());
    let warning = |recording: &Recording| {
        format!(
            "{} is a stream, which can be read only once: it is analyzed without an \
             initial baseline",
            recording.name
        )
    };
    streams.map(warning).collect()
}

/// Keeps `most` recordings that represent all, in their order.
fn spread(recordings: &mut Vec<&Recording>, most: usize) {
    let count = recordings.len();
    if count > most {
        *recordings = (0..most)
            .map(|place| recordings[place * count / most])
            .collect();
    }
}

/// Whether a folder has one speaker, for each channel that is analyzed. Empty if
/// `engine` does not track speakers, or the user set their number.
fn one_speaker(
    folders: &BTreeMap<PathBuf, Vec<&Recording>>,
    channel: ChannelSelection,
    jobs: Jobs,
    engine: &Engine,
) -> BTreeMap<PathBuf, Vec<bool>> {
    let Some(speakers) = engine.speakers.as_ref().filter(|it| it.count.is_none()) else {
        return BTreeMap::new();
    };
    let least = speakers.tuning().one_speaker;
    let of_folder = |(folder, recordings): (&PathBuf, &Vec<&Recording>)| {
        let mut some = recordings.clone();
        spread(&mut some, SPEAKER_SPREAD);
        let found = jobs.map(&some, |recording| {
            speaker_windows(recording, channel, engine)
        });
        let channels = found.iter().map(Vec::len).max().unwrap_or(0);
        let of_channel = |index: usize| {
            let of_recordings = found.iter().filter_map(|channels| channels.get(index));
            is_one_speaker(of_recordings, least)
        };
        (folder.clone(), (0..channels).map(of_channel).collect())
    };
    folders.iter().map(of_folder).collect()
}

/// The speaker windows of each channel in the opening of a recording.
fn speaker_windows(
    recording: &Recording,
    channel: ChannelSelection,
    engine: &Engine,
) -> Vec<Vec<SpeakerWindow>> {
    in_opening(recording, SPEAKER_OPENING_S, |source| {
        recording.speaker_windows(source, channel, engine)
    })
}

fn folder_of(recording: &Recording) -> PathBuf {
    let folder = recording.path.parent().unwrap_or(Path::new(""));
    folder.to_path_buf()
}

/// The baseline of each channel of one recording, from its first `most_s` seconds.
fn baselines(
    recording: &Recording,
    most_s: f64,
    channel: ChannelSelection,
    engine: &Engine,
) -> Vec<Option<Baseline>> {
    in_opening(recording, most_s, |source| {
        recording
            .analyze(source, channel, engine, &mut drop)
            .baselines
    })
}

/// What `work` finds in the first `most_s` seconds of a recording; nothing if it cannot
/// be opened or a decoder panics.
fn in_opening<T: Default>(
    recording: &Recording,
    most_s: f64,
    work: impl FnOnce(&mut dyn Source) -> T,
) -> T {
    let work = || {
        let source = recording.open(&mut drop)?;
        Some(work(&mut Opening::new(source, most_s)))
    };
    catch_unwind(AssertUnwindSafe(work))
        .ok()
        .flatten()
        .unwrap_or_default()
}

/// The beginning of a recording.
struct Opening<S> {
    source: S,
    /// Samples left until the opening ends.
    left: usize,
}

impl<S: Source> Opening<S> {
    fn new(source: S, most_s: f64) -> Self {
        let spec = source.spec();
        let frames = (most_s * f64::from(spec.sample_rate)).ceil() as usize;
        let left = frames.saturating_mul(usize::from(spec.channels));
        Self { source, left }
    }
}

impl<S: Source> Source for Opening<S> {
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

    fn take_gap(&mut self) -> u64 {
        self.source.take_gap()
    }

    fn seek(&mut self, _: f64) -> Result<f64, DecodeError> {
        Err(DecodeError::CannotSeek)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::audio::file::AudioFile;

    #[test]
    fn baselines_come_from_recordings_all_over_a_folder() {
        for count in [2, 59, 60, 61, 1000, 123_456] {
            let all: Vec<Recording> = (0..count).map(|n| Recording::new(n.to_string())).collect();
            let mut recordings: Vec<&Recording> = all.iter().collect();
            spread(&mut recordings, RECORDINGS_PER_FOLDER);
            let numbers: Vec<usize> = recordings.iter().map(|r| r.name.parse().unwrap()).collect();
            assert_eq!(numbers.len(), count.min(RECORDINGS_PER_FOLDER));
            assert_eq!(numbers[0], 0);
            let widest = count.div_ceil(RECORDINGS_PER_FOLDER);
            let apart = |pair: &[usize]| (1..=widest).contains(&(pair[1] - pair[0]));
            assert!(numbers.windows(2).all(apart), "{numbers:?}");
            assert!(count - numbers[numbers.len() - 1] <= widest);
        }
    }

    #[test]
    fn an_opening_ends_at_its_last_sample() {
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
