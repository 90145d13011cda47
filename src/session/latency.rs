//! Measures the latency of a session. The core cannot do this: it knows no clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::classifier::{BaselineInput, Classifier, ClassifierError, ModelOutput};
use crate::events::{Event, Trigger};

/// Measures inference time, and the time from audio to measurement.
#[derive(Debug, Clone, Default)]
pub struct LatencyMeter {
    /// Time of the last inference, in nanoseconds.
    inference_ns: Arc<AtomicU64>,
    measurement_ms: f32,
}

impl LatencyMeter {
    /// Wraps the classifier to time it.
    pub(super) fn timed(&self, classifier: Box<dyn Classifier>) -> Box<dyn Classifier> {
        Box::new(TimedClassifier {
            classifier,
            inference_ns: Arc::clone(&self.inference_ns),
        })
    }

    /// Time of the last inference in milliseconds; 0 before the first.
    pub fn inference_ms(&self) -> f32 {
        self.inference_ns.load(Ordering::Relaxed) as f32 / 1e6
    }

    /// Time from the last sample of the last window until its measurement, in
    /// milliseconds; 0 before the first.
    pub(super) fn measurement_ms(&self) -> f32 {
        self.measurement_ms
    }

    /// Applies the newest events of a live input; `captured_s` seconds were captured when
    /// its last block arrived.
    pub(super) fn update(&mut self, events: &[Event], captured_s: f64, last_block: Instant) {
        for event in events {
            if let Event::Measurement(measurement) = event
                && measurement.trigger == Trigger::Interval
            {
                let behind_s = captured_s - measurement.end_s;
                let latency_s = behind_s + last_block.elapsed().as_secs_f64();
                self.measurement_ms = (latency_s * 1e3) as f32;
            }
        }
    }
}

struct TimedClassifier {
    classifier: Box<dyn Classifier>,
    inference_ns: Arc<AtomicU64>,
}

impl Classifier for TimedClassifier {
    fn classify(
        &mut self,
        mfcc: &[f32],
        baseline: Option<&BaselineInput>,
    ) -> Result<ModelOutput, ClassifierError> {
        let start = Instant::now();
        let output = self.classifier.classify(mfcc, baseline);
        let nanoseconds = start.elapsed().as_nanos() as u64;
        self.inference_ns.store(nanoseconds, Ordering::Relaxed);
        output
    }

    fn reset(&mut self) {
        self.classifier.reset();
    }

    fn undo_step(&mut self) {
        self.classifier.undo_step();
    }
}
