"""The speaker baseline, against plain definitions."""

import numpy as np
import pytest

from emoscope_train.data.corpora import Clip
from emoscope_train.model.baseline import (
    FULL_VARIANCE,
    LOW_VARIANCE,
    PRIOR_S,
    Baselines,
    baseline_weight,
    enrolled,
    of_all_speakers,
    statistics,
)
from emoscope_train.training.enrolment import FEWEST, MOST, Versions, Voices

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
    found = enrolled(EMBEDDINGS, SECONDS, SPEAKERS, 1e9, RNG)
    for clip in range(11):
        others = [i for i in range(12) if SPEAKERS[i] == SPEAKERS[clip] and i != clip]
        expected = statistics(EMBEDDINGS[others], SECONDS[others])
        np.testing.assert_allclose(found.statistics[clip], expected, rtol=1e-5)
        assert found.seconds[clip, 0] == pytest.approx(SECONDS[others].sum(), rel=1e-6)
    assert found.seconds[11, 0] == 0.0


def test_a_baseline_stops_at_the_wanted_seconds() -> None:
    found = enrolled(EMBEDDINGS, SECONDS, SPEAKERS, 4.0, RNG)
    known = found.seconds[:11, 0]
    assert np.all(known >= 3.99)
    assert np.all(known < 4.0 + SECONDS.max())
    nothing = enrolled(EMBEDDINGS, SECONDS, SPEAKERS, 0.0, RNG)
    unknown = Baselines.unknown(12, 5)
    np.testing.assert_array_equal(nothing.statistics, unknown.statistics)
    np.testing.assert_array_equal(nothing.seconds, unknown.seconds)


def test_marked_clips_are_taken_first() -> None:
    neutral = np.zeros(12, dtype=bool)
    neutral[[0, 7]] = True
    found = enrolled(EMBEDDINGS, SECONDS, SPEAKERS, 0.1, RNG, neutral)
    np.testing.assert_allclose(found.statistics[3, 0], EMBEDDINGS[0], rtol=1e-6)
    np.testing.assert_allclose(found.statistics[9, 0], EMBEDDINGS[7], rtol=1e-6)


def test_the_baseline_of_all_speakers_has_limited_weight() -> None:
    found = of_all_speakers(EMBEDDINGS, SECONDS, 5.0)
    expected = statistics(EMBEDDINGS, SECONDS)
    for clip in range(len(EMBEDDINGS)):
        np.testing.assert_allclose(found.statistics[clip], expected, rtol=1e-5)
    assert np.all(found.seconds == 5.0)
    short = of_all_speakers(EMBEDDINGS[:1], SECONDS[:1], 5.0)
    assert short.seconds[0, 0] == pytest.approx(SECONDS[0])


def test_the_weight_of_a_baseline_follows_seconds_and_variance() -> None:
    def weight(seconds: float, variance: float) -> float:
        known = np.stack(
            [RNG.normal(size=5), RNG.permutation([0.0, 0.5, 1.0, 1.5, 2.0]) * variance]
        )
        one = Baselines(known[None].astype(np.float32), np.full((1, 1), seconds, np.float32))
        return float(baseline_weight(one)[0, 0])

    assert weight(0.0, 1.0) == 0.0
    assert weight(PRIOR_S, 1.0) == pytest.approx(0.5)
    assert weight(60.0, FULL_VARIANCE) == pytest.approx(60.0 / (60.0 + PRIOR_S))
    assert weight(60.0, 3.0) == pytest.approx(60.0 / (60.0 + PRIOR_S))
    assert weight(60.0, LOW_VARIANCE) == pytest.approx(0.0, abs=1e-6)
    middle = weight(60.0, (LOW_VARIANCE + FULL_VARIANCE) / 2.0)
    assert middle == pytest.approx(30.0 / (60.0 + PRIOR_S), rel=1e-5)


def test_enrolment_has_all_labels_one_label_or_none() -> None:
    labels = ["neutral", "anger", "sadness", "fear"] * 30
    clips = [
        Clip(f"{n}.wav", "toy", f"toy_{n % 3}", "en", "", label) for n, label in enumerate(labels)
    ]
    # An embedding is the one-hot vector of its label.
    embeddings = np.eye(4, dtype=np.float32)[np.arange(120) % 4][:, None]
    voices = Voices(clips, Versions(embeddings, np.ones((120, 1))), np.full(120, 1.0 / 120.0))
    drawn, embeddings, known = voices.draw(4000, np.random.default_rng(3))
    seconds = known.seconds[:, 0]
    assert FEWEST <= MOST == seconds.max()
    assert 0.3 < np.mean(seconds == 0.0) < 0.4
    many = seconds >= 10.0
    np.testing.assert_array_equal(embeddings[many].argmax(1), drawn[many] % 4)
    moods = known.statistics[many, 0]
    # Mostly of the clip's own label, mostly neutral, or any label.
    alike = moods[np.arange(len(moods)), drawn[many] % 4] > 0.7
    angry = drawn[many] % 4 == 1
    assert 0.15 < np.mean(alike[angry]) < 0.25
    assert 0.25 < np.mean(moods[angry, 0] > 0.7) < 0.35
    assert np.mean(moods[angry].max(axis=1) < 0.7) > 0.4
