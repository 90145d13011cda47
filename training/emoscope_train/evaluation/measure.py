"""Every figure of a split whose test speakers are unseen."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from ..config import Config
from ..data import splits
from ..data.corpora import Clip, labels_of
from ..data.labels import LABELS
from ..features.cache import Decibels, FeatureSet
from ..features.duplicates import without_crossing
from ..features.frontend import FRAMES_PER_SECOND
from ..features.windows import opening
from ..runs import Run, averaged
from ..training.calibration import calibration_of
from ..training.checkpoints import load_best, validated
from . import metrics
from .breakdown import MUSIC, by_corpus, conditions, sentences, speech_detection, through_channels
from .exported import agreement
from .left_out import FOUR_LABELS
from .shortcuts import shortcuts
from .tested_model import TestedModel

SECONDS = (0.75, 1.0, 1.5, 2.0, 3.0)


def measure(
    config: Config,
    split: str,
    clips: list[Clip],
    clean: FeatureSet,
    room: FeatureSet,
    data: Path,
    work: Path,
) -> dict[str, Any]:
    """The figures of one split, for metrics.json."""
    run = Run(work, config.name, split)
    facts, calibration = run.read(run.facts), calibration_of(config, work, split)
    chosen = config.data.select(clips)
    assignment = without_crossing(chosen, splits.assign(split, chosen), clean)
    labelled = [clip for clip in chosen if clip.corpus in config.data.corpora]
    tested = [clip for clip in labelled if assignment.get(clip.path) == splits.TEST]
    trained: dict[str, set[str]] = {}
    for clip in labelled:
        if assignment.get(clip.path) == splits.TRAIN:
            trained.setdefault(clip.corpus, set()).add(clip.text)
    test = TestedModel(load_best(run), calibration, tested)
    trimmed = [clean.trimmed(clip.path) for clip in tested]
    pieces = [opening(piece) for piece in trimmed]
    probabilities = test.probabilities(pieces)
    certain = metrics.is_certain(probabilities, calibration)
    shared = np.isin(np.asarray(LABELS)[test.truth], FOUR_LABELS)
    noise = config.data.select_noise(clips)
    roles = splits.sounds(noise)
    sound_roles = splits.sounds(config.data.select_sounds(clips))
    sounds = [clean.trimmed(path) for path, role in sound_roles.items() if role == splits.TEST]
    held_out = [clip for clip in noise if roles[clip.path] == splits.TEST]
    noises = [clean.whole(clip.path) for clip in held_out]
    music = [clean.whole(clip.path) for clip in held_out if clip.own == MUSIC]
    history = run.read(run.history)
    labels_of_corpus = labels_of(labelled)
    return {
        "split": split,
        "facts": facts,
        "best_epoch": max(history, key=lambda row: row["validation_uar"])["epoch"],
        "epochs": len(history),
        "calibration": dataclasses.asdict(calibration),
        "test": metrics.report(probabilities, test.truth) | test.summary(probabilities),
        "exported": agreement(test.network, pieces, calibration.temperature),
        "seeds": seeds(config, run, test, pieces, probabilities),
        "by_corpus": by_corpus(test, probabilities, labels_of_corpus),
        "by_known_seconds": test.by_enrolment(pieces, labels_of_corpus)
        if test.network.voice
        else None,
        "speech": speech_detection(test, pieces, sounds) if sounds else None,
        "shared_labels": {
            "labels": FOUR_LABELS,
            "uar": round(metrics.uar(probabilities[shared], test.truth[shared]), 4),
            "uar_of_these": round(
                metrics.uar(
                    metrics.restricted(probabilities[shared], FOUR_LABELS), test.truth[shared]
                ),
                4,
            ),
        },
        "certain": {
            "coverage": round(float(np.mean(certain)), 4),
            "accuracy": round(metrics.accuracy(probabilities[certain], test.truth[certain]), 4)
            if np.any(certain)
            else None,
        },
        "coverage_curve": metrics.coverage_curve(probabilities, test.truth),
        "by_seconds": {
            str(s): test.summary(
                test.probabilities([p[: int(s * FRAMES_PER_SECOND)] for p in trimmed])
            )
            for s in SECONDS
        },
        "by_condition": conditions(
            test, pieces, noises, music, through_channels(tested, room, data, work)
        ),
        "by_sex": test.by_sex(probabilities),
        "by_language": metrics.by_group(
            probabilities, test.truth, np.asarray([clip.language for clip in tested])
        ),
        "speakers_apart": test.spread(probabilities),
        "reliability": metrics.reliability(probabilities, test.truth),
        "sentences": sentences(test, probabilities, trained),
        "shortcuts": shortcuts(labelled, assignment, clean, labels_of_corpus),
    }


def shipped(config: Config, work: Path) -> dict[str, Any] | None:
    """Facts of the shipped model, if it continues from the measured one."""
    if config.shipped is None:
        return None
    first, last = (Run(work, config.name, s) for s in (config.splits[0], config.shipped_split))
    return {
        "facts": last.read(last.facts),
        "averaged": len(averaged(config, work, config.shipped_split)),
        "calibration": dataclasses.asdict(calibration_of(config, work, config.shipped_split)),
        "validation": {"measured": validated(first), "shipped": validated(last)},
    }


def seeds(
    config: Config,
    run: Run,
    test: TestedModel,
    pieces: list[Decibels],
    probabilities: metrics.Probabilities,
) -> dict[str, float]:
    """UAR of the split's run and of its repetitions, by seed.

    Members of an average are no repetitions: they have no voice head of their own.
    """
    seed = run.read(run.facts)["recipe"]["seed"]
    members = range(seed, seed + config.train.members)
    by_seed = {str(seed): probabilities}
    for number, other in run.repetitions().items():
        if number not in members:
            repeated = TestedModel(load_best(other), test.calibration, test.clips)
            by_seed[str(number)] = repeated.probabilities(pieces)
    return {
        number: round(metrics.uar(probabilities_of_seed, test.truth), 4)
        for number, probabilities_of_seed in by_seed.items()
    }
