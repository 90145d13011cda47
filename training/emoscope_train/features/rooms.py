"""A second version of a clip: in a room, through a narrower or coarser channel."""

from pathlib import Path

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from .audio import read_audio
from .frontend import SAMPLE_RATE

Signal = NDArray[np.float64]


def measured(data: Path) -> list[Signal]:
    """The measured room responses in the data folder, from their direct sound on."""
    kinds = {".flac", ".opus", ".wav"}
    files = sorted(path for path in (data / "rir").glob("*") if path.suffix in kinds)
    return [from_direct(read_audio(path).astype(np.float64)) for path in files]


def from_direct(response: Signal) -> Signal:
    """Cuts the start to the strongest peak, so that a clip is not delayed."""
    start = int(np.argmax(np.abs(response)))
    return response[start : start + SAMPLE_RATE] / (np.abs(response[start]) + 1e-9)


def simulated(rng: np.random.Generator) -> Signal:
    """Direct sound and low-passed noise that decays in 0.15 to 0.9 s."""
    decay = rng.uniform(0.15, 0.9)
    time = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.normal(size=len(time)) * np.exp(-6.91 * time / decay)
    tail = scipy.signal.lfilter([0.6], [1.0, -0.4], tail)
    tail[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0.0
    ratio = 10.0 ** (rng.uniform(-3.0, 12.0) / 20.0)
    tail /= np.sqrt(np.sum(tail**2)) * ratio + 1e-9
    tail[0] = 1.0
    return np.asarray(tail)


def through_room(signal: Signal, responses: list[Signal], rng: np.random.Generator) -> Signal:
    """Convolves with a measured or a simulated room response."""
    use_measured = responses and rng.random() < 0.4
    room = responses[rng.integers(len(responses))] if use_measured else simulated(rng)
    return np.asarray(scipy.signal.fftconvolve(signal, room)[: len(signal)])


def through_channel(signal: Signal, rng: np.random.Generator) -> Signal:
    """Applies a telephone channel, a low-pass, a high-pass or nothing."""
    kind = rng.integers(4)
    if kind == 0:
        band = scipy.signal.butter(4, [300.0, 3400.0], "band", fs=SAMPLE_RATE, output="sos")
        narrow = scipy.signal.sosfilt(band, signal)
        return mu_law(narrow / (np.max(np.abs(narrow)) + 1e-9))
    if kind == 1:
        low = scipy.signal.butter(
            6, rng.uniform(3500.0, 7000.0), "low", fs=SAMPLE_RATE, output="sos"
        )
        return np.asarray(scipy.signal.sosfilt(low, signal))
    if kind == 2:
        high = scipy.signal.butter(
            2, rng.uniform(80.0, 300.0), "high", fs=SAMPLE_RATE, output="sos"
        )
        return np.asarray(scipy.signal.sosfilt(high, signal))
    return signal


def mu_law(signal: Signal) -> Signal:
    """Quantizes to eight bits of mu-law, as on a telephone line."""
    mu = 255.0
    folded = np.sign(signal) * np.log1p(mu * np.abs(signal)) / np.log1p(mu)
    coarse = np.round(folded * 127.0) / 127.0
    return np.asarray(np.sign(coarse) * np.expm1(np.abs(coarse) * np.log1p(mu)) / mu)


def second_version(signal: Signal, responses: list[Signal], rng: np.random.Generator) -> Signal:
    """Applies a room, then a channel."""
    return through_channel(through_room(signal, responses, rng), rng)
