"""The features against a second implementation and against librosa."""

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from emoscope_train.features import frontend


def slaney(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz of Slaney's mel scale, written from its definition."""
    linear = 200.0 / 3.0 * mel
    bent = 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0))
    return np.where(mel < 15.0, linear, bent)


def second_log_mel(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """By the formulas: zero padding, periodic Hann, a plain DFT sum, triangles of area one."""
    top = 15.0 + 27.0 * np.log(8.0) / np.log(6.4)
    edges = slaney(np.linspace(0.0, top, 82))
    bins = np.arange(201) * 40.0
    bank = np.zeros((80, 201))
    for band in range(80):
        low, centre, high = edges[band : band + 3]
        rise, fall = (bins - low) / (centre - low), (high - bins) / (high - centre)
        bank[band] = np.maximum(0.0, np.minimum(rise, fall)) * 2.0 / (high - low)
    n = np.arange(400)
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * n / 400.0)
    kernel = np.exp(-2j * np.pi * np.outer(np.arange(201), n) / 400.0)
    padded = np.concatenate([np.zeros(200), samples, np.zeros(200)])
    frames = [padded[160 * k : 160 * k + 400] * hann for k in range(len(samples) // 160 + 1)]
    power = np.abs(np.stack(frames) @ kernel.T) ** 2
    return 10.0 * np.log10(np.maximum(power @ bank.T, 1e-10))


def test_log_mel_follows_its_formula(tone: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(frontend.log_mel(tone), second_log_mel(tone), atol=1e-5)


def test_mfcc_is_librosas(tone: NDArray[np.float64]) -> None:
    mel = librosa.feature.melspectrogram(
        y=tone, sr=16_000, n_fft=400, hop_length=160, n_mels=80, pad_mode="constant"
    )
    decibels = librosa.power_to_db(mel, amin=1e-10, top_db=None)
    theirs = librosa.feature.mfcc(S=decibels, n_mfcc=80)
    np.testing.assert_allclose(frontend.mfcc(tone), theirs.T, atol=1e-3)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 399, 400, 16_000])
def test_frames_are_floor_of_samples_over_160_plus_one(samples: int) -> None:
    assert len(frontend.mfcc(np.ones(samples))) == samples // 160 + 1


def test_inverse_dct_gives_the_log_mel_back(tone: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(
        frontend.mfcc(tone) @ frontend.inverse_dct(), frontend.log_mel(tone), atol=1e-9
    )


def test_silence_is_at_the_floor() -> None:
    assert np.all(frontend.log_mel(np.zeros(800)) == -100.0)
