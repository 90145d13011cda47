//! Events from samples or from a file, for programs that use the library.

use std::path::Path;

use crate::audio::file::AudioFile;
use crate::audio::source::{Source, Spec};
use crate::dsp::mono::ChannelChoice;
use crate::engine::Engine;
use crate::events::Event;
use crate::pipeline::ChannelPipelines;
use crate::session::{self, SessionError};

/// A session on pushed samples. It returns the events as they occur.
pub struct Analyzer {
    pipeline: ChannelPipelines,
}

impl Analyzer {
    /// A session on interleaved samples at `sample_rate` hertz, 1000 to 768 000. The
    /// `channels` channels are mixed.
    ///
    /// # Errors
    /// A format that cannot be used, or a model that the engine rejects.
    pub fn new(engine: &Engine, sample_rate: u32, channels: u16) -> Result<Self, SessionError> {
        let spec = Spec {
            sample_rate,
            channels,
        };
        let (pipeline, _) = session::pipelines(engine, spec, ChannelChoice::Mix.into())?;
        Ok(Self { pipeline })
    }

    /// Processes whole interleaved frames, nominally in `[-1, 1]`. The sizes of the
    /// blocks do not change the events.
    ///
    /// # Errors
    /// The engine's error on a window.
    pub fn push(&mut self, interleaved: &[f32]) -> Result<Vec<Event>, SessionError> {
        let mut events = Vec::new();
        self.pipeline.push(interleaved, &mut events)?;
        Ok(events)
    }

    /// Ends the session: the events of an open utterance, and the summary last.
    ///
    /// # Errors
    /// The engine's error on the last utterance.
    pub fn finish(mut self) -> Result<Vec<Event>, SessionError> {
        let mut events = Vec::new();
        self.pipeline.finish(&mut events)?;
        Ok(events)
    }
}

/// All events of a recording, the summary last.
///
/// # Errors
/// A file that cannot be read to its end, or the engine's error on a window.
pub fn analyze_file(engine: &Engine, path: &Path) -> Result<Vec<Event>, SessionError> {
    let failed = |reason| SessionError::Decode {
        name: path.display().to_string(),
        reason,
    };
    let mut file = AudioFile::open(path).map_err(failed)?;
    let spec = file.spec();
    let mut analyzer = Analyzer::new(engine, spec.sample_rate, spec.channels)?;
    let (mut samples, mut events) = (Vec::new(), Vec::new());
    while file.read(&mut samples).map_err(failed)? {
        events.extend(analyzer.push(&samples)?);
        samples.clear();
    }
    events.extend(analyzer.finish()?);
    Ok(events)
}
