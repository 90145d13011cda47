//! The speaker network, run by the model's engine.

use std::ops::Range;
use std::sync::Arc;

use super::pool::{Pool, Pooled};
use super::{Engine, EngineError, Kind};
use crate::classifier::ClassifierError;
use crate::model::speakers::SpeakerModel;
use crate::pipeline::SpeakerMode;
use crate::speakers::SpeakerNetwork;
use crate::speakers::spec::SpeakerTuning;
use crate::speakers::turns::Turns;

/// How the sessions of an engine tell speakers apart.
#[derive(Clone)]
pub struct SpeakerTracking {
    model: Arc<SpeakerModel>,
    /// The number of speakers, if it is known.
    pub count: Option<u16>,
    /// The turns of each analyzed channel, if a first pass found them.
    turns: Vec<Arc<Turns>>,
    /// Idle networks.
    networks: Pool<dyn SpeakerNetwork>,
}

impl SpeakerTracking {
    /// The network's tuned constants.
    pub fn tuning(&self) -> &SpeakerTuning {
        &self.model.spec.tuning
    }
}

impl SpeakerNetwork for Pooled<dyn SpeakerNetwork> {
    fn embed(
        &mut self,
        bands: &[f32],
        windows: &[Range<usize>],
    ) -> Result<Vec<Vec<f32>>, ClassifierError> {
        match self.inner() {
            Some(inner) => inner.embed(bands, windows),
            None => Ok(Vec::new()),
        }
    }
}

/// Windows of frames as the network's input, `[windows, 2]`.
pub(super) fn window_ends(windows: &[Range<usize>]) -> Vec<f32> {
    let ends = windows.iter().flat_map(|window| [window.start, window.end]);
    ends.map(|frame| frame as f32).collect()
}

/// The network's output `[windows, width]` as one embedding for each window.
pub(super) fn embeddings(values: &[f32], windows: usize) -> Vec<Vec<f32>> {
    let width = (values.len() / windows.max(1)).max(1);
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}

impl Engine {
    /// The engine for sessions that tell speakers apart by a network: `count` of them,
    /// or as many as are detected.
    ///
    /// # Errors
    /// The network does not run.
    pub fn tracking_speakers(
        &self,
        count: Option<u16>,
        model: SpeakerModel,
    ) -> Result<Self, EngineError> {
        let engine = Self {
            speakers: Some(SpeakerTracking {
                model: Arc::new(model),
                count,
                turns: Vec::new(),
                networks: Pool::default(),
            }),
            ..self.clone()
        };
        engine.speaker_network()?; // loads it, for the pool
        Ok(engine)
    }

    /// The engine for sessions that treat all speech as one speaker's.
    #[must_use]
    pub fn without_speakers(&self) -> Self {
        Self {
            speakers: None,
            ..self.clone()
        }
    }

    /// The engine for a recording with known turns, one list per analyzed channel.
    #[must_use]
    pub fn with_turns(&self, turns: Vec<Turns>) -> Self {
        let mut engine = self.clone();
        if let Some(speakers) = &mut engine.speakers {
            speakers.turns = turns.into_iter().map(Arc::new).collect();
        }
        engine
    }

    /// Number of speakers of a recording with known turns; the largest number of any
    /// channel.
    pub fn known_speakers(&self) -> Option<u16> {
        let channels = self.speakers.as_ref()?.turns.iter();
        let count = |turns: &Turns| {
            let last = turns.iter().map(|turn| turn.speaker.0).max();
            last.map_or(0, |last| last.saturating_add(1))
        };
        channels.map(|turns| count(turns)).max()
    }

    /// The speaker tracking of a channel's session; `index` counts the analyzed channels
    /// from 0.
    ///
    /// # Errors
    /// The engine cannot load the network.
    pub fn speaker_mode(&self, index: usize) -> Result<Option<SpeakerMode>, EngineError> {
        let Some(speakers) = &self.speakers else {
            return Ok(None);
        };
        if let Some(turns) = speakers.turns.get(index) {
            return Ok(Some(SpeakerMode::Known(Arc::clone(turns))));
        }
        let network = self.speaker_network()?;
        Ok(network.map(|network| SpeakerMode::Follow {
            network,
            tuning: speakers.tuning().clone(),
            most: speakers.count,
        }))
    }

    /// A speaker network for one thread: an idle one, or a new one; `None` without
    /// speaker tracking.
    ///
    /// # Errors
    /// The engine cannot load the network.
    pub fn speaker_network(&self) -> Result<Option<Box<dyn SpeakerNetwork>>, EngineError> {
        let Some(speakers) = &self.speakers else {
            return Ok(None);
        };
        let inner: Box<dyn SpeakerNetwork> = match (speakers.networks.take(), &self.kind) {
            (Some(network), _) => network,
            (None, Kind::Builtin(_)) => Box::new(super::builtin::BuiltinSpeakerNetwork::load(
                &speakers.model,
            )?),
            #[cfg(feature = "onnxruntime")]
            (None, Kind::OnnxRuntime(environment)) => {
                Box::new(environment.speaker_network(&speakers.model)?)
            }
        };
        Ok(Some(Box::new(speakers.networks.wrap(inner))))
    }
}
