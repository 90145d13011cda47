//! Kaldi's bins computed from those of the front end, without a second FFT.
//!
//! A sum of the front end's bins `k` with weights `c` is the spectrum under the window
//! `hann(n) sum(c exp(-2 pi i n k / 400))`. Least-squares weights bring it closest to
//! `povey(n) exp(-2 pi i n p / 400)`, where `p` is the position of Kaldi's bin among
//! those of the front end. Sample 0 is the centre of the frame, so the weights are
//! real.

use std::f64::consts::TAU;

use rustfft::num_complex::Complex;

use crate::dsp::feature_spec::{N_BINS, N_FFT};

/// Points of Kaldi's FFT.
pub const KALDI_FFT: usize = 512;
/// Number of its bins.
pub const KALDI_BINS: usize = KALDI_FFT / 2 + 1;
/// The Povey window is the Hann window to this power.
const POVEY_POWER: f64 = 0.85;
/// Bins of the front end on either side of a position.
const SIDE_BINS: usize = 3;
/// Those on both sides together.
pub const NEIGHBOUR_BINS: usize = 2 * SIDE_BINS;
/// The positions between the front end's bins repeat after this many bins of Kaldi.
const WEIGHT_PERIOD_BINS: usize = 32;

/// Weights of the interpolation, and the spectrum that it reads.
#[derive(Debug, Clone)]
pub struct KaldiBins {
    /// For each position between two bins, the weights of the bins from `SIDE_BINS - 1`
    /// before it on.
    weights: Vec<[f64; NEIGHBOUR_BINS]>,
    /// The front end's bins with phases relative to the centre of the frame, mirrored
    /// at both ends.
    centred: Vec<Complex<f64>>,
}

impl Default for KaldiBins {
    fn default() -> Self {
        Self::new()
    }
}

impl KaldiBins {
    /// Computes the weights.
    pub fn new() -> Self {
        let place = |bin: usize| (bin * N_FFT % KALDI_FFT) as f64 / KALDI_FFT as f64;
        Self {
            weights: (0..WEIGHT_PERIOD_BINS)
                .map(|bin| weights(place(bin)))
                .collect(),
            centred: vec![Complex::default(); N_BINS + NEIGHBOUR_BINS],
        }
    }

    /// Kaldi's power spectrum (257 bins) from the front end's spectrum (201 bins).
    pub fn power(&mut self, spectrum: &[Complex<f64>], out: &mut [f64]) {
        for (bin, value) in spectrum.iter().take(N_BINS).enumerate() {
            let sign = if bin % 2 == 0 { 1.0 } else { -1.0 };
            self.centred[SIDE_BINS + bin] = value * sign;
        }
        let last = SIDE_BINS + N_BINS - 1;
        for away in 1..=SIDE_BINS {
            self.centred[SIDE_BINS - away] = self.centred[SIDE_BINS + away].conj();
            self.centred[last + away] = self.centred[last - away].conj();
        }
        for (bin, power) in out.iter_mut().take(KALDI_BINS).enumerate() {
            // The first neighbour is SIDE_BINS - 1 below the position; `centred` begins SIDE_BINS
            // below 0.
            let first = bin * N_FFT / KALDI_FFT + 1;
            let near = self.centred.iter().skip(first);
            let sum: Complex<f64> = near
                .zip(&self.weights[bin % WEIGHT_PERIOD_BINS])
                .map(|(value, weight)| value * weight)
                .sum();
            *power = sum.norm_sqr();
        }
    }
}

/// Weights for a position 0 to 1 above a bin. Exactly on a bin, both neighbours are
/// symmetric and the last weight is 0.
fn weights(place: f64) -> [f64; NEIGHBOUR_BINS] {
    let count = if place == 0.0 {
        NEIGHBOUR_BINS - 1
    } else {
        NEIGHBOUR_BINS
    };
    let offset = |index: usize| index as f64 - (SIDE_BINS - 1) as f64;
    let mut rows = [[0.0; NEIGHBOUR_BINS + 1]; NEIGHBOUR_BINS];
    for (i, row) in rows.iter_mut().enumerate().take(count) {
        for (j, value) in row.iter_mut().enumerate().take(count) {
            *value = correlation(1.0, offset(i) - offset(j));
        }
        row[NEIGHBOUR_BINS] = correlation(POVEY_POWER, offset(i) - place);
    }
    solve(&mut rows, count)
}

/// Sum over the frame of the Hann window times its `power` times a cosine of `cycles`.
fn correlation(power: f64, cycles: f64) -> f64 {
    (0..N_FFT)
        .map(|n| {
            let turn = TAU * (n as f64 / N_FFT as f64 - 0.5);
            let hann = 0.5 + 0.5 * turn.cos();
            hann * hann.powf(power) * (turn * cycles).cos()
        })
        .sum()
}

/// Gaussian elimination of the first `count` equations; the right-hand side is the last
/// column. The matrix is positive definite, so no pivoting is needed.
fn solve(
    rows: &mut [[f64; NEIGHBOUR_BINS + 1]; NEIGHBOUR_BINS],
    count: usize,
) -> [f64; NEIGHBOUR_BINS] {
    for pivot in 0..count {
        let upper = rows[pivot];
        for row in rows.iter_mut().take(count).skip(pivot + 1) {
            let factor = row[pivot] / upper[pivot];
            for (value, above) in row.iter_mut().zip(&upper) {
                *value -= factor * above;
            }
        }
    }
    let mut out = [0.0; NEIGHBOUR_BINS];
    for pivot in (0..count).rev() {
        let row = &rows[pivot];
        let known: f64 = row
            .iter()
            .zip(&out)
            .skip(pivot + 1)
            .map(|(a, b)| a * b)
            .sum();
        out[pivot] = (row[NEIGHBOUR_BINS] - known) / row[pivot];
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The transform to replace: Povey window, 512 points, term by term.
    fn kaldi(samples: &[f64], bin: usize) -> f64 {
        let sum: Complex<f64> = samples
            .iter()
            .enumerate()
            .map(|(n, x)| {
                let hann = 0.5 - 0.5 * (TAU * n as f64 / N_FFT as f64).cos();
                let turn = -TAU * (n * bin) as f64 / KALDI_FFT as f64;
                Complex::from_polar(x * hann.powf(POVEY_POWER), turn)
            })
            .sum();
        sum.norm_sqr()
    }

    #[test]
    fn noise_has_the_power_that_a_second_transform_would_give() {
        let mut state = 1_u32;
        let samples: Vec<f64> = (0..N_FFT)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f64::from(state >> 8) / f64::from(1 << 24) - 0.5
            })
            .collect();
        let mut fft = realfft::RealFftPlanner::<f64>::new();
        let fft = fft.plan_fft_forward(N_FFT);
        let mut frame: Vec<f64> = samples
            .iter()
            .enumerate()
            .map(|(n, x)| x * (0.5 - 0.5 * (TAU * n as f64 / N_FFT as f64).cos()))
            .collect();
        let mut spectrum = fft.make_output_vec();
        fft.process(&mut frame, &mut spectrum).unwrap();
        let mut found = vec![0.0; KALDI_BINS];
        KaldiBins::new().power(&spectrum, &mut found);
        let expected: Vec<f64> = (0..KALDI_BINS).map(|bin| kaldi(&samples, bin)).collect();
        let mean = expected.iter().sum::<f64>() / KALDI_BINS as f64;
        let gap = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let gap = gap.sum::<f64>() / KALDI_BINS as f64;
        assert!(gap < 0.05 * mean, "{gap} of {mean}");
    }
}
