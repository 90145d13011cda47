//! ONNX Runtime, loaded at run time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::ep;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use super::{Answer, Classifier, EngineError, Known, NO_TELEMETRY};
use crate::dsp::spec::N_MFCC;
use crate::model::{BASELINE, BASELINE_S, EMBEDDING, INPUT, Model, OUTPUT, SPEECH};

const NAME: &str = "ONNX Runtime";
/// Version that the set-up fetches into the cache.
pub const VERSION: &str = "1.32.0";

/// The loaded library. There is one per process.
#[derive(Clone)]
pub struct Environment(Arc<Loaded>);

struct Loaded {
    environment: ort::environment::Environment,
    library: PathBuf,
}

static LOADED: Mutex<Option<Environment>> = Mutex::new(None);

impl Environment {
    /// Loads the library from the first place of [`places`] that has one.
    ///
    /// # Errors
    /// [`EngineError::NoLibrary`] with every place and what was wrong there.
    pub fn load(setting: Option<PathBuf>) -> Result<Self, EngineError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = &*loaded {
            return Ok(environment.clone());
        }
        let mut looked = Vec::new();
        for place in places(setting) {
            let Some(library) = place.library() else {
                looked.push(format!(
                    "  {}: {}: not there",
                    place.what,
                    place.path.display()
                ));
                continue;
            };
            match open(&library) {
                Ok(environment) => {
                    let environment = Self(Arc::new(Loaded {
                        environment,
                        library,
                    }));
                    *loaded = Some(environment.clone());
                    return Ok(environment);
                }
                Err(reason) => {
                    looked.push(format!("  {}: {}: {reason}", place.what, library.display()));
                }
            }
        }
        Err(EngineError::NoLibrary {
            looked: looked.join("\n"),
        })
    }

    /// The library's own version.
    pub fn version(&self) -> String {
        // "ORT Build Info: git-branch=..., ..." has no version; the file name does.
        let name = self
            .0
            .library
            .canonicalize()
            .unwrap_or_else(|_| self.0.library.clone());
        let name = name
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let digits: String = name
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .collect::<String>();
        digits
            .trim_end_matches(".dylib")
            .trim_end_matches(".dll")
            .to_owned()
    }

    /// Where it was loaded from.
    pub fn library(&self) -> &Path {
        &self.0.library
    }

    /// A session of its own for one thread.
    pub(super) fn classifier(&self, model: &Model) -> Result<OnnxRuntime, EngineError> {
        let session =
            session(&self.0.environment, &model.bytes).map_err(|error| EngineError::Load {
                engine: NAME,
                model: model.name.clone(),
                reason: error.to_string(),
            })?;
        Ok(OnnxRuntime {
            session,
            speech: model.contract.speech,
        })
    }
}

fn open(library: &Path) -> Result<ort::environment::Environment, String> {
    let (name, value) = NO_TELEMETRY;
    if std::env::var_os(name).is_none_or(|set| set != value) {
        return Err(format!(
            "it would report to its maker; set {name}={value} before the program starts"
        ));
    }
    ort::init_from(library)
        .map_err(|error| error.to_string())?
        .with_name("emoscope")
        .with_telemetry(false)
        .build()
        .map_err(|error| error.to_string())
}

fn session(environment: &ort::environment::Environment, bytes: &[u8]) -> ort::Result<Session> {
    // One thread that does not spin: with the defaults the library burns half a
    // core between windows. No arena and no memory pattern: windows vary in
    // length, and both would keep the largest of everything ever seen.
    Session::builder(environment)?
        .with_execution_providers([ep::CPU::default().with_arena_allocator(false).build()])?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_memory_pattern(false)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .commit_from_memory(bytes)
}

/// A place where the library may be.
pub struct Place {
    /// What kind of place.
    pub what: &'static str,
    /// The file or folder.
    pub path: PathBuf,
}

impl Place {
    /// The library there: the path itself, or the newest one in the folder.
    fn library(&self) -> Option<PathBuf> {
        if self.path.is_file() {
            return Some(self.path.clone());
        }
        let names = std::fs::read_dir(&self.path).ok()?;
        names
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| is_library(path))
            .max()
    }
}

