//! The orthonormal DCT-II of 80 points, as `scipy.fft.dct(type=2, norm="ortho")`.
//!
//! Its cosines are even or odd about the middle, so the even outputs need only the sums
//! of mirrored inputs, and the odd ones the differences. The sums are again a DCT-II, of
//! half the size, so the same holds there. With a plain table of 80 by 80 cosines, a row
//! of coefficients takes at least 20 % longer.

use crate::dsp::feature_spec::{N_MELS, N_MFCC};

const HALF: usize = N_MFCC / 2;
const QUARTER: usize = N_MFCC / 4;

/// The tables of the transform.
pub struct Dct {
    /// `[input][output]`: the inner loops run over outputs, which is vectorized. Outputs
    /// 1, 3, 5 ...
    odd: [[f32; HALF]; HALF],
    /// Outputs 2, 6, 10 ...
    twice_odd: [[f32; QUARTER]; QUARTER],
    /// Outputs 0, 4, 8 ...
    fours: [[f32; QUARTER]; QUARTER],
}

impl Default for Dct {
    fn default() -> Self {
        Self::new()
    }
}

impl Dct {
    /// Computes the tables.
    pub fn new() -> Self {
        Self {
            odd: table(1, 2),
            twice_odd: table(2, 4),
            fours: table(0, 4),
        }
    }

    /// The coefficients of 80 values.
    pub fn apply(&self, input: &[f32; N_MELS], output: &mut [f32; N_MFCC]) {
        let (half, odd) = fold::<N_MELS, HALF>(input);
        let (quarter, twice_odd) = fold::<HALF, QUARTER>(&half);
        spread(&product(&self.odd, &odd), output, 1, 2);
        spread(&product(&self.twice_odd, &twice_odd), output, 2, 4);
        spread(&product(&self.fours, &quarter), output, 0, 4);
    }
}

/// The cosines for the first `N` inputs of outputs `first`, `first + step` ...
fn table<const N: usize>(first: usize, step: usize) -> [[f32; N]; N] {
    let n = N_MELS as f64;
    std::array::from_fn(|j| {
        std::array::from_fn(|i| {
            let k = first + step * i;
            let scale = (if k == 0 { 1.0 } else { 2.0 } / n).sqrt();
            let angle = std::f64::consts::PI * (k * (2 * j + 1)) as f64 / (2.0 * n);
            (scale * angle.cos()) as f32
        })
    })
}

/// Sums and differences of mirrored values.
fn fold<const N: usize, const M: usize>(values: &[f32; N]) -> ([f32; M], [f32; M]) {
    (
        std::array::from_fn(|j| values[j] + values[N - 1 - j]),
        std::array::from_fn(|j| values[j] - values[N - 1 - j]),
    )
}

fn product<const N: usize>(table: &[[f32; N]; N], values: &[f32; N]) -> [f32; N] {
    let mut sums = [0.0; N];
    // Four inputs per pass, so that the sums are loaded and stored less often.
    for ([a, b, c, d], v) in table
        .as_chunks::<4>()
        .0
        .iter()
        .zip(values.as_chunks::<4>().0)
    {
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *sum += (v[0] * a + v[1] * b) + (v[2] * c + v[3] * d);
        }
    }
    sums
}

fn spread(values: &[f32], output: &mut [f32; N_MFCC], first: usize, step: usize) {
    for (value, place) in values.iter().zip(output[first..].iter_mut().step_by(step)) {
        *place = *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_sum_that_defines_it(seed in prop::collection::vec(-100.0_f32..60.0, N_MELS)) {
            let input: [f32; N_MELS] = std::array::from_fn(|i| seed[i]);
            let mut output = [0.0; N_MFCC];
            Dct::new().apply(&input, &mut output);
            for (k, found) in output.iter().enumerate() {
                let angle = std::f64::consts::PI * k as f64 / (2 * N_MELS) as f64;
                let sum: f64 = (0..N_MELS)
                    .map(|j| f64::from(input[j]) * (angle * (2 * j + 1) as f64).cos())
                    .sum();
                let expected = sum * (if k == 0 { 1.0 } else { 2.0 } / N_MELS as f64).sqrt();
                prop_assert!((f64::from(*found) - expected).abs() < 5e-4, "{k}: {found}, {expected}");
            }
        }
    }
}
