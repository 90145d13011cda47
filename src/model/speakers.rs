//! The built-in speaker network.

use rten_onnx::onnx::ModelProto;

use super::{ModelError, declared, metadata, parsed};
use crate::speakers::spec::SpeakerSpec;

/// The file.
static EMBEDDED: &[u8] = include_bytes!("../../models/speakers/model.onnx");
/// Its name in messages.
const NAME: &str = "speakers";

/// A checked speaker network, not yet loaded into an engine.
#[derive(Debug, Clone)]
pub struct SpeakerModel {
    /// The metadata.
    pub spec: SpeakerSpec,
    /// The file.
    pub bytes: &'static [u8],
}

impl SpeakerModel {
    /// The built-in speaker network.
    ///
    /// # Errors
    /// Only if the program was built with an incompatible file.
    pub fn embedded() -> Result<Self, ModelError> {
        let proto = parsed(NAME, EMBEDDED)?;
        let spec = spec_of(&proto).map_err(|reason| ModelError::Incompatible {
            name: NAME.into(),
            reason,
        })?;
        Ok(Self {
            spec,
            bytes: EMBEDDED,
        })
    }

    /// Its name in messages.
    pub fn name(&self) -> String {
        format!("{NAME} ({})", self.spec.name)
    }
}

fn spec_of(proto: &ModelProto) -> Result<SpeakerSpec, crate::model_spec::SpecError> {
    let (inputs, outputs) = declared(proto)?;
    SpeakerSpec::parse(|key| metadata(proto, key), &inputs, &outputs)
}
