//! The Slaney mel filter bank as sparse bands.
//!
//! Scale and normalisation follow Slaney's Auditory Toolbox (Interval technical
//! report 1998-010), as `librosa.filters.mel(htk=False, norm="slaney")`: linear
//! below 1 kHz, logarithmic above, triangles of equal area.

use crate::dsp::feature_spec::{N_BINS, N_FFT, N_MELS, SAMPLE_RATE_HZ};

/// Hertz per mel in the linear part.
const LINEAR_STEP: f64 = 200.0 / 3.0;
/// Start of the logarithmic part, in hertz.
const BREAK_HZ: f64 = 1000.0;
/// Start of the logarithmic part, in mel.
const BREAK_MEL: f64 = BREAK_HZ / LINEAR_STEP;

/// Bands that are summed in parallel, so that the additions do not depend on each
/// other.
const LANES: usize = 4;

/// One triangle: its first bin and its weights.
struct Band {
    first: usize,
    weights: Vec<f64>,
}

/// Neighbouring triangles, zero-padded to equal length.
#[derive(Debug, Clone)]
struct Group {
    first: [usize; LANES],
    /// `[bin][band]`.
    weights: Vec<[f64; LANES]>,
}

/// 80 triangular bands over the 201 bins of the power spectrum.
#[derive(Debug, Clone)]
pub struct MelBank {
    groups: Vec<Group>,
}

impl Default for MelBank {
    fn default() -> Self {
        Self::new()
    }
}

impl MelBank {
    /// The filter bank of the front end.
    pub fn new() -> Self {
        // The Nyquist frequency in mel.
        let top = BREAK_MEL + (f64::from(SAMPLE_RATE_HZ) / 2.0 / BREAK_HZ).ln() / log_step();
        let edges: Vec<f64> = (0..N_MELS + 2)
            .map(|i| mel_to_hz(top * i as f64 / (N_MELS + 1) as f64))
            .collect();
        let bands: Vec<Band> = edges
            .windows(3)
            .map(|edge| Band::new(edge[0], edge[1], edge[2]))
            .collect();
        let groups = bands.chunks(LANES).map(Group::new).collect();
        Self { groups }
    }

    /// Band energies of a power spectrum with 201 bins.
    pub fn apply(&self, power: &[f64; N_BINS], energies: &mut [f64; N_MELS]) {
        for (group, energies) in self.groups.iter().zip(energies.chunks_mut(LANES)) {
            let length = group.weights.len();
            let [a, b, c, d] = group.first.map(|first| &power[first..first + length]);
            let mut sums = [0.0; LANES];
            for ((((weights, a), b), c), d) in group.weights.iter().zip(a).zip(b).zip(c).zip(d) {
                for ((sum, weight), power) in sums.iter_mut().zip(weights).zip([a, b, c, d]) {
                    *sum += weight * power;
                }
            }
            energies.copy_from_slice(&sums[..energies.len()]);
        }
    }
}

impl Group {
    fn new(bands: &[Band]) -> Self {
        let length = bands.iter().map(|b| b.weights.len()).max().unwrap_or(0);
        let mut group = Self {
            first: [0; LANES],
            weights: vec![[0.0; LANES]; length],
        };
        for (lane, band) in bands.iter().enumerate() {
            // At the top of the spectrum the zeros come first.
            group.first[lane] = band.first.min(N_BINS - length);
            for (bin, weight) in (band.first..).zip(&band.weights) {
                group.weights[bin - group.first[lane]][lane] = *weight;
            }
        }
        group
    }
}

impl Band {
    fn new(low: f64, centre: f64, high: f64) -> Self {
        let area = 2.0 / (high - low);
        let weight = |bin: usize| {
            let hz = bin as f64 * f64::from(SAMPLE_RATE_HZ) / N_FFT as f64;
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
