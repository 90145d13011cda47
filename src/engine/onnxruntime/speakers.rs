//! The speaker network in ONNX Runtime.

use std::ops::Range;

use ort::session::Session;
use ort::value::TensorRef;

use super::{EngineError, Environment, NAME};
use crate::classifier::ClassifierError;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::engine::heap;
use crate::engine::speakers::{embeddings, window_ends};
use crate::model::speakers::SpeakerModel;
use crate::speakers::SpeakerNetwork;
use crate::speakers::spec::{BANDS, EMBEDDING, WINDOW_ENDS, WINDOWS};

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
        // Nearly all runs of a live session have one length.
        let session = self.session(&model.bytes, &model.name(), true)?;
        heap::release(model.bytes.constant());
        Ok(OnnxSpeakerNetwork { session })
    }
}

impl SpeakerNetwork for OnnxSpeakerNetwork {
    fn embed(
        &mut self,
        bands: &[f32],
        windows: &[Range<usize>],
    ) -> Result<Vec<Vec<f32>>, ClassifierError> {
        let frames = bands.len() / N_SPEAKER_BANDS;
        let found = self.run(frames, bands, windows);
        let found = found.map_err(|error| ClassifierError {
            engine: NAME,
            frames,
            reason: error.to_string(),
        })?;
        Ok(embeddings(&found, windows.len()))
    }
}

impl OnnxSpeakerNetwork {
    fn run(
        &mut self,
        frames: usize,
        bands: &[f32],
        windows: &[Range<usize>],
    ) -> ort::Result<Vec<f32>> {
        let bands = &bands[..frames * N_SPEAKER_BANDS];
        let ends = window_ends(windows);
        let outputs = self.session.run(ort::inputs![
            BANDS => TensorRef::from_array_view(([frames, N_SPEAKER_BANDS], bands))?,
            WINDOWS => TensorRef::from_array_view(([windows.len(), WINDOW_ENDS], &ends[..]))?,
        ])?;
        Ok(outputs[EMBEDDING].try_extract_tensor::<f32>()?.1.to_vec())
    }
}
