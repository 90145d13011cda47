//! Watches an open input: whether it delivers samples, and whether they are all zeros.

use std::time::{Duration, Instant};

use crate::audio::capture::Capture;
use crate::dsp::channels::SoleChannel;

/// An input that delivers nothing for this long hangs.
const STALL_TIME: Duration = Duration::from_secs(1);
/// Samples may be lost after a pause this long, because the server's buffer for a late
/// reader may have overflowed.
const PAUSE_TIME: Duration = Duration::from_millis(250);
/// Held-back samples arrive within this time after delivery continues; later ones while
/// they arrive faster than real time.
const SETTLE_TIME: Duration = Duration::from_millis(300);
/// The longest time that a server needs.
const LONGEST_SETTLE_TIME: Duration = Duration::from_secs(5);
/// Samples that arrive this many times faster than real time were held back.
const CATCH_UP_RATE: f64 = 1.3;
/// A gap shorter than this, in seconds, cannot be distinguished from late delivery.
const LEAST_GAP_S: f64 = 0.1;
/// Tolerated difference of two clocks, as a share of elapsed time.
const CLOCK_TOLERANCE: f64 = 1e-3;
/// Seconds of zeros after which an input is reported as muted.
const ZEROS_UNTIL_MUTED_S: f64 = 3.0;
/// Seconds that a single channel must carry all signals, or no longer, before it is
/// reported.
const SOLE_CHANNEL_MIN_S: f64 = 2.0;

/// A watched input.
///
/// Captured duration equals wall time minus lost samples, however late a block or
/// this thread was.
pub(super) struct CaptureWatch {
    pub(super) capture: Capture,
    /// The last block, or the last one before a pause that is being examined.
    last: Block,
    /// How far the audio was ahead of the clock then, in seconds.
    ahead_s: f64,
    /// Since when the checks have been regular.
    awake: Instant,
    checked_at: Instant,
    stall: Stall,
}

/// The state when a block arrived.
#[derive(Debug, Clone, Copy)]
struct Block {
    number: u64,
    at: Instant,
    /// All frames until then, including those lost in the ring.
    frames: u64,
}

/// Whether the input hangs.
#[derive(Debug, Clone, Copy)]
enum Stall {
    None,
    Ongoing,
    /// It has delivered again since a time.
    Settling {
        since: Instant,
        /// The block at the last check.
        checked: Block,
        checked_at: Instant,
        /// Whether the stall was reported.
        reported: bool,
    },
}

/// The result of a check.
#[derive(Debug, PartialEq)]
pub(super) enum Finding {
    /// Nothing to report.
    None,
    /// It stopped delivering.
    Stalls,
    /// It delivers again; the number of frames that were lost.
    Resumed(u64),
    /// That many frames were lost, without a reported stall.
    Skipped(u64),
}

