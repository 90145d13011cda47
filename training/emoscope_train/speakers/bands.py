"""The input of the speaker network: Kaldi's 80 mel bands, from the front end's spectrum.

Kaldi cuts frames of 400 samples, applies a pre-emphasis of 0.97 and a Povey window, and pads them
to 512 points. The network was trained on these bins: bins of the front end alone (400 points, a
Hann window) cost 1.3 percentage points. There is no second FFT. A Kaldi bin is a weighted sum of
the six nearest bins of the front end, with least-squares weights; they also turn the Hann window
into Povey's. The pre-emphasis is a factor per bin. The network subtracts the mean over time of each
band, which removes the level.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..features.frontend import HOP, N_FFT, SAMPLE_RATE, spectrum

N_BANDS = 80
LOW_HZ, HIGH_HZ = 20.0, 8000.0
PREEMPHASIS = 0.97
FLOOR = 1e-10
# Points of Kaldi's FFT, exponent from the Hann to the Povey window, and bins on either side.
KALDI_FFT, POVEY, SIDE = 512, 0.85, 3

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
# The interpolation from the front end's bins to Kaldi's.
SPECTRUM: dict[str, Any] = {"n_fft": KALDI_FFT, "window": "povey", "neighbours": 2 * SIDE}


def htk_mel(hertz: NDArray[Any]) -> NDArray[np.float64]:
    """Hertz on HTK's mel scale."""
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0))


@functools.cache
def filters() -> NDArray[np.float64]:
    """Bands x bins of Kaldi: triangles, straight in mel, peak 1, times the pre-emphasis."""
    bins = np.arange(KALDI_FFT // 2 + 1) * SAMPLE_RATE / KALDI_FFT
    low, high = htk_mel(np.array([LOW_HZ, HIGH_HZ]))
    edges = np.linspace(low, high, N_BANDS + 2)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    mel = htk_mel(bins)[None]
    rising, falling = (mel - left) / (centre - left), (right - mel) / (right - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    turn = 2.0 * np.pi * bins / SAMPLE_RATE
    emphasis = 1.0 + PREEMPHASIS**2 - 2.0 * PREEMPHASIS * np.cos(turn)
    return np.asarray(triangles * emphasis)


@functools.cache
def interpolation() -> NDArray[np.float64]:
    """Bins of Kaldi x bins of the front end, from SIDE below zero to SIDE above the last.

    A sum of bins k with weights c is the spectrum under the window
    `hann(n) sum(c exp(-2 pi i n k / 400))`; the weights bring it closest to
    `povey(n) exp(-2 pi i n p / 400)`, with p the place of Kaldi's bin. Sample 0 is the centre.
    """
    time = np.arange(N_FFT) - N_FFT // 2
    hann = 0.5 + 0.5 * np.cos(2.0 * np.pi * time / N_FFT)

    def correlation(other: NDArray[Any], distance: NDArray[Any]) -> NDArray[np.float64]:
        waves = np.cos(2.0 * np.pi * time * distance[..., None] / N_FFT)
        return np.asarray((hann * other * waves).sum(axis=-1))

    rows = KALDI_FFT // 2 + 1
    out = np.zeros((rows, N_FFT // 2 + 1 + 2 * SIDE))
    for row in range(rows):
        place = row * N_FFT / KALDI_FFT
        # A Kaldi bin that coincides with a front-end bin has symmetric neighbours.
        first = int(np.floor(place)) - SIDE + 1
        near = np.arange(first, first + 2 * SIDE - (place == np.floor(place)))
        gram = correlation(hann, near[:, None] - near[None, :])
        out[row, near + SIDE] = np.linalg.solve(gram, correlation(hann**POVEY, near - place))
    return out


def bands(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Natural logarithm of the band energies, frames x 80, of 16 kHz mono.

    Frame k is centred on sample 160 k, as in the front end.
    """
    ours = spectrum(samples)
    # Phases from the centre of the frame; beyond the ends a real signal's spectrum is mirrored.
    ours = ours * np.where(np.arange(len(ours)) % 2, -1.0, 1.0)[:, None]
    below, above = ours[SIDE:0:-1].conj(), ours[-2 : -2 - SIDE : -1].conj()
    theirs = interpolation() @ np.concatenate([below, ours, above])
    power = filters() @ (theirs.real**2 + theirs.imag**2)
    return np.log(np.maximum(power, FLOOR)).T.astype(np.float32)
