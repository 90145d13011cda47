//! A watch on an open input: whether it delivers, and whether it delivers more
//! than zeros.

use std::time::{Duration, Instant};

use crate::audio::capture::Capture;

/// An input that delivers nothing for so long is said to hang.
const STALL: Duration = Duration::from_secs(1);
/// After a pause so long something may be missing: what a server keeps for a
/// reader that is held up may have run over.
const PAUSE: Duration = Duration::from_millis(250);
/// What a server held back comes in so soon after it goes on, or later where
/// it still comes faster than time passes.
const SETTLE: Duration = Duration::from_millis(300);
/// No server takes longer.
const SETTLED: Duration = Duration::from_secs(5);
/// Audio that comes so many times faster than time passes was held back.
const CATCHING_UP: f64 = 1.3;
/// A hole shorter than this, in seconds, cannot be told from late delivery.
const HOLE_S: f64 = 0.1;
/// So much of the time that passes may be due to clocks that differ.
const CLOCKS: f64 = 1e-3;
/// Seconds of nothing but zeros after which an input is said to be muted.
const MUTE_S: f64 = 3.0;

/// An open input under watch.
///
/// As much audio comes as time passes, but for what is missing. That holds
/// whatever was late, and whoever was.
pub(super) struct Watch {
    pub(super) capture: Capture,
    /// The last block, or the last before a pause whose end is looked at.
    last: Block,
    /// By how much the audio was ahead of time then, in seconds.
    ahead_s: f64,
    /// Since when the looks have been regular.
    awake: Instant,
    looked: Instant,
    stall: Stall,
}

/// What stood when a block came.
#[derive(Debug, Clone, Copy)]
struct Block {
    number: u64,
    at: Instant,
    /// All that had come by then, lost in the ring or not.
    frames: u64,
}

/// Whether the input hangs.
#[derive(Debug, Clone, Copy)]
enum Stall {
    None,
    Lasts,
    /// It delivers again since then.
    Ends {
        since: Instant,
        /// What had come when it was looked at last.
        came: Block,
        looked: Instant,
        /// Whether it was said to hang.
        said: bool,
    },
}

/// What a look at the input found.
#[derive(Debug, PartialEq)]
pub(super) enum Finding {
    /// Nothing to tell.
    Nothing,
    /// It delivers nothing any more.
    Stalls,
    /// It delivers again, and how many frames never came.
    Resumed(u64),
    /// So many frames never came, though it was not said to hang.
    Skipped(u64),
}

impl Watch {
    pub(super) fn new(capture: Capture) -> Self {
        let now = Instant::now();
        let mut last = block(&capture);
        if last.number == 0 {
            last.at = now;
        }
        let mut watch = Self {
            capture,
            last,
            ahead_s: 0.0,
            awake: now,
            looked: now,
            stall: Stall::None,
        };
        // It may have come at once, but not before it was opened.
        let open = last.at.saturating_duration_since(watch.capture.opened());
        watch.ahead_s = (watch.seconds(last.frames) - open.as_secs_f64()).max(0.0);
        watch
    }

    /// When the input delivered last, before a stall if there is one.
    pub(super) fn alive(&self) -> Instant {
        self.last.at
    }

    /// Whether the input is said to hang.
    pub(super) fn hangs(&self) -> bool {
        matches!(self.stall, Stall::Lasts)
    }

    /// Whether what comes in has to wait: it is not known yet how much is
    /// missing before it.
    pub(super) fn holds(&self) -> bool {
        matches!(self.stall, Stall::Ends { .. })
    }

    /// Looks at whether the input delivers.
    pub(super) fn look(&mut self) -> Finding {
        let now = Instant::now();
        let here = block(&self.capture);
        let delivered = here.number != self.last.number;
        if now - self.looked > PAUSE {
            // The program itself stood still, and so did the thread that reads.
            self.awake = now;
        }
        self.looked = now;
        match self.stall {
            Stall::None if delivered => {
                let pause = here.at.saturating_duration_since(self.last.at);
                // Before its first block an input is only slow to start.
                let begun = self.last.number > 0;
                let ahead_s = if begun { self.ahead_s(here) } else { 0.0 };
                if pause > PAUSE && ahead_s < -HOLE_S {
                    self.ends(here, now, false);
                } else {
                    (self.last, self.ahead_s) = (here, ahead_s);
                }
            }
            Stall::None if now.duration_since(self.last.at.max(self.awake)) > STALL => {
                self.stall = Stall::Lasts;
                return Finding::Stalls;
            }
            Stall::Lasts if delivered => self.ends(here, now, true),
            Stall::Ends {
                since,
                came,
                looked,
                said,
            } if now - looked > SETTLE => {
                let came_s = self.seconds(here.frames - came.frames);
                let faster = came_s > CATCHING_UP * (now - looked).as_secs_f64();
                if faster && now - since < SETTLED {
                    self.stall = Stall::Ends {
                        since,
                        came: here,
                        looked: now,
                        said,
                    };
                } else if said {
                    return Finding::Resumed(self.settle());
                } else {
                    return match self.settle() {
                        0 => Finding::Nothing,
                        missing => Finding::Skipped(missing),
                    };
                }
            }
            _ => {}
        }
        Finding::Nothing
    }

    /// Ends the wait for what was held back, if there is one; how many frames
    /// are missing before what came since.
    pub(super) fn settle(&mut self) -> u64 {
        let here = block(&self.capture);
        let ahead_s = self.ahead_s(here);
        let paused = here.at.saturating_duration_since(self.last.at) > PAUSE;
        (self.last, self.ahead_s) = (here, ahead_s);
        self.stall = Stall::None;
        if !paused || ahead_s >= -HOLE_S {
            return 0;
        }
        self.ahead_s = 0.0;
        let rate = f64::from(self.capture.spec().sample_rate);
        (-ahead_s * rate).round() as u64
    }

    fn ends(&mut self, came: Block, now: Instant, said: bool) {
        self.stall = Stall::Ends {
            since: now,
            came,
            looked: now,
            said,
        };
    }

    /// By how much the audio is ahead of time with this block.
    fn ahead_s(&self, here: Block) -> f64 {
        let passed = here.at.saturating_duration_since(self.last.at);
        let passed_s = passed.as_secs_f64();
        let drift_s = self.ahead_s.clamp(-CLOCKS * passed_s, CLOCKS * passed_s);
        self.ahead_s - drift_s + self.seconds(here.frames - self.last.frames) - passed_s
    }

    fn seconds(&self, frames: u64) -> f64 {
        frames as f64 / f64::from(self.capture.spec().sample_rate)
    }
}

fn block(capture: &Capture) -> Block {
    let (number, at) = capture.heard();
    Block {
        number,
        at,
        frames: capture.arrived(),
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
