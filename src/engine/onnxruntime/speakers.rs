//! The speaker network in ONNX Runtime.

use ort::session::Session;
use ort::value::TensorRef;

use super::{EngineError, Environment, NAME};
use crate::classifier::ClassifierError;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::engine::heap;
use crate::model::speakers::SpeakerModel;
use crate::speakers::SpeakerNetwork;
use crate::speakers::spec::{BANDS, PRINT};

/// A session of the network.
pub struct OnnxSpeakerNetwork {
    session: Session,
}

impl Environment {
    /// A speaker network for one thread.
    pub(in crate::engine) fn speaker_network(
        &self,
        model: &SpeakerModel,
    ) -> Result<OnnxSpeakerNetwork, EngineError> {
        let session = self.session(&model.bytes, &model.name())?;
        heap::release(model.constant());
        Ok(OnnxSpeakerNetwork { session })
    }
}

impl SpeakerNetwork for OnnxSpeakerNetwork {
    fn embed(&mut self, bands: &[f32]) -> Result<Vec<f32>, ClassifierError> {
        let frames = bands.len() / N_SPEAKER_BANDS;
        let bands = &bands[..frames * N_SPEAKER_BANDS];
        self.run(frames, bands).map_err(|error| ClassifierError {
            engine: NAME,
            frames,
            reason: error.to_string(),
        })
    }
}

impl OnnxSpeakerNetwork {
    fn run(&mut self, frames: usize, bands: &[f32]) -> ort::Result<Vec<f32>> {
        let window = TensorRef::from_array_view(([1, frames, N_SPEAKER_BANDS], bands))?;
        let outputs = self.session.run(ort::inputs![BANDS => window])?;
        Ok(outputs[PRINT].try_extract_tensor::<f32>()?.1.to_vec())
    }
}
