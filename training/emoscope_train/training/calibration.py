"""Calibration of the logits, on left-out corpora and validation speakers.

A voice at a real microphone differs from the training data as much as a corpus that was left out.
So these alone correct the logits, if there are any, and weigh as much as the validation speakers
in the thresholds. Clips of test speakers are in neither.
"""

import dataclasses
import itertools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from ..config import Config
from ..data.splits import left_out_of
from ..errors import UserError
from ..evaluation.metrics import is_certain
from ..export.model_spec import Calibration
from ..files import write_arrays
from ..model.correction import Correction
from ..numeric import softmax
from ..runs import Run

# Share of the windows that get a label instead of `uncertain`.
WANTED_COVERAGE = 0.65
# Validation that is too easy (TESS: the same voices) would choose extreme values.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.5, 5.0
HIGHEST_CERTAIN = 0.9
# Weight of the squared offsets against the mean loss of a corpus: few corpora have every label.
RIDGE = 0.02
# Takes a label that a corpus does not have out of the competition.
ABSENT = -1e4


@dataclass
class Answers:
    """Logits [clips, labels] with their truth, corpus, and weight of the baseline (0 to 1)."""

    logits: NDArray[np.float64]
    truth: NDArray[np.int64]
    corpora: NDArray[np.str_]
    baseline: NDArray[np.float64]

    def weights(self) -> NDArray[np.float64]:
        """Every corpus has the same weight; the sum is 1."""
        counts = Counter(self.corpora)
        shares = np.asarray([1.0 / counts[name] for name in self.corpora])
        return np.asarray(shares / shares.sum())

    def save(self, path: Path) -> None:
        """Writes a .npz file."""
        write_arrays(path, vars(self))

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """Raises `UserError` with the step to run first."""
        if not path.is_file():
            raise UserError(f"no {path}; train every split of the config first")
        with np.load(path) as arrays:
            return cls(**arrays)

    @classmethod
    def joined(cls, parts: "list[Answers]") -> "Answers":
        """All of them as one."""
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in dataclasses.fields(cls)
            )
        )


def calibration_of(config: Config, work: Path, split: str) -> Calibration:
    """The calibration of a split's model, with the left-out corpora but not its own test corpus.

    The model of `without-emodb` is tested on emodb, so emodb has no part in its calibration.
    """
    run = Run(work, config.name, split)
    others = [name for name in config.splits if left_out_of(name) and name != split]
    if not others:
        return Calibration(**run.read(run.calibration))
    known = Answers.load(run.answers)
    unseen = [Answers.load(Run(work, config.name, name).unseen) for name in others]
    strangers = Answers.joined(unseen)
    correction = fit_correction(strangers)
    answers = Answers.joined([known, strangers])
    probabilities = softmax(correction.applied(answers.logits, answers.baseline))
    weights = np.concatenate([known.weights(), strangers.weights()])
    return Calibration(1.0, *thresholds(probabilities, answers.truth, weights), correction)


def fit_correction(answers: Answers) -> Correction:
    """The correction with the largest likelihood of the true labels among those of each corpus.

    Every corpus has the same weight, and every label within it.
    """
    labels = answers.logits.shape[1]
    allowed = np.zeros(answers.logits.shape)
    for name in np.unique(answers.corpora):
        mine = answers.corpora == name
        own = np.bincount(answers.truth[mine], minlength=labels) > 0
        allowed[mine] = np.where(own, 0.0, ABSENT)
    groups = Counter(zip(answers.corpora, answers.truth, strict=True))
    kinds = Counter(name for name, _ in groups)
    weights = np.asarray(
        [
            1.0 / (groups[name, label] * kinds[name] * len(kinds))
            for name, label in zip(answers.corpora, answers.truth, strict=True)
        ]
    )
    rows = np.arange(len(answers.truth))

    def correction(values: NDArray[np.float64]) -> Correction:
        without, complete = np.exp(values[:2]).tolist()
        first, full = values[2:].reshape(2, labels).round(4).tolist()
        return Correction((round(without, 4), round(complete, 4)), (first, full))

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        share = answers.baseline[:, None]
        weight = np.concatenate([1.0 - share, share], axis=1)
        warmth = weight @ np.exp(values[:2])
        offsets = values[2:].reshape(2, labels)
        chances = softmax(answers.logits / warmth[:, None] + weight @ offsets + allowed)
        loss = -np.sum(weights * np.log(chances[rows, answers.truth] + 1e-12))
        slope = chances * weights[:, None]
        slope[rows, answers.truth] -= weights
        by_warmth = -np.sum(slope * answers.logits, axis=1) / warmth**2
        gradient = np.concatenate(
            [
                (by_warmth @ weight) * np.exp(values[:2]),
                (weight.T @ slope + 2.0 * RIDGE * offsets).ravel(),
            ]
        )
        return float(loss + RIDGE * np.sum(offsets**2)), gradient

    bounds = [(np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))] * 2
    result = scipy.optimize.minimize(
        loss,
        np.zeros(2 + 2 * labels),
        jac=True,
        method="L-BFGS-B",
        bounds=[*bounds, *[(None, None)] * (2 * labels)],
    )
    return correction(result.x)


def temperature(
    logits: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """The temperature with the largest likelihood of the true labels."""

    def loss(log_temperature: float) -> float:
        chosen = softmax(logits, np.exp(log_temperature))[np.arange(len(truth)), truth]
        return float(-np.sum(weights * np.log(chosen + 1e-12)))

    bounds = (np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))
    result = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded")
    return round(float(np.exp(result.x)), 4)


def thresholds(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[float, float]:
    """The pair with the wanted coverage and the highest selective accuracy."""
    right = probabilities.argmax(1) == truth
    best = (-1.0, 0.0, 0.0)
    for certain, margin in itertools.product(
        np.arange(0.2, HIGHEST_CERTAIN, 0.01), np.arange(0.0, 0.5, 0.02)
    ):
        kept = is_certain(probabilities, Calibration(1.0, certain, margin))
        coverage = np.sum(weights * kept) / np.sum(weights)
        if abs(coverage - WANTED_COVERAGE) > 0.02:
            continue
        accuracy = float(np.sum(weights * right * kept) / np.sum(weights * kept))
        best = max(best, (accuracy, round(float(certain), 2), round(float(margin), 2)))
    if best[0] >= 0.0:
        return best[1], best[2]
    # Too few clips, or too similar answers, for the grid: the quantile of the top probability.
    quantile = float(np.quantile(probabilities.max(1), 1.0 - WANTED_COVERAGE))
    return min(HIGHEST_CERTAIN, np.floor(100.0 * quantile) / 100.0), 0.0


def fit_calibration(
    logits: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64]
) -> Calibration:
    """Temperature first, then thresholds; for a model without left-out corpora."""
    warmth = temperature(logits, truth, weights)
    certain, margin = thresholds(softmax(logits, warmth), truth, weights)
    return Calibration(warmth, certain, margin)
