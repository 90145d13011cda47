//! The input of a live session: stalls, its loss and return, and a change of the device.

use std::time::{Duration, Instant};

use super::{Microphone, PollTimer, Running, SessionError, pipeline};
use crate::dsp::mono::{ChannelChoice, ChannelSelection};
use crate::events::GapCause;
use crate::session::watch::{CaptureWatch, Finding, SoleDetector, ZeroDetector};

/// Time between attempts to reopen a lost input.
const REOPEN_INTERVAL: Duration = Duration::from_millis(250);

/// Whether the input is open.
pub(super) enum InputState {
    Open(Box<CaptureWatch>),
    Lost { since: Instant, tried: Instant },
}

impl Running<'_> {
    /// Processes all captured samples, even during a stall.
    pub(super) fn settle(&mut self) -> Result<(), SessionError> {
        if let InputState::Open(watch) = &mut self.input
            && !watch.is_stalled()
        {
            let missing = watch.settle();
            if missing > 0 {
                let cause = GapCause::DeviceLost;
                self.pipelines.gap(missing, cause, &mut self.events)?;
            }
        }
        self.drain()
    }

    /// Since when the input has delivered nothing.
    pub(super) fn outage_start(&self) -> Option<Instant> {
        match &self.input {
            InputState::Open(watch) => watch.is_stalled().then(|| watch.last_delivery()),
            InputState::Lost { since, .. } => Some(*since),
        }
    }

    /// Adds a gap of that length.
    pub(super) fn add_gap(&mut self, away: Duration, cause: GapCause) -> Result<(), SessionError> {
        let rate = f64::from(self.pipelines.rate());
        let samples = (away.as_secs_f64() * rate).round() as u64;
        Ok(self.pipelines.gap(samples, cause, &mut self.events)?)
    }

    /// Checks for a lost or hanging input, and reopens a lost one.
    pub(super) fn check_input(&mut self) -> Result<(), SessionError> {
        match &mut self.input {
            InputState::Open(watch) => {
                if let Some(fault) = watch.capture.fault() {
                    tracing::warn!(%fault, device = %self.device, "input lost");
                    // Samples captured before the fault belong to the session.
                    self.settle()?;
                    let InputState::Open(watch) = &self.input else {
                        return Ok(());
                    };
                    self.input = InputState::Lost {
                        since: watch.last_delivery(),
                        tried: Instant::now(),
                    };
                    self.notify("microphone lost, waiting for it");
                    return Ok(());
                }
                match watch.check() {
                    Finding::None => {}
                    Finding::Stalls => {
                        self.notify("the microphone delivers nothing; does the sound server run?");
                    }
                    Finding::Resumed(missing) => {
                        if missing > 0 {
                            let cause = GapCause::DeviceLost;
                            self.pipelines.gap(missing, cause, &mut self.events)?;
                            self.outlets.send(&mut self.events);
                        }
                        self.notify("the microphone delivers again");
                    }
                    Finding::Skipped(missing) => {
                        let cause = GapCause::Overrun;
                        self.pipelines.gap(missing, cause, &mut self.events)?;
                        self.outlets.send(&mut self.events);
                        self.notify(&overrun(missing));
                    }
                }
                Ok(())
            }
            InputState::Lost { since, tried } => {
                if tried.elapsed() < REOPEN_INTERVAL {
                    return Ok(());
                }
                let since = Some(*since);
                *tried = Instant::now();
                let id = self.device.clone();
                match Microphone::reopen(&id) {
                    Ok(microphone) => {
                        self.switch_to(microphone, since, GapCause::DeviceLost)?;
                        self.notify("the microphone is back");
                    }
                    Err(error) => tracing::debug!(%error, device = %id, "input still away"),
                }
                Ok(())
            }
        }
    }

    /// Whether it has the selected channel.
    pub(super) fn has_channel(&self, microphone: &Microphone) -> bool {
        match self.options.channel {
            ChannelSelection::Single(ChannelChoice::One(wanted)) => {
                wanted <= microphone.capture.spec().channels
            }
            ChannelSelection::Single(ChannelChoice::Mix) | ChannelSelection::Each => true,
        }
    }

    /// Continues with an input; `since` is the start of the outage, if there was one.
    pub(super) fn switch_to(
        &mut self,
        microphone: Microphone,
        since: Option<Instant>,
        cause: GapCause,
    ) -> Result<(), SessionError> {
        let spec = microphone.capture.spec();
        // Samples captured until now are not part of the gap.
        let (_, last_block) = microphone.capture.progress();
        let waiting = microphone.capture.waiting() as f64 / f64::from(spec.sample_rate);
        let away = since.map_or(Duration::ZERO, |since| {
            last_block.saturating_duration_since(since)
        });
        self.add_gap(away.saturating_sub(Duration::from_secs_f64(waiting)), cause)?;
        let (rate, channels) = (spec.sample_rate, spec.channels);
        if (rate, channels) != (self.pipelines.rate(), self.pipelines.channels()) {
            let make = |input| {
                let classifier = self.latency.timed(self.engine.classifier()?);
                pipeline(self.engine, input, self.options.channel, classifier)
            };
            self.pipelines.change_input(rate, channels, make)?;
        }
        microphone.capture.id().clone_into(&mut self.device);
        microphone
            .capture
            .name()
            .clone_into(&mut self.reporter.status.source);
        self.reporter.status.sample_rate = spec.sample_rate;
        self.reporter.status.channels = spec.channels;
        self.monitor = microphone.monitor;
        self.zeros = ZeroDetector::default();
        self.sole = SoleDetector::default();
        self.timer = PollTimer::default();
        self.input = InputState::Open(Box::new(CaptureWatch::new(microphone.capture)));
        self.outlets.send(&mut self.events);
        Ok(())
    }
}

/// The sentence about lost samples.
pub(super) fn overrun(frames: u64) -> String {
    format!("{frames} samples lost: the machine could not keep up")
}
