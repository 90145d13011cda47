"""Measures a trained network on its test clips, once, and writes metrics.json, figures and card."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import __version__, calibrate, card, channels, features, figures, headline, metrics, splits
from .augment import with_noise
from .baseline import Baselines, Embeddings, gathered, of_everybody
from .config import Config
from .contract import Calibration
from .corpora import Clip, labels_of
from .duplicates import without_crossing
from .features import Decibels, FeatureSet
from .frontend import FRAMES_PER_SECOND
from .head import load_best, validated
from .labels import LABELS
from .model import Network
from .numeric import softmax
from .predict import embeddings_of, judged, logits_of, speech_of
from .runs import Run, folds_folder, write_json
from .sampling import opening, seconds_of
from .shortcuts import shortcuts

# The labels that nearly every corpus has.
SHARED = ["anger", "happiness", "neutral", "sadness"]
SECONDS = (0.75, 1.0, 1.5, 2.0, 3.0)
# Speech of the voice that is known before a clip is judged, in seconds.
KNOWN_SECONDS = (0.0, 5.0, 15.0, 60.0)
# The same in rooms and through channels.
ROOM_SECONDS = (0.0, 60.0)
# Seconds that a folder's voices together weigh against the voice itself, as in the binary.
FOLDER_S = 3.0
NOISE_SNRS_DB = (20.0, 10.0, 5.0)
ROOM_SNR_DB = 10.0
CONDITIONS = {features.ROOM: "a room and a bad channel", features.ROOM_ALONE: "a room"}


class Test:
    """One network and the clips that it is tested on."""

    def __init__(self, network: Network, calibration: Calibration, clips: list[Clip]) -> None:
        self.network, self.calibration, self.clips = network, calibration, clips
        self.truth = np.asarray([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
        self.corpora = np.asarray([clip.corpus for clip in clips])
        self.last: tuple[list[Decibels], Embeddings] | None = None

    def chances(
        self, pieces: list[Decibels], known_s: float = 0.0, neutral_first: bool = False
    ) -> NDArray[np.float64]:
        """Probabilities as the binary would give them, so much of each voice being known.

        What is known are other clips of the voice, whatever they express, or its neutral ones
        before all others.
        """
        if self.network.voice is None:
            return softmax(logits_of(self.network, pieces), self.calibration.temperature)
        known = gathered(
            self.embeddings(pieces),
            seconds_of(pieces),
            [clip.speaker for clip in self.clips],
            known_s,
            np.random.default_rng(0),
            self.truth == LABELS.index("neutral") if neutral_first else None,
        )
        return self.against(pieces, known)

    def in_folder(self, pieces: list[Decibels]) -> NDArray[np.float64]:
        """Probabilities as the binary would give them for a folder of these clips."""
        return self.against(
            pieces, of_everybody(self.embeddings(pieces), seconds_of(pieces), FOLDER_S)
        )

    def against(self, pieces: list[Decibels], known: Baselines) -> NDArray[np.float64]:
        """Probabilities beside what is known."""
        assert self.network.voice is not None
        logits = judged(self.network.voice, self.embeddings(pieces), known)
        return softmax(logits, self.calibration.temperature)

    def embeddings(self, pieces: list[Decibels]) -> Embeddings:
        """Of the pieces, computed once for as long as the same ones are asked for."""
        if self.last is None or self.last[0] is not pieces:
            self.last = (pieces, embeddings_of(self.network, pieces))
        return self.last[1]

    def by_sex(self, chances: NDArray[np.float64]) -> dict[str, dict[str, float]]:
        """Figures of women's and men's voices, where the corpus tells."""
        known = np.asarray([bool(clip.sex) for clip in self.clips])
        sexes = np.asarray([clip.sex for clip in self.clips])[known]
        return metrics.by_group(chances[known], self.truth[known], sexes)

    def spread(self, chances: NDArray[np.float64]) -> dict[str, float]:
        """How far speakers lie apart."""
        speakers = np.asarray([clip.speaker for clip in self.clips])
        return metrics.spread(chances, self.truth, speakers)

    def summary(self, chances: NDArray[np.float64]) -> dict[str, float]:
        """Accuracy, UAR and ECE over all clips, and the mean of the corpora's UARs."""
        by_corpus = [
            metrics.uar(chances[self.corpora == name], self.truth[self.corpora == name])
            for name in np.unique(self.corpora)
        ]
        mean = round(float(np.mean(by_corpus)), 4)
        return metrics.summary(chances, self.truth) | {"mean_corpus_uar": mean}


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
    test: Test,
    pieces: list[Decibels],
    noises: list[Decibels],
    versions: dict[str, list[Decibels]],
) -> dict[str, dict[str, float]]:
    """The same clips with held-out noise, in rooms and through channels."""
    rng = np.random.default_rng(0)
    out = {"as recorded": test.summary(test.chances(pieces))}
    for snr in NOISE_SNRS_DB if noises else ():
        noisy = [with_noise(p, noises[rng.integers(len(noises))], snr) for p in pieces]
        out[f"noise at {snr:.0f} dB"] = test.summary(test.chances(noisy))
    if noises:
        noisy = [
            with_noise(p, noises[rng.integers(len(noises))], ROOM_SNR_DB)
            for p in versions[features.ROOM_ALONE]
        ]
        out[f"a room, noise at {ROOM_SNR_DB:.0f} dB"] = test.summary(test.chances(noisy))
    for name, heard in versions.items():
        out[CONDITIONS.get(name, name)] = test.summary(test.chances(heard))
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


