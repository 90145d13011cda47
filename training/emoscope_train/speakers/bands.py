"""The input of the speaker network: Kaldi's 80 mel bands, from the front end's power spectrum.

Kaldi cuts frames of 400 samples, removes their mean, applies a pre-emphasis of 0.97 and a Povey
window, and pads to 512 points. Here a second filter matrix weighs the 201 bins that the front end
has anyway: the pre-emphasis is a factor per bin, and the network subtracts the mean over time of
each band, which removes the level.
"""

import functools
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray

from ..features.frontend import HOP, N_FFT, SAMPLE_RATE

N_BANDS = 80
LOW_HZ, HIGH_HZ = 20.0, 8000.0
PREEMPHASIS = 0.97
FLOOR = 1e-10

# In the model file; the program rejects other constants.
BANDS: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": N_FFT,
    "window": "hann",
    "hop": HOP,
    "center": True,
    "pad": "zero",
    "preemphasis": PREEMPHASIS,
    "n_bands": N_BANDS,
    "mel": "htk",
    "f_min": LOW_HZ,
    "f_max": HIGH_HZ,
    "log": "ln",
    "floor": FLOOR,
}


def htk_mel(hertz: NDArray[Any]) -> NDArray[np.float64]:
    """Hertz on HTK's mel scale."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0))


@functools.cache
def filters() -> NDArray[np.float64]:
    """Bands x bins: Kaldi's triangles, straight in mel with a peak of 1, times the pre-emphasis."""
    bins = np.arange(N_FFT // 2 + 1) * SAMPLE_RATE / N_FFT
    low, high = htk_mel(np.array([LOW_HZ, HIGH_HZ]))
    edges = np.linspace(low, high, N_BANDS + 2)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    mel = htk_mel(bins)[None]
    rising, falling = (mel - left) / (centre - left), (right - mel) / (right - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    turn = 2.0 * np.pi * bins / SAMPLE_RATE
    emphasis = 1.0 + PREEMPHASIS**2 - 2.0 * PREEMPHASIS * np.cos(turn)
    return np.asarray(triangles * emphasis)


def bands(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Natural logarithm of the band energies, frames x 80, of 16 kHz mono.

    Frame k is centred on sample 160 k, as in the front end.
    """
    spectrum = librosa.stft(
        np.asarray(samples, dtype=np.float64),
        n_fft=N_FFT,
        hop_length=HOP,
        window="hann",
        center=True,
        pad_mode="constant",
    )
    power = filters() @ (spectrum.real**2 + spectrum.imag**2)
    return np.log(np.maximum(power, FLOOR)).T.astype(np.float32)
