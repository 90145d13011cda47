//! The built-in engine: `rten`, pure Rust.

use std::ops::Range;
use std::sync::Arc;

use rten::{ModelOptions, NodeId, RunOptions, ThreadPool, Value};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensorView, Tensor};

use super::speakers::{embeddings, window_ends};
use super::{EngineError, SharingClassifier, heap};
use crate::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use crate::dsp::feature_spec::N_MFCC;
use crate::dsp::speaker_bands::N_SPEAKER_BANDS;
use crate::model::speakers::SpeakerModel;
use crate::model::{Model, ModelBytes};
use crate::model_spec::{
    BASELINE_INPUT, BASELINE_SECONDS_INPUT, EMBEDDING_OUTPUT, LOGITS_OUTPUT, MFCC_INPUT,
    SPEECH_OUTPUT,
};
use crate::speakers::SpeakerNetwork;
use crate::speakers::spec::{BANDS, EMBEDDING, WINDOW_ENDS, WINDOWS};

const NAME: &str = "the built-in engine";

/// The loaded model, shared by its classifiers.
#[derive(Clone)]
pub struct BuiltinModel {
    model: Arc<rten::Model>,
    input: NodeId,
    /// Mean and variance of the speaker baseline, and its seconds of speech.
    voice: Option<[NodeId; 2]>,
    /// The logits, followed by speech, embedding and state if the model has them.
    outputs: Vec<NodeId>,
    speech: bool,
    /// Inputs of a streaming model's state, with their values before the first step.
    state: Vec<(NodeId, Value)>,
}

impl BuiltinModel {
    /// Loads the graph.
    pub fn load(model: &Model) -> Result<Self, EngineError> {
        let graph = Graph::load(model.name.clone(), &model.bytes)?;
        let node = |name: &str| graph.node(name);
        let spec = &model.spec;
        let mut outputs = vec![node(LOGITS_OUTPUT)?];
        if spec.has_speech {
            outputs.push(node(SPEECH_OUTPUT)?);
        }
        let voice = match spec.embedding_width {
            Some(_) => {
                outputs.push(node(EMBEDDING_OUTPUT)?);
                Some([node(BASELINE_INPUT)?, node(BASELINE_SECONDS_INPUT)?])
            }
            None => None,
        };
        let mut state = Vec::new();
        for tensor in spec.stream.iter().flat_map(|stream| &stream.state) {
            outputs.push(node(&tensor.next())?);
            let filled = Tensor::full(&tensor.shape, tensor.fill);
            state.push((node(&tensor.name)?, filled.into()));
        }
        Ok(Self {
            input: node(MFCC_INPUT)?,
            voice,
            outputs,
            speech: spec.has_speech,
            state,
            model: Arc::new(graph.model),
        })
    }

    /// A classifier that runs on one thread.
    pub fn classifier(&self) -> BuiltinClassifier {
        BuiltinClassifier {
            shared: self.clone(),
            options: one_thread(),
            state: None,
            previous: None,
        }
    }
}

/// A loaded graph, with its name for errors.
struct Graph {
    model: rten::Model,
    name: String,
}

impl Graph {
    fn load(name: String, bytes: &ModelBytes) -> Result<Self, EngineError> {
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let loaded = match bytes.constant() {
            Some(constant) => options.load_static_slice(constant),
            None => options.load(bytes.to_vec()),
        };
        let model = loaded.map_err(|error| load_error(&name, &error))?;
        heap::release(bytes.constant());
        Ok(Self { model, name })
    }

    /// The input or output of that name.
    fn node(&self, name: &str) -> Result<NodeId, EngineError> {
        self.model
            .node_id(name)
            .map_err(|error| load_error(&self.name, &error))
    }
}

fn load_error(model: &str, reason: &impl ToString) -> EngineError {
    EngineError::Load {
        engine: NAME,
        model: model.to_owned(),
        reason: reason.to_string(),
    }
}

fn one_thread() -> RunOptions {
    let mut options = RunOptions::default();
    options.thread_pool = Some(Arc::new(ThreadPool::with_num_threads(1)));
    options
}

/// A speaker network of the built-in engine.
pub struct BuiltinSpeakerNetwork {
    model: rten::Model,
    bands: NodeId,
    windows: NodeId,
    embedding: NodeId,
    options: RunOptions,
}

