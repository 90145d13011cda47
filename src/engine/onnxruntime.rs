//! ONNX Runtime, loaded at run time.

mod image;
mod search;
mod speakers;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::LoadDynamicError;
use ort::ep;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{DynValue, Tensor, TensorRef};

pub use self::search::ORT_VERSION;
use super::{DISABLE_TELEMETRY, EngineError, Refused, SharingClassifier, heap};
use crate::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use crate::dsp::feature_spec::N_MFCC;
use crate::guard::guard;
use crate::model::Model;
use crate::model_spec::{
    BASELINE_INPUT, BASELINE_SECONDS_INPUT, EMBEDDING_OUTPUT, LOGITS_OUTPUT, MFCC_INPUT,
    SPEECH_OUTPUT, StateTensor, StreamSpec,
};

const NAME: &str = "ONNX Runtime";

/// The loaded library; one per process.
#[derive(Clone)]
pub struct Environment(Arc<Loaded>);

struct Loaded {
    environment: ort::environment::Environment,
    library: PathBuf,
    refused: Vec<Refused>,
}

/// State of the search in this process. `ort` keeps the first library that it
/// accepts, so a later search cannot choose another one.
#[derive(Default)]
enum Search {
    #[default]
    Open,
    Loaded(Environment),
    /// The accepted library provided no environment.
    Failed(Vec<Refused>),
}

static SEARCH: Mutex<Search> = Mutex::new(Search::Open);

/// Why a library was not loaded.
enum OpenError {
    /// It cannot be used, but another library may work.
    Refused(String),
    /// `ort` accepted it, but it does not work, and no other one can be loaded.
    Broken(String),
}

impl Environment {
    /// Loads the first usable library of the search order.
    ///
    /// # Errors
    /// [`EngineError::NoLibrary`] with every place that was searched and the reason.
    pub fn load(setting: Option<PathBuf>) -> Result<Self, EngineError> {
        let mut search = SEARCH.lock().unwrap_or_else(PoisonError::into_inner);
        match &*search {
            Search::Loaded(environment) => return Ok(environment.clone()),
            Search::Failed(refused) => {
                return Err(EngineError::NoLibrary {
                    refused: refused.clone(),
                });
            }
            Search::Open => {}
        }
        let mut refused = Vec::new();
        for place in search::places(setting) {
            let mut refuse = |path: &Path, found: bool, reason: String| {
                refused.push(Refused {
                    place: place.what,
                    path: path.to_path_buf(),
                    explicit: place.explicit,
                    found,
                    reason,
                });
            };
            let libraries = place.libraries();
            if libraries.is_empty() {
                refuse(&place.path, false, "not found".into());
            }
            for library in libraries {
                match open(&library) {
                    Ok(environment) => {
                        let environment = Self(Arc::new(Loaded {
                            environment,
                            library,
                            refused,
                        }));
                        *search = Search::Loaded(environment.clone());
                        return Ok(environment);
                    }
                    Err(OpenError::Refused(reason)) => refuse(&library, true, reason),
                    Err(OpenError::Broken(reason)) => {
                        refuse(&library, true, reason);
                        *search = Search::Failed(refused.clone());
                        return Err(EngineError::NoLibrary { refused });
                    }
                }
            }
        }
        Err(EngineError::NoLibrary { refused })
    }

    /// The version in the library's file name, or an empty string.
    pub fn version(&self) -> String {
        search::version(&self.0.library)
    }

    /// Path of the loaded library.
    pub fn library(&self) -> &Path {
        &self.0.library
    }

    /// Earlier places in the search order, and why they cannot be used.
    pub(super) fn refused(&self) -> &[Refused] {
        &self.0.refused
    }

    /// A session for one thread; `arena` as for [`session`].
    fn session(&self, bytes: &[u8], model: &str, arena: bool) -> Result<Session, EngineError> {
        guard(|| session(&self.0.environment, bytes, arena))
            .unwrap_or_else(|| Err(ort::Error::new("it ended unexpectedly")))
            .map_err(|error| unstarted(model, &error))
    }

    /// A session for one thread.
    pub(super) fn classifier(&self, model: &Model) -> Result<OnnxClassifier, EngineError> {
        let session = self.session(&model.bytes, &model.name, false)?;
        heap::release(model.bytes.constant());
        let name = model.name.clone();
        let state =
            State::new(model.spec.stream.as_ref()).map_err(|error| unstarted(&name, &error))?;
        Ok(OnnxClassifier {
            session: Arc::new(Mutex::new(session)),
            state,
            speech: model.spec.has_speech,
            name,
        })
    }
}

/// The message for a model that cannot be started.
fn unstarted(model: &str, reason: &ort::Error) -> EngineError {
    EngineError::Load {
        engine: NAME,
        model: model.to_owned(),
        reason: reason.to_string(),
    }
}

fn open(library: &Path) -> Result<ort::environment::Environment, OpenError> {
    let (name, value) = DISABLE_TELEMETRY;
    if std::env::var_os(name).is_none_or(|set| set != value) {
        return Err(OpenError::Refused(format!(
            "it would send telemetry; set {name}={value} before the program starts"
        )));
    }
    image::check(library).map_err(|error| OpenError::Refused(error.to_string()))?;
    // `ort` panics if the library's interface lacks a function.
    let panicked = || OpenError::Broken("its interface is incomplete".into());
    let builder = guard(|| ort::init_from(library))
        .ok_or_else(panicked)?
        .map_err(|error| OpenError::Refused(describe(&error)))?;
    guard(|| builder.with_name("emoscope").with_telemetry(false).build())
        .ok_or_else(panicked)?
        .map_err(|error| OpenError::Broken(error.to_string()))
}

