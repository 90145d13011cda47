//! Regular messages from a session to the screen.

use std::time::Instant;

use super::SCREEN_INTERVAL;
use super::latency::LatencyMeter;
use super::outlets::Outlets;
use crate::audio::source::Spec;
use crate::engine::Engine;
use crate::failpoint::failpoint;
use crate::messages::{Level, Status, Update};
use crate::pipeline::ChannelPipelines;

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

    /// Makes the next report due at once.
    pub(super) fn hurry(&mut self) {
        self.last = None;
    }

    /// Reports at most every [`SCREEN_INTERVAL`]; returns whether it did.
    pub(super) fn report(
        &mut self,
        pipelines: &mut ChannelPipelines,
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
        if let Some(level) = level(pipelines) {
            outlets.update(Update::Level(level));
        }
        self.status.inference_ms = latency.inference_ms();
        self.status.latency_ms = latency.measurement_ms();
        self.status.baseline_s = pipelines.baseline_s().map(|seconds| seconds as u32);
        if self.status != self.sent {
            self.sent.clone_from(&self.status);
            outlets.update(Update::Status(self.status.clone()));
        }
        true
    }
}

/// The level since the last reading, with its threshold and its time.
pub(super) fn level(pipelines: &mut ChannelPipelines) -> Option<Level> {
    let (reading, threshold_dbfs) = pipelines.take_level()?;
    Some(Level {
        rms_dbfs: reading.rms_dbfs,
        peak_dbfs: reading.peak_dbfs,
        clipped: reading.clipped,
        vad_dbfs: Some(threshold_dbfs),
        at_s: pipelines.position_s(),
    })
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
