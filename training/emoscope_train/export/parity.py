"""Compares the binary's features with librosa's."""

import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..features.audio import read_audio
from ..features.frontend import SAMPLE_RATE, mfcc
from . import binary, golden

TOLERANCE = 2e-3


def sounds() -> dict[str, NDArray[np.float64]]:
    """Difficult inputs: silence, a click, a tone beside quiet bands, noise, speech."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    click = np.zeros(SAMPLE_RATE // 2)
    click[4000] = 0.9
    return {
        "silence": np.zeros(SAMPLE_RATE // 4),
        "click": click,
        "tone": 0.9 * np.sin(2 * np.pi * 440.0 * time),
        "noise": np.random.default_rng(5).normal(0.0, 0.1, SAMPLE_RATE),
        "voice": golden.voice(151, 180.0, 0.3, 6),
        "odd length": golden.voice(151, 120.0, -0.2, 7)[:15_937],
    }


def compare(program: Path, files: list[Path]) -> int:
    """Prints the largest difference of each file; returns 1 if one exceeds the tolerance."""
    with tempfile.TemporaryDirectory() as folder:
        for name, samples in sounds().items() if not files else ():
            path = Path(folder) / f"{name}.wav"
            # Float samples, so that both sides read identical values.
            soundfile.write(path, samples.astype(np.float32), SAMPLE_RATE, subtype="FLOAT")
            files = [*files, path]
        worst = 0.0
        for path in files:
            ours = mfcc(read_audio(path))
            theirs = binary.features(program, path)
            if ours.shape != theirs.shape:
                print(f"{path.name}: {theirs.shape} where librosa gives {ours.shape}")
                worst = np.inf
                continue
            gap = float(np.abs(ours - theirs).max())
            print(f"{path.name}: {len(ours)} frames, largest difference {gap:.1e}")
            worst = max(worst, gap)
    print(f"largest difference {worst:.1e}, allowed {TOLERANCE:.0e}")
    return 0 if worst <= TOLERANCE else 1