def by_known_seconds(
    test: Test, pieces: list[Decibels], have: dict[str, list[str]]
) -> dict[str, dict[str, float]]:
    """The same clips with nothing and with more and more of the voice known."""
    out = {}
    for known_s in KNOWN_SECONDS:
        for neutral_first in (False, True) if known_s else (False,):
            key = f"{known_s:.0f} s" + (", neutral first" if neutral_first else "")
            out[key] = known_row(test, test.chances(pieces, known_s, neutral_first), have)
    return out


def known_row(
    test: Test, chances: NDArray[np.float64], have: dict[str, list[str]]
) -> dict[str, float]:
    """Figures with all seven labels open, and with each corpus's own."""
    own = [
        metrics.uar(
            metrics.restricted(chances[test.corpora == name], have.get(str(name), LABELS)),
            test.truth[test.corpora == name],
        )
        for name in np.unique(test.corpora)
    ]
    return test.summary(chances) | {"uar_own_labels": round(float(np.mean(own)), 4)}


def speech_told(
    test: Test, pieces: list[Decibels], sounds: list[Decibels]
) -> dict[str, float | int]:
    """Speech taken for speech, and other sounds of the test side for none."""
    head = test.network.voice
    assert head is not None
    spoken = speech_of(head, test.embeddings(pieces))
    other = speech_of(head, embeddings_of(test.network, [opening(sound) for sound in sounds]))
    return {
        "sounds": len(sounds),
        "speech_kept": round(float(np.mean(spoken >= 0.5)), 4),
        "sounds_refused": round(float(np.mean(other < 0.5)), 4),
    }


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
    test = Test(load_best(run), calibrate.of(config, work, split), tested)
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
    facts, calibration = run.read(run.facts), calibrate.of(config, work, split)
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
    noises = [clean.whole(path) for path, role in roles.items() if role == splits.TEST]
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
            test, pieces, noises, heard_through(tested, config.data.spoken(clips), data, work)
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
        "calibration": vars(calibrate.of(config, work, config.shipped_split)),
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
    """The figures of one split."""
    test = found["test"]
    title = f"test, {found['split']}"
    figures.training_curve(run.read(run.history), folder / f"training{suffix}.png")
    figures.confusion(test["confusion"], title, folder / f"confusion{suffix}.png")
    figures.classes(test["classes"], title, folder / f"classes{suffix}.png")


def heard_through(
    clips: list[Clip], spoken: list[Clip], data: Path, work: Path
) -> dict[str, list[Decibels]]:
    """Openings of the clips in rooms and through channels."""
    # Training has computed this one for all that is spoken.
    sets = {features.ROOM: features.cached(spoken, data, work, features.ROOM)}
    for version in (features.ROOM_ALONE, *channels.CHANNELS):
        sets[version] = features.cached(clips, data, work, version)
    return {
        version: [opening(heard.trimmed(clip.path)) for clip in clips]
        for version, heard in sets.items()
    }


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
        }
    return out


def evaluate(config: Config, clips: list[Clip], data: Path, work: Path, folder: Path) -> None:
    """Measures every split of the config; the first one's are the figures that come first."""
    clean = features.cached(clips, data, work)
    room = features.cached(config.data.spoken(clips), data, work, features.ROOM)
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
    curves = {"speakers never heard": measured["reliability"]}
    if unmet:
        for name, title in (("alone", "corpora never met"), ("settled", "the same, 60 s known")):
            curves[title] = found["left_out_together"][name]["reliability"]
    figures.reliability(curves, folder / "figures" / "reliability.png")
    figures.bars(
        {name: row["uar"] for name, row in measured["by_corpus"].items()}
        if len(measured["by_corpus"]) > 1
        else {split: row["test"]["uar"] for split, row in found["splits"].items()},
        "UAR",
        "test clips",
        folder / "figures" / "uar.png",
    )
    write_json(folder / "metrics.json", {"rows": headline.rows(found), **found})
    (folder / "card.md").write_text(card.render(found), encoding="utf-8")
