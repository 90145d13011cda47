"""Figures from probabilities; every one is a plain function of arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from ..data.labels import LABELS
from ..export.model_spec import Calibration

Probabilities = NDArray[np.float64]
Truth = NDArray[np.int64]


def accuracy(probabilities: Probabilities, truth: Truth) -> float:
    """Share of correct answers."""
    return float(np.mean(probabilities.argmax(1) == truth))


def uar(probabilities: Probabilities, truth: Truth) -> float:
    """Recall averaged over the labels that occur; all labels compete."""
    answer = probabilities.argmax(1)
    return float(np.mean([np.mean(answer[truth == k] == k) for k in np.unique(truth)]))


def restricted(probabilities: Probabilities, labels: list[str]) -> Probabilities:
    """Probabilities among `labels` alone."""
    keep = np.isin(LABELS, labels)
    kept = np.where(keep, probabilities, 0.0)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def per_class(
    probabilities: Probabilities, truth: Truth, labels: Sequence[str] = LABELS
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of clips of each label that occurs."""
    numbers = [int(k) for k in np.unique(truth)]
    table = precision_recall_fscore_support(
        truth, probabilities.argmax(1), labels=numbers, zero_division=0.0
    )
    names = ("precision", "recall", "f1", "clips")
    return {
        labels[k]: {name: round(float(table[j][i]), 4) for j, name in enumerate(names)}
        for i, k in enumerate(numbers)
    }


def confusions(probabilities: Probabilities, truth: Truth) -> list[list[int]]:
    """Truth by answer, all labels."""
    labels = range(probabilities.shape[1])
    matrix = confusion_matrix(truth, probabilities.argmax(1), labels=labels)
    rows: list[list[int]] = matrix.tolist()
    return rows


def calibration_error(probabilities: Probabilities, truth: Truth, bins: int = 15) -> float:
    """ECE: mean distance between confidence and accuracy, over equal bins of confidence."""
    return float(np.sum([s * abs(a - c) for s, c, a in binned(probabilities, truth, bins)]))


def binned(probabilities: Probabilities, truth: Truth, bins: int) -> list[tuple[float, ...]]:
    """Share, mean confidence and accuracy of each equal bin of confidence that has answers."""
    top = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    place = np.minimum((top * bins).astype(int), bins - 1)
    return [
        (
            float(np.mean(place == b)),
            float(np.mean(top[place == b])),
            float(np.mean(right[place == b])),
        )
        for b in np.unique(place)
    ]


def reliability(
    probabilities: Probabilities, truth: Truth, bins: int = 10
) -> list[dict[str, float]]:
    """The bins of confidence for a figure."""
    return [
        {"share": round(s, 4), "confidence": round(c, 4), "accuracy": round(a, 4)}
        for s, c, a in binned(probabilities, truth, bins)
    ]


def summary(probabilities: Probabilities, truth: Truth) -> dict[str, float]:
    """Accuracy, UAR over the labels that occur, and ECE."""
    return {
        "accuracy": round(accuracy(probabilities, truth), 4),
        "uar": round(uar(probabilities, truth), 4),
        "ece": round(calibration_error(probabilities, truth), 4),
    }


def by_group(
    probabilities: Probabilities, truth: Truth, groups: NDArray[np.str_]
) -> dict[str, dict[str, float]]:
    """Clips, accuracy, UAR over the labels that occur, and ECE of each named group."""
    figures = {}
    for name in np.unique(groups):
        mine = groups == name
        figures[str(name)] = {
            "clips": int(np.sum(mine)),
            **summary(probabilities[mine], truth[mine]),
        }
    return figures


def spread(
    probabilities: Probabilities, truth: Truth, speakers: NDArray[np.str_], least: int = 10
) -> dict[str, float]:
    """Spread of the accuracy over speakers with at least this many clips."""
    right = probabilities.argmax(1) == truth
    mine = [np.mean(right[speakers == name]) for name in np.unique(speakers)
            if np.sum(speakers == name) >= least]  # fmt: skip
    if not mine:
        return {"speakers": 0}
    low, middle, high = np.quantile(mine, [0.1, 0.5, 0.9])
    return {
        "speakers": len(mine),
        "tenth": round(float(low), 4),
        "median": round(float(middle), 4),
        "ninetieth": round(float(high), 4),
        "deviation": round(float(np.std(mine)), 4),
    }


def is_certain(probabilities: Probabilities, calibration: Calibration) -> NDArray[np.bool_]:
    """Whether each prediction is a label and not `uncertain`."""
    ranked = np.sort(probabilities, axis=1)
    lead = ranked[:, -1] - ranked[:, -2]
    return (ranked[:, -1] >= calibration.certain) & (lead >= calibration.margin)


def coverage_curve(probabilities: Probabilities, truth: Truth) -> list[dict[str, float]]:
    """Accuracy of the most confident share, for shares of a tenth to all."""
    order = np.argsort(-probabilities.max(1), kind="stable")
    right = (probabilities.argmax(1) == truth)[order]
    curve = []
    for tenth in range(1, 11):
        count = max(1, round(len(right) * tenth / 10))
        curve.append({"coverage": tenth / 10, "accuracy": round(float(right[:count].mean()), 4)})
    return curve


def report(
    probabilities: Probabilities, truth: Truth, labels: Sequence[str] = LABELS
) -> dict[str, Any]:
    """The usual figures."""
    return {
        "clips": len(truth),
        **summary(probabilities, truth),
        "classes": per_class(probabilities, truth, labels),
        "confusion": confusions(probabilities, truth),
    }
