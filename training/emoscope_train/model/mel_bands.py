"""From our 80 mel bands to those that the pretrained body was trained on.

mn04 heard 128 Kaldi bands (0 to 15 kHz) of 32 kHz audio after pre-emphasis. Its first 104 lie
below 8 kHz; the rest is absent, which a fully convolutional network does not mind.
"""

import librosa
import numpy as np
from numpy.typing import NDArray

from ..features.frontend import N_FFT, N_MELS, SAMPLE_RATE

BANDS = 104
KALDI_BANDS = 128
KALDI_RATE = 32_000
KALDI_F_MAX = 15_000.0
PRE_EMPHASIS = 0.97
# What lies further below the window's level is the room's and the recorder's, not the voice's.
FLOOR_DB = -60.0
# Level that a window is given in our dB, as of speech at about -18 dBFS in what mn04 heard.
SPEECH_LEVEL_DB = -8.0
# Energy of the Hann windows: a louder band for a longer window and half the bandwidth per bin.
WINDOW_GAIN_DB = 6.0


def kaldi_centres() -> NDArray[np.float64]:
    """Edges and centres in Hz, BANDS + 2 of them."""
    top = 1127.0 * np.log1p(KALDI_F_MAX / 700.0)
    mels = np.linspace(0.0, top, KALDI_BANDS + 2)[: BANDS + 2]
    return np.asarray(700.0 * np.expm1(mels / 1127.0))


def interpolation() -> NDArray[np.float64]:
    """Linear interpolation over frequency, 80 x 104."""
    ours = librosa.mel_frequencies(n_mels=N_MELS + 2, fmin=0.0, fmax=SAMPLE_RATE / 2)[1:-1]
    theirs = kaldi_centres()[1:-1]
    return np.stack([np.interp(theirs, ours, row) for row in np.eye(N_MELS)])


def offsets_db() -> NDArray[np.float64]:
    """What a band gains by its area and by pre-emphasis, in dB."""
    edges = kaldi_centres()
    centres = edges[1:-1]
    # A triangle of height 1 against one of area 1 (Slaney), each in bins of its own spectrum.
    bins = (edges[2:] - edges[:-2]) / 2.0 / (KALDI_RATE / 1024)
    slaney = SAMPLE_RATE / N_FFT
    area = 10.0 * np.log10(np.maximum(bins, 1.0) * slaney)
    phase = np.exp(-2j * np.pi * centres / KALDI_RATE)
    emphasis = 20.0 * np.log10(np.abs(1.0 - PRE_EMPHASIS * phase))
    return np.asarray(area + emphasis)


def mapping() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix and vector from level-normalised dB to the body's input."""
    per_db = np.log(10.0) / 10.0 / 5.0
    constant = offsets_db() + SPEECH_LEVEL_DB + WINDOW_GAIN_DB
    return interpolation() * per_db, constant * per_db + 4.5 / 5.0