impl BuiltinSpeakerNetwork {
    /// Loads the graph, for one thread.
    pub fn load(model: &SpeakerModel) -> Result<Self, EngineError> {
        let graph = Graph::load(model.name(), &model.bytes)?;
        Ok(Self {
            bands: graph.node(BANDS)?,
            windows: graph.node(WINDOWS)?,
            embedding: graph.node(EMBEDDING)?,
            options: one_thread(),
            model: graph.model,
        })
    }
}

impl SpeakerNetwork for BuiltinSpeakerNetwork {
    fn embed(
        &mut self,
        bands: &[f32],
        windows: &[Range<usize>],
    ) -> Result<Vec<Vec<f32>>, ClassifierError> {
        let frames = bands.len() / N_SPEAKER_BANDS;
        let fail = |reason: String| ClassifierError {
            engine: NAME,
            frames,
            reason,
        };
        let bands = &bands[..frames * N_SPEAKER_BANDS];
        let bands = NdTensorView::from_data([frames, N_SPEAKER_BANDS], bands);
        let ends = window_ends(windows);
        let ends = NdTensorView::from_data([windows.len(), WINDOW_ENDS], &ends[..]);
        let inputs = vec![(self.bands, bands.into()), (self.windows, ends.into())];
        let found = self
            .model
            .run(inputs, &[self.embedding], Some(self.options.clone()))
            .map_err(|error| fail(error.to_string()))?;
        let first = found.into_iter().next();
        let tensor: Option<Tensor<f32>> = first.and_then(|value| value.try_into().ok());
        let values = tensor
            .ok_or_else(|| fail("the output is not of 32-bit floats".into()))?
            .to_vec();
        Ok(embeddings(&values, windows.len()))
    }
}

/// A classifier of the built-in engine.
pub struct BuiltinClassifier {
    shared: BuiltinModel,
    options: RunOptions,
    /// The state after a step; `None` before the first.
    state: Option<Vec<Value>>,
    /// The state before that step.
    previous: Option<Vec<Value>>,
}

impl SharingClassifier for BuiltinClassifier {
    fn for_another_channel(&self) -> Result<Box<dyn Classifier>, EngineError> {
        Ok(Box::new(Self {
            shared: self.shared.clone(),
            options: self.options.clone(),
            state: None,
            previous: None,
        }))
    }
}

impl Classifier for BuiltinClassifier {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        let frames = mfcc.len() / N_MFCC;
        let fail = |reason: String| ClassifierError {
            engine: NAME,
            frames,
            reason,
        };
        let shared = &self.shared;
        let window = NdTensorView::from_data([1, frames, N_MFCC], &mfcc[..frames * N_MFCC]);
        let mut inputs = vec![(shared.input, window.into())];
        if let (Some([statistics, seconds]), Some(known)) = (shared.voice, baseline) {
            let width = known.statistics.len() / 2;
            let view = NdTensorView::from_data([1, 2, width], &known.statistics[..2 * width]);
            inputs.push((statistics, view.into()));
            let length = NdTensorView::from_data([1, 1], std::slice::from_ref(&known.seconds));
            inputs.push((seconds, length.into()));
        }
        for (index, (node, initial)) in shared.state.iter().enumerate() {
            let value = self.state.as_ref().map_or(initial, |state| &state[index]);
            inputs.push((*node, value.into()));
        }
        let mut found = shared
            .model
            .run(inputs, &shared.outputs, Some(self.options.clone()))
            .map_err(|error| fail(error.to_string()))?;
        let state = found.split_off(found.len() - shared.state.len());
        let mut values = found.into_iter().map(|value| {
            let tensor: Result<rten_tensor::Tensor<f32>, _> = value.try_into();
            tensor
                .map(|tensor| tensor.to_vec())
                .map_err(|_| fail("an output is not of 32-bit floats".into()))
        });
        let mut next = || values.next().transpose().map(Option::unwrap_or_default);
        let output = ModelOutput {
            logits: next()?,
            speech: if shared.speech {
                next()?.first().copied()
            } else {
                None
            },
            embedding: next()?,
        };
        self.previous = self.state.replace(state);
        Ok(output)
    }

    fn reset(&mut self) {
        self.state = None;
        self.previous = None;
    }

    fn undo_step(&mut self) {
        self.state = self.previous.take();
    }
}
