//! Running sessions: a source is pumped through the pipeline, the events go to
//! the sinks and the screen. Clocks and threads live here, not in the core.

pub mod microphone;
mod pace;
pub mod picker;
pub mod recorded;
pub mod recording;
mod watch;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, unbounded};

use crate::audio::source::Spec;
use crate::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use crate::dsp::mono::ChannelChoice;
use crate::engine::{Engine, EngineError};
use crate::events::{Event, SCHEMA, SessionStart, SourceKind};
use crate::failpoint::failpoint;
use crate::messages::{Control, Level, Status, Update};
use crate::pipeline::{InputError, InputFormat, Pipeline};
use crate::profile::ProfileError;
use crate::sink::Sink;

/// How often levels and positions go to the screen.
pub const SCREEN_EVERY: Duration = Duration::from_millis(50);

/// Why a session ended early.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The input has a rate or a channel that cannot be heard.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The voice to begin with could not be had.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The recording could not be read, or not to its end.
    #[error("{name} {reason}")]
    Decode {
        /// The file.
        name: String,
        /// What is wrong with it.
        reason: crate::audio::source::DecodeError,
    },
    /// The events could not be kept.
    #[error("cannot write the recording {path}: {reason}")]
    Recording {
        /// The file.
        path: String,
        /// What the system said.
        reason: io::Error,
    },
}

impl From<ClassifierError> for SessionError {
    fn from(error: ClassifierError) -> Self {
        Self::Engine(error.into())
    }
}

/// Where the events of a session go. Nothing here makes the session wait.
#[derive(Default)]
pub struct Outlets {
    sinks: Vec<Sender<Event>>,
    screen: Option<Sender<Update>>,
    patient: bool,
}

/// A sink on a thread of its own.
pub struct Writer {
    thread: JoinHandle<io::Result<()>>,
}

impl Outlets {
    /// Adds a sink; it writes on its own thread, however slow its reader is.
    /// Events wait in memory for it. `failed` is called once if it fails.
    pub fn add(
        &mut self,
        mut sink: impl Sink + Send + 'static,
        failed: impl FnOnce(&io::Error) + Send + 'static,
    ) -> Writer {
        let (sender, events) = unbounded::<Event>();
        self.sinks.push(sender);
        let thread = std::thread::spawn(move || {
            let written = events
                .iter()
                .try_for_each(|event| sink.event(None, &event))
                .and_then(|()| sink.finish());
            if let Err(error) = &written {
                failed(error);
            }
            written
        });
        Writer { thread }
    }

    /// Sends updates to a screen. Its channel should be bounded: what it is too
    /// slow for is left out there, and there alone.
    pub fn show_on(&mut self, screen: Sender<Update>) {
        self.screen = Some(screen);
    }

    /// Waits for a slow screen from now on, as a recording may and a microphone must not.
    pub fn be_patient(&mut self) {
        self.patient = true;
    }

    /// The channel to the screen, for those who must tell it something themselves.
    pub fn screen(&self) -> Option<Sender<Update>> {
        self.screen.clone()
    }

    /// No more events: the sinks write what they have and end.
    pub fn close(&mut self) {
        self.sinks.clear();
    }

    /// Passes events on and empties the list.
    pub fn send(&mut self, events: &mut Vec<Event>) {
        for event in events.drain(..) {
            // A sink that failed has said so; the session goes on without it.
            self.sinks.retain(|sink| sink.send(event.clone()).is_ok());
            self.update(Update::Event(event));
        }
    }

    /// Tells the screen; drops it when it is gone.
    pub fn update(&mut self, update: Update) {
        let Some(screen) = &self.screen else { return };
        let gone = if self.patient {
            screen.send(update).is_err()
        } else {
            matches!(screen.try_send(update), Err(TrySendError::Disconnected(_)))
        };
        if gone {
            self.screen = None;
        }
    }
}

impl Writer {
    /// Waits until all is written.
    ///
    /// # Errors
    /// What the system said of the writing.
    pub fn join(self) -> io::Result<()> {
        self.thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the writer panicked")))
    }
}

