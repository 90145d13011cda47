//! The speaker network: the built-in one, or a file.

use std::borrow::Cow;
use std::path::Path;

use rten_onnx::onnx::ModelProto;

use super::{ModelBytes, ModelError, bytes_of, declared, metadata, parsed};
use crate::speakers::spec::SpeakerSpec;

/// The file.
static EMBEDDED: &[u8] = include_bytes!("../../models/speakers/model.onnx");
/// Its name in messages.
const NAME: &str = "speakers";

/// A checked speaker network, not yet loaded into an engine.
#[derive(Debug, Clone)]
pub struct SpeakerModel {
    /// What messages call it.
    file: String,
    /// The metadata.
    pub spec: SpeakerSpec,
    /// The file.
    pub bytes: ModelBytes,
}

impl SpeakerModel {
    /// The built-in speaker network.
    ///
    /// # Errors
    /// Only if the program was built with an incompatible file.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes(NAME.into(), Cow::Borrowed(EMBEDDED))
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// A file that cannot be read, is not ONNX, or is not compatible.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::from_bytes(path.display().to_string(), Cow::Owned(bytes_of(path)?))
    }

    fn from_bytes(file: String, bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        let proto = parsed(&file, &bytes)?;
        let spec = spec_of(&proto).map_err(|reason| ModelError::Incompatible {
            name: file.clone(),
            reason,
        })?;
        let bytes = ModelBytes(bytes);
        Ok(Self { file, spec, bytes })
    }

    /// Its name in messages.
    pub fn name(&self) -> String {
        format!("{} ({})", self.file, self.spec.name)
    }
}

fn spec_of(proto: &ModelProto) -> Result<SpeakerSpec, crate::model_spec::SpecError> {
    let (inputs, outputs) = declared(proto)?;
    SpeakerSpec::parse(|key| metadata(proto, key), &inputs, &outputs)
}
