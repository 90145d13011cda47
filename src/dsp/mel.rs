//! The Slaney mel filter bank as sparse bands.
//!
//! Scale and normalisation follow Slaney's Auditory Toolbox (Interval technical
//! report 1998-010), as `librosa.filters.mel(htk=False, norm="slaney")`: linear
//! below 1 kHz, logarithmic above, triangles of equal area.

use crate::dsp::spec::{N_BINS, N_FFT, N_MELS, SAMPLE_RATE};

/// Hertz per mel in the linear part.
const LINEAR_STEP: f64 = 200.0 / 3.0;
/// Where the logarithmic part begins, in hertz.
const BREAK_HZ: f64 = 1000.0;
/// The same in mel.
const BREAK_MEL: f64 = BREAK_HZ / LINEAR_STEP;

/// One triangle: its first bin and its weights.
#[derive(Debug, Clone)]
struct Band {
    first: usize,
    weights: Vec<f64>,
}

/// 80 triangular bands over the 201 bins of the power spectrum.
#[derive(Debug, Clone)]
pub struct MelBank {
    bands: Vec<Band>,
}

impl Default for MelBank {
    fn default() -> Self {
        Self::new()
    }
}

impl MelBank {
    /// The bank of the front end.
    pub fn new() -> Self {
        let top = hz_to_mel(f64::from(SAMPLE_RATE) / 2.0);
        let edges: Vec<f64> = (0..N_MELS + 2)
            .map(|i| mel_to_hz(top * i as f64 / (N_MELS + 1) as f64))
            .collect();
        let bands = edges
            .windows(3)
            .map(|edge| Band::new(edge[0], edge[1], edge[2]))
            .collect();
        Self { bands }
    }

    /// Energies of the bands from a power spectrum of 201 bins.
    pub fn apply(&self, power: &[f64; N_BINS], energies: &mut [f64; N_MELS]) {
        for (band, energy) in self.bands.iter().zip(energies) {
            let bins = &power[band.first..band.first + band.weights.len()];
            *energy = band.weights.iter().zip(bins).map(|(w, p)| w * p).sum();
        }
    }
}

impl Band {
    fn new(low: f64, centre: f64, high: f64) -> Self {
        let area = 2.0 / (high - low);
        let weight = |bin: usize| {
            let hz = bin as f64 * f64::from(SAMPLE_RATE) / N_FFT as f64;
            area * ((hz - low) / (centre - low))
                .min((high - hz) / (high - centre))
                .max(0.0)
        };
        let first = (0..N_BINS).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
        let weights = (first..N_BINS)
            .map(weight)
            .take_while(|&w| w > 0.0)
            .collect();
        Self { first, weights }
    }
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < BREAK_HZ {
        hz / LINEAR_STEP
    } else {
        BREAK_MEL + (hz / BREAK_HZ).ln() / log_step()
    }
}

fn mel_to_hz(mel: f64) -> f64 {
    if mel < BREAK_MEL {
        mel * LINEAR_STEP
    } else {
        BREAK_HZ * ((mel - BREAK_MEL) * log_step()).exp()
    }
}

/// Natural logarithm per mel above the break: 6.4 times in 27 mel.
fn log_step() -> f64 {
    6.4_f64.ln() / 27.0
}
