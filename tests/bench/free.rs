//! A classifier without cost, to measure the cost of everything else.

use emoscope::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use emoscope::model_spec::ModelSpec;

/// Returns fixed logits at once.
pub struct Free {
    labels: usize,
    width: usize,
}

impl Free {
    /// Output of the same shape as the model's.
    pub fn like(spec: &ModelSpec) -> Self {
        Self {
            labels: spec.labels.len(),
            width: spec.embedding_width.unwrap_or(0),
        }
    }
}

impl Classifier for Free {
    fn classify(
        &mut self,
        _: &[f32],
        _: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        Ok(ModelOutput {
            logits: vec![0.0; self.labels],
            speech: None,
            embedding: vec![0.0; self.width],
        })
    }

    fn reset(&mut self) {}

    fn undo_step(&mut self) {}
}
