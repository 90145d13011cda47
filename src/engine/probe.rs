//! Checks a loaded model's outputs and measures its speed.

use std::time::{Duration, Instant};

use super::{Engine, EngineError};
use crate::classifier::ModelOutput;
use crate::dsp::feature_spec::{HOP_SAMPLES, N_MFCC, SAMPLE_RATE_HZ};
use crate::failpoint::slow_failpoint;
use crate::model_spec::{MIN_FIRST_FRAMES, MIN_STEP_FRAMES};

/// Frames of the test windows.
const TEST_WINDOW_FRAMES: [usize; 2] = [37, 100];
/// Number of timed runs; their median counts.
const TIMED_RUNS: usize = 9;

impl Engine {
    /// Runs that detect a model with wrong metadata: windows of two lengths; for a
    /// streaming model an utterance of three steps, and one that ends inside its first
    /// step.
    pub(super) fn probe(&self) -> Result<(), EngineError> {
        let utterances = match &self.model.spec.stream {
            Some(stream) => vec![
                vec![stream.first_frames, stream.step_frames, MIN_STEP_FRAMES],
                vec![MIN_FIRST_FRAMES],
            ],
            None => TEST_WINDOW_FRAMES
                .iter()
                .map(|&frames| vec![frames])
                .collect(),
        };
        let unknown = self.unknown_speaker();
        let mut classifier = self.classifier()?;
        for steps in utterances {
            classifier.reset();
            for frames in steps {
                self.check(&classifier.classify(&noise(frames), unknown.as_ref())?)?;
            }
        }
        Ok(())
    }

    fn check(&self, output: &ModelOutput) -> Result<(), EngineError> {
        let logits = &output.logits;
        let labels = self.model.spec.labels.len();
        let width = self.model.spec.embedding_width.unwrap_or(0);
        let refuse = |item: &str, expected: String, found: String| {
            Err(self.model.incompatible(item, expected, found).into())
        };
        if output.embedding.len() != width {
            let found = output.embedding.len().to_string();
            return refuse("embedding", width.to_string(), found);
        }
        if logits.len() != labels {
            let expected = format!("{labels} numbers, one per label");
            return refuse("logits", expected, logits.len().to_string());
        }
        if !logits.iter().all(|x| x.is_finite()) {
            return refuse("logits", "finite numbers".into(), format!("{logits:?}"));
        }
        Ok(())
    }

    /// Longest speech of one measurement, in seconds: the longest window, or a step of
    /// a streaming model.
    pub fn measurement_s(&self) -> f64 {
        let spec = &self.model.spec;
        match &spec.stream {
            Some(stream) => (stream.step_frames * HOP_SAMPLES) as f64 / f64::from(SAMPLE_RATE_HZ),
            None => spec.window.max_s,
        }
    }

    /// Median time of a measurement on this machine.
    ///
    /// # Errors
    /// The engine's own error.
    pub fn measurement_time(&self) -> Result<Duration, EngineError> {
        let unknown = self.unknown_speaker();
        let mut classifier = self.classifier()?;
        classifier.reset();
        if let Some(stream) = &self.model.spec.stream {
            classifier.classify(&noise(stream.first_frames), unknown.as_ref())?;
        }
        let samples = self.measurement_s() * f64::from(SAMPLE_RATE_HZ);
        let mfcc = noise(samples.round() as usize / HOP_SAMPLES);
        let mut times = Vec::new();
        for _ in 0..TIMED_RUNS {
            let start = Instant::now();
            slow_failpoint(&self.model.name);
            classifier.classify(&mfcc, unknown.as_ref())?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        Ok(times[TIMED_RUNS / 2])
    }
}

fn noise(frames: usize) -> Vec<f32> {
    (0..frames * N_MFCC).map(|i| (i % 7) as f32 - 3.0).collect()
}
