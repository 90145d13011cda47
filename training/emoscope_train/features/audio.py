"""Reads a recording of any format as 16 kHz mono."""

from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from ..errors import CorpusError
from .frontend import SAMPLE_RATE


def read_audio(path: Path) -> NDArray[np.float32]:
    """The content decides the format: TESS holds AIFF under .wav names."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise CorpusError(f"cannot read {path}: {error}") from error
    if samples.size == 0:
        raise CorpusError(f"{path} holds no samples")
    mono = samples.mean(axis=1)
    if rate != SAMPLE_RATE:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=SAMPLE_RATE, res_type="soxr_hq")
    return np.asarray(mono, dtype=np.float32)
