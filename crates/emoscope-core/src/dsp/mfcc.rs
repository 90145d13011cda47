//! Mel-frequency cepstral coefficients; each frame is computed once.
//!
//! Frame `k` is centred on sample `160 k`. Zeros precede the first sample and follow
//! the last, so `N` samples give frames 0 to `floor(N / 160)`. The spectrum is computed
//! in double precision: in single precision, quiet bands beside a loud tone would have
//! errors of hundredths of a decibel.

use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex;

use crate::dsp::dct::Dct;
use crate::dsp::decibels::decibels;
use crate::dsp::feature_spec::{HOP_SAMPLES, N_BINS, N_FFT, N_MELS, N_MFCC};
use crate::dsp::mel::MelBank;
use crate::dsp::speaker_bands::{N_SPEAKER_BANDS, SpeakerBandBank, SpeakerBands};

/// One row: the 80 coefficients of a frame.
pub type MfccFrame = [f32; N_MFCC];

/// The features of one frame.
#[derive(Debug, Clone, Copy)]
pub struct FrameFeatures<'a> {
    /// The coefficients.
    pub mfcc: &'a MfccFrame,
    /// The log-mel levels before the DCT, in dB.
    pub log_mel: &'a [f32; N_MELS],
    /// The bands of the speaker network, if they are computed.
    pub speaker_bands: Option<&'a SpeakerBands>,
}

/// Computes single frames; owns the tables and the scratch buffers.
pub struct Mfcc {
    fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    mel: MelBank,
    dct: Dct,
    frame: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    power: [f64; N_BINS],
    energies: [f64; N_MELS],
    log_mel: [f32; N_MELS],
}

impl Default for Mfcc {
    fn default() -> Self {
        Self::new()
    }
}

impl Mfcc {
    /// Builds the tables.
    pub fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(N_FFT);
        let window = (0..N_FFT)
            .map(|n| 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / N_FFT as f64).cos())
            .collect();
        Self {
            window,
            mel: MelBank::new(),
            dct: Dct::new(),
            frame: vec![0.0; N_FFT],
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            power: [0.0; N_BINS],
            energies: [0.0; N_MELS],
            log_mel: [0.0; N_MELS],
            fft,
        }
    }

    /// The coefficients of one frame of 400 samples.
    pub fn row(&mut self, samples: &[f32], row: &mut MfccFrame) {
        self.window(samples);
        // The length is fixed above, and no other error exists.
        let planned =
            self.fft
                .process_with_scratch(&mut self.frame, &mut self.spectrum, &mut self.scratch);
        debug_assert!(planned.is_ok());
        for (bin, power) in self.spectrum.iter().zip(&mut self.power) {
            *power = bin.norm_sqr();
        }
        self.mel.apply(&self.power, &mut self.energies);
        decibels(&self.energies, &mut self.log_mel);
        self.dct.apply(&self.log_mel, row);
    }

    /// The first step: the windowed samples for the spectrum.
    pub fn window(&mut self, samples: &[f32]) {
        for ((x, w), y) in samples.iter().zip(&self.window).zip(&mut self.frame) {
            *y = f64::from(*x) * w;
        }
    }

    /// The power spectrum (201 bins) of the last frame.
    pub fn power(&self) -> &[f64; N_BINS] {
        &self.power
    }

    /// The mel energies (80 bands) of the last frame, before floor and logarithm.
    pub fn mel_energies(&self) -> &[f64] {
        &self.energies
    }

    /// The log-mel levels (80 bands, dB) of the last frame.
    pub fn log_mel(&self) -> &[f32] {
        &self.log_mel
    }
}

/// Cuts a 16 kHz stream into frames and computes each one when its last sample arrives.
pub struct MfccStream {
    mfcc: Mfcc,
    /// The second filter bank and its last output, if a speaker network needs them.
    speakers: Option<(SpeakerBandBank, SpeakerBands)>,
    /// Samples from the left edge of the next frame.
    pending: Vec<f32>,
    samples: u64,
    frames: u64,
}

impl Default for MfccStream {
    fn default() -> Self {
        Self::new()
    }
}

impl MfccStream {
    /// A stream at its start.
    pub fn new() -> Self {
        Self {
            mfcc: Mfcc::new(),
            speakers: None,
            pending: vec![0.0; N_FFT / 2],
            samples: 0,
            frames: 0,
        }
    }

    /// Also computes the bands of the speaker network from now on.
    pub fn compute_speaker_bands(&mut self) {
        let bands = || (SpeakerBandBank::new(), [0.0; N_SPEAKER_BANDS]);
        self.speakers.get_or_insert_with(bands);
    }

    /// Returns to the start; keeps the tables.
    pub fn reset(&mut self) {
        self.pending.clear();
        self.pending.resize(N_FFT / 2, 0.0);
        self.samples = 0;
        self.frames = 0;
    }

    /// Adds samples; passes each complete frame to `frame`, in order.
    pub fn push(&mut self, samples: &[f32], mut frame: impl FnMut(FrameFeatures<'_>)) {
        self.samples += samples.len() as u64;
        self.pending.extend_from_slice(samples);
        self.drain(u64::MAX, &mut frame);
    }

    /// Ends the stream: zeros complete the frames that extend beyond the last sample.
    pub fn finish(&mut self, mut frame: impl FnMut(FrameFeatures<'_>)) {
        self.pending.resize(self.pending.len() + N_FFT / 2, 0.0);
        self.drain(self.samples / HOP_SAMPLES as u64 + 1, &mut frame);
    }

    /// Frames computed so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    fn drain(&mut self, limit: u64, frame: &mut impl FnMut(FrameFeatures<'_>)) {
        let mut out = [0.0; N_MFCC];
        let mut left = 0;
        while self.frames < limit && left + N_FFT <= self.pending.len() {
            self.mfcc.row(&self.pending[left..left + N_FFT], &mut out);
            if let Some((bank, bands)) = &mut self.speakers {
                bank.apply(&self.mfcc.spectrum, bands);
            }
            frame(FrameFeatures {
                mfcc: &out,
                log_mel: &self.mfcc.log_mel,
                speaker_bands: self.speakers.as_ref().map(|(_, bands)| bands),
            });
            self.frames += 1;
            left += HOP_SAMPLES;
        }
        self.pending.drain(..left);
    }
}
