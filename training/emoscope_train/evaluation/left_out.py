"""Leave-one-corpus-out: a model on a corpus, and mostly a language, that it was not trained on."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import Config
from ..data import splits
from ..data.corpora import Clip, labels_of
from ..data.labels import LABELS
from ..features.cache import FeatureSet
from ..features.duplicates import without_crossing
from ..features.windows import opening
from ..runs import Run
from ..training.calibration import calibration_of
from ..training.checkpoints import load_best
from . import metrics
from .tested_model import TestedModel

# Enrolment in rooms and through channels, and for the figures by label, in seconds.
ROOM_SECONDS = (0.0, 60.0)
LABEL_SECONDS = (0.0, 60.0)
# The labels of audEERING's zero-shot tests, which nearly every corpus has.
FOUR_LABELS = ["anger", "happiness", "neutral", "sadness"]
FOUR_SECONDS = (0.0, 15.0, 60.0)


@dataclasses.dataclass
class UnseenAnswers:
    """Predictions for the clips of a left-out corpus."""

    truth: metrics.Truth
    # Without a baseline (`alone`), after 60 s of enrolment (`settled`), with the folder's baseline.
    answers: dict[str, metrics.Probabilities]


def left_out(
    config: Config,
    split: str,
    corpus: str,
    clips: list[Clip],
    clean: FeatureSet,
    room: FeatureSet,
    work: Path,
) -> tuple[dict[str, Any], UnseenAnswers]:
    """Every figure of a split on all of a corpus that it leaves out."""
    chosen = config.data.select(clips)
    assignment = without_crossing(chosen, splits.assign(split, chosen), clean)
    tested = [c for c in chosen if c.corpus == corpus and assignment.get(c.path) == splits.TEST]
    run = Run(work, config.name, split)
    test = TestedModel(load_best(run), calibration_of(config, work, split), tested)
    pieces = [opening(clean.trimmed(clip.path)) for clip in tested]
    labels_of_corpus = labels_of(tested)
    labels = next(iter(labels_of_corpus.values()))
    probabilities = {s: test.probabilities(pieces, s) for s in FOUR_SECONDS}
    folder = test.in_folder(pieces)
    rooms = [opening(room.trimmed(clip.path)) for clip in tested]
    figures = {
        "labels": len(labels),
        "speakers": len({clip.speaker for clip in tested}),
        "test": metrics.report(probabilities[0.0], test.truth),
        "coverage_curve": metrics.coverage_curve(probabilities[0.0], test.truth),
        "by_known_seconds": test.by_enrolment(pieces, labels_of_corpus),
        "in_folder": test.row(folder, labels_of_corpus),
        "in_rooms": {
            key(s): test.row(test.probabilities(rooms, s), labels_of_corpus) for s in ROOM_SECONDS
        },
        "four_labels": four_labels(probabilities, test.truth),
        "recall": {key(s): recall(probabilities[s], test.truth) for s in LABEL_SECONDS},
        "recall_own_labels": {
            key(s): recall(metrics.restricted(probabilities[s], labels), test.truth)
            for s in LABEL_SECONDS
        },
        "listeners": listeners(tested, probabilities, test.truth, labels),
        "by_sex": test.by_sex(probabilities[0.0]),
        "speakers_apart": test.spread(probabilities[0.0]),
    }
    answers = {"alone": probabilities[0.0], "settled": probabilities[60.0], "in_folder": folder}
    return figures, UnseenAnswers(test.truth, answers)


def key(seconds: float) -> str:
    """The name of an enrolment in metrics.json."""
    return f"{seconds:.0f} s"


def four_labels(
    by_seconds: dict[float, NDArray[np.float64]], truth: NDArray[np.int64]
) -> dict[str, Any]:
    """UAR among anger, happiness, neutral and sadness, by enrolment.

    `labels` are those of the four that the corpus has; all four compete.
    """
    chosen = np.isin(np.asarray(LABELS)[truth], FOUR_LABELS)
    figures: dict[str, Any] = {"labels": len(np.unique(truth[chosen])), "clips": int(chosen.sum())}
    for seconds, probabilities in by_seconds.items():
        among = metrics.restricted(probabilities[chosen], FOUR_LABELS)
        figures[key(seconds)] = round(metrics.uar(among, truth[chosen]), 4)
    return figures


def recall(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> dict[str, float]:
    """Recall of each label that occurs."""
    answer = probabilities.argmax(1)
    return {LABELS[k]: round(float(np.mean(answer[truth == k] == k)), 4) for k in np.unique(truth)}


def listeners(
    clips: list[Clip],
    by_seconds: dict[float, NDArray[np.float64]],
    truth: NDArray[np.int64],
    labels: list[str],
) -> dict[str, Any] | None:
    """Agreement of the model with listeners, and of listeners with the intended label.

    The perceived label has the most votes; clips with tied votes are excluded. None
    for a corpus without votes.
    """
    voted = np.asarray([bool(clip.votes) for clip in clips])
    if not np.any(voted):
        return None
    votes = np.asarray([clip.votes or [0.0] * len(LABELS) for clip in clips])
    most = votes.max(axis=1)
    clear = voted & (np.sum(votes == most[:, None], axis=1) == 1)
    perceived = votes.argmax(axis=1)
    figures: dict[str, Any] = {
        "clips": int(clear.sum()),
        # A single listener, and the majority of them, on the label that the actor intended.
        "one_listener_uar": mean_by_label(votes[voted, truth[voted]], truth[voted]),
        "majority_uar": mean_by_label(perceived[clear] == truth[clear], truth[clear]),
    }
    for seconds, probabilities in by_seconds.items():
        among_labels = metrics.restricted(probabilities[clear], labels)
        figures[key(seconds)] = round(metrics.uar(among_labels, perceived[clear]), 4)
    return figures


def mean_by_label(values: NDArray[Any], truth: NDArray[np.int64]) -> float:
    """The mean over labels of the mean of each label's clips."""
    return round(float(np.mean([np.mean(values[truth == k]) for k in np.unique(truth)])), 4)


def together(unseen: list[UnseenAnswers]) -> dict[str, Any]:
    """All corpora as one test, each predicted by the model trained without it."""
    truth = np.concatenate([given.truth for given in unseen])
    out: dict[str, Any] = {"clips": len(truth)}
    for name in unseen[0].answers:
        probabilities = np.concatenate([given.answers[name] for given in unseen])
        out[name] = {
            "accuracy": round(metrics.accuracy(probabilities, truth), 4),
            "ece": round(metrics.calibration_error(probabilities, truth), 4),
            "coverage_curve": metrics.coverage_curve(probabilities, truth),
            "reliability": metrics.reliability(probabilities, truth),
            "confusion": metrics.confusions(probabilities, truth),
        }
    return out
