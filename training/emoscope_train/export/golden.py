"""Golden cases for the program's self-test: synthetic sounds, no corpus clip."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..features.frontend import HOP, SAMPLE_RATE, mfcc
from ..files import write_text

# Decimals of the inputs; rounded first, so that the file contains the exact inputs.
DECIMALS = 4
TOLERANCE = 1e-4
# Tolerated difference of a file with compact weights from PyTorch.
COMPACT_TOLERANCE = 0.02
SETTLED_S = 30.0


def voice(frames: int, pitch: float, rise: float, seed: int) -> NDArray[np.float64]:
    """A pulse train with formants and varying pitch over faint noise; frames x 10 ms."""
    count = (frames - 1) * HOP
    time = np.arange(count) / SAMPLE_RATE
    f0 = pitch * 2.0 ** (rise * time) * (1.0 + 0.02 * np.sin(2 * np.pi * 5.0 * time))
    phase = 2 * np.pi * np.cumsum(f0) / SAMPLE_RATE
    signal = np.zeros(count)
    for harmonic in range(1, 40):
        frequency = harmonic * f0
        gain = sum(np.exp(-(((frequency - f) / 150.0) ** 2)) for f in (600.0, 1300.0, 2600.0))
        signal += (gain + 0.02) / harmonic * np.sin(harmonic * phase) * (frequency < 7600.0)
    syllables = 0.55 - 0.45 * np.cos(2 * np.pi * 4.0 * time)
    noise = np.random.default_rng(seed).normal(0.0, 1e-3, count)
    return np.asarray(0.1 * signal * syllables + noise)


def inputs() -> dict[str, NDArray[np.float32]]:
    """Named MFCCs, including the shortest window and a shorter one."""
    sounds = {
        "rising voice": voice(80, 220.0, 0.5, 1),
        "low voice, short": voice(37, 110.0, -0.3, 2),
        "noise": np.random.default_rng(3).normal(0.0, 0.05, 24 * HOP),
    }
    return {name: np.round(mfcc(x), DECIMALS).astype(np.float32) for name, x in sounds.items()}


def baseline(width: int) -> tuple[NDArray[np.float32], float]:
    """A synthetic baseline: mean and variance [2, width], and their seconds of speech."""
    places = np.arange(width)
    mean = np.round(0.5 * np.sin(places), DECIMALS)
    variance = np.round(1.0 + 0.5 * np.cos(places), DECIMALS)
    return np.stack([mean, variance]).astype(np.float32), SETTLED_S


def write(path: Path, answers: dict[str, dict[str, NDArray[Any]]], width: int) -> None:
    """Writes the cases with their probabilities as JSON: without and with a baseline."""
    statistics, seconds = baseline(width)
    cases = []
    for name, features in inputs().items():
        rounded = {
            key: [round(float(p), 7) for p in values] for key, values in answers[name].items()
        }
        cases.append(
            {
                "name": name,
                "frames": len(features),
                "mfcc": [round(float(v), DECIMALS) for v in features.ravel()],
                **rounded,
            }
        )
    known = {
        "seconds": seconds,
        "statistics": [round(float(v), DECIMALS) for v in statistics.ravel()],
    }
    write_text(path, json.dumps({"baseline": known, "cases": cases}) + "\n")
