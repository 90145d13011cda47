//! Plays a recording in real time, once or in a loop.

use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use crate::messages::Control;

/// How long to wait for a control while paused.
const PAUSED_WAIT: Duration = Duration::from_millis(200);
/// Longest wait for a control, in seconds.
const LONGEST_WAIT_S: f64 = 0.05;

/// Why a pass through a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The recording ended.
    Reached,
    /// The user quit.
    Quit,
}

/// Playback options.
#[derive(Debug, Clone, Copy)]
pub struct PlaybackOptions {
    /// Multiple of real time; `None` is as fast as possible.
    pub speed: Option<f64>,
    /// Whether playback restarts at the end.
    pub repeat: bool,
    /// Whether it waits for the user at the end.
    pub linger: bool,
    /// Whether it starts without sound.
    pub mute: bool,
}

/// Waits until the user quits.
pub(super) fn wait_for_quit(controls: &Receiver<Control>) {
    while controls.recv().is_ok_and(|next| next != Control::Quit) {}
}

/// Synchronizes a recording with the clock.
pub(super) struct PlaybackClock {
    /// Multiple of real time; `None` is as fast as possible.
    pub(super) speed: Option<f64>,
    /// Whether playback is paused.
    pub(super) paused: bool,
    since: Instant,
    from_s: f64,
}

impl PlaybackClock {
    pub(super) fn new(speed: Option<f64>) -> Self {
        Self {
            speed,
            paused: false,
            since: Instant::now(),
            from_s: 0.0,
        }
    }

    /// Counts from this position on.
    pub(super) fn anchor(&mut self, position_s: f64) {
        self.since = Instant::now();
        self.from_s = position_s;
    }

    /// The position that is due now, in seconds.
    pub(super) fn position_s(&self) -> f64 {
        match self.speed {
            _ if self.paused => self.from_s,
            None => f64::INFINITY,
            Some(speed) => self.from_s + speed * self.since.elapsed().as_secs_f64(),
        }
    }

    /// How long to wait before the next samples; zero if they are due.
    pub(super) fn wait(&self, position_s: f64) -> Duration {
        if self.paused {
            return PAUSED_WAIT;
        }
        let Some(speed) = self.speed else {
            return Duration::ZERO;
        };
        let ahead_s = (position_s - self.from_s) / speed - self.since.elapsed().as_secs_f64();
        Duration::from_secs_f64(ahead_s.clamp(0.0, LONGEST_WAIT_S))
    }
}
