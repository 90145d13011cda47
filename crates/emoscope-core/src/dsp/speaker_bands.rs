//! The input of a speaker network: 80 mel bands in Kaldi's definition, computed from
//! the spectrum that the front end already has.
//!
//! Kaldi applies a Povey window to 400 samples and pads them to 512 points. The network
//! was trained on these bins; those of the front end (a Hann window, 400 points) would
//! raise its error rate. So each Kaldi bin is a weighted sum of the neighbouring
//! front-end bins ([`KaldiBins`]). Kaldi applies pre-emphasis to the samples before
//! framing; here it is a factor of each bin, folded into the filter matrix. The
//! triangles are linear on the HTK mel scale and have a peak of 1. The network
//! subtracts the mean of each band over time, which removes the level.

mod kaldi_bins;

use rustfft::num_complex::Complex;

use crate::dsp::feature_spec::SAMPLE_RATE_HZ;

pub use kaldi_bins::{KALDI_BINS, KALDI_FFT, KaldiBins, NEIGHBOUR_BINS};

/// Bands per frame.
pub const N_SPEAKER_BANDS: usize = 80;
/// Lower edge of the first band in hertz.
pub const LOW_HZ: f64 = 20.0;
/// Upper edge of the last band in hertz.
pub const HIGH_HZ: f64 = 8000.0;
/// Factor of the pre-emphasis `x[n] - 0.97 x[n - 1]`.
pub const PRE_EMPHASIS: f64 = 0.97;
/// Least band energy before the logarithm.
pub const BAND_FLOOR: f64 = 1e-10;

/// Natural logarithms of the band energies of a frame.
pub type SpeakerBands = [f32; N_SPEAKER_BANDS];

/// The interpolation and the filter matrix, stored without zeros.
#[derive(Debug, Clone)]
pub struct SpeakerBandBank {
    bins: KaldiBins,
    power: Vec<f64>,
    /// First bin and weights of each band.
    bands: Vec<(usize, Vec<f64>)>,
}

impl Default for SpeakerBandBank {
    fn default() -> Self {
        Self::new()
    }
}

impl SpeakerBandBank {
    /// Computes the matrix for Kaldi's bins.
    pub fn new() -> Self {
        let (low, high) = (mel(LOW_HZ), mel(HIGH_HZ));
        let step = (high - low) / (N_SPEAKER_BANDS + 1) as f64;
        let band = |index: usize| {
            let left = low + step * index as f64;
            let weight = |bin: usize| {
                let hz = bin as f64 * f64::from(SAMPLE_RATE_HZ) / KALDI_FFT as f64;
                let place = (mel(hz) - left) / step;
                place.min(2.0 - place).max(0.0) * emphasis(hz)
            };
            let first = (0..KALDI_BINS).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
            let weights = (first..KALDI_BINS).map(weight);
            (first, weights.take_while(|&w| w > 0.0).collect())
        };
        Self {
            bins: KaldiBins::new(),
            power: vec![0.0; KALDI_BINS],
            bands: (0..N_SPEAKER_BANDS).map(band).collect(),
        }
    }

    /// The bands of the front end's spectrum with 201 bins.
    pub fn apply(&mut self, spectrum: &[Complex<f64>], out: &mut SpeakerBands) {
        self.bins.power(spectrum, &mut self.power);
        for ((first, weights), level) in self.bands.iter().zip(out) {
            let energy: f64 = weights
                .iter()
                .zip(&self.power[*first..])
                .map(|(weight, power)| weight * power)
                .sum();
            *level = energy.max(BAND_FLOOR).ln() as f32;
        }
    }
}

/// Hertz on the HTK mel scale.
fn mel(hz: f64) -> f64 {
    1127.0 * (hz / 700.0).ln_1p()
}

/// Squared magnitude response of the pre-emphasis at a frequency in hertz.
fn emphasis(hz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hz / f64::from(SAMPLE_RATE_HZ);
    1.0 + PRE_EMPHASIS * PRE_EMPHASIS - 2.0 * PRE_EMPHASIS * turn.cos()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dsp::mfcc::MfccStream;

    #[test]
    fn every_band_has_a_bin() {
        let bank = SpeakerBandBank::new();
        assert!(bank.bands.iter().all(|(_, weights)| !weights.is_empty()));
    }

    /// Samples and bands of the Python reference, which is distributed with the
    /// network.
    #[test]
    fn pulses_give_the_bands_of_the_reference() {
        let file = include_str!("../../../../models/speakers/golden.json");
        let golden: serde_json::Value = serde_json::from_str(file).unwrap();
        let cases = golden["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["name"] == "pulses").unwrap();
        let numbers = |key: &str| -> Vec<f32> {
            let values = case[key].as_array().unwrap();
            values.iter().map(|v| v.as_f64().unwrap() as f32).collect()
        };
        let mut stream = MfccStream::new();
        stream.compute_speaker_bands();
        let mut found = Vec::new();
        let mut add = |bands: Option<&SpeakerBands>| found.extend_from_slice(bands.unwrap());
        stream.push(&numbers("samples"), |frame| add(frame.speaker_bands));
        stream.finish(|frame| add(frame.speaker_bands));
        let expected = numbers("bands");
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 2e-4, "{found} {expected}");
        }
    }
}
