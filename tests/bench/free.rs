//! A classifier that costs nothing, for what all the rest costs.

use emoscope::engine::{Answer, Classifier, EngineError, Known};
use emoscope::model::Contract;

/// Knows nothing, at once.
pub struct Free {
    labels: usize,
    width: usize,
}

impl Free {
    /// Answers of the shape that the model gives.
    pub fn like(contract: &Contract) -> Self {
        Self {
            labels: contract.labels.len(),
            width: contract.width.unwrap_or(0),
        }
    }
}

impl Classifier for Free {
    fn judge(&mut self, _: &[f32], _: Option<&Known>) -> Result<Answer, EngineError> {
        Ok(Answer {
            logits: vec![0.0; self.labels],
            speech: None,
            embedding: vec![0.0; self.width],
        })
    }
}
