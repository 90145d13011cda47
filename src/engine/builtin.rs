//! The engine inside the binary: `rten`, pure Rust.

use std::borrow::Cow;
use std::sync::Arc;

use rten::{ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

use super::EngineError;
use crate::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use crate::dsp::feature_spec::N_MFCC;
use crate::model::Model;
use crate::model_spec::{BASELINE, BASELINE_S, EMBEDDING, INPUT, OUTPUT, SPEECH};

const NAME: &str = "the built-in engine";

/// A loaded model, shared by the classifiers.
#[derive(Clone)]
pub struct Shared {
    model: Arc<rten::Model>,
    input: NodeId,
    /// The voice's statistics and their seconds.
    voice: Option<[NodeId; 2]>,
    /// The logits; what else there is in this order: speech, embedding.
    outputs: Vec<NodeId>,
    speech: bool,
}

impl Shared {
    /// Loads the graph.
    pub fn load(model: &Model) -> Result<Self, EngineError> {
        let refuse = |reason: String| EngineError::Load {
            engine: NAME,
            model: model.name.clone(),
            reason,
        };
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let graph = match &model.bytes {
            Cow::Borrowed(bytes) => options.load_static_slice(bytes),
            Cow::Owned(bytes) => options.load(bytes.clone()),
        }
        .map_err(|error| refuse(error.to_string()))?;
        let node = |name: &str| {
            graph
                .node_id(name)
                .map_err(|error| refuse(error.to_string()))
        };
        let spec = &model.spec;
        let mut outputs = vec![node(OUTPUT)?];
        if spec.has_speech {
            outputs.push(node(SPEECH)?);
        }
        let voice = match spec.embedding_width {
            Some(_) => {
                outputs.push(node(EMBEDDING)?);
                Some([node(BASELINE)?, node(BASELINE_S)?])
            }
            None => None,
        };
        Ok(Self {
            input: node(INPUT)?,
            voice,
            outputs,
            speech: spec.has_speech,
            model: Arc::new(graph),
        })
    }

    /// A classifier with a thread of its own.
    pub fn classifier(&self) -> Builtin {
        let mut options = RunOptions::default();
        options.thread_pool = Some(Arc::new(ThreadPool::with_num_threads(1)));
        Builtin {
            shared: self.clone(),
            options,
        }
    }
}

/// A classifier of the built-in engine.
pub struct Builtin {
    shared: Shared,
    options: RunOptions,
}

impl Classifier for Builtin {
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
        let found = shared
            .model
            .run(inputs, &shared.outputs, Some(self.options.clone()))
            .map_err(|error| fail(error.to_string()))?;
        let mut values = found.into_iter().map(|value| {
            let tensor: Result<rten_tensor::Tensor<f32>, _> = value.try_into();
            tensor
                .map(|tensor| tensor.to_vec())
                .map_err(|_| fail("an output is not of 32-bit floats".into()))
        });
        let mut next = || values.next().transpose().map(Option::unwrap_or_default);
        Ok(ModelOutput {
            logits: next()?,
            speech: if shared.speech {
                next()?.first().copied()
            } else {
                None
            },
            embedding: next()?,
        })
    }
}
