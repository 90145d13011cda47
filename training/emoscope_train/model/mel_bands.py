"""From 80 Slaney mel bands to the bands that mn04 was trained on.

Those are 128 Kaldi bands (0 to 15 kHz) of 32 kHz audio after pre-emphasis. The first 104 lie below
8 kHz. A fully convolutional network accepts that the others are absent.
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
# Parts below this level, relative to the window's, are noise of the room and the recorder.
FLOOR_DB = -60.0
# Level of a window after normalisation, as of speech at about -18 dBFS in the training of mn04.
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
    """The gain of each band by its area and by pre-emphasis, in dB."""
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
    """Matrix and vector from level-normalised dB to the input of mn04."""
    per_db = np.log(10.0) / 10.0 / 5.0
    constant = offsets_db() + SPEECH_LEVEL_DB + WINDOW_GAIN_DB
    return interpolation() * per_db, constant * per_db + 4.5 / 5.0
