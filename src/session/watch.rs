//! A watch on an open input: whether it delivers, and whether it delivers more
//! than zeros.

use std::time::{Duration, Instant};

use crate::audio::capture::Capture;
use crate::dsp::channels::SoleChannel;

/// An input that delivers nothing for this long hangs.
const STALL: Duration = Duration::from_secs(1);
/// After a pause this long samples may be missing: the buffer that a server keeps
/// for a late reader may have overflowed.
const PAUSE: Duration = Duration::from_millis(250);
/// What a server held back comes in this soon after it continues, or later while
/// it comes faster than real time.
const SETTLE: Duration = Duration::from_millis(300);
/// No server takes longer than this.
const SETTLED: Duration = Duration::from_secs(5);
/// Audio that comes this many times faster than real time was held back.
const CATCHING_UP: f64 = 1.3;
/// A hole shorter than this, in seconds, cannot be told from late delivery.
const HOLE_S: f64 = 0.1;
/// Share of elapsed time by which two clocks may differ.
const CLOCKS: f64 = 1e-3;
/// Seconds of zeros after which an input is reported as muted.
const MUTE_S: f64 = 3.0;
/// Seconds for which one channel must stand for all, or no longer, to be reported.
const SOLE_S: f64 = 2.0;

/// An open input under watch.
///
/// Captured duration equals wall time minus lost samples, however late a block or
/// this thread was.
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
    let (number, at) = capture.progress();
    Block {
        number,
        at,
        frames: capture.arrived(),
    }
}

/// Detects an input that delivers only zeros, as a muted one does, and one that
/// this program may not use.
#[derive(Debug, Default)]
pub(super) struct ZeroDetector {
    since_s: Option<f64>,
    reported: bool,
}

/// A change of the signal.
#[derive(Debug, PartialEq)]
pub(super) enum SignalChange {
    /// Only zeros since then.
    Zeros(f64),
    /// A signal since then.
    Present(f64),
}

impl ZeroDetector {
    /// Adds the samples from `start_s` to `end_s`.
    pub(super) fn push(
        &mut self,
        samples: &[f32],
        start_s: f64,
        end_s: f64,
    ) -> Option<SignalChange> {
        // Zeros of either sign.
        let Some(first) = samples.iter().position(|x| x.abs() > 0.0) else {
            let since = *self.since_s.get_or_insert(start_s);
            let muted = !self.reported && end_s - since >= MUTE_S;
            self.reported |= muted;
            return muted.then_some(SignalChange::Zeros(since));
        };
        self.since_s = None;
        let share = first as f64 / samples.len() as f64;
        std::mem::take(&mut self.reported)
            .then_some(SignalChange::Present(start_s + share * (end_s - start_s)))
    }
}

/// Notices when one channel stands for all, and when no longer.
#[derive(Debug, Default)]
pub(super) struct SoleDetector {
    reported: Option<SoleChannel>,
    /// What is true at the moment, and since when.
    current: Option<SoleChannel>,
    since_s: f64,
}

impl SoleDetector {
    /// Whether what is true now has lasted and was not reported yet.
    pub(super) fn settled(&mut self, sole: Option<SoleChannel>, now_s: f64) -> bool {
        if sole != self.current {
            self.current = sole;
            self.since_s = now_s;
        }
        let settled = sole != self.reported && now_s - self.since_s >= SOLE_S;
        if settled {
            self.reported = sole;
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::channels::SoleReason;

    #[test]
    fn a_sole_channel_is_reported_once_it_lasts_and_so_is_its_end() {
        let sole = Some(SoleChannel {
            number: 2,
            reason: SoleReason::Cancel,
        });
        let mut detector = SoleDetector::default();
        assert!(!detector.settled(None, 5.0));
        assert!(!detector.settled(sole, 6.0));
        assert!(!detector.settled(None, 7.0));
        assert!(!detector.settled(sole, 8.0));
        assert!(detector.settled(sole, 10.1));
        assert!(!detector.settled(sole, 20.0));
        assert!(!detector.settled(None, 21.0));
        assert!(detector.settled(None, 24.0));
    }

    #[test]
    fn three_seconds_of_zeros_are_reported_and_their_end() {
        let mut zeros_since = ZeroDetector::default();
        let zeros = [0.0, -0.0, 0.0, 0.0];
        assert_eq!(zeros_since.push(&zeros, 0.0, 2.9), None);
        assert_eq!(zeros_since.push(&[0.0, 1e-9], 2.9, 3.1), None);
        assert_eq!(zeros_since.push(&zeros, 3.1, 6.0), None);
        assert_eq!(
            zeros_since.push(&zeros, 6.0, 6.2),
            Some(SignalChange::Zeros(3.1))
        );
        assert_eq!(zeros_since.push(&zeros, 6.2, 9.9), None);
        let speech = [0.0, 0.0, 0.5, 0.0];
        assert_eq!(
            zeros_since.push(&speech, 10.0, 10.4),
            Some(SignalChange::Present(10.2))
        );
        assert_eq!(zeros_since.push(&speech, 10.4, 10.8), None);
    }
}
