//! Inference: MFCC rows in, logits out. Two engines behind one trait.

mod builtin;
mod heap;
#[cfg(feature = "onnxruntime")]
pub mod onnxruntime;
mod probe;
mod speakers;
mod takeover;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::baseline::Baseline;
use crate::classifier::{BaselineInput, Classifier, ClassifierError, Enrolment, ModelOutput};
use crate::events::ReplacedModel;
use crate::model::{Model, ModelError};

pub use speakers::SpeakerTracking;

/// Environment variable and value without which ONNX Runtime is not loaded.
///
/// From 1.29 on its published builds keep a number of the machine in the user's
/// cache and report what runs to its maker. This alone stops both, and only where
/// it is set before the library is loaded (its pull request 27379); the program
/// does so first of all.
pub const NO_TELEMETRY: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");

/// Why an engine cannot be used or failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// ONNX Runtime was asked for and could not be loaded.
    #[error(
        "ONNX Runtime {}; looked at:\n{}\ninstall it (pip install onnxruntime), set ORT_DYLIB_PATH to its library, or use --engine builtin",
        if refused.iter().any(|it| it.found) { "cannot be used" } else { "was not found" },
        list(refused)
    )]
    NoLibrary {
        /// Places and what is wrong with each, in the order of the search.
        refused: Vec<Refused>,
    },
    /// The program was built without it.
    #[error("this program was built without ONNX Runtime; use --engine builtin")]
    NotBuilt,
    /// The engine refused the model.
    #[error("{engine} cannot load the model {model}: {reason}")]
    Load {
        /// The engine.
        engine: &'static str,
        /// Name of the model.
        model: String,
        /// The engine's message.
        reason: String,
    },
    /// Speakers are to be told apart by an engine that does not.
    #[error("the engine tells no speakers apart")]
    NotTracking,
    /// The engine failed on a window.
    #[error(transparent)]
    Window(#[from] ClassifierError),
    /// The model differs from what its metadata promises.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A place without a library of ONNX Runtime that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What kind of place.
    pub place: &'static str,
    /// The library, or where none was found.
    pub path: PathBuf,
    /// The user named the place.
    pub explicit: bool,
    /// There is a file, but it cannot be used.
    pub found: bool,
    /// Why it cannot be used.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(f, "{}: {path}: {}", self.place, self.reason)
    }
}

/// One indented line per place.
fn list<'a>(refused: impl IntoIterator<Item = &'a Refused>) -> String {
    let lines: Vec<String> = refused.into_iter().map(|it| format!("  {it}")).collect();
    lines.join("\n")
}

/// The engine to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum EngineChoice {
    /// ONNX Runtime where its library is found, else the built-in one.
    #[default]
    Auto,
    /// ONNX Runtime, or fail.
    Onnxruntime,
    /// The built-in one (rten).
    Builtin,
}

/// A model in an engine. Each worker gets its own classifier.
#[derive(Clone)]
pub struct Engine {
    /// Name and version for people: `ONNX Runtime 1.32.0`, `rten (built in)`.
    pub name: String,
    /// Where the library was loaded from.
    pub library: Option<PathBuf>,
    /// Why ONNX Runtime was wanted and is not in use; `None` if it is, or was not.
    pub fallback: Option<Arc<EngineError>>,
    /// Places before the library in use that hold no library that can be used.
    pub refused: Vec<Refused>,
    /// The model.
    pub model: Arc<Model>,
    /// The model that this one took over from.
    pub replaced: Option<ReplacedModel>,
    /// The baseline that sessions start with, on every channel without one of
    /// `channel_baselines`.
    pub enrolment: Enrolment,
    /// The baselines of the channels that are judged, in their order.
    channel_baselines: Vec<Option<Baseline>>,
    /// How speakers are told apart; without, all speech counts as that of one voice.
    pub speakers: Option<SpeakerTracking>,
    kind: Kind,
    /// Classifiers not in use: creating one can cost as much as a minute of audio.
    idle: Idle,
}

type Idle = Arc<Mutex<Vec<Box<dyn Classifier>>>>;

/// A classifier that goes back to the idle ones when it is dropped.
struct PooledClassifier {
    inner: Option<Box<dyn Classifier>>,
    idle: Idle,
}

impl Classifier for PooledClassifier {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        match &mut self.inner {
            Some(inner) => inner.classify(mfcc, baseline),
            None => Ok(ModelOutput::default()), // never: only the drop takes it
        }
    }

    fn reset(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.reset();
        }
    }
}

impl Drop for PooledClassifier {
    fn drop(&mut self) {
        // One that panicked may be in any state.
        if let Some(inner) = self.inner.take()
            && !std::thread::panicking()
        {
            lock(&self.idle).push(inner);
        }
    }
}

fn lock(idle: &Idle) -> std::sync::MutexGuard<'_, Vec<Box<dyn Classifier>>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone)]
enum Kind {
    Builtin(builtin::Shared),
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime(onnxruntime::Environment),
}