/// The error without the names of crates.
fn describe(error: &LoadDynamicError) -> String {
    match error {
        LoadDynamicError::BadVersion { version_str, .. } => format!(
            "its version {version_str} is too old; 1.{} or later is needed",
            ort::MINOR_VERSION
        ),
        LoadDynamicError::Dlopen { error, .. } => format!("cannot be loaded: {error}"),
        LoadDynamicError::MissingApi { .. } => "does not export OrtGetApiBase".into(),
        LoadDynamicError::InvalidVersionString => "its version is not text".into(),
    }
}

/// A session for one thread. With an `arena` it keeps its buffers from run to run, which
/// saves time if all inputs have the same length.
fn session(
    environment: &ort::environment::Environment,
    bytes: &[u8],
    arena: bool,
) -> ort::Result<Session> {
    // One thread that does not spin: with the defaults the library uses half a core
    // between windows. No memory pattern: windows vary in length, and it would keep the
    // largest buffers, as an arena does. All optimizations: versions before 1.23 reject
    // the levels in between.
    Session::builder(environment)?
        .with_execution_providers([ep::CPU::default().with_arena_allocator(arena).build()])?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_memory_pattern(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .commit_from_memory(bytes)
}

/// A classifier that runs in ONNX Runtime.
pub(super) struct OnnxClassifier {
    /// Shared by the channels of an input, which are classified in turn.
    session: Arc<Mutex<Session>>,
    state: State,
    speech: bool,
    /// Name of the model.
    name: String,
}

impl SharingClassifier for OnnxClassifier {
    fn for_another_channel(&self) -> Result<Box<dyn Classifier>, EngineError> {
        let state = State::of(self.state.tensors.clone());
        let state = state.map_err(|error| unstarted(&self.name, &error))?;
        Ok(Box::new(Self {
            session: Arc::clone(&self.session),
            state,
            speech: self.speech,
            name: self.name.clone(),
        }))
    }
}

/// The state of a streaming model: tensors of the library, passed from the outputs of a
/// step to the inputs of the next without a copy.
struct State {
    tensors: Vec<StateTensor>,
    /// Before the first step.
    initial: Vec<DynValue>,
    /// After a step, in the same order.
    current: Option<Vec<DynValue>>,
    /// Before that step; `None` for the initial state.
    previous: Option<Vec<DynValue>>,
}

impl State {
    fn new(stream: Option<&StreamSpec>) -> ort::Result<Self> {
        Self::of(stream.map_or(Vec::new(), |stream| stream.state.clone()))
    }

    fn of(tensors: Vec<StateTensor>) -> ort::Result<Self> {
        let filled = |tensor: &StateTensor| {
            let values = vec![tensor.fill; tensor.size()];
            Tensor::from_array((tensor.shape.as_slice(), values)).map(Tensor::into_dyn)
        };
        Ok(Self {
            initial: tensors.iter().map(filled).collect::<ort::Result<_>>()?,
            current: None,
            previous: None,
            tensors,
        })
    }
}

impl Classifier for OnnxClassifier {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        let frames = mfcc.len() / N_MFCC;
        self.run(frames, &mfcc[..frames * N_MFCC], baseline)
            .map_err(|error| ClassifierError {
                engine: NAME,
                frames,
                reason: error.to_string(),
            })
    }

    fn reset(&mut self) {
        self.state.current = None;
        self.state.previous = None;
    }

    fn undo_step(&mut self) {
        self.state.current = self.state.previous.take();
    }
}

impl OnnxClassifier {
    fn run(
        &mut self,
        frames: usize,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> ort::Result<ModelOutput> {
        let window = TensorRef::from_array_view(([1, frames, N_MFCC], mfcc))?;
        let mut inputs = ort::inputs![MFCC_INPUT => window];
        if let Some(known) = baseline {
            let width = known.statistics.len() / 2;
            let statistics =
                TensorRef::from_array_view(([1, 2, width], known.statistics.as_slice()))?;
            let seconds = std::slice::from_ref(&known.seconds);
            let seconds = TensorRef::from_array_view(([1_usize, 1], seconds))?;
            inputs.extend(
                ort::inputs![BASELINE_INPUT => statistics, BASELINE_SECONDS_INPUT => seconds],
            );
        }
        let State {
            tensors,
            initial,
            current,
            previous,
        } = &mut self.state;
        for (tensor, value) in tensors.iter().zip(current.as_ref().unwrap_or(initial)) {
            inputs.push((tensor.name.as_str().into(), value.into()));
        }
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outputs = session.run(inputs)?;
        let values = |name: &str| -> ort::Result<Vec<f32>> {
            Ok(outputs[name].try_extract_tensor::<f32>()?.1.to_vec())
        };
        let output = ModelOutput {
            logits: values(LOGITS_OUTPUT)?,
            speech: if self.speech {
                values(SPEECH_OUTPUT)?.first().copied()
            } else {
                None
            },
            embedding: match baseline {
                Some(_) => values(EMBEDDING_OUTPUT)?,
                None => Vec::new(),
            },
        };
        let next = tensors.iter().map(|tensor| {
            let missing = || ort::Error::new(format!("no output {}", tensor.next()));
            outputs.remove(tensor.next()).ok_or_else(missing)
        });
        *previous = current.replace(next.collect::<ort::Result<_>>()?);
        Ok(output)
    }
}
