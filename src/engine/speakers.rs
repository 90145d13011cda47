//! The speaker network in the engine of the model.

use std::sync::{Arc, Mutex, PoisonError};

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
    /// How many speakers there are, where that is known.
    pub count: Option<u16>,
    /// The turns of each channel that is judged, where a first pass found them.
    turns: Vec<Arc<Turns>>,
    /// Networks not in use.
    idle: Idle,
}

type Idle = Arc<Mutex<Vec<Box<dyn SpeakerNetwork>>>>;

impl SpeakerTracking {
    /// The network's numbers.
    pub fn tuning(&self) -> SpeakerTuning {
        self.model.spec.tuning
    }
}

/// A network that goes back to the idle ones when it is dropped.
struct PooledNetwork {
    inner: Option<Box<dyn SpeakerNetwork>>,
    idle: Idle,
}

impl SpeakerNetwork for PooledNetwork {
    fn embed(&mut self, bands: &[f32]) -> Result<Vec<f32>, ClassifierError> {
        match &mut self.inner {
            Some(inner) => inner.embed(bands),
            None => Ok(Vec::new()), // never: only the drop takes it
        }
    }
}

impl Drop for PooledNetwork {
    fn drop(&mut self) {
        // One that panicked may be in any state.
        if let Some(inner) = self.inner.take()
            && !std::thread::panicking()
        {
            lock(&self.idle).push(inner);
        }
    }
}

fn lock(idle: &Idle) -> std::sync::MutexGuard<'_, Vec<Box<dyn SpeakerNetwork>>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// The same engine for sessions that tell speakers apart: `count` of them, or as
    /// many as there are.
    ///
    /// # Errors
    /// A network that does not run.
    pub fn tracking_speakers(&self, count: Option<u16>) -> Result<Self, EngineError> {
        let engine = Self {
            speakers: Some(SpeakerTracking {
                model: Arc::new(SpeakerModel::embedded()?),
                count,
                turns: Vec::new(),
                idle: Idle::default(),
            }),
            ..self.clone()
        };
        engine.speaker_network()?; // it is idle from now on
        Ok(engine)
    }

    /// The same engine for sessions that take all speech for that of one voice.
    #[must_use]
    pub fn without_speakers(&self) -> Self {
        Self {
            speakers: None,
            ..self.clone()
        }
    }

    /// The same engine for a recording whose turns are known, for each channel that is
    /// judged.
    #[must_use]
    pub fn with_turns(&self, turns: Vec<Turns>) -> Self {
        let mut engine = self.clone();
        if let Some(speakers) = &mut engine.speakers {
            speakers.turns = turns.into_iter().map(Arc::new).collect();
        }
        engine
    }

    /// Speakers of the recording whose turns are known; the most of any channel.
    pub fn known_speakers(&self) -> Option<u16> {
        let channels = self.speakers.as_ref()?.turns.iter();
        let count = |turns: &Turns| {
            let last = turns.iter().map(|turn| turn.speaker.0).max();
            last.map_or(0, |last| last.saturating_add(1))
        };
        channels.map(|turns| count(turns)).max()
    }

    /// How the session of a channel tells speakers apart, if it does; `index` counts the
    /// channels that are judged from 0.
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
            tuning: speakers.tuning(),
            most: speakers.count,
        }))
    }

    /// A speaker network for one thread: an idle one, or a new one; none where speakers
    /// are not told apart.
    ///
    /// # Errors
    /// The engine cannot load the network.
    pub fn speaker_network(&self) -> Result<Option<Box<dyn SpeakerNetwork>>, EngineError> {
        let Some(speakers) = &self.speakers else {
            return Ok(None);
        };
        let idle = lock(&speakers.idle).pop();
        let inner: Box<dyn SpeakerNetwork> = match (idle, &self.kind) {
            (Some(network), _) => network,
            (None, Kind::Builtin(_)) => Box::new(super::builtin::Speakers::load(&speakers.model)?),
            #[cfg(feature = "onnxruntime")]
            (None, Kind::OnnxRuntime(environment)) => {
                Box::new(environment.speaker_network(&speakers.model)?)
            }
        };
        Ok(Some(Box::new(PooledNetwork {
            inner: Some(inner),
            idle: Arc::clone(&speakers.idle),
        })))
    }
}
