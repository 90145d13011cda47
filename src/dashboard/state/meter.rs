//! The level meter: peak hold and clipping, timed by the audio itself.

use crate::messages::Level;

/// Level at which the meter is empty, in dBFS.
pub const FLOOR_DBFS: f32 = -60.0;
/// Seconds for which a peak is held.
const PEAK_HOLD_S: f64 = 1.5;
/// Fall of the peak afterwards, in dB per second.
const PEAK_FALL_DB_PER_S: f64 = 20.0;
/// Seconds for which the clipping mark stays.
const CLIP_MARK_S: f64 = 3.0;
/// Changes of the VAD threshold below this are not shown, in dB.
const THRESHOLD_STEP_DB: f32 = 1.5;

/// The meter in dBFS between the floor and 0. Values are rounded to half a decibel, so
/// that small fluctuations cause no redraw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakMeter {
    /// Root mean square.
    pub rms: f32,
    /// The peak that is held.
    pub peak: f32,
    /// Whether samples recently reached full scale.
    pub clipped: bool,
    /// Level that speech must exceed, where known.
    pub threshold: Option<f32>,
    held: f32,
    held_at: f64,
    clipped_at: Option<f64>,
    at: f64,
}

impl Default for PeakMeter {
    fn default() -> Self {
        Self {
            rms: FLOOR_DBFS,
            peak: FLOOR_DBFS,
            clipped: false,
            threshold: None,
            held: FLOOR_DBFS,
            held_at: 0.0,
            clipped_at: None,
            at: 0.0,
        }
    }
}

impl PeakMeter {
    /// Applies a reading; returns whether the picture changed.
    pub fn read(&mut self, level: &Level, at: f64) -> bool {
        let before = (self.rms, self.peak, self.clipped, self.threshold);
        let elapsed = (at - self.at).max(0.0);
        if at < self.at {
            self.held_at = at; // a seek back
            self.clipped_at = None;
        }
        self.at = at;
        let peak = bounded(level.peak_dbfs);
        if peak >= self.held {
            (self.held, self.held_at) = (peak, at);
        } else if at - self.held_at > PEAK_HOLD_S {
            self.held = peak.max(self.held - (elapsed * PEAK_FALL_DB_PER_S) as f32);
        }
        if level.clipped {
            self.clipped_at = Some(at);
        }
        self.rms = step(bounded(level.rms_dbfs));
        self.peak = step(self.held);
        self.clipped = self.clipped_at.is_some_and(|then| at - then < CLIP_MARK_S);
        self.threshold = level.vad_dbfs.map(|threshold| {
            let threshold = bounded(threshold);
            let shown = self.threshold.unwrap_or(f32::INFINITY);
            let near = (threshold - shown).abs() < THRESHOLD_STEP_DB;
            if near { shown } else { threshold }
        });
        before != (self.rms, self.peak, self.clipped, self.threshold)
    }
}

/// Limits a level to the floor and full scale; NaN becomes the floor.
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
            vad_dbfs: None,
            at_s,
        }
    }

    #[test]
    fn a_peak_stands_then_falls() {
        let mut meter = PeakMeter::default();
        meter.read(&level(1.0, -6.0, false), 1.0);
        meter.read(&level(2.0, -40.0, false), 2.0);
        assert!((meter.peak - -6.0).abs() < 0.1, "{}", meter.peak);
        meter.read(&level(3.0, -40.0, false), 3.0);
        assert!((meter.peak - -26.0).abs() < 0.1, "{}", meter.peak);
    }

    #[test]
    fn the_clipping_mark_stays_three_seconds() {
        let mut meter = PeakMeter::default();
        meter.read(&level(1.0, 0.0, true), 1.0);
        meter.read(&level(3.9, -20.0, false), 3.9);
        assert!(meter.clipped);
        meter.read(&level(4.1, -20.0, false), 4.1);
        assert!(!meter.clipped);
    }

    #[test]
    fn a_threshold_that_trembles_stands() {
        let mut meter = PeakMeter::default();
        let mut read = |vad_dbfs, at: f64| {
            let vad_dbfs = Some(vad_dbfs);
            meter.read(
                &Level {
                    vad_dbfs,
                    ..level(at, -71.0, false)
                },
                at,
            );
            meter.threshold.unwrap_or(0.0)
        };
        let first = read(-54.0, 0.1);
        assert!((first - read(-53.0, 0.2)).abs() < 1e-6);
        assert!((read(-50.0, 0.3) - -50.0).abs() < 1e-6);
    }

    #[test]
    fn noise_under_the_floor_changes_nothing() {
        let mut meter = PeakMeter::default();
        assert!(!meter.read(&level(0.1, -71.0, false), 0.1));
        assert!(!meter.read(&level(0.2, f32::NAN, false), 0.2));
    }
}
