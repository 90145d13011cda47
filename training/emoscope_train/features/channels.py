"""Recording conditions for evaluation, one at a time: level, clipping, telephone, codecs."""

import io
from collections.abc import Callable

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from .frontend import SAMPLE_RATE
from .rooms import mu_law

Signal = NDArray[np.float64]
# Level of a speaker at a normal distance.
USUAL_DB = -23.0


def levelled(signal: Signal, level_db: float = USUAL_DB) -> Signal:
    """Scales to that RMS level in dBFS."""
    rms = np.sqrt(np.mean(signal**2)) + 1e-9
    return np.asarray(signal * 10.0 ** (level_db / 20.0) / rms)


def sixteen_bits(signal: Signal) -> Signal:
    """Clips and rounds like a sound card."""
    return np.asarray(np.round(np.clip(signal, -1.0, 1.0) * 32767.0) / 32767.0)


def telephone(signal: Signal) -> Signal:
    """8 kHz, 300 to 3400 Hz, eight bits of mu-law."""
    narrow = scipy.signal.resample_poly(levelled(signal), 1, 2)
    band = scipy.signal.butter(4, [300.0, 3400.0], "band", fs=SAMPLE_RATE // 2, output="sos")
    decoded = mu_law(np.clip(scipy.signal.sosfilt(band, narrow), -1.0, 1.0))
    return np.asarray(scipy.signal.resample_poly(decoded, 2, 1))


def coded(signal: Signal, container: str, subtype: str, rate: int) -> Signal:
    """Encodes with a lossy codec and decodes again."""
    wide = scipy.signal.resample_poly(levelled(signal), rate, SAMPLE_RATE)
    file = io.BytesIO()
    # The lowest quality of the encoder: the hardest case.
    soundfile.write(file, wide, rate, subtype, format=container, compression_level=0.99)
    file.seek(0)
    decoded, _ = soundfile.read(file)
    return np.asarray(scipy.signal.resample_poly(decoded, SAMPLE_RATE, rate)[: len(signal)])


CHANNELS: dict[str, Callable[[Signal], Signal]] = {
    "30 dB too quiet": lambda signal: sixteen_bits(levelled(signal, USUAL_DB - 30.0)),
    "10 dB too loud, clipped": lambda signal: sixteen_bits(levelled(signal, USUAL_DB + 10.0)),
    "20 dB too loud, clipped": lambda signal: sixteen_bits(levelled(signal, USUAL_DB + 20.0)),
    "telephone, 8 kHz": telephone,
    "Opus, lowest quality": lambda signal: coded(signal, "OGG", "OPUS", 48_000),
    "MP3, lowest quality": lambda signal: coded(signal, "MP3", "MPEG_LAYER_III", 32_000),
}
