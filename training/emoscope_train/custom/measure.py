"""The accuracy of the head on unseen speakers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..evaluation import metrics
from ..export.model_spec import Calibration
from ..numeric import softmax
from ..progress import bar
from ..training.calibration import fit_calibration
from . import folds
from .embeddings import Embedded
from .fit import fit, logits_of_clips
from .graft import BaseModel, Head

# Enrolment before a clip is classified, in seconds.
COLD, ENROLMENT_S = 0.0, (0.0, 15.0, 60.0)


@dataclass
class Answers:
    """Logits of clips from a head trained without their speakers, by seconds of enrolment."""

    clips: list[Clip]
    truth: NDArray[np.int64]
    fold: NDArray[np.int64]
    logits: dict[float, NDArray[np.float64]]

    def calibration(self, chosen: NDArray[np.bool_] | None = None) -> Calibration:
        """Temperature and thresholds, from predictions without and with enrolment."""
        kept = np.ones(len(self.truth), bool) if chosen is None else chosen
        both = np.concatenate(
            [self.logits[ENROLMENT_S[0]][kept], self.logits[ENROLMENT_S[-1]][kept]]
        )
        truth = np.tile(self.truth[kept], 2)
        counts = np.bincount(truth)
        return fit_calibration(both, truth, 1.0 / counts[truth])


def held_out(
    base: BaseModel, clips: list[Clip], truth: NDArray[np.int64], embedded: Embedded, labels: int
) -> Answers:
    """Predictions for every clip, by a head trained on the other folds."""
    groups, copies = folds.folds(clips), embedded.copies()
    fold = np.zeros(len(clips), dtype=np.int64)
    logits = {seconds: np.zeros((len(clips), labels)) for seconds in ENROLMENT_S}
    for number, tested in enumerate(bar(groups, "speakers in turn", " folds")):
        fold[tested] = number
        rest = np.setdiff1d(np.arange(len(clips)), tested)
        learned = folds.without_copies(rest, tested, copies)
        mine = [clips[place] for place in learned]
        head = fit(base, mine, truth[learned], embedded.of(learned).versions, labels)
        test_clips = [clips[place] for place in tested]
        for seconds in ENROLMENT_S:
            versions = embedded.of(tested).versions
            logits[seconds][tested] = logits_of_clips(base, head, test_clips, versions, seconds)
    return Answers(clips, truth, fold, logits)


def classify_all(
    base: BaseModel, head: Head, clips: list[Clip], truth: NDArray[np.int64], embedded: Embedded
) -> Answers:
    """Predictions for the manifest's test clips, by one head."""
    logits = {
        seconds: logits_of_clips(base, head, clips, embedded.versions, seconds)
        for seconds in ENROLMENT_S
    }
    return Answers(clips, truth, np.zeros(len(clips), dtype=np.int64), logits)


def figures(answers: Answers, labels: list[str], calibration: Calibration | None) -> dict[str, Any]:
    """Accuracy and related figures, of a test side with its calibration or of folds.

    Each fold is calibrated on the others, so that no clip affects its own thresholds.
    """
    truth, cold = answers.truth, answers.logits[COLD]
    folds = np.unique(answers.fold)
    probabilities = {seconds: np.zeros_like(cold) for seconds in ENROLMENT_S}
    certain = np.zeros(len(truth), dtype=bool)
    for number in folds:
        mine = answers.fold == number
        chosen = calibration or answers.calibration(~mine)
        for seconds in ENROLMENT_S:
            probabilities[seconds][mine] = softmax(
                answers.logits[seconds][mine], chosen.temperature
            )
        certain[mine] = metrics.is_certain(probabilities[COLD][mine], chosen)
    speakers = np.asarray([clip.speaker for clip in answers.clips])
    # Resample whole speakers, because clips of one speaker are not independent.
    by_speaker = [
        summary(str(who), probabilities[COLD], truth, speakers == who)
        for who in np.unique(speakers)
    ]
    recalls = [row["uar"] for row in by_speaker]
    right = probabilities[COLD].argmax(1) == truth
    return {
        "test": metrics.report(probabilities[COLD], truth, labels),
        "folds": len(folds),
        "by_speaker": by_speaker,
        "uar_mean": round(float(np.mean(recalls)), 4),
        "uar_spread": round(float(np.std(recalls, ddof=1)), 4) if len(recalls) > 1 else None,
        "certain": {
            "coverage": round(float(np.mean(certain)), 4),
            "accuracy": round(float(np.mean(right[certain])), 4) if np.any(certain) else None,
        },
        "by_known_seconds": {
            f"{seconds:.0f} s": metrics.summary(probabilities[seconds], truth)
            for seconds in ENROLMENT_S
        },
    }


def summary(
    name: str, probabilities: NDArray[np.float64], truth: NDArray[np.int64], mine: NDArray[np.bool_]
) -> dict[str, Any]:
    """The figures of one test."""
    return {
        "speaker": name,
        "clips": int(np.sum(mine)),
        "accuracy": round(metrics.accuracy(probabilities[mine], truth[mine]), 4),
        "uar": round(metrics.uar(probabilities[mine], truth[mine]), 4),
    }
