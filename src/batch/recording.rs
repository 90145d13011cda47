//! Analyzes one recording.

use std::io;
use std::path::{Path, PathBuf};

use crate::audio::file::AudioFile;
use crate::audio::source::{DecodeError, Source};
use crate::dsp::mono::ChannelSelection;
use crate::engine::Engine;
use crate::events::{ErrorEvent, Event, SourceKind};
use crate::session::audio_file::{Analysis, FileOptions, analyze, collect, with_turns};
use crate::speakers::SpeakerWindow;
use crate::text::path_name;

/// The path that stands for standard input.
pub const STANDARD_INPUT: &str = "-";

/// A recording to analyze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Its name in every output; unique within a run.
    pub name: String,
    /// Its path; [`STANDARD_INPUT`] is standard input.
    pub path: PathBuf,
    /// The folder that the user named, where it was found in one.
    pub root: Option<PathBuf>,
    /// The number of its audio track, from 1; `None` selects the container's default.
    pub track: Option<usize>,
    /// Why it cannot be analyzed, as words that follow its name.
    pub problem: Option<String>,
}

impl Recording {
    /// A recording at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let name = if path == Path::new(STANDARD_INPUT) {
            "standard input".into()
        } else {
            path_name(&path)
        };
        Self {
            name,
            path,
            root: None,
            track: None,
            problem: None,
        }
    }

    /// Whether it is standard input.
    pub fn is_standard_input(&self) -> bool {
        self.path == Path::new(STANDARD_INPUT)
    }

    /// Whether it can be read only once: standard input, a pipe, a device.
    pub fn is_stream(&self) -> bool {
        self.is_standard_input() || std::fs::metadata(&self.path).is_ok_and(|file| !file.is_file())
    }

    /// The kind of source in its events.
    pub fn kind(&self) -> SourceKind {
        if self.is_standard_input() {
            SourceKind::Stdin
        } else {
            SourceKind::File
        }
    }

    /// Its size in bytes; 0 where unknown.
    pub fn bytes(&self) -> u64 {
        if self.is_standard_input() {
            return 0;
        }
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Opens it; reports a failure as an event.
    pub fn open(&self, event: &mut dyn FnMut(Event)) -> Option<AudioFile> {
        let opened = match &self.problem {
            Some(problem) => Err(problem.clone()),
            None => self.decoder().map_err(|error| error.to_string()),
        };
        opened
            .inspect_err(|problem| {
                let message = format!("{} {problem}", self.name);
                event(Event::Error(ErrorEvent { message }));
            })
            .ok()
    }

    /// Opens it.
    ///
    /// # Errors
    /// What is wrong with it, as words that follow its name.
    pub fn decoder(&self) -> Result<AudioFile, DecodeError> {
        if self.is_standard_input() {
            AudioFile::from_reader_track(io::stdin(), self.track)
        } else {
            AudioFile::open_track(&self.path, self.track)
        }
    }

    /// The engine with the speaker turns of this recording, found in a separate pass. A
    /// stream is tracked while it is read. Without speaker tracking the engine is
    /// returned unchanged.
    pub fn with_turns(&self, channel: ChannelSelection, engine: &Engine) -> Engine {
        let wanted = engine.speakers.is_some() && !self.is_stream() && self.problem.is_none();
        let source = wanted.then(|| self.decoder().ok()).flatten();
        match source {
            Some(mut source) => with_turns(&mut source, engine, &self.options(channel)),
            None => engine.clone(),
        }
    }

    /// The windows of the speaker network in what `source` reads of it, for each channel
    /// that is analyzed.
    pub fn speaker_windows(
        &self,
        source: &mut dyn Source,
        channel: ChannelSelection,
        engine: &Engine,
    ) -> Vec<Vec<SpeakerWindow>> {
        let collected = collect(source, engine, &self.options(channel)).into_iter();
        collected.map(|found| found.windows).collect()
    }

    fn options(&self, channel: ChannelSelection) -> FileOptions {
        FileOptions {
            kind: self.kind(),
            name: self.name.clone(),
            channel,
            notice: |_| {},
        }
    }

    /// Analyzes what `source` reads from it. A failure becomes an event, and the
    /// analysis is empty.
    pub fn analyze(
        &self,
        source: &mut dyn Source,
        channel: ChannelSelection,
        engine: &Engine,
        event: &mut dyn FnMut(Event),
    ) -> Analysis {
        let options = self.options(channel);
        let mut reported = false;
        let result = analyze(source, engine, &options, &mut |next| {
            reported |= matches!(next, Event::Error(_));
            event(next);
        });
        result
            .inspect_err(|error| {
                if !reported {
                    let message = format!("{}: {error}", self.name);
                    event(Event::Error(ErrorEvent { message }));
                }
            })
            .unwrap_or_default()
    }
}
