"""Checks whether length or loudness alone predicts the label: a linear model, by speaker.

`raw` is of the recordings. `seen` is of the crops that the network is trained on: trimmed, cropped
at random, normalised in level and floored.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ..data.corpora import Clip
from ..data.splits import TEST, TRAIN, Assignment
from ..features.augment import crop, levelled
from ..features.cache import Decibels, FeatureSet, frame_level
from ..features.windows import LONGEST, SHORTEST
from ..model.mel_bands import FLOOR_DB

QUIET_DB = 35.0


def raw(whole: Decibels) -> list[float]:
    """Length, level, floor and share of silence of a whole recording."""
    level = frame_level(whole)
    loud = float(np.percentile(level, 95))
    quiet = float(np.mean(level < loud - QUIET_DB))
    return [len(whole), loud, float(np.percentile(level, 5)) - loud, quiet]


def seen(trimmed: Decibels, rng: np.random.Generator) -> list[float]:
    """Length and overall level of a crop at the network's input."""
    frames = min(int(rng.integers(SHORTEST, LONGEST + 1)), len(trimmed))
    image = np.maximum(levelled(crop(trimmed, frames, rng)), FLOOR_DB)
    return [len(image), float(10.0 * np.log10(np.mean(10.0 ** (image / 10.0))))]


def linear_uar(
    train: NDArray[np.float64], train_labels: list[str], test: NDArray[np.float64], truth: list[str]
) -> float:
    """UAR of a logistic regression."""
    model = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
    )
    answer = model.fit(train, train_labels).predict(test)
    names = np.asarray(truth)
    return float(np.mean([np.mean(answer[names == name] == name) for name in set(truth)]))


def shortcuts(
    clips: list[Clip],
    assignment: Assignment,
    features: FeatureSet,
    labels_of_corpus: dict[str, list[str]],
) -> dict[str, Any]:
    """Per corpus with test clips: UAR of both, and chance."""
    out = {}
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        sides = {
            side: [c for c in clips if c.corpus == corpus and assignment.get(c.path) == side]
            for side in (TRAIN, TEST)
        }
        if not sides[TRAIN] or not sides[TEST]:
            continue
        labels = {side: [clip.label for clip in chosen] for side, chosen in sides.items()}
        rng = np.random.default_rng(0)
        values = {
            side: (
                np.asarray([raw(features.whole(clip.path)) for clip in chosen]),
                np.asarray([seen(features.trimmed(clip.path), rng) for clip in chosen]),
            )
            for side, chosen in sides.items()
        }
        row = {"chance": round(1.0 / len(labels_of_corpus[corpus]), 4)}
        for place, name in enumerate(("raw", "seen")):
            train, test = values[TRAIN][place], values[TEST][place]
            row[name] = round(linear_uar(train, labels[TRAIN], test, labels[TEST]), 4)
        out[corpus] = row
    return out
