//! Reads and checks the model file, and rejects an incompatible one.
//!
//! [`ModelSpec`] defines the metadata that an ONNX file must have.

pub mod speakers;
mod weights;
mod wire;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Deref;
use std::path::Path;

use rten_onnx::onnx::{DataType, Dimension as OnnxDimension, ModelProto, ValueInfoProto};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model_spec::{Dimension, ModelSpec, SpecError, TensorInfo};

/// The bytes of a model file.
#[derive(Debug, Clone)]
pub struct ModelBytes(Cow<'static, [u8]>);

impl ModelBytes {
    /// The same bytes, if they are part of the program.
    pub fn constant(&self) -> Option<&'static [u8]> {
        match self.0 {
            Cow::Borrowed(bytes) => Some(bytes),
            Cow::Owned(_) => None,
        }
    }
}

impl Deref for ModelBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A built-in model.
struct Embedded {
    name: &'static str,
    bytes: &'static [u8],
    /// Its golden cases, for the self-test.
    golden: &'static str,
}

macro_rules! embedded {
    ($name:literal) => {
        Embedded {
            name: $name,
            bytes: include_bytes!(concat!("../models/", $name, "/model.onnx")),
            golden: include_str!(concat!("../models/", $name, "/golden.json")),
        }
    };
}

/// The built-in models; the first is the default.
static EMBEDDED: &[Embedded] = &[embedded!("voices"), embedded!("small")];
/// Name of the built-in model for slow machines.
const SMALL: &str = "small";

/// Largest model file that is accepted, in bytes.
const LARGEST_MODEL_BYTES: u64 = 512 << 20;

/// Why a model was rejected.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read the model {path}: {reason}")]
    Read {
        /// Its path.
        path: String,
        /// The system's error.
        reason: std::io::Error,
    },
    /// There is no built-in model and no file with that name.
    #[error("there is no built-in model {name} (there is: {names}), and no such file")]
    Unknown {
        /// The name.
        name: String,
        /// Names of the built-in models.
        names: String,
    },
    /// The file is larger than any model that could run here.
    #[error("the model {path} has {size} bytes; at most {LARGEST_MODEL_BYTES} are read")]
    TooLarge {
        /// Its path.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The file is not ONNX.
    #[error("the model {name} is not an ONNX file: {reason}")]
    NotOnnx {
        /// Its name.
        name: String,
        /// The contradiction, or the parser's error.
        reason: String,
    },
    /// The file is ONNX, but not for this program.
    #[error("the model {name} is not compatible: {reason}")]
    Incompatible {
        /// Its name.
        name: String,
        /// The entry or tensor concerned.
        reason: SpecError,
    },
}

/// A checked model, not yet loaded into an engine.
#[derive(Debug, Clone)]
pub struct Model {
    /// Display name: `voices`, or the path as given.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The metadata.
    pub spec: ModelSpec,
    /// The file.
    pub bytes: ModelBytes,
}

/// A reference prediction: features and their probabilities.
#[derive(Debug, Clone, Deserialize)]
pub struct GoldenCase {
    /// What it is.
    pub name: String,
    /// Frames.
    pub frames: usize,
    /// `frames` rows of 80 coefficients.
    pub mfcc: Vec<f32>,
    /// Probabilities without a baseline, in the order of the labels.
    pub probabilities: Vec<f64>,
    /// The probabilities with the golden baseline; empty if the model takes none.
    #[serde(default)]
    pub settled_probabilities: Vec<f64>,
}

/// The golden cases and the synthetic baseline for their second classification.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Golden {
    /// The baseline.
    #[serde(default)]
    pub baseline: GoldenBaseline,
    /// The cases.
    pub cases: Vec<GoldenCase>,
}

/// The baseline of a synthetic voice.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GoldenBaseline {
    /// Speech in the baseline, in seconds.
    pub seconds: f32,
    /// Means, then variances.
    pub statistics: Vec<f32>,
}

