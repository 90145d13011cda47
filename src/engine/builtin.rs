//! The engine inside the binary: `rten`, pure Rust.

use std::borrow::Cow;
use std::sync::Arc;

use rten::{ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

use super::{Classifier, EngineError};
use crate::dsp::spec::N_MFCC;
use crate::model::{INPUT, Model, OUTPUT};

const NAME: &str = "the built-in engine";

/// A loaded model, shared by the classifiers.
#[derive(Clone)]
pub struct Shared {
    model: Arc<rten::Model>,
    input: NodeId,
    output: NodeId,
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
        let input = graph
            .node_id(INPUT)
            .map_err(|error| refuse(error.to_string()))?;
        let output = graph
            .node_id(OUTPUT)
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            model: Arc::new(graph),
            input,
            output,
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
    fn logits(&mut self, mfcc: &[f32]) -> Result<Vec<f32>, EngineError> {
        let frames = mfcc.len() / N_MFCC;
        let fail = |reason: String| EngineError::Run {
            engine: NAME,
            frames,
            reason,
        };
        let window = NdTensorView::from_data([1, frames, N_MFCC], &mfcc[..frames * N_MFCC]);
        let [logits] = self
            .shared
            .model
            .run_n(
                vec![(self.shared.input, window.into())],
                [self.shared.output],
                Some(self.options.clone()),
            )
            .map_err(|error| fail(error.to_string()))?;
        let logits: rten_tensor::Tensor<f32> = logits
            .try_into()
            .map_err(|_| fail("the output is not of 32-bit floats".into()))?;
        Ok(logits.to_vec())
    }
}
