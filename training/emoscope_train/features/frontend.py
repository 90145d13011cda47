"""The front end: 80 MFCCs per 10 ms, identical to the program's.

The constants are in every exported model, and the program rejects a model with others.
"""

import functools
from typing import Any

import librosa
import numpy as np
import scipy.fft
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
N_FFT = 400
HOP = 160
N_MELS = 80
FLOOR = 1e-10

FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": N_FFT,
    "window": "hann",
    "hop": HOP,
    "center": True,
    "pad": "zero",
    "n_mels": N_MELS,
    "mel": "slaney",
    "f_min": 0.0,
    "f_max": 8000.0,
    "log": "10log10",
    "floor": FLOOR,
    "dct": "ortho2",
    "n_mfcc": N_MELS,
}
WINDOW: dict[str, float] = {"min_s": 0.75, "max_s": 3.0, "hop_s": 0.25}

FRAMES_PER_SECOND = SAMPLE_RATE // HOP


@functools.cache
def mel_filters() -> NDArray[np.float64]:
    """The Slaney filter bank, bands x bins."""
    bank = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, dtype=np.float64)
    return np.asarray(bank)


def spectrum(samples: NDArray[Any]) -> NDArray[np.complex128]:
    """Bins x frames of 16 kHz mono; frame k is centred on sample 160 k."""
    spectrum = librosa.stft(
        np.asarray(samples, dtype=np.float64),
        n_fft=N_FFT,
        hop_length=HOP,
        window="hann",
        center=True,
        pad_mode="constant",
    )
    return np.asarray(spectrum)


def log_mel(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Mel power in dB, frames x bands, of 16 kHz mono; frame k is centred on sample 160 k."""
    bins = spectrum(samples)
    power = mel_filters() @ (bins.real**2 + bins.imag**2)
    return np.asarray(10.0 * np.log10(np.maximum(power, FLOOR))).T


def to_mfcc(decibels: NDArray[Any]) -> NDArray[Any]:
    """The orthonormal DCT-II over the bands; a rotation, so nothing is lost."""
    return np.asarray(scipy.fft.dct(decibels, type=2, norm="ortho", axis=-1))


def mfcc(samples: NDArray[Any]) -> NDArray[np.float64]:
    """MFCCs, frames x 80, of 16 kHz mono."""
    return to_mfcc(log_mel(samples))


def inverse_dct() -> NDArray[np.float64]:
    """The matrix M with log_mel = mfcc @ M."""
    return np.asarray(scipy.fft.idct(np.eye(N_MELS), type=2, norm="ortho", axis=-1))