impl Model {
    /// The built-in default model.
    ///
    /// # Errors
    /// Only if the binary was built with an incompatible model.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_embedded(&EMBEDDED[0])
    }

    /// The built-in model for slow machines, if there is one besides the default.
    ///
    /// # Errors
    /// Only if the binary was built with an incompatible model.
    pub fn embedded_small() -> Result<Option<Self>, ModelError> {
        let others = &EMBEDDED[1..];
        let small = others.iter().find(|embedded| embedded.name == SMALL);
        small.map(Self::from_embedded).transpose()
    }

    /// Names of the built-in models, the default first.
    pub fn embedded_names() -> String {
        let names: Vec<&str> = EMBEDDED.iter().map(|embedded| embedded.name).collect();
        names.join(", ")
    }

    fn from_embedded(embedded: &Embedded) -> Result<Self, ModelError> {
        Self::from_bytes(embedded.name.into(), Cow::Borrowed(embedded.bytes))
    }

    /// The golden cases of a built-in model, from its training; empty for other models.
    pub fn golden(&self) -> Golden {
        EMBEDDED
            .iter()
            .find(|embedded| embedded.name == self.name && *embedded.bytes == *self.bytes)
            .and_then(|embedded| serde_json::from_str(embedded.golden).ok())
            .unwrap_or_default()
    }

    /// A built-in model by its name, otherwise a file by its path. A file with the name
    /// of a built-in model needs its folder: `./voices`.
    ///
    /// # Errors
    /// As for [`read`](Self::read), or a name of neither.
    pub fn find(wanted: &Path) -> Result<Self, ModelError> {
        let mut embedded = EMBEDDED.iter();
        if let Some(found) = embedded.find(|it| wanted.as_os_str() == it.name) {
            return Self::from_embedded(found);
        }
        let is_name = wanted.components().count() == 1 && wanted.extension().is_none();
        if is_name && !wanted.exists() {
            return Err(ModelError::Unknown {
                name: wanted.display().to_string(),
                names: Self::embedded_names(),
            });
        }
        Self::read(wanted)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that cannot be read, is not ONNX, or is not compatible.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::from_bytes(path.display().to_string(), Cow::Owned(bytes_of(path)?))
    }

    /// Checks a model in memory.
    ///
    /// # Errors
    /// Bytes that are not ONNX, or not compatible.
    pub fn from_bytes(name: String, bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let proto = parsed(&name, &bytes)?;
        let spec = spec_of(&proto).map_err(|reason| ModelError::Incompatible {
            name: name.clone(),
            reason,
        })?;
        Ok(Self {
            name,
            sha256: sha256(&bytes),
            spec,
            bytes: ModelBytes(bytes),
        })
    }

    /// The error about a model that contradicts its metadata.
    pub fn incompatible(&self, item: &str, expected: String, found: String) -> ModelError {
        ModelError::Incompatible {
            name: self.name.clone(),
            reason: SpecError::new(item, expected, found),
        }
    }
}

/// A file of plausible size.
fn bytes_of(path: &Path) -> Result<Vec<u8>, ModelError> {
    let read_error = |reason| ModelError::Read {
        path: path.display().to_string(),
        reason,
    };
    let size = std::fs::metadata(path).map_err(read_error)?.len();
    if size > LARGEST_MODEL_BYTES {
        let path = path.display().to_string();
        return Err(ModelError::TooLarge { path, size });
    }
    std::fs::read(path).map_err(read_error)
}

/// The parsed file, after its declared lengths were checked.
fn parsed(name: &str, bytes: &[u8]) -> Result<ModelProto, ModelError> {
    let not_onnx = |reason| ModelError::NotOnnx {
        name: name.to_owned(),
        reason,
    };
    wire::check(bytes).map_err(not_onnx)?;
    ModelProto::parse_buf(bytes).map_err(|error| not_onnx(error.to_string()))
}

fn spec_of(proto: &ModelProto) -> Result<ModelSpec, SpecError> {
    let (inputs, outputs) = declared(proto)?;
    ModelSpec::parse(|key| metadata(proto, key), &inputs, &outputs)
}

/// Inputs and outputs, after the weights were checked against their declared shapes.
fn declared(proto: &ModelProto) -> Result<(Vec<TensorInfo>, Vec<TensorInfo>), SpecError> {
    let graph = proto.graph.as_ref();
    if let Some(error) = graph.and_then(weights::error) {
        return Err(error);
    }
    // Older exporters list the weights among the inputs.
    let weights: HashSet<&str> = graph
        .map(|g| {
            g.initializer
                .iter()
                .filter_map(|t| t.name.as_deref())
                .collect()
        })
        .unwrap_or_default();
    let inputs = graph
        .map_or(&[][..], |g| &g.input)
        .iter()
        .filter(|v| !v.name.as_deref().is_some_and(|name| weights.contains(name)))
        .map(tensor_info)
        .collect();
    let outputs = graph.map_or(&[][..], |g| &g.output);
    Ok((inputs, outputs.iter().map(tensor_info).collect()))
}

/// A metadata entry.
fn metadata<'a>(proto: &'a ModelProto, key: &str) -> Option<&'a str> {
    let mut entries = proto.metadata_props.iter();
    let found = entries.find(|entry| entry.key.as_deref() == Some(key))?;
    found.value.as_deref()
}

fn tensor_info(value: &ValueInfoProto) -> TensorInfo {
    let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let shape = tensor.and_then(|t| t.shape.as_ref());
    TensorInfo {
        name: value.name.clone().unwrap_or("?".into()),
        float32: tensor.is_some_and(|t| t.elem_type == Some(DataType::FLOAT)),
        shape: shape.map_or(Vec::new(), |s| s.dim.iter().map(dimension).collect()),
    }
}

fn dimension(dim: &OnnxDimension) -> Dimension {
    match dim.dim_value {
        Some(value) => Dimension::Fixed(value),
        None => Dimension::Free(dim.dim_param.clone().unwrap_or("?".into())),
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
