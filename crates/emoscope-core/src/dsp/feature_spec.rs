//! The constants of the front end, fixed so that all models share one set of features.
//! A model file repeats them in its `frontend` entry.

use serde::{Deserialize, Serialize};

/// Sample rate of everything after the resampler, in hertz.
pub const SAMPLE_RATE_HZ: u32 = 16_000;
/// Points of a frame and of its FFT: 25 ms.
pub const N_FFT: usize = 400;
/// Samples from the centre of one frame to the next: 10 ms.
pub const HOP_SAMPLES: usize = 160;
/// Bins of the power spectrum, 0 to 8000 Hz.
pub const N_BINS: usize = N_FFT / 2 + 1;
/// Mel bands, 0 to 8000 Hz.
pub const N_MELS: usize = 80;
/// Cepstral coefficients kept: all of them.
pub const N_MFCC: usize = 80;
/// Least mel energy before the logarithm (-100 dB).
pub const MEL_FLOOR: f64 = 1e-10;

/// The front end as declared by a model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSpec {
    /// Sample rate in hertz.
    pub sample_rate: u32,
    /// Points of the FFT and of the window.
    pub n_fft: usize,
    /// Window function; `hann` is the periodic one.
    pub window: String,
    /// Hop in samples.
    pub hop: usize,
    /// Whether frame `k` is centred on sample `hop * k`.
    pub center: bool,
    /// The padding before the first and after the last sample.
    pub pad: String,
    /// Number of mel bands.
    pub n_mels: usize,
    /// Mel scale and normalisation.
    pub mel: String,
    /// Lower edge of the first band in hertz.
    pub f_min: f64,
    /// Upper edge of the last band in hertz.
    pub f_max: f64,
    /// The logarithm: `10log10` of the power.
    pub log: String,
    /// Floor of the mel energies.
    pub floor: f64,
    /// The transform: `ortho2` is the orthonormal DCT-II.
    pub dct: String,
    /// Coefficients kept.
    pub n_mfcc: usize,
}

impl FeatureSpec {
    /// The front end of this program.
    pub fn ours() -> Self {
        Self {
            sample_rate: SAMPLE_RATE_HZ,
            n_fft: N_FFT,
            window: "hann".into(),
            hop: HOP_SAMPLES,
            center: true,
            pad: "zero".into(),
            n_mels: N_MELS,
            mel: "slaney".into(),
            f_min: 0.0,
            f_max: f64::from(SAMPLE_RATE_HZ) / 2.0,
            log: "10log10".into(),
            floor: MEL_FLOOR,
            dct: "ortho2".into(),
            n_mfcc: N_MFCC,
        }
    }
}
