"""Figures of a corpus that was left out, against values worked out by hand."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train.data.corpora import Clip
from emoscope_train.data.labels import LABELS
from emoscope_train.evaluation import left_out

pytestmark = pytest.mark.torch
ANGER, DISGUST, FEAR, HAPPINESS, NEUTRAL, SADNESS, SURPRISE = range(7)


def answers(rows: list[dict[int, float]]) -> np.ndarray:
    out = np.full((len(rows), 7), 1e-3)
    for place, row in enumerate(rows):
        for label, probability in row.items():
            out[place, label] = probability
    return out / out.sum(axis=1, keepdims=True)


def test_four_labels_compete_only_with_each_other() -> None:
    truth = np.asarray([ANGER, ANGER, NEUTRAL, SADNESS, FEAR])
    given = {
        # Surprise cannot be predicted, so the first clip is anger; the fear clip does not count.
        0.0: answers(
            [
                {SURPRISE: 0.6, ANGER: 0.3},
                {HAPPINESS: 0.9},
                {NEUTRAL: 0.9},
                {NEUTRAL: 0.5, SADNESS: 0.4},
                {ANGER: 0.9},
            ]
        ),
        60.0: answers([{ANGER: 0.9}] * 2 + [{NEUTRAL: 0.9}, {SADNESS: 0.9}, {ANGER: 0.9}]),
    }
    found = left_out.four_labels(given, truth)
    assert found == {
        "labels": 3,
        "clips": 4,
        "0 s": pytest.approx((0.5 + 1.0 + 0.0) / 3, abs=1e-4),
        "60 s": 1.0,
    }


def test_recall_is_by_label() -> None:
    truth = np.asarray([SADNESS, SADNESS, SADNESS, DISGUST])
    given = answers([{SADNESS: 0.9}, {NEUTRAL: 0.9}, {NEUTRAL: 0.9}, {DISGUST: 0.9}])
    assert left_out.recall(given, truth) == {"disgust": 1.0, "sadness": 0.3333}


def voted(intended: int, votes: dict[int, float]) -> Clip:
    shares = tuple(votes.get(label, 0.0) for label in range(7))
    return Clip("a.wav", "toy", "s", "en", "", LABELS[intended], votes=shares if votes else ())


def test_votes_of_listeners_are_a_second_reference() -> None:
    clips = [
        voted(ANGER, {ANGER: 0.8, NEUTRAL: 0.2}),
        voted(ANGER, {ANGER: 0.3, NEUTRAL: 0.7}),
        voted(SADNESS, {NEUTRAL: 0.5, SADNESS: 0.5}),
        voted(SADNESS, {NEUTRAL: 0.9, SADNESS: 0.1}),
        voted(NEUTRAL, {}),
    ]
    truth = np.asarray([LABELS.index(clip.label) for clip in clips])
    says_neutral = answers([{NEUTRAL: 0.9}] * 5)
    found = left_out.listeners(clips, {0.0: says_neutral}, truth, LABELS)
    assert found is not None
    # The tied clip and the one without votes are left out: anger, neutral, neutral are perceived.
    assert found["clips"] == 3
    assert found["0 s"] == pytest.approx(0.5)
    assert found["one_listener_uar"] == pytest.approx(((0.8 + 0.3) / 2 + (0.5 + 0.1) / 2) / 2)
    assert found["majority_uar"] == pytest.approx((0.5 + 0.0) / 2)
    assert left_out.listeners(clips[4:], {0.0: says_neutral[4:]}, truth[4:], LABELS) is None
