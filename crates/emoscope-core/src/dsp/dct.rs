//! The orthonormal DCT-II of 80 points, as `scipy.fft.dct(type=2, norm="ortho")`.

use std::sync::Arc;

use rustdct::{DctPlanner, TransformType2And3};

use crate::dsp::feature_spec::{N_MELS, N_MFCC};

/// The transform and its scratch memory.
pub struct Dct {
    transform: Arc<dyn TransformType2And3<f32>>,
    /// Of all coefficients; the first is divided by the root of 2 in addition.
    scale: f32,
    scratch: Vec<f32>,
}

impl Default for Dct {
    fn default() -> Self {
        Self::new()
    }
}

impl Dct {
    /// Computes the tables.
    pub fn new() -> Self {
        let transform = DctPlanner::new().plan_dct2(N_MELS);
        let scratch = vec![0.0; transform.get_scratch_len()];
        let scale = (2.0 / N_MELS as f32).sqrt();
        Self {
            transform,
            scale,
            scratch,
        }
    }

    /// The coefficients of 80 values.
    pub fn apply(&mut self, input: &[f32; N_MELS], output: &mut [f32; N_MFCC]) {
        output.copy_from_slice(input);
        self.transform
            .process_dct2_with_scratch(output, &mut self.scratch);
        for value in output.iter_mut() {
            *value *= self.scale;
        }
        output[0] *= std::f32::consts::FRAC_1_SQRT_2;
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