impl CaptureWatch {
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
            checked_at: now,
            stall: Stall::None,
        };
        // It may have arrived immediately, but not before the input was opened.
        let open = last.at.saturating_duration_since(watch.capture.opened());
        watch.ahead_s = (watch.seconds(last.frames) - open.as_secs_f64()).max(0.0);
        watch
    }

    /// When the input last delivered; before the stall, if there is one.
    pub(super) fn last_delivery(&self) -> Instant {
        self.last.at
    }

    /// Whether the input counts as hanging.
    pub(super) fn is_stalled(&self) -> bool {
        matches!(self.stall, Stall::Ongoing)
    }

    /// Whether new samples must wait, because the length of the gap before them is not
    /// known yet.
    pub(super) fn is_settling(&self) -> bool {
        matches!(self.stall, Stall::Settling { .. })
    }

    /// Checks whether the input delivers.
    pub(super) fn check(&mut self) -> Finding {
        let now = Instant::now();
        let here = block(&self.capture);
        let delivered = here.number != self.last.number;
        if now - self.checked_at > PAUSE_TIME {
            // The whole program was stopped, including the reader thread.
            self.awake = now;
        }
        self.checked_at = now;
        match self.stall {
            Stall::None if delivered => {
                let pause = here.at.saturating_duration_since(self.last.at);
                // Before its first block, an input is only slow to start.
                let begun = self.last.number > 0;
                let ahead_s = if begun { self.ahead_s(here) } else { 0.0 };
                if pause > PAUSE_TIME && ahead_s < -LEAST_GAP_S {
                    self.begin_settling(here, now, false);
                } else {
                    (self.last, self.ahead_s) = (here, ahead_s);
                }
            }
            Stall::None if now.duration_since(self.last.at.max(self.awake)) > STALL_TIME => {
                self.stall = Stall::Ongoing;
                return Finding::Stalls;
            }
            Stall::Ongoing if delivered => self.begin_settling(here, now, true),
            Stall::Settling {
                since,
                checked,
                checked_at,
                reported,
            } if now - checked_at > SETTLE_TIME => {
                let arrived_s = self.seconds(here.frames - checked.frames);
                let faster = arrived_s > CATCH_UP_RATE * (now - checked_at).as_secs_f64();
                if faster && now - since < LONGEST_SETTLE_TIME {
                    self.stall = Stall::Settling {
                        since,
                        checked: here,
                        checked_at: now,
                        reported,
                    };
                } else if reported {
                    return Finding::Resumed(self.settle());
                } else {
                    return match self.settle() {
                        0 => Finding::None,
                        missing => Finding::Skipped(missing),
                    };
                }
            }
            _ => {}
        }
        Finding::None
    }

    /// Ends the wait for held-back samples, if there is one; returns the number of
    /// frames missing before the newest samples.
    pub(super) fn settle(&mut self) -> u64 {
        let here = block(&self.capture);
        let ahead_s = self.ahead_s(here);
        let paused = here.at.saturating_duration_since(self.last.at) > PAUSE_TIME;
        (self.last, self.ahead_s) = (here, ahead_s);
        self.stall = Stall::None;
        if !paused || ahead_s >= -LEAST_GAP_S {
            return 0;
        }
        self.ahead_s = 0.0;
        let rate = f64::from(self.capture.spec().sample_rate);
        (-ahead_s * rate).round() as u64
    }

    fn begin_settling(&mut self, checked: Block, now: Instant, reported: bool) {
        self.stall = Stall::Settling {
            since: now,
            checked,
            checked_at: now,
            reported,
        };
    }

    /// How far the audio is ahead of the clock at this block, in seconds.
    fn ahead_s(&self, here: Block) -> f64 {
        let passed = here.at.saturating_duration_since(self.last.at);
        let passed_s = passed.as_secs_f64();
        let drift_s = self
            .ahead_s
            .clamp(-CLOCK_TOLERANCE * passed_s, CLOCK_TOLERANCE * passed_s);
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

/// Detects an input that delivers only zeros: muted, or not permitted for this program.
#[derive(Debug, Default)]
pub(super) struct ZeroDetector {
    since_s: Option<f64>,
    reported: bool,
}

/// A change of the signal.
#[derive(Debug, PartialEq)]
pub(super) enum SignalChange {
    /// Only zeros since a time in seconds.
    Zeros(f64),
    /// A signal since a time in seconds.
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
            let muted = !self.reported && end_s - since >= ZEROS_UNTIL_MUTED_S;
            self.reported |= muted;
            return muted.then_some(SignalChange::Zeros(since));
        };
        self.since_s = None;
        let share = first as f64 / samples.len() as f64;
        std::mem::take(&mut self.reported)
            .then_some(SignalChange::Present(start_s + share * (end_s - start_s)))
    }
}

/// Detects when a single channel carries all signals, and when it no longer does.
#[derive(Debug, Default)]
pub(super) struct SoleDetector {
    reported: Option<SoleChannel>,
    /// The current state, and since when.
    current: Option<SoleChannel>,
    since_s: f64,
}

impl SoleDetector {
    /// Whether the current state has lasted and was not reported yet.
    pub(super) fn has_changed(&mut self, sole: Option<SoleChannel>, now_s: f64) -> bool {
        if sole != self.current {
            self.current = sole;
            self.since_s = now_s;
        }
        let changed = sole != self.reported && now_s - self.since_s >= SOLE_CHANNEL_MIN_S;
        if changed {
            self.reported = sole;
        }
        changed
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
        assert!(!detector.has_changed(None, 5.0));
        assert!(!detector.has_changed(sole, 6.0));
        assert!(!detector.has_changed(None, 7.0));
        assert!(!detector.has_changed(sole, 8.0));
        assert!(detector.has_changed(sole, 10.1));
        assert!(!detector.has_changed(sole, 20.0));
        assert!(!detector.has_changed(None, 21.0));
        assert!(detector.has_changed(None, 24.0));
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
