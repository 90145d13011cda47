"""The threshold for a change of speaker."""

import numpy as np
import pytest

from emoscope_train.model.baseline import statistics
from emoscope_train.training import voice_change

CLIPS, WIDTH, NUMBERS = 40, 12, 8


def voices(apart: float, names: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Speakers around centres that are `apart`; the numbers after NUMBERS are pure noise."""
    rng = np.random.default_rng(3)
    rows, speakers = [], []
    for name in names:
        place = np.zeros(WIDTH)
        place[:NUMBERS] = apart * rng.standard_normal(NUMBERS)
        found = place + rng.standard_normal((CLIPS, WIDTH))
        found[:, NUMBERS:] += 20.0 * rng.standard_normal((CLIPS, 1))
        rows.append(found)
        speakers += [name] * CLIPS
    embeddings = np.concatenate(rows).astype(np.float32)
    return embeddings, np.full(len(embeddings), 2.0), speakers


def test_the_threshold_keeps_one_speaker_and_detects_another() -> None:
    embeddings, seconds, speakers = voices(1.5, ["a_1", "a_2", "a_3"])
    border = voice_change.border(embeddings, seconds, speakers, NUMBERS)
    assert border is not None
    assert border.numbers == NUMBERS
    same = list(voice_change.distances(embeddings, seconds, speakers, NUMBERS))
    other = list(voice_change.distances(embeddings, seconds, speakers, NUMBERS, other=True))
    assert np.mean(np.asarray(same) > border.distance) == pytest.approx(0.01, abs=0.005)
    assert np.mean(np.asarray(other) > border.distance) > 0.9


def test_speakers_of_another_corpus_are_not_compared() -> None:
    embeddings, seconds, speakers = voices(1.5, ["a_1", "b_1"])
    assert not list(voice_change.distances(embeddings, seconds, speakers, NUMBERS, other=True))


def test_too_little_speech_gives_no_threshold() -> None:
    embeddings, seconds, speakers = voices(1.0, ["a_1"])
    assert voice_change.border(embeddings, seconds / 4.0, speakers, NUMBERS) is None


def test_the_distance_is_in_variances_of_the_speaker() -> None:
    """By hand: a number two standard deviations off, an equal one, one past the limit."""
    known = np.asarray([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    recent = np.asarray([2.0, 1.0, 50.0])
    assert voice_change.distance(known, 60.0, recent, 3) == pytest.approx((4.0 + 0.0 + 9.0) / 3.0)
    # An unknown variance is that of all speech.
    flat = np.asarray([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert voice_change.distance(flat, 6.0, recent, 2) == pytest.approx(4.0 / 0.5 / 2.0)
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((500, 5)).astype(np.float32)
    found = statistics(rows, np.ones(500))
    assert voice_change.distance(found, 500.0, found[0], 5) == pytest.approx(0.0, abs=1e-6)
