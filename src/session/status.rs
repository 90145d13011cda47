//! What a session sends to the screen at regular times.

use std::time::Instant;

use super::SCREEN_INTERVAL;
use super::latency::LatencyMeter;
use super::outlets::Outlets;
use crate::audio::source::Spec;
use crate::dsp::level::LevelReading;
use crate::engine::Engine;
use crate::failpoint::failpoint;
use crate::messages::{Level, Status, Update};
use crate::pipeline::Pipeline;

/// Sends level and status, when due and changed.
pub(super) struct StatusReporter {
    pub(super) status: Status,
    sent: Status,
    last: Option<Instant>,
}

impl StatusReporter {
    pub(super) fn new(status: Status) -> Self {
        Self {
            status,
            sent: Status::default(),
            last: None,
        }
    }

    /// The next report is due at once.
    pub(super) fn hurry(&mut self) {
        self.last = None;
    }

    /// Reports at most every [`SCREEN_INTERVAL`]; whether it did.
    pub(super) fn report(
        &mut self,
        pipeline: &mut Pipeline,
        latency: &LatencyMeter,
        outlets: &mut Outlets,
    ) -> bool {
        if self
            .last
            .is_some_and(|last| last.elapsed() < SCREEN_INTERVAL)
        {
            return false;
        }
        self.last = Some(Instant::now());
        failpoint("session");
        if let Some(reading) = pipeline.take_level() {
            outlets.update(Update::Level(level(reading, pipeline)));
        }
        self.status.inference_ms = latency.inference_ms();
        self.status.latency_ms = latency.measurement_ms();
        self.status.baseline_s = pipeline.baseline_s().map(|seconds| seconds as u32);
        if self.status != self.sent {
            self.sent.clone_from(&self.status);
            outlets.update(Update::Status(self.status.clone()));
        }
        true
    }
}

/// A reading of the level with the threshold and the time of the pipeline.
pub(super) fn level(reading: LevelReading, pipeline: &Pipeline) -> Level {
    Level {
        rms_dbfs: reading.rms_dbfs,
        peak_dbfs: reading.peak_dbfs,
        clipped: reading.clipped,
        vad_dbfs: Some(pipeline.vad_threshold_dbfs()),
        at_s: pipeline.position_s(),
    }
}

/// The status of a session with an engine.
pub(super) fn status(engine: &Engine, name: &str, spec: Spec, replay: bool) -> Status {
    let model = &engine.model;
    Status {
        source: name.into(),
        replay,
        sample_rate: spec.sample_rate,
        channels: spec.channels,
        engine: engine.name.clone(),
        model: model.name.clone(),
        labels: model.spec.labels.iter().map(ToString::to_string).collect(),
        colors: model.spec.colors.clone(),
        ..Status::default()
    }
}
