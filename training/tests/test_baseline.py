"""The baseline of a voice, against plain definitions."""

import numpy as np
import pytest

from emoscope_train.baseline import Baselines, gathered, of_everybody, statistics

RNG = np.random.default_rng(7)
EMBEDDINGS = RNG.normal(size=(12, 5)).astype(np.float32)
SECONDS = RNG.uniform(0.5, 3.0, 12)
SPEAKERS = ["ada"] * 5 + ["bob"] * 6 + ["eve"]


def test_statistics_weigh_their_seconds() -> None:
    whole = np.asarray([1.0, 2.0, 1.0, 3.0, 2.0])
    found = statistics(EMBEDDINGS[:5], whole)
    long = np.repeat(EMBEDDINGS[:5].astype(np.float64), whole.astype(int), axis=0)
    np.testing.assert_allclose(found[0], long.mean(axis=0))
    np.testing.assert_allclose(found[1], long.var(axis=0))


def test_a_clip_is_not_in_its_own_baseline() -> None:
    found = gathered(EMBEDDINGS, SECONDS, SPEAKERS, 1e9, RNG)
    for clip in range(11):
        others = [i for i in range(12) if SPEAKERS[i] == SPEAKERS[clip] and i != clip]
        expected = statistics(EMBEDDINGS[others], SECONDS[others])
        np.testing.assert_allclose(found.statistics[clip], expected, rtol=1e-5)
        assert found.seconds[clip, 0] == pytest.approx(SECONDS[others].sum(), rel=1e-6)
    assert found.seconds[11, 0] == 0.0


def test_no_more_is_known_than_was_asked_for() -> None:
    found = gathered(EMBEDDINGS, SECONDS, SPEAKERS, 4.0, RNG)
    known = found.seconds[:11, 0]
    assert np.all(known >= 3.99)
    assert np.all(known < 4.0 + SECONDS.max())
    nothing = gathered(EMBEDDINGS, SECONDS, SPEAKERS, 0.0, RNG)
    unknown = Baselines.unknown(12, 5)
    np.testing.assert_array_equal(nothing.statistics, unknown.statistics)
    np.testing.assert_array_equal(nothing.seconds, unknown.seconds)


def test_the_first_ones_are_taken_first() -> None:
    neutral = np.zeros(12, dtype=bool)
    neutral[[0, 7]] = True
    found = gathered(EMBEDDINGS, SECONDS, SPEAKERS, 0.1, RNG, neutral)
    np.testing.assert_allclose(found.statistics[3, 0], EMBEDDINGS[0], rtol=1e-6)
    np.testing.assert_allclose(found.statistics[9, 0], EMBEDDINGS[7], rtol=1e-6)


def test_everybody_is_one_voice_of_limited_weight() -> None:
    found = of_everybody(EMBEDDINGS, SECONDS, 5.0)
    expected = statistics(EMBEDDINGS, SECONDS)
    for clip in range(len(EMBEDDINGS)):
        np.testing.assert_allclose(found.statistics[clip], expected, rtol=1e-5)
    assert np.all(found.seconds == 5.0)
    short = of_everybody(EMBEDDINGS[:1], SECONDS[:1], 5.0)
    assert short.seconds[0, 0] == pytest.approx(SECONDS[0])
