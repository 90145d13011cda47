//! Inference: MFCC rows in, logits out. Two engines implement one trait.

mod builtin;
mod heap;
#[cfg(feature = "onnxruntime")]
pub mod onnxruntime;
mod pool;
mod probe;
mod small_model;
mod speakers;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use pool::{Pool, Pooled};

use crate::baseline::Baseline;
use crate::classifier::{BaselineInput, Classifier, ClassifierError, Enrolment, ModelOutput};
use crate::events::ReplacedModel;
use crate::model::{Model, ModelError};

pub use speakers::SpeakerTracking;

/// Environment variable that must be set, with its value, before ONNX Runtime is
/// loaded.
///
/// From version 1.29 on, its published builds store a machine identifier in the user's
/// cache and report usage to the vendor. This variable alone stops both, and only if it
/// is set before the library is loaded (its pull request 27379). So the program sets it
/// first.
pub const DISABLE_TELEMETRY: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");

/// Why an engine cannot be used or failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// ONNX Runtime was requested and could not be loaded.
    #[error(
        "ONNX Runtime {}; looked at:\n{}\ninstall it (pip install onnxruntime), set ORT_DYLIB_PATH to its library, or use --engine builtin",
        if refused.iter().any(|it| it.found) { "cannot be used" } else { "was not found" },
        list(refused)
    )]
    NoLibrary {
        /// The searched places with the error of each, in order.
        refused: Vec<Refused>,
    },
    /// The program was built without it.
    #[error("this program was built without ONNX Runtime; use --engine builtin")]
    NotBuilt,
    /// The engine rejected the model.
    #[error("{engine} cannot load the model {model}: {reason}")]
    Load {
        /// The engine.
        engine: &'static str,
        /// Name of the model.
        model: String,
        /// The engine's message.
        reason: String,
    },
    /// The engine does not support speaker tracking.
    #[error("this engine does not support speaker tracking")]
    NotTracking,
    /// The engine failed on a window.
    #[error(transparent)]
    Window(#[from] ClassifierError),
    /// The model contradicts its metadata.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A place without a usable library of ONNX Runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind of place.
    pub place: &'static str,
    /// The library, or the place without one.
    pub path: PathBuf,
    /// Whether the user named the place.
    pub explicit: bool,
    /// Whether there is a file that cannot be used.
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
    /// ONNX Runtime if its library is found, otherwise the built-in engine.
    #[default]
    Auto,
    /// ONNX Runtime; an error without it.
    Onnxruntime,
    /// The built-in engine, rten.
    Builtin,
}

/// A model in an engine. Each worker gets its own classifier.
#[derive(Clone)]
pub struct Engine {
    /// Display name and version: `ONNX Runtime 1.32.0`, `rten (built in)`.
    pub name: String,
    /// Where the library was loaded from.
    pub library: Option<PathBuf>,
    /// Why ONNX Runtime is not used although it was wanted; `None` otherwise.
    pub fallback: Option<Arc<EngineError>>,
    /// Places before the library in use that contain no usable library.
    pub refused: Vec<Refused>,
    /// The model.
    pub model: Arc<Model>,
    /// The model that this one replaced.
    pub replaced: Option<ReplacedModel>,
    /// The baseline that sessions start with, on channels without an entry in
    /// `channel_baselines`.
    pub enrolment: Enrolment,
    /// The baselines of the analyzed channels, in order.
    channel_baselines: Vec<Option<Baseline>>,
    /// Speaker tracking; without it all speech counts as one speaker's.
    pub speakers: Option<SpeakerTracking>,
    kind: Kind,
    /// Idle classifiers.
    classifiers: Pool<dyn SharingClassifier>,
}

/// A classifier whose loaded model several channels of one input can use in turn.
trait SharingClassifier: Classifier {
    /// A classifier for another channel, with a state of its own and the same loaded
    /// model.
    fn for_another_channel(&self) -> Result<Box<dyn Classifier>, EngineError>;
}

impl Classifier for Pooled<dyn SharingClassifier> {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        match self.inner() {
            Some(inner) => inner.classify(mfcc, baseline),
            None => Ok(ModelOutput::default()),
        }
    }

    fn reset(&mut self) {
        if let Some(inner) = self.inner() {
            inner.reset();
        }
    }

    fn undo_step(&mut self) {
        if let Some(inner) = self.inner() {
            inner.undo_step();
        }
    }
}

#[derive(Clone)]
enum Kind {
    Builtin(builtin::BuiltinModel),
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime(onnxruntime::Environment),
}

impl Engine {
    /// Loads a model; `library` is a path to ONNX Runtime with priority over all
    /// others.
    ///
    /// # Errors
    /// No library for [`EngineChoice::Onnxruntime`], or the model does not run.
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
        let shared = builtin::BuiltinModel::load(&model)?;
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
            classifiers: Pool::default(),
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
            classifiers: Pool::default(),
        };
        engine.probe()?;
        Ok(engine)
    }

    #[cfg(not(feature = "onnxruntime"))]
    fn with_onnxruntime(_: &Arc<Model>, _: Option<PathBuf>) -> Result<Self, EngineError> {
        Err(EngineError::NotBuilt)
    }

    /// A warning for the user: ONNX Runtime is installed but not used, or is not where
    /// the user said.
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

    /// The engine for sessions that start with these baselines, one per analyzed
    /// channel; `fixed` says whether a session leaves them unchanged.
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

    /// The initial baseline of a channel's session; `index` counts the analyzed
    /// channels from 0.
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
    /// still contain the state of an earlier utterance until it is reset.
    ///
    /// # Errors
    /// The engine cannot load the model.
    pub fn classifier(&self) -> Result<Box<dyn Classifier>, EngineError> {
        Ok(Box::new(self.classifiers.wrap(self.idle_classifier()?)))
    }

    /// A classifier for each of `count` channels of one input, for one thread. They share
    /// one copy of the loaded model.
    ///
    /// # Errors
    /// The engine cannot load the model.
    pub fn classifiers(&self, count: usize) -> Result<Vec<Box<dyn Classifier>>, EngineError> {
        let first = self.idle_classifier()?;
        let more = (1..count).map(|_| first.for_another_channel());
        let more = more.collect::<Result<Vec<_>, _>>()?;
        let first: Box<dyn Classifier> = Box::new(self.classifiers.wrap(first));
        Ok([first].into_iter().chain(more).collect())
    }

    // Only a session of ONNX Runtime can fail.
    #[cfg_attr(not(feature = "onnxruntime"), expect(clippy::unnecessary_wraps))]
    fn idle_classifier(&self) -> Result<Box<dyn SharingClassifier>, EngineError> {
        Ok(match (self.classifiers.take(), &self.kind) {
            (Some(classifier), _) => classifier,
            (None, Kind::Builtin(shared)) => Box::new(shared.classifier()),
            #[cfg(feature = "onnxruntime")]
            (None, Kind::OnnxRuntime(environment)) => {
                Box::new(environment.classifier(&self.model)?)
            }
        })
    }

    /// The input for an unknown speaker, if the model takes a baseline.
    pub fn unknown_speaker(&self) -> Option<BaselineInput> {
        self.model.spec.embedding_width.map(BaselineInput::unknown)
    }
}
