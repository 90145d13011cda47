//! Inference: MFCC rows in, logits out. Two engines behind one trait.

mod builtin;
#[cfg(feature = "onnxruntime")]
pub mod onnxruntime;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::baseline::Baseline;
use crate::dsp::spec::N_MFCC;
use crate::model::{Model, ModelError};

/// Judges one window.
pub trait Classifier: Send {
    /// The answer on `mfcc`: whole rows of 80 coefficients, one or more. A model
    /// that judges against a baseline is given the voice's.
    ///
    /// # Errors
    /// What the engine says.
    fn judge(&mut self, mfcc: &[f32], voice: Option<&Known>) -> Result<Answer, EngineError>;
}

/// What is known of the voice, as the model is given it.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Means of the embeddings, then their variances.
    pub statistics: Vec<f32>,
    /// Speech that these were taken over, in seconds.
    pub seconds: f32,
}

/// What a model says of a window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// One per label.
    pub logits: Vec<f32>,
    /// Logit of speech against other sounds, if the model tells them apart.
    pub speech: Option<f32>,
    /// What the voice's baseline is made of; empty if the model has none.
    pub embedding: Vec<f32>,
}

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
        "ONNX Runtime {}; looked at:\n{}\nset ORT_DYLIB_PATH to its library, or use --engine builtin",
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
        /// What it said.
        reason: String,
    },
    /// The engine failed on a window.
    #[error("{engine} failed on a window of {frames} frames: {reason}")]
    Run {
        /// The engine.
        engine: &'static str,
        /// Frames of the window.
        frames: usize,
        /// What it said.
        reason: String,
    },
    /// The model does not keep what its metadata promises.
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

/// Which engine is wanted.
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

/// A model in an engine; gives every worker its own classifier.
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
    /// The voice that sessions begin with.
    pub voice: Voice,
    kind: Kind,
    /// Classifiers that nobody uses: to make one can cost as much as a minute of audio.
    idle: Idle,
}

type Idle = Arc<Mutex<Vec<Box<dyn Classifier>>>>;

/// A classifier that goes back to the idle ones when it is dropped.
struct PooledClassifier {
    inner: Option<Box<dyn Classifier>>,
    idle: Idle,
}

impl Classifier for PooledClassifier {
    fn judge(&mut self, mfcc: &[f32], voice: Option<&Known>) -> Result<Answer, EngineError> {
        match &mut self.inner {
            Some(inner) => inner.judge(mfcc, voice),
            None => Ok(Answer::default()), // never: only the drop takes it
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

/// What a session knows of its voice when it begins, and whether it goes on learning.
#[derive(Debug, Clone, Default)]
pub struct Voice {
    /// From a profile or from audio that was gathered before; else it is a stranger.
    pub known: Option<Baseline>,
    /// Whether it stays as it is.
    pub fixed: bool,
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
            voice: Voice::default(),
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
            voice: Voice::default(),
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

    /// The same engine for sessions that begin with another voice.
    #[must_use]
    pub fn with_voice(&self, voice: Voice) -> Self {
        Self {
            voice,
            ..self.clone()
        }
    }

    /// A classifier for one thread: an idle one, or one more. It remembers nothing.
    ///
    /// # Errors
    /// What the engine says of the model.
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

    /// A voice that was never heard, for a model that judges against a baseline.
    pub fn stranger(&self) -> Option<Known> {
        self.model.contract.width.map(|width| Known {
            statistics: vec![0.0; 2 * width],
            seconds: 0.0,
        })
    }

    /// Two windows of different length show a model whose metadata lies.
    fn probe(&self) -> Result<(), EngineError> {
        let mut classifier = self.classifier()?;
        for frames in [37, 100] {
            let mfcc: Vec<f32> = (0..frames * N_MFCC).map(|i| (i % 7) as f32 - 3.0).collect();
            let answer = classifier.judge(&mfcc, self.stranger().as_ref())?;
            let logits = answer.logits;
            let labels = self.model.contract.labels.len();
            let width = self.model.contract.width.unwrap_or(0);
            if answer.embedding.len() != width {
                let (expected, found) = (width.to_string(), answer.embedding.len().to_string());
                return Err(self.model.misfit("embedding", expected, found).into());
            }
            if logits.len() != labels {
                let expected = format!("{labels} numbers, one per label");
                return Err(self
                    .model
                    .misfit("logits", expected, logits.len().to_string())
                    .into());
            }
            if !logits.iter().all(|x| x.is_finite()) {
                return Err(self
                    .model
                    .misfit("logits", "finite numbers".into(), format!("{logits:?}"))
                    .into());
            }
        }
        Ok(())
    }
}

/// Probabilities from logits at a temperature, in the same order.
pub fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits
        .iter()
        .map(|&x| (f64::from(x - top) / temperature).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}
