#!/usr/bin/env python3
"""Makes the reference of each front-end stage with librosa.

It shares no code with `training/`, so that the two check each other. Needs librosa, numpy
and scipy in the versions of `training/requirements.txt`.
"""

import json
import platform
import sys
import wave
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.signal import chirp

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RATE = 16_000
HOP = 160
FLOOR = 1e-10
DIGITS = 10

ABOUT = (
    "Reference of the front end: librosa in float64 on 16-bit samples divided by 32768. "
    "`inputs` has one entry per recording: `file` from the root of the repository, `samples` and "
    "`frames` in all, and `checked`, a list of single frames. Frame k is centred on sample 160 k; "
    "samples before the first and after the last are zero. Of each checked frame: `frame` is k, "
    "`power` the 201 bins |X|^2 of the 400 points under a periodic Hann window, `mel` the 80 band "
    "energies, `log_mel_db` 10 log10(max(mel, 1e-10)), `mfcc` its orthonormal DCT-II. "
    f"Numbers have {DIGITS} significant digits."
)


def make_chirp(path: Path) -> None:
    """A sweep over the whole band with faint noise, then half a second of digital silence."""
    time = np.arange(RATE) / RATE
    signal = 0.4 * chirp(time, 50.0, 1.0, 7900.0, method="logarithmic")
    signal += 0.002 * np.random.default_rng(7).standard_normal(RATE)
    signal[RATE * 3 // 4 :] = 0.0
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(signal * 32767).astype("<i2").tobytes())


def read(path: Path) -> NDArray[np.float64]:
    """The samples of a 16 kHz mono 16-bit WAV file in [-1, 1)."""
    with wave.open(str(path), "rb") as source:
        if (source.getframerate(), source.getnchannels(), source.getsampwidth()) != (RATE, 1, 2):
            sys.exit(f"{path}: not 16 kHz, mono, 16 bit")
        data = source.readframes(source.getnframes())
    return np.frombuffer(data, "<i2").astype(np.float64) / 32768.0


def numbers(row: NDArray[np.float64]) -> list[float]:
    """Values rounded to the compared digits."""
    return [float(f"{value:.{DIGITS}g}") for value in row]


def reference(path: Path, frames: list[int]) -> dict[str, Any]:
    """The stages of single frames, negative ones counted from the end."""
    samples = read(path)
    spectrum = librosa.stft(
        samples, n_fft=400, hop_length=HOP, window="hann", center=True, pad_mode="constant"
    )
    power = np.abs(spectrum) ** 2
    bank = librosa.filters.mel(sr=RATE, n_fft=400, n_mels=80, dtype=np.float64)
    mel = bank @ power
    decibels = 10.0 * np.log10(np.maximum(mel, FLOOR))
    mfcc = scipy.fft.dct(decibels, type=2, norm="ortho", axis=0)
    count = power.shape[1]
    return {
        "file": path.relative_to(ROOT).as_posix(),
        "samples": len(samples),
        "frames": count,
        "checked": [
            {
                "frame": k,
                "power": numbers(power[:, k]),
                "mel": numbers(mel[:, k]),
                "log_mel_db": numbers(decibels[:, k]),
                "mfcc": numbers(mfcc[:, k]),
            }
            for k in (frame % count for frame in frames)
        ],
    }


def main() -> None:
    """Writes the chirp and the reference."""
    sweep = HERE / "chirp.wav"
    make_chirp(sweep)
    speech = ROOT / "tests" / "data" / "speech-16k.wav"
    document = {
        "about": ABOUT,
        "made_with": {
            "python": platform.python_version(),
            "librosa": librosa.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        },
        "inputs": [
            reference(speech, [0, 1, 2, 31, 60, 97, 150, 211, 280, 333, -2, -1]),
            reference(sweep, [0, 1, 2, 13, 40, 62, 73, 74, 75, 76, 85, -2, -1]),
        ],
    }
    text = json.dumps(document, separators=(",", ":"))
    (HERE / "frontend.json").write_text(text.replace('{"frame"', '\n{"frame"') + "\n")


if __name__ == "__main__":
    main()
