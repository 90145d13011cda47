//! A watch on an open input: whether it delivers, and whether it delivers more
//! than zeros.

use std::time::{Duration, Instant};

use crate::audio::capture::Capture;

/// An input that delivers nothing for so long is said to hang.
const STALL: Duration = Duration::from_secs(1);
/// What a server held back comes in so soon after it goes on, or later where
/// it still comes faster than time passes.
const SETTLE: Duration = Duration::from_millis(300);
/// No server takes longer.
const SETTLED: Duration = Duration::from_secs(5);
/// Audio that comes so many times faster than time passes was held back.
const CATCHING_UP: f64 = 1.3;
/// A hole shorter than this, in seconds, cannot be told from late delivery.
const HOLE_S: f64 = 0.1;
/// Seconds of nothing but zeros after which an input is said to be muted.
const MUTE_S: f64 = 3.0;

/// An open input under watch.
pub(super) struct Watch {
    pub(super) capture: Capture,
    callbacks: u64,
    /// When it delivered last, stalls aside.
    alive: Instant,
    stall: Stall,
}

/// Whether the input hangs.
enum Stall {
    None,
    Lasts,
    /// It delivers again since then; what had come when it was looked at last.
    Ends {
        since: Instant,
        looked: Instant,
        came_s: f64,
    },
}

/// What a look at the input found.
pub(super) enum Finding {
    /// Nothing to tell.
    Nothing,
    /// It delivers nothing any more.
    Stalls,
    /// It delivers again, and how many frames never came.
    Resumed(u64),
}

impl Watch {
    pub(super) fn new(capture: Capture) -> Self {
        Self {
            capture,
            callbacks: 0,
            alive: Instant::now(),
            stall: Stall::None,
        }
    }

    /// When the input delivered last.
    pub(super) fn alive(&self) -> Instant {
        self.alive
    }

    /// Seconds of audio that wait.
    fn waiting_s(&self) -> f64 {
        self.capture.waiting() as f64 / f64::from(self.capture.spec().sample_rate)
    }

    /// A stall that ends now.
    fn ends(&self) -> Stall {
        let now = Instant::now();
        Stall::Ends {
            since: now,
            looked: now,
            came_s: self.waiting_s(),
        }
    }

    /// Whether what comes in has to wait: it is not known yet how much is
    /// missing before it.
    pub(super) fn holds(&self) -> bool {
        matches!(self.stall, Stall::Ends { .. })
    }

    /// Looks at whether the input delivers.
    pub(super) fn look(&mut self) -> Finding {
        let callbacks = self.capture.callbacks();
        let delivered = std::mem::replace(&mut self.callbacks, callbacks) != callbacks;
        match self.stall {
            // The program itself stood still, and so did the look-out for stalls.
            Stall::None if delivered && self.alive.elapsed() > STALL => self.stall = self.ends(),
            Stall::None if delivered => self.alive = Instant::now(),
            Stall::None if self.alive.elapsed() > STALL => {
                self.stall = Stall::Lasts;
                return Finding::Stalls;
            }
            Stall::Lasts if delivered => self.stall = self.ends(),
            Stall::Ends {
                since,
                looked,
                came_s,
            } if looked.elapsed() > SETTLE => {
                let came = self.waiting_s();
                let faster = came - came_s > CATCHING_UP * looked.elapsed().as_secs_f64();
                if faster && since.elapsed() < SETTLED {
                    self.stall = Stall::Ends {
                        since,
                        looked: Instant::now(),
                        came_s: came,
                    };
                    return Finding::Nothing;
                }
                let missing = self.alive.elapsed().as_secs_f64() - came;
                self.stall = Stall::None;
                self.alive = Instant::now();
                let hole = if missing > HOLE_S { missing } else { 0.0 };
                let rate = f64::from(self.capture.spec().sample_rate);
                return Finding::Resumed((hole * rate).round() as u64);
            }
            _ => {}
        }
        Finding::Nothing
    }
}

/// Looks for an input that delivers nothing but zeros, as a muted one does, and
/// one that the system keeps from this program.
#[derive(Debug, Default)]
pub(super) struct Mute {
    since_s: Option<f64>,
    told: bool,
}

/// A change of the signal.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    /// Nothing but zeros since then.
    Muted(f64),
    /// Something again since then.
    Heard(f64),
}

impl Mute {
    /// Takes the samples heard from `start_s` to `end_s`.
    pub(super) fn take(&mut self, samples: &[f32], start_s: f64, end_s: f64) -> Option<Change> {
        // Zeros of either sign.
        let Some(first) = samples.iter().position(|x| x.abs() > 0.0) else {
            let since = *self.since_s.get_or_insert(start_s);
            let muted = !self.told && end_s - since >= MUTE_S;
            self.told |= muted;
            return muted.then_some(Change::Muted(since));
        };
        self.since_s = None;
        let share = first as f64 / samples.len() as f64;
        std::mem::take(&mut self.told).then_some(Change::Heard(start_s + share * (end_s - start_s)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zeros_and_only_three_seconds_of_them_are_a_mute() {
        let mut mute = Mute::default();
        let zeros = [0.0, -0.0, 0.0, 0.0];
        assert_eq!(mute.take(&zeros, 0.0, 2.9), None);
        assert_eq!(mute.take(&[0.0, 1e-9], 2.9, 3.1), None);
        assert_eq!(mute.take(&zeros, 3.1, 6.0), None);
        assert_eq!(mute.take(&zeros, 6.0, 6.2), Some(Change::Muted(3.1)));
        assert_eq!(mute.take(&zeros, 6.2, 9.9), None);
        let speech = [0.0, 0.0, 0.5, 0.0];
        assert_eq!(mute.take(&speech, 10.0, 10.4), Some(Change::Heard(10.2)));
        assert_eq!(mute.take(&speech, 10.4, 10.8), None);
    }
}
