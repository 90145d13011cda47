"""Measures a trained network on its test clips, once, and writes metrics.json, figures and card."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import __version__, card, features, figures, metrics, splits
from .augment import with_noise
from .config import Config
from .contract import Calibration
from .corpora import Clip, labels_of
from .duplicates import without_crossing
from .features import Decibels, FeatureSet
from .frontend import FRAMES_PER_SECOND
from .labels import LABELS
from .model import Network
from .numeric import softmax
from .predict import logits_of, opening
from .runs import Run, write_json
from .shortcuts import shortcuts
from .train import load_best

# The labels that nearly every corpus has.
SHARED = ["anger", "happiness", "neutral", "sadness"]
SECONDS = (0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
NOISE_SNRS_DB = (20.0, 10.0, 5.0)


class Test:
    """One network and the clips that it is tested on."""

    def __init__(self, network: Network, calibration: Calibration, clips: list[Clip]) -> None:
        self.network, self.calibration, self.clips = network, calibration, clips
        self.truth = np.asarray([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
        self.corpora = np.asarray([clip.corpus for clip in clips])

    def chances(self, pieces: list[Decibels]) -> NDArray[np.float64]:
        """Probabilities as the binary would give them."""
        return softmax(logits_of(self.network, pieces), self.calibration.temperature)

    def summary(self, chances: NDArray[np.float64]) -> dict[str, float]:
        """Accuracy, UAR over all clips, and the mean of the corpora's UARs."""
        by_corpus = [
            metrics.uar(chances[self.corpora == name], self.truth[self.corpora == name])
            for name in np.unique(self.corpora)
        ]
        return {
            "accuracy": round(metrics.accuracy(chances, self.truth), 4),
            "uar": round(metrics.uar(chances, self.truth), 4),
            "mean_corpus_uar": round(float(np.mean(by_corpus)), 4),
        }


def by_corpus(
    test: Test, chances: NDArray[np.float64], have: dict[str, list[str]]
) -> dict[str, Any]:
    """Each corpus: all seven labels open, and as if only its own could be answered."""
    out = {}
    for name in np.unique(test.corpora):
        mine = test.corpora == name
        found = metrics.report(chances[mine], test.truth[mine])
        labels = have.get(str(name), LABELS)
        own = metrics.uar(metrics.restricted(chances[mine], labels), test.truth[mine])
        found["labels"] = len(labels)
        found["uar_own_labels"] = round(own, 4)
        found["speakers"] = len({c.speaker for c in test.clips if c.corpus == name})
        out[str(name)] = found
    return out


def conditions(
    test: Test, pieces: list[Decibels], room: list[Decibels], noises: list[Decibels]
) -> dict[str, dict[str, float]]:
    """The same clips with held-out noise, and in a room and through a channel."""
    rng = np.random.default_rng(0)
    out = {"as recorded": test.summary(test.chances(pieces))}
    for snr in NOISE_SNRS_DB if noises else ():
        noisy = [with_noise(p, noises[rng.integers(len(noises))], snr) for p in pieces]
        out[f"noise at {snr:.0f} dB"] = test.summary(test.chances(noisy))
    out["room and channel"] = test.summary(test.chances(room))
    return out


def sentences(
    test: Test, chances: NDArray[np.float64], learned: dict[str, set[str]]
) -> dict[str, dict[str, float]]:
    """Test clips of the corpora with held-out sentences: the words heard in training or not."""
    heard = np.asarray([clip.text in learned.get(clip.corpus, set()) for clip in test.clips])
    mixed = [name for name in np.unique(test.corpora) if not np.all(heard[test.corpora == name])]
    named = np.asarray([bool(clip.text) for clip in test.clips]) & np.isin(test.corpora, mixed)
    out = {}
    for key, chosen in (("heard", heard & named), ("unheard", ~heard & named)):
        if np.any(chosen):
            out[key] = {
                "clips": int(np.sum(chosen)),
                "accuracy": round(metrics.accuracy(chances[chosen], test.truth[chosen]), 4),
                "uar": round(metrics.uar(chances[chosen], test.truth[chosen]), 4),
            }
    return out


def measure(
    config: Config, split: str, clips: list[Clip], clean: FeatureSet, room: FeatureSet, run: Run
) -> dict[str, Any]:
    """Every figure of one split."""
    facts = run.read(run.facts)
    calibration = Calibration(**run.read(run.calibration))
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
    roles = splits.share(clip.path for clip in noise) if noise else {}
    noises = [clean.whole(path) for path, role in roles.items() if role == splits.TEST]
    history = run.read(run.history)
    return {
        "split": split,
        "facts": facts,
        "best_epoch": max(history, key=lambda row: row["validation_uar"])["epoch"],
        "epochs": len(history),
        "calibration": vars(calibration),
        "test": metrics.report(chances, test.truth) | test.summary(chances),
        "by_corpus": by_corpus(test, chances, labels_of(labelled)),
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
            test, pieces, [opening(room.trimmed(clip.path)) for clip in tested], noises
        ),
        "sentences": sentences(test, chances, learned),
        "shortcuts": shortcuts(labelled, assignment, clean, labels_of(labelled)),
    }


def draw(found: dict[str, Any], run: Run, folder: Path, suffix: str) -> None:
    """The figures of one split."""
    test = found["test"]
    title = f"test, {found['split']}"
    figures.training_curve(run.read(run.history), folder / f"training{suffix}.png")
    figures.confusion(test["confusion"], title, folder / f"confusion{suffix}.png")
    figures.classes(test["classes"], title, folder / f"classes{suffix}.png")


def evaluate(config: Config, clips: list[Clip], data: Path, work: Path, folder: Path) -> None:
    """Measures every split of the config; the first one's model is the shipped one."""
    clean = features.cached(clips, data, work)
    spoken = [clip for clip in clips if clip.corpus not in config.data.noise]
    room = features.cached(spoken, data, work, features.ROOM)
    found: dict[str, Any] = {"name": config.name, "version": __version__, "splits": {}}
    for split in config.splits:
        run = Run(work, config.name, split)
        found["splits"][split] = measure(config, split, clips, clean, room, run)
        draw(
            found["splits"][split],
            run,
            folder / "figures",
            "" if split == config.splits[0] else f"-{split}",
        )
        print(split, found["splits"][split]["test"]["uar"], flush=True)
    shipped = found["splits"][config.splits[0]]
    figures.line(
        [(row["coverage"], row["accuracy"]) for row in shipped["coverage_curve"]],
        ("share answered", "accuracy", "the surest first"),
        folder / "figures" / "coverage.png",
    )
    figures.line(
        [(float(s), row["accuracy"]) for s, row in shipped["by_seconds"].items()],
        ("seconds heard", "accuracy", "length of the window"),
        folder / "figures" / "seconds.png",
    )
    figures.bars(
        {name: row["uar"] for name, row in shipped["by_corpus"].items()}
        if len(shipped["by_corpus"]) > 1
        else {split: row["test"]["uar"] for split, row in found["splits"].items()},
        "UAR",
        "test clips",
        folder / "figures" / "uar.png",
    )
    write_json(folder / "metrics.json", found)
    (folder / "card.md").write_text(card.render(found), encoding="utf-8")