impl Engine {
    /// Loads a model; `library` is a path to ONNX Runtime that goes before all others.
    ///
    /// # Errors
    /// No library for [`EngineChoice::Onnxruntime`], or a model that does not run.
    pub fn load(
        model: Model,
        choice: EngineChoice,
        library: Option<PathBuf>,
    ) -> Result<Self, EngineError> {
        let model = Arc::new(model);
        let mut fallback = None;
        if choice != EngineChoice::Builtin {
            match Self::with_onnxruntime(&model, library) {
                Ok(engine) => return Ok(engine),
                Err(error) if choice == EngineChoice::Auto => fallback = Some(Arc::new(error)),
                Err(error) => return Err(error),
            }
        }
        let shared = builtin::Shared::load(&model)?;
        let engine = Self {
            name: "rten (built in)".into(),
            library: None,
            fallback,
            refused: Vec::new(),
            model,
            replaced: None,
            enrolment: Enrolment::default(),
            channel_baselines: Vec::new(),
            speakers: None,
            kind: Kind::Builtin(shared),
            idle: Idle::default(),
        };
        engine.probe()?;
        Ok(engine)
    }

    #[cfg(feature = "onnxruntime")]
    fn with_onnxruntime(model: &Arc<Model>, library: Option<PathBuf>) -> Result<Self, EngineError> {
        let environment = onnxruntime::Environment::load(library)?;
        let engine = Self {
            name: format!("ONNX Runtime {}", environment.version()),
            library: Some(environment.library().to_path_buf()),
            fallback: None,
            refused: environment.refused().to_vec(),
            model: Arc::clone(model),
            replaced: None,
            enrolment: Enrolment::default(),
            channel_baselines: Vec::new(),
            speakers: None,
            kind: Kind::OnnxRuntime(environment),
            idle: Idle::default(),
        };
        engine.probe()?;
        Ok(engine)
    }

    #[cfg(not(feature = "onnxruntime"))]
    fn with_onnxruntime(_: &Arc<Model>, _: Option<PathBuf>) -> Result<Self, EngineError> {
        Err(EngineError::NotBuilt)
    }

    /// What the user should be told once: that ONNX Runtime is there and not in
    /// use, or is not where the user said.
    pub fn warning(&self) -> Option<String> {
        let (head, refused) = match self.fallback.as_deref() {
            None => {
                let named = |it: &&Refused| it.explicit;
                let library = self.library.clone().unwrap_or_default();
                (
                    format!("{} is used", library.display()),
                    self.refused.iter().filter(named).collect(),
                )
            }
            Some(EngineError::NoLibrary { refused }) => {
                let notable = |it: &&Refused| it.found || it.explicit;
                let refused: Vec<_> = refused.iter().filter(notable).collect();
                ("the built-in engine is used".into(), refused)
            }
            Some(EngineError::NotBuilt) => return None,
            Some(error) => return Some(format!("{error}; the built-in engine is used")),
        };
        (!refused.is_empty()).then(|| {
            format!(
                "{head}; ONNX Runtime cannot be used from:\n{}",
                list(refused)
            )
        })
    }

    /// The same engine for sessions that start with these baselines, one for each
    /// channel that is judged; `fixed` says whether a session leaves them unchanged.
    #[must_use]
    pub fn with_baselines(&self, baselines: Vec<Option<Baseline>>, fixed: bool) -> Self {
        Self {
            enrolment: Enrolment {
                baseline: None,
                fixed,
            },
            channel_baselines: baselines,
            ..self.clone()
        }
    }

    /// What the session of a channel starts with; `index` counts the channels that
    /// are judged from 0.
    pub fn channel_enrolment(&self, index: usize) -> Enrolment {
        match self.channel_baselines.get(index) {
            Some(baseline) => Enrolment {
                baseline: baseline.clone(),
                fixed: self.enrolment.fixed,
            },
            None => self.enrolment.clone(),
        }
    }

    /// A classifier for one thread: an idle one, or a new one. A streaming model may
    /// hold the state of an earlier utterance until it is reset.
    ///
    /// # Errors
    /// The engine cannot load the model.
    pub fn classifier(&self) -> Result<Box<dyn Classifier>, EngineError> {
        let idle = lock(&self.idle).pop();
        let inner: Box<dyn Classifier> = match (idle, &self.kind) {
            (Some(classifier), _) => classifier,
            (None, Kind::Builtin(shared)) => Box::new(shared.classifier()),
            #[cfg(feature = "onnxruntime")]
            (None, Kind::OnnxRuntime(environment)) => {
                Box::new(environment.classifier(&self.model)?)
            }
        };
        Ok(Box::new(PooledClassifier {
            inner: Some(inner),
            idle: Arc::clone(&self.idle),
        }))
    }

    /// The input for an unknown speaker, if the model takes a baseline.
    pub fn unknown_speaker(&self) -> Option<BaselineInput> {
        self.model.spec.embedding_width.map(BaselineInput::unknown)
    }
}