/// The header of a session.
pub fn header(engine: &Engine, source: SourceKind, name: &str, spec: Spec) -> SessionStart {
    let contract = &engine.model.spec;
    SessionStart {
        schema: SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        source,
        name: name.into(),
        sample_rate: spec.sample_rate,
        channels: spec.channels,
        labels: contract.labels.iter().map(ToString::to_string).collect(),
        colors: contract.colors.clone(),
        model: engine.model.name.clone(),
        model_sha256: engine.model.sha256.clone(),
        engine: engine.name.clone(),
        started_at: None,
    }
}

/// A pipeline for an input, with the engine's classifier.
///
/// # Errors
/// An input that cannot be heard, or a model that the engine refuses.
pub fn pipeline(
    engine: &Engine,
    spec: Spec,
    choice: ChannelChoice,
) -> Result<(Pipeline, InferenceTime), SessionError> {
    let time = InferenceTime::default();
    let classifier = Timed {
        inner: engine.classifier()?,
        time: time.clone(),
    };
    let model_spec = Arc::new(engine.model.spec.clone());
    let pipeline = Pipeline::new(
        input(spec, choice),
        model_spec,
        Box::new(classifier),
        engine.enrolment.clone(),
    )?;
    Ok((pipeline, time))
}

fn input(spec: Spec, choice: ChannelChoice) -> InputFormat {
    InputFormat {
        rate: spec.sample_rate,
        channels: spec.channels,
        choice,
    }
}

/// The time of the last inference.
#[derive(Debug, Clone, Default)]
pub struct InferenceTime(Arc<AtomicU64>);

impl InferenceTime {
    /// In milliseconds; 0 before the first.
    pub fn milliseconds(&self) -> f32 {
        self.0.load(Ordering::Relaxed) as f32 / 1e6
    }
}

/// Measures the inference, which the core must not: it knows no clock.
struct Timed {
    inner: Box<dyn Classifier>,
    time: InferenceTime,
}

impl Classifier for Timed {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        let start = Instant::now();
        let answer = self.inner.classify(mfcc, baseline);
        self.time
            .0
            .store(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        answer
    }
}

/// What a session tells the screen at regular times.
struct Teller {
    status: Status,
    sent: Status,
    last: Option<Instant>,
}

impl Teller {
    fn new(status: Status) -> Self {
        Self {
            status,
            sent: Status::default(),
            last: None,
        }
    }

    /// Sends level and status, at most every [`SCREEN_EVERY`]; whether it did.
    fn tell(
        &mut self,
        pipeline: &mut Pipeline,
        time: &InferenceTime,
        outlets: &mut Outlets,
    ) -> bool {
        if self.last.is_some_and(|last| last.elapsed() < SCREEN_EVERY) {
            return false;
        }
        self.last = Some(Instant::now());
        failpoint("session");
        if let Some(level) = pipeline.take_level() {
            outlets.update(Update::Level(Level {
                rms_dbfs: level.rms_dbfs,
                peak_dbfs: level.peak_dbfs,
                clipped: level.clipped,
                at_s: pipeline.position_s(),
            }));
        }
        self.status.inference_ms = time.milliseconds();
        self.status.baseline_s = pipeline.baseline_s().map(|seconds| seconds as u32);
        if self.status != self.sent {
            self.sent.clone_from(&self.status);
            outlets.update(Update::Status(self.status.clone()));
        }
        true
    }
}

fn status(engine: &Engine, name: &str, spec: Spec, replay: bool) -> Status {
    Status {
        source: name.into(),
        replay,
        sample_rate: spec.sample_rate,
        channels: spec.channels,
        engine: engine.name.clone(),
        model: engine.model.name.clone(),
        labels: engine
            .model
            .spec
            .labels
            .iter()
            .map(ToString::to_string)
            .collect(),
        colors: engine.model.spec.colors.clone(),
        ..Status::default()
    }
}

/// The next wish of the person, without waiting; `Quit` when the screen is gone.
fn wish(controls: &Receiver<Control>) -> Option<Control> {
    match controls.try_recv() {
        Ok(control) => Some(control),
        Err(crossbeam_channel::TryRecvError::Empty) => None,
        Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Control::Quit),
    }
}
