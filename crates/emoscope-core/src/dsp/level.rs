//! Level of a signal in dBFS.

/// Level of silence, in dBFS.
pub const SILENCE_DBFS: f32 = -120.0;

/// Least magnitude of a clipped sample: the largest 16-bit value.
const FULL_SCALE: f32 = 32_767.0 / 32_768.0;

/// Measures the level of a stream of samples.
#[derive(Debug, Clone, Default)]
pub struct LevelMeter {
    sum: f64,
    count: u64,
    peak: f32,
    clipped: bool,
}

/// A reading of a [`LevelMeter`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelReading {
    /// Root mean square in dBFS (a full-scale sine is -3.01), at least [`SILENCE_DBFS`].
    pub rms_dbfs: f32,
    /// Peak in dBFS, at least [`SILENCE_DBFS`].
    pub peak_dbfs: f32,
    /// Whether a sample reached full scale.
    pub clipped: bool,
}

impl LevelMeter {
    /// Adds mono samples.
    pub fn push(&mut self, samples: &[f32]) {
        for &x in samples {
            self.sum += f64::from(x) * f64::from(x);
            self.peak = self.peak.max(x.abs());
        }
        self.count += samples.len() as u64;
        self.clipped = self.peak >= FULL_SCALE;
    }

    /// The reading since the last one; `None` without samples.
    pub fn take(&mut self) -> Option<LevelReading> {
        if self.count == 0 {
            return None;
        }
        let reading = LevelReading {
            rms_dbfs: dbfs((self.sum / self.count as f64).sqrt() as f32),
            peak_dbfs: dbfs(self.peak),
            clipped: self.clipped,
        };
        *self = Self::default();
        Some(reading)
    }
}

/// An amplitude in dBFS, at least [`SILENCE_DBFS`].
pub fn dbfs(amplitude: f32) -> f32 {
    (20.0 * amplitude.log10()).max(SILENCE_DBFS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::float_cmp)] // exact by construction
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_reads_minus_three() {
        let mut meter = LevelMeter::default();
        let sine: Vec<f32> = (0..16_000)
            .map(|n| (n as f32 * std::f32::consts::TAU * 0.0625).sin())
            .collect();
        meter.push(&sine);
        let reading = meter.take().unwrap();
        assert!((reading.rms_dbfs + 3.01).abs() < 0.01, "{reading:?}");
        assert!(reading.clipped && reading.peak_dbfs.abs() < 0.01);
        assert_eq!(meter.take(), None);
        meter.push(&[0.0; 10]);
        assert_eq!(meter.take().unwrap().peak_dbfs, SILENCE_DBFS);
    }
}
