//! Sessions: pump a source through the pipeline and send the events to the outlets.
//! Clocks and threads belong here, not in the core.
//!
//! Options make a [`Session`]; [`handle::start`] runs it on its own thread.

pub mod audio_file;
pub mod event_log;
pub mod handle;
mod input_levels;
pub mod latency;
pub mod live;
mod lookahead;
mod microphone;
pub mod outlets;
mod playback;
pub mod player;
mod poll_timer;
mod record;
mod sound;
mod status;
mod timeline;
mod watch;

pub use playback::PlaybackOptions;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError};

use self::latency::LatencyMeter;
use self::outlets::Outlets;
use crate::audio::source::Spec;
use crate::baseline::Baseline;
use crate::classifier::{Classifier, ClassifierError};
use crate::dsp::mono::{ChannelChoice, ChannelSelection};
use crate::engine::{Engine, EngineError};
use crate::events::{EVENT_SCHEMA, SessionStart, SourceKind};
use crate::messages::Control;
use crate::pipeline::{ChannelPipelines, InputError, InputFormat, Pipeline};
use crate::profile::ProfileError;

/// How often levels and positions are sent to the screen.
const SCREEN_INTERVAL: Duration = Duration::from_millis(50);

/// Turns audio, or an earlier session, into events.
pub trait Session: Send + 'static {
    /// Runs until its input ends or [`Control::Quit`] arrives. Returns the speaker's
    /// baseline at the end, if the model uses one.
    ///
    /// # Errors
    /// The error of the input or the engine.
    fn run(
        self,
        outlets: &mut Outlets,
        controls: &Receiver<Control>,
    ) -> Result<Option<Baseline>, SessionError>;
}

/// Why a session ended early.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The input's rate or channel cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The profile could not be read.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The recording could not be read, or not to its end.
    #[error("{name} {reason}")]
    Decode {
        /// The file.
        name: String,
        /// The error.
        reason: crate::audio::source::DecodeError,
    },
    /// The events could not be written to their file.
    #[error("cannot write the recording {path}: {reason}")]
    Recording {
        /// The file.
        path: String,
        /// The system's error.
        reason: io::Error,
    },
    /// The session's thread has ended.
    #[error("the session crashed; the log says where")]
    Crashed,
}

impl From<ClassifierError> for SessionError {
    fn from(error: ClassifierError) -> Self {
        Self::Engine(error.into())
    }
}

/// The header of a session.
pub fn header(
    engine: &Engine,
    source: SourceKind,
    name: &str,
    spec: Spec,
    channels: ChannelSelection,
) -> SessionStart {
    let model = &engine.model;
    SessionStart {
        schema: EVENT_SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        source,
        name: name.into(),
        sample_rate: spec.sample_rate,
        channels: spec.channels,
        by_channel: channels == ChannelSelection::Each,
        speakers: engine.known_speakers(),
        labels: model.spec.labels.iter().map(ToString::to_string).collect(),
        colors: model.spec.colors.clone(),
        model: model.name.clone(),
        model_sha256: model.sha256.clone(),
        replaced: engine.replaced.clone(),
        engine: engine.name.clone(),
        started_at: None,
    }
}

/// The pipelines of an input, with the engine's classifiers, and their latency meter.
///
/// # Errors
/// An unusable input, or a model that the engine rejects.
pub fn pipelines(
    engine: &Engine,
    spec: Spec,
    channels: ChannelSelection,
) -> Result<(ChannelPipelines, LatencyMeter), SessionError> {
    let latency = LatencyMeter::default();
    let signals = channels.choices(spec.channels).len();
    let mut classifiers = engine.classifiers(signals)?.into_iter();
    let make = |input| {
        let classifier = classifiers.next().map_or_else(|| engine.classifier(), Ok)?;
        pipeline(engine, input, channels, latency.timed(classifier))
    };
    let pipelines = ChannelPipelines::new(spec.sample_rate, spec.channels, channels, make)?;
    Ok((pipelines, latency))
}

/// The pipelines of a first pass over an input. They classify nothing and collect the
/// windows of the speakers.
///
/// # Errors
/// An unusable input, or a network that the engine rejects.
fn collectors(
    engine: &Engine,
    spec: Spec,
    channels: ChannelSelection,
) -> Result<ChannelPipelines, SessionError> {
    let make = |input| {
        let (Some(network), Some(speakers)) = (engine.speaker_network()?, &engine.speakers) else {
            return Err(EngineError::NotTracking.into());
        };
        let tuning = speakers.tuning().clone();
        let spec = Arc::new(engine.model.spec.clone());
        Ok::<_, SessionError>(Pipeline::collecting(input, spec, network, tuning)?)
    };
    ChannelPipelines::new(spec.sample_rate, spec.channels, channels, make)
}

/// The pipeline of one signal.
fn pipeline(
    engine: &Engine,
    input: InputFormat,
    channels: ChannelSelection,
    classifier: Box<dyn Classifier>,
) -> Result<Pipeline, SessionError> {
    let index = match (channels, input.choice) {
        (ChannelSelection::Each, ChannelChoice::One(number)) => usize::from(number) - 1,
        _ => 0,
    };
    Ok(Pipeline::new(
        input,
        Arc::new(engine.model.spec.clone()),
        classifier,
        engine.channel_enrolment(index),
        engine.speaker_mode(index)?,
    )?)
}

/// The next control, without waiting; `Quit` when the sender was dropped.
fn next_control(controls: &Receiver<Control>) -> Option<Control> {
    match controls.try_recv() {
        Ok(control) => Some(control),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Disconnected) => Some(Control::Quit),
    }
}
