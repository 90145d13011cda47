"""Each augmentation does what it says and nothing else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emoscope_train.export.golden import voice
from emoscope_train.features import augment
from emoscope_train.features.augment import Augmentation
from emoscope_train.features.frontend import log_mel


@pytest.fixture
def speech() -> NDArray[np.float32]:
    return log_mel(voice(200, 180.0, 0.3, 1)).astype(np.float32)


def mean_db(decibels: NDArray[np.float32]) -> float:
    return float(10.0 * np.log10(np.mean(10.0 ** (decibels.astype(np.float64) / 10.0))))


def test_levelling_sets_the_mean_power_to_0_db(speech: NDArray[np.float32]) -> None:
    assert mean_db(augment.levelled(speech - 40.0)) == pytest.approx(0.0, abs=1e-3)


def test_noise_has_its_ratio_and_is_repeated(speech: NDArray[np.float32]) -> None:
    noise = np.full((7, 80), 12.0, dtype=np.float32)
    noisy = augment.with_noise(speech, noise, 10.0)
    assert noisy.shape == speech.shape
    added = augment.to_power(noisy) - augment.to_power(augment.levelled(speech))
    assert 10.0 * np.log10(np.mean(added)) == pytest.approx(-10.0, abs=0.05)


def test_no_warp_is_no_change(speech: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(augment.warped(speech, 1.0, 1.0, 120), speech[:120])


def test_a_frequency_warp_moves_a_tone() -> None:
    tone = np.zeros((5, 80), dtype=np.float32)
    tone[:, 44] = 20.0
    assert augment.warped(tone, 1.1, 1.0, 5)[0].argmax() == 40


def test_mixing_with_weight_one_is_the_identity(speech: NDArray[np.float32]) -> None:
    batch = np.stack([speech[:50], speech[50:100]])
    order = np.asarray([1, 0])
    np.testing.assert_allclose(augment.mixed(batch, 1.0, order), batch, atol=1e-3)
    np.testing.assert_allclose(augment.mixed(batch, 0.0, order), batch[order], atol=1e-3)


def test_silence_replaces_frames_and_adds_none(speech: NDArray[np.float32]) -> None:
    out = augment.with_silence(speech, np.random.default_rng(0))
    changed = np.any(out != speech, axis=1)
    assert out.shape == speech.shape
    assert 1 <= changed.sum() <= 30
    assert changed[0] or changed[-1]


def test_masks_leave_most_of_a_short_crop(speech: NDArray[np.float32]) -> None:
    short = speech[:20]
    for seed in range(20):
        out = augment.masked(short, Augmentation(), np.random.default_rng(seed))
        assert np.mean(np.any(out == short, axis=1)) >= 0.7


def test_the_chain_keeps_its_length_and_repeats_with_its_seed(speech: NDArray[np.float32]) -> None:
    noises = [np.zeros((30, 80), dtype=np.float32)]
    for frames in (1, 9, 75, len(speech)):
        one, two = (
            augment.augmented(speech, frames, noises, Augmentation(), np.random.default_rng(3))
            for _ in range(2)
        )
        assert one.shape == (frames, 80)
        assert np.all(np.isfinite(one))
        np.testing.assert_array_equal(one, two)
