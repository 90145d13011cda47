"""Temperature and thresholds: from validation speakers, and from corpora that were left out.

A voice at a real microphone differs from the training data as much as a corpus that was left out.
So these weigh as much as the validation speakers. Clips of test speakers are in neither.
"""

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
from ..files import replacing
from ..numeric import softmax
from ..runs import Run

# Share of the windows that get a label instead of `uncertain`.
WANTED_COVERAGE = 0.65
# Validation that is too easy (TESS: the same voices) would choose extreme values.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.5, 5.0
HIGHEST_CERTAIN = 0.9


@dataclass
class Answers:
    """Logits [clips, labels] with their truth and the corpus of each clip."""

    logits: NDArray[np.float64]
    truth: NDArray[np.int64]
    corpora: NDArray[np.str_]

    def weights(self) -> NDArray[np.float64]:
        """Every corpus has the same weight; the sum is 1."""
        counts = Counter(self.corpora)
        shares = np.asarray([1.0 / counts[name] for name in self.corpora])
        return np.asarray(shares / shares.sum())

    def save(self, path: Path) -> None:
        """Writes a .npz file."""
        with replacing(path) as part, part.open("wb") as out:
            np.savez(out, logits=self.logits, truth=self.truth, corpora=self.corpora)

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """Raises `UserError` with the step to run first."""
        if not path.is_file():
            raise UserError(f"no {path}; train every split of the config first")
        with np.load(path) as found:
            return cls(found["logits"], found["truth"], found["corpora"])


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
    parts = [known, *unseen]
    counts = [len(left_out_of(name)) for name in others]
    shares = [count / sum(counts) for count in counts]
    weights = [known.weights(), *(a.weights() * s for a, s in zip(unseen, shares, strict=True))]
    return fit_calibration(
        np.concatenate([answers.logits for answers in parts]),
        np.concatenate([answers.truth for answers in parts]),
        np.concatenate(weights),
    )


def temperature(
    logits: NDArray[np.float64], truth: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    """The temperature with the largest likelihood of the true labels."""

    def loss(log_temperature: float) -> float:
        chosen = softmax(logits, np.exp(log_temperature))[np.arange(len(truth)), truth]
        return float(-np.sum(weights * np.log(chosen + 1e-12)))

    bounds = (np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))
    found = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded")
    return round(float(np.exp(found.x)), 4)


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
    """Temperature first, then thresholds."""
    warmth = temperature(logits, truth, weights)
    certain, margin = thresholds(softmax(logits, warmth), truth, weights)
    return Calibration(warmth, certain, margin)
