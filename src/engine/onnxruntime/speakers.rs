//! The speaker network in ONNX Runtime.

use ort::session::Session;
use ort::value::TensorRef;

use super::{EngineError, Environment, NAME};
use crate::classifier::ClassifierError;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::engine::heap;
use crate::model::speakers::SpeakerModel;
use crate::speakers::SpeakerNetwork;
use crate::speakers::spec::{BANDS, EMBEDDING};

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
        // Nearly all windows have one length.
        let session = self.session(&model.bytes, &model.name(), true)?;
        heap::release(model.bytes.constant());
        Ok(OnnxSpeakerNetwork { session })
    }
}

impl SpeakerNetwork for OnnxSpeakerNetwork {
    fn embed(&mut self, windows: usize, bands: &[f32]) -> Result<Vec<Vec<f32>>, ClassifierError> {
        let frames = bands.len() / windows.max(1) / N_SPEAKER_BANDS;
        let bands = &bands[..windows * frames * N_SPEAKER_BANDS];
        let found = self.run([windows, frames, N_SPEAKER_BANDS], bands);
        let found = found.map_err(|error| ClassifierError {
            engine: NAME,
            frames,
            reason: error.to_string(),
        })?;
        let width = (found.len() / windows.max(1)).max(1);
        Ok(found.chunks_exact(width).map(<[f32]>::to_vec).collect())
    }
}

impl OnnxSpeakerNetwork {
    fn run(&mut self, shape: [usize; 3], bands: &[f32]) -> ort::Result<Vec<f32>> {
        let windows = TensorRef::from_array_view((shape, bands))?;
        let outputs = self.session.run(ort::inputs![BANDS => windows])?;
        Ok(outputs[EMBEDDING].try_extract_tensor::<f32>()?.1.to_vec())
    }
}
