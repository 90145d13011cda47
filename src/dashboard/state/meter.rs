//! The level meter: peak hold and clipping, timed by the audio itself.

use crate::messages::Level;

/// Level under which the meter is empty, in dBFS.
pub const FLOOR_DBFS: f32 = -60.0;
/// How long a peak stands before it falls.
const HOLD_S: f64 = 1.5;
/// How fast it falls then, in dB a second.
const FALL_DB_PER_S: f64 = 20.0;
/// How long the clipping mark stays.
const CLIP_S: f64 = 3.0;

/// What the meter shows, in dBFS between the floor and 0, in steps of half a
/// decibel so that a trembling floor draws nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Meter {
    /// Root mean square.
    pub rms: f32,
    /// The peak that is held.
    pub peak: f32,
    /// Whether samples stood at full scale a moment ago.
    pub clipped: bool,
    held: f32,
    held_at: f64,
    clipped_at: Option<f64>,
    at: f64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            rms: FLOOR_DBFS,
            peak: FLOOR_DBFS,
            clipped: false,
            held: FLOOR_DBFS,
            held_at: 0.0,
            clipped_at: None,
            at: 0.0,
        }
    }
}

impl Meter {
    /// Takes a reading; says whether the picture changed.
    pub fn read(&mut self, level: &Level, at: f64) -> bool {
        let before = (self.rms, self.peak, self.clipped);
        let elapsed = (at - self.at).max(0.0);
        if at < self.at {
            self.held_at = at; // a seek back
            self.clipped_at = None;
        }
        self.at = at;
        let peak = bounded(level.peak_dbfs);
        if peak >= self.held {
            (self.held, self.held_at) = (peak, at);
        } else if at - self.held_at > HOLD_S {
            self.held = peak.max(self.held - (elapsed * FALL_DB_PER_S) as f32);
        }
        if level.clipped {
            self.clipped_at = Some(at);
        }
        self.rms = step(bounded(level.rms_dbfs));
        self.peak = step(self.held);
        self.clipped = self.clipped_at.is_some_and(|then| at - then < CLIP_S);
        before != (self.rms, self.peak, self.clipped)
    }
}

/// A level between the floor and full scale; nonsense counts as the floor.
pub fn bounded(dbfs: f32) -> f32 {
    if dbfs.is_nan() {
        FLOOR_DBFS
    } else {
        dbfs.clamp(FLOOR_DBFS, 0.0)
    }
}

fn step(dbfs: f32) -> f32 {
    (dbfs * 2.0).round() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(at_s: f64, peak_dbfs: f32, clipped: bool) -> Level {
        Level {
            rms_dbfs: peak_dbfs - 9.0,
            peak_dbfs,
            clipped,
            at_s,
        }
    }

    #[test]
    fn a_peak_stands_then_falls() {
        let mut meter = Meter::default();
        meter.read(&level(1.0, -6.0, false), 1.0);
        meter.read(&level(2.0, -40.0, false), 2.0);
        assert!((meter.peak - -6.0).abs() < 0.1, "{}", meter.peak);
        meter.read(&level(3.0, -40.0, false), 3.0);
        assert!((meter.peak - -26.0).abs() < 0.1, "{}", meter.peak);
    }

    #[test]
    fn the_clipping_mark_stays_three_seconds() {
        let mut meter = Meter::default();
        meter.read(&level(1.0, 0.0, true), 1.0);
        meter.read(&level(3.9, -20.0, false), 3.9);
        assert!(meter.clipped);
        meter.read(&level(4.1, -20.0, false), 4.1);
        assert!(!meter.clipped);
    }

    #[test]
    fn noise_under_the_floor_changes_nothing() {
        let mut meter = Meter::default();
        assert!(!meter.read(&level(0.1, -71.0, false), 0.1));
        assert!(!meter.read(&level(0.2, f32::NAN, false), 0.2));
    }
}
