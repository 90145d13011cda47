"""Measures a trained network on its test clips, once, and writes metrics.json, figures and card."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .. import __version__
from ..config import Config
from ..data import corpora, splits
from ..data.corpora import Clip, labels_of
from ..data.labels import LABELS
from ..features import cache
from ..features.cache import Decibels, FeatureSet
from ..features.duplicates import without_crossing
from ..features.frontend import FRAMES_PER_SECOND
from ..features.windows import opening
from ..files import write_json, write_text
from ..reporting import card, figures
from ..runs import Run, folds_folder, pairs_folder
from ..training.calibration import calibration_of
from ..training.checkpoints import load_best, validated
from . import headline, metrics
from .breakdown import (
    KNOWN_SECONDS,
    MUSIC,
    Test,
    by_corpus,
    by_known_seconds,
    conditions,
    heard_through,
    known_row,
    sentences,
    speech_told,
)
from .shortcuts import shortcuts

# The labels that nearly every corpus has.
SHARED = ["anger", "happiness", "neutral", "sadness"]
SECONDS = (0.75, 1.0, 1.5, 2.0, 3.0)
# Speech of the voice that is known in rooms and through channels, of KNOWN_SECONDS.
ROOM_SECONDS = (0.0, 60.0)


@dataclasses.dataclass
class Unmet:
    """What was answered to the clips of a corpus that was left out."""

    truth: metrics.Truth
    # With nothing of the voice known, with a minute of it, and beside its folder.
    answers: dict[str, metrics.Probabilities]


def left_out(
    config: Config,
    split: str,
    clips: list[Clip],
    clean: FeatureSet,
    room: FeatureSet,
    work: Path,
) -> tuple[dict[str, Any], Unmet]:
    """A corpus that nothing was learned from, on its own labels."""
    chosen = config.data.select(clips)
    assignment = without_crossing(chosen, splits.assign(split, chosen), clean)
    tested = [clip for clip in chosen if assignment.get(clip.path) == splits.TEST]
    run = Run(work, config.name, split)
    test = Test(load_best(run), calibration_of(config, work, split), tested)
    pieces = [opening(clean.trimmed(clip.path)) for clip in tested]
    have = labels_of(tested)
    chances, settled = test.chances(pieces), test.chances(pieces, KNOWN_SECONDS[-1])
    folder = test.in_folder(pieces)
    rooms = [opening(room.trimmed(clip.path)) for clip in tested]
    found = {
        "labels": len(next(iter(have.values()))),
        "speakers": len({clip.speaker for clip in tested}),
        "test": metrics.report(chances, test.truth),
        "coverage_curve": metrics.coverage_curve(chances, test.truth),
        "by_known_seconds": by_known_seconds(test, pieces, have),
        "in_folder": known_row(test, folder, have),
        "in_rooms": {
            f"{s:.0f} s": known_row(test, test.chances(rooms, s), have) for s in ROOM_SECONDS
        },
        "by_sex": test.by_sex(chances),
        "speakers_apart": test.spread(chances),
    }
    return found, Unmet(test.truth, {"alone": chances, "settled": settled, "in_folder": folder})


def measure(
    config: Config,
    split: str,
    clips: list[Clip],
    clean: FeatureSet,
    data: Path,
    work: Path,
) -> dict[str, Any]:
    """Every figure of one split."""
    run = Run(work, config.name, split)
    facts, calibration = run.read(run.facts), calibration_of(config, work, split)
    chosen = config.data.select(clips)
    assignment = without_crossing(chosen, splits.assign(split, chosen), clean)
    labelled = [clip for clip in chosen if clip.corpus in config.data.corpora]
    tested = [clip for clip in labelled if assignment.get(clip.path) == splits.TEST]
    learned: dict[str, set[str]] = {}
    for clip in labelled:
        if assignment.get(clip.path) == splits.TRAIN:
            learned.setdefault(clip.corpus, set()).add(clip.text)
    test = Test(load_best(run), calibration, tested)
    trimmed = [clean.trimmed(clip.path) for clip in tested]
    pieces = [opening(piece) for piece in trimmed]
    chances = test.chances(pieces)
    certain = metrics.is_certain(chances, calibration)
    shared = np.isin(np.asarray(LABELS)[test.truth], SHARED)
    noise = config.data.select_noise(clips)
    roles = splits.sounds(noise)
    sound_roles = splits.sounds(config.data.select_sounds(clips))
    sounds = [clean.trimmed(path) for path, role in sound_roles.items() if role == splits.TEST]
    heard = [clip for clip in noise if roles[clip.path] == splits.TEST]
    noises = [clean.whole(clip.path) for clip in heard]
    music = [clean.whole(clip.path) for clip in heard if clip.own == MUSIC]
    history = run.read(run.history)
    return {
        "split": split,
        "facts": facts,
        "best_epoch": max(history, key=lambda row: row["validation_uar"])["epoch"],
        "epochs": len(history),
        "calibration": vars(calibration),
        "test": metrics.report(chances, test.truth) | test.summary(chances),
        "seeds": seeds(run, test, pieces, chances),
        "by_corpus": by_corpus(test, chances, labels_of(labelled)),
        "by_known_seconds": by_known_seconds(test, pieces, labels_of(labelled))
        if test.network.voice
        else None,
        "speech": speech_told(test, pieces, sounds) if sounds else None,
        "shared_labels": {
            "labels": SHARED,
            "uar": round(metrics.uar(chances[shared], test.truth[shared]), 4),
            "uar_of_these": round(
                metrics.uar(metrics.restricted(chances[shared], SHARED), test.truth[shared]), 4
            ),
        },
        "certain": {
            "coverage": round(float(np.mean(certain)), 4),
            "accuracy": round(metrics.accuracy(chances[certain], test.truth[certain]), 4)
            if np.any(certain)
            else None,
        },
        "coverage_curve": metrics.coverage_curve(chances, test.truth),
        "by_seconds": {
            str(s): test.summary(test.chances([p[: int(s * FRAMES_PER_SECOND)] for p in trimmed]))
            for s in SECONDS
        },
        "by_condition": conditions(
            test,
            pieces,
            noises,
            music,
            heard_through(tested, config.data.spoken(clips), data, work),
        ),
        "by_sex": test.by_sex(chances),
        "by_language": metrics.by_group(
            chances, test.truth, np.asarray([clip.language for clip in tested])
        ),
        "speakers_apart": test.spread(chances),
        "reliability": metrics.reliability(chances, test.truth),
        "sentences": sentences(test, chances, learned),
        "shortcuts": shortcuts(labelled, assignment, clean, labels_of(labelled)),
    }


def shipped(config: Config, work: Path) -> dict[str, Any] | None:
    """What is known of the model that ships, where it went on from the one that is measured."""
    if config.shipped is None:
        return None
    first, last = (Run(work, config.name, s) for s in (config.splits[0], config.shipped_split))
    return {
        "facts": last.read(last.facts),
        "calibration": vars(calibration_of(config, work, config.shipped_split)),
        "validation": {"measured": validated(first), "shipped": validated(last)},
    }


def seeds(
    run: Run, test: Test, pieces: list[Decibels], chances: metrics.Probabilities
) -> dict[str, float]:
    """UAR of the shipped run and of each that repeats it with another seed."""
    found = {str(run.read(run.facts)["recipe"]["seed"]): chances}
    for seed, other in run.repetitions().items():
        again = Test(load_best(other), test.calibration, test.clips)
        found[str(seed)] = again.chances(pieces)
    return {seed: round(metrics.uar(given, test.truth), 4) for seed, given in found.items()}


def draw(found: dict[str, Any], run: Run, folder: Path, suffix: str) -> None:
    """The figures of one split; all of them for the one without a suffix."""
    test = found["test"]
    title = f"test, {found['split']}"
    figures.confusion(test["confusion"], title, folder / f"confusion{suffix}.png")
    if not suffix:
        figures.training_curve(run.read(run.history), folder / "training.png")
        figures.classes(test["classes"], title, folder / "classes.png")


def together(unmet: list[Unmet]) -> dict[str, Any]:
    """All corpora that were left out as one test, each by the model that never met it."""
    truth = np.concatenate([given.truth for given in unmet])
    out: dict[str, Any] = {"clips": len(truth)}
    for name in unmet[0].answers:
        chances = np.concatenate([given.answers[name] for given in unmet])
        out[name] = {
            "accuracy": round(metrics.accuracy(chances, truth), 4),
            "ece": round(metrics.calibration_error(chances, truth), 4),
            "coverage_curve": metrics.coverage_curve(chances, truth),
            "reliability": metrics.reliability(chances, truth),
            "confusion": metrics.confusions(chances, truth),
        }
    return out


def evaluate(config: Config, data: Path, work: Path, folder: Path, threads: int) -> None:
    """Measures every split of the config; the first one's are the figures that come first."""
    torch.set_num_threads(threads)
    clips = config.data.named(corpora.read(data))
    clean = cache.cached(clips, data, work)
    room = cache.cached(config.data.spoken(clips), data, work, cache.ROOM)
    unmet = []
    found: dict[str, Any] = {
        "name": config.name,
        "version": __version__,
        "splits": {},
        "head": dataclasses.asdict(config.head) if config.head else None,
        "left_out_recipe": dataclasses.asdict(config.left_out) if config.left_out else None,
        "left_out": {},
        "shipped": shipped(config, work),
    }
    for split in config.splits:
        if split.startswith(splits.WITHOUT):
            name = split.removeprefix(splits.WITHOUT)
            found["left_out"][name], answers = left_out(config, split, clips, clean, room, work)
            unmet.append(answers)
            print(split, found["left_out"][name]["by_known_seconds"], flush=True)
            continue
        found["splits"][split] = measure(config, split, clips, clean, data, work)
        draw(
            found["splits"][split],
            Run(work, config.name, split),
            folder / "figures",
            "" if len(found["splits"]) == 1 else f"-{split}",
        )
        print(split, found["splits"][split]["test"]["uar"], flush=True)
    if config.folds:
        folder_of_folds = folds_folder(work, config.name)
        found["folds"] = {
            corpus: [json.loads(path.read_text(encoding="utf-8")) for path in places]
            for corpus in config.folds.corpora
            if (places := sorted(folder_of_folds.glob(f"{corpus}-*.json")))
        }
    if config.pairs:
        folder_of_pairs = pairs_folder(work, config.name)
        found["pairs"] = {
            source: json.loads(place.read_text(encoding="utf-8"))
            for source in config.pairs.corpora
            if (place := folder_of_pairs / f"{source}.json").is_file()
        }
    if unmet:
        found["left_out_together"] = together(unmet)
    heard = Run(work, config.name, config.splits[0]).streaming
    if heard.is_file():
        found["streaming"] = json.loads(heard.read_text(encoding="utf-8"))
    measured = next(iter(found["splits"].values()))
    figures.line(
        [(row["coverage"], row["accuracy"]) for row in measured["coverage_curve"]],
        ("share answered", "accuracy", "the surest first"),
        folder / "figures" / "coverage.png",
    )
    figures.line(
        [(float(s), row["accuracy"]) for s, row in measured["by_seconds"].items()],
        ("seconds heard", "accuracy", "length of the window"),
        folder / "figures" / "seconds.png",
    )
    if unmet:
        curves = {"speakers never heard": measured["reliability"]}
        for name, title in (("alone", "corpora never met"), ("settled", "the same, 60 s known")):
            curves[title] = found["left_out_together"][name]["reliability"]
        figures.reliability(curves, folder / "figures" / "reliability.png")
        figures.confusion(
            found["left_out_together"]["alone"]["confusion"],
            "corpora never met",
            folder / "figures" / "confusion-left-out.png",
        )
    figures.bars(
        {name: row["uar"] for name, row in measured["by_corpus"].items()}
        if len(measured["by_corpus"]) > 1
        else {split: row["test"]["uar"] for split, row in found["splits"].items()},
        "UAR",
        "test clips",
        folder / "figures" / "uar.png",
    )
    write_json(folder / "metrics.json", {"rows": headline.rows(found), **found})
    write_text(folder / "card.md", card.render(found))
