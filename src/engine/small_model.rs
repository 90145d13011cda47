//! Replaces the default model by the small one where inference is too slow.

use std::time::Duration;

use super::{Engine, EngineError};
use crate::events::ReplacedModel;

/// Longest inference for one measurement that a live session accepts from the default model.
pub const MAX_INFERENCE_TIME: Duration = Duration::from_millis(60);

impl Engine {
    /// This engine, or `small` where a measurement takes longer than
    /// `MAX_INFERENCE_TIME` on this machine.
    ///
    /// # Errors
    /// The engine's own error, or that of `small`.
    pub fn or_small_if_slow(
        self,
        small: impl FnOnce() -> Result<Self, EngineError>,
    ) -> Result<Self, EngineError> {
        let time = self.measurement_time()?;
        if time <= MAX_INFERENCE_TIME {
            return Ok(self);
        }
        let mut engine = small()?;
        engine.replaced = Some(ReplacedModel {
            model: self.model.name.clone(),
            measurement_ms: (time.as_secs_f64() * 1e4).round() / 10.0,
        });
        Ok(engine)
    }

    /// The message to the user about a replaced model.
    pub fn replacement_notice(&self) -> Option<String> {
        let ReplacedModel {
            model,
            measurement_ms,
        } = self.replaced.as_ref()?;
        let longest = MAX_INFERENCE_TIME.as_millis();
        Some(format!(
            "a measurement with {model} takes {measurement_ms:.0} ms on this machine, more than \
             {longest} ms: {} is used instead; --model {model} keeps the large one",
            self.model.name
        ))
    }
}
