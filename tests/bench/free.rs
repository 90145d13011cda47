//! A classifier that costs nothing, for what all the rest costs.

use emoscope::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use emoscope::model_spec::ModelSpec;

/// Knows nothing, at once.
pub struct Free {
    labels: usize,
    width: usize,
}

impl Free {
    /// Answers of the shape that the model gives.
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
}