fn is_library(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let known = name == "onnxruntime.dll"
        || name.starts_with("libonnxruntime.so")
        || (name.starts_with("libonnxruntime.") && path.extension() == Some("dylib".as_ref()));
    known && path.is_file()
}

/// The search order: the setting, `ORT_DYLIB_PATH`, beside the program, the
/// project's cache, the system's library folders, Python's package.
pub fn places(setting: Option<PathBuf>) -> Vec<Place> {
    let mut places = Vec::new();
    let mut add = |what, path| places.push(Place { what, path });
    if let Some(path) = setting {
        add("--onnxruntime", path);
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        add("ORT_DYLIB_PATH", path.into());
    }
    if let Some(folder) = std::env::current_exe()
        .ok()
        .as_deref()
        .and_then(Path::parent)
    {
        add("beside the program", folder.into());
        add("beside the program", folder.join("../lib/emoscope"));
    }
    if let Some(cache) = crate::paths::cache() {
        add("the cache", cache.join(format!("onnxruntime-{VERSION}")));
    }
    for folder in [
        "/usr/local/lib",
        "/usr/lib",
        "/usr/lib64",
        "/opt/homebrew/lib",
    ] {
        add("the system", folder.into());
    }
    if cfg!(target_os = "linux") {
        let triple = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        add("the system", triple.into());
    }
    for folder in python_packages() {
        add("Python's package", folder.join("onnxruntime/capi"));
    }
    places
}

/// Folders of Python packages: the active environment's, the user's, the system's.
fn python_packages() -> Vec<PathBuf> {
    let environment = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local"));
    let roots = environment
        .into_iter()
        .chain(home)
        .chain(["/usr/local".into()]);
    let mut folders: Vec<PathBuf> = roots
        .filter_map(|root| std::fs::read_dir(root.join("lib")).ok())
        .flat_map(|names| names.filter_map(Result::ok).map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().contains("/python3"))
        .flat_map(|path| [path.join("site-packages"), path.join("dist-packages")])
        .filter(|path| path.join("onnxruntime").is_dir())
        .collect();
    folders.sort();
    folders.reverse();
    folders
}

/// A classifier of ONNX Runtime.
pub(super) struct OnnxRuntime {
    session: Session,
    speech: bool,
}

impl Classifier for OnnxRuntime {
    fn judge(&mut self, mfcc: &[f32], voice: Option<&Known>) -> Result<Answer, EngineError> {
        let frames = mfcc.len() / N_MFCC;
        self.run(frames, &mfcc[..frames * N_MFCC], voice)
            .map_err(|error| EngineError::Run {
                engine: NAME,
                frames,
                reason: error.to_string(),
            })
    }
}

impl OnnxRuntime {
    fn run(&mut self, frames: usize, mfcc: &[f32], voice: Option<&Known>) -> ort::Result<Answer> {
        let window = TensorRef::from_array_view(([1, frames, N_MFCC], mfcc))?;
        let outputs = match voice {
            None => self.session.run(ort::inputs![INPUT => window])?,
            Some(known) => {
                let width = known.statistics.len() / 2;
                let statistics =
                    TensorRef::from_array_view(([1, 2, width], known.statistics.as_slice()))?;
                let seconds = std::slice::from_ref(&known.seconds);
                let seconds = TensorRef::from_array_view(([1_usize, 1], seconds))?;
                self.session.run(ort::inputs![
                    INPUT => window, BASELINE => statistics, BASELINE_S => seconds
                ])?
            }
        };
        let values = |name: &str| -> ort::Result<Vec<f32>> {
            Ok(outputs[name].try_extract_tensor::<f32>()?.1.to_vec())
        };
        Ok(Answer {
            logits: values(OUTPUT)?,
            speech: if self.speech {
                values(SPEECH)?.first().copied()
            } else {
                None
            },
            embedding: match voice {
                Some(_) => values(EMBEDDING)?,
                None => Vec::new(),
            },
        })
    }
}
