"""The speaker model in this repository satisfies its spec."""

import json
from pathlib import Path

import librosa
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from emoscope_train import __version__
from emoscope_train.export.golden import voice
from emoscope_train.export.onnx_runtime import session
from emoscope_train.speakers.bands import BANDS, FLOOR, bands, filters

FOLDER = Path(__file__).parents[2] / "models" / "speakers"


def embed(features: NDArray, windows: list[list[int]] | None = None) -> NDArray:
    runtime = session(FOLDER / "model.onnx")
    ends = np.array(windows or [[0, len(features)]], dtype=np.float32)
    inputs = {"bands": features.astype(np.float32), "windows": ends}
    (found,) = runtime.run(["embedding"], inputs)
    return np.asarray(found, dtype=np.float64)


def cosine(one: NDArray, other: NDArray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def cases() -> list[dict]:
    return json.loads((FOLDER / "golden.json").read_text(encoding="utf-8"))["cases"]


def test_the_file_describes_itself() -> None:
    model = onnx.load(FOLDER / "model.onnx")
    onnx.checker.check_model(model)
    found = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert found["kind"] == "speakers"
    assert found["bands"] == BANDS
    metrics = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
    corpora = metrics["fine_tuned"]["training_data"]
    assert found["licence"].startswith("Apache-2.0; last layer: ")
    assert all(row["licence"] in found["licence"] for row in corpora)
    assert found["version"] == __version__
    assert len(found["origin"]["sha256"]) == 64
    assert (FOLDER / "model.onnx").stat().st_size <= 15e6


def test_golden_cases_are_reproduced() -> None:
    embedded = [case for case in cases() if "windows" in case]
    assert sum(len(case["windows"]) for case in embedded) >= 7
    for case in embedded:
        features = np.asarray(case["bands"]).reshape(case["frames"], 80)
        found = embed(features, case["windows"])
        for one, expected in zip(found, np.asarray(case["embeddings"]), strict=True):
            assert cosine(one, expected) > 1.0 - 1e-3


def test_level_does_not_matter() -> None:
    features = bands(voice(150, 200.0, 0.2, 1))
    assert cosine(embed(features)[0], embed(features + 3.0)[0]) > 1.0 - 1e-5


@pytest.mark.parametrize("frames", [75, 100, 199, 201, 401, 600])
def test_windows_together_are_embedded_as_each_alone(frames: int) -> None:
    features = bands(voice(600, 110.0, 0.1, 1))[:frames]
    windows = [[0, frames], [0, 75], [frames - 75, frames], [frames // 3, frames // 3 + 50]]
    together = embed(features, windows)
    assert together.shape == (4, 192)
    for window, found in zip(windows, together, strict=True):
        np.testing.assert_allclose(embed(features, [window])[0], found, atol=1e-4)
    assert cosine(together[0], together[3]) < 1.0 - 1e-4


def test_the_filters_are_htk_triangles_with_pre_emphasis() -> None:
    # librosa's triangles are linear in hertz and not in mel: nearly the same where they are wide.
    theirs = librosa.filters.mel(
        sr=16_000, n_fft=512, n_mels=80, fmin=20.0, fmax=8000.0, htk=True, norm=None
    )
    hertz = np.arange(257) * 31.25
    emphasis = np.abs(1.0 - 0.97 * np.exp(-2j * np.pi * hertz / 16_000)) ** 2
    np.testing.assert_allclose(filters() / emphasis, theirs, atol=0.03)
    assert (filters().sum(axis=1) > 0.0).all()


def kaldi(samples: NDArray) -> NDArray:
    """Kaldi's bands by its own recipe, frame by frame: pre-emphasis, Povey window, 512 points."""
    padded = np.pad(samples, 200)
    hertz = np.arange(257) * 31.25
    emphasis = np.abs(1.0 - 0.97 * np.exp(-2j * np.pi * hertz / 16_000)) ** 2
    window = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(400) / 400)) ** 0.85
    rows = []
    for start in range(0, len(padded) - 399, 160):
        frame = padded[start : start + 400]
        frame = frame - 0.97 * np.append(frame[0], frame[:-1])
        power = np.abs(np.fft.rfft(frame * window, 512)) ** 2
        rows.append(np.log((filters() / emphasis) @ power))
    return np.array(rows)


@pytest.mark.parametrize("pitch", [90.0, 180.0, 300.0])
def test_bands_are_close_to_those_of_kaldi(pitch: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.1, 16_000)
    for samples in (noise, voice(150, pitch, 0.2, 1)):
        gap = np.abs(bands(samples) - kaldi(samples))[3:-3]
        # In nepers of power; the front end's own bins differ by five times as much.
        assert np.median(gap) < 0.03


def test_silence_has_the_floor() -> None:
    assert np.allclose(bands(np.zeros(16_000)), np.log(FLOOR))
