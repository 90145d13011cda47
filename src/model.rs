//! The model file: read, checked, and rejected if it is not compatible.
//!
//! [`ModelSpec`] describes what an ONNX file has to say about itself.

mod weights;
mod wire;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;

use rten_onnx::onnx::{DataType, Dimension as OnnxDimension, ModelProto, ValueInfoProto};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::model_spec::{Dimension, ModelSpec, SpecError, TensorInfo};

/// The default model, inside the binary.
const EMBEDDED: &[u8] = include_bytes!("../models/voices/model.onnx");
const EMBEDDED_NAME: &str = "voices";
/// Its golden cases, for the self-test.
const GOLDEN: &str = include_str!("../models/voices/golden.json");

/// Largest model file that is read, in bytes.
const LARGEST: u64 = 512 << 20;

/// Why a model was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read the model {path}: {reason}")]
    Read {
        /// Its path.
        path: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The file is larger than any model that could run here.
    #[error("the model {path} has {size} bytes; at most {LARGEST} are read")]
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
        /// What cannot be, or what the parser said.
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
    /// Name for people: `voices`, or the path as given.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What the metadata says.
    pub spec: ModelSpec,
    /// The file.
    pub bytes: Cow<'static, [u8]>,
}

/// A reference answer: features and the probabilities that they give.
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
    /// The same with the golden baseline; empty if the model takes none.
    #[serde(default)]
    pub settled_probabilities: Vec<f64>,
}

/// The golden cases and the made-up voice that they are also judged against.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Golden {
    /// The voice.
    #[serde(default)]
    pub baseline: GoldenBaseline,
    /// The cases.
    pub cases: Vec<GoldenCase>,
}

/// A made-up voice.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GoldenBaseline {
    /// Speech that it knows, in seconds.
    pub seconds: f32,
    /// Means, then variances.
    pub statistics: Vec<f32>,
}

impl Model {
    /// The default model, inside the binary.
    ///
    /// # Errors
    /// Only if the binary was built with a model that does not fit.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes(EMBEDDED_NAME.into(), Cow::Borrowed(EMBEDDED))
    }

    /// The golden cases of the default model, from its training.
    pub fn embedded_golden() -> Golden {
        serde_json::from_str(GOLDEN).unwrap_or_default()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that cannot be read, is not ONNX, or does not fit.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let read_error = |reason| ModelError::Read {
            path: name.clone(),
            reason,
        };
        let size = std::fs::metadata(path).map_err(read_error)?.len();
        if size > LARGEST {
            return Err(ModelError::TooLarge { path: name, size });
        }
        let bytes = std::fs::read(path).map_err(read_error)?;
        Self::from_bytes(name, Cow::Owned(bytes))
    }

    /// Checks a file that is in memory.
    ///
    /// # Errors
    /// Bytes that are not ONNX, or do not fit.
    pub fn from_bytes(name: String, bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let not_onnx = |reason| ModelError::NotOnnx {
            name: name.clone(),
            reason,
        };
        wire::check(&bytes).map_err(not_onnx)?;
        let proto = ModelProto::parse_buf(&bytes).map_err(|error| not_onnx(error.to_string()))?;
        let spec = spec_of(&proto).map_err(|reason| ModelError::Incompatible {
            name: name.clone(),
            reason,
        })?;
        Ok(Self {
            name,
            sha256: sha256(&bytes),
            spec,
            bytes,
        })
    }

    /// The error about a model that does not do what its metadata says.
    pub fn incompatible(&self, item: &str, expected: String, found: String) -> ModelError {
        ModelError::Incompatible {
            name: self.name.clone(),
            reason: SpecError::new(item, expected, found),
        }
    }
}

fn spec_of(proto: &ModelProto) -> Result<ModelSpec, SpecError> {
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
    let inputs: Vec<TensorInfo> = graph
        .map_or(&[][..], |g| &g.input)
        .iter()
        .filter(|v| !v.name.as_deref().is_some_and(|name| weights.contains(name)))
        .map(tensor_info)
        .collect();
    let outputs = graph.map_or(&[][..], |g| &g.output);
    let outputs: Vec<TensorInfo> = outputs.iter().map(tensor_info).collect();
    let metadata = |key: &str| {
        let mut entries = proto.metadata_props.iter();
        let found = entries.find(|entry| entry.key.as_deref() == Some(key))?;
        found.value.as_deref()
    };
    ModelSpec::parse(metadata, &inputs, &outputs)
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
