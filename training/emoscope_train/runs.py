"""Folders and files of runs and caches."""

import json
import os
from pathlib import Path
from typing import Any

from .config import Config
from .data.splits import EVERYTHING
from .errors import UserError


def data_folder(given: Path | None) -> Path:
    """`--data`, else EMOSCOPE_DATA; there is no default."""
    folder = given or os.environ.get("EMOSCOPE_DATA")
    if not folder:
        raise UserError("name the folder of the corpora with --data DIR or EMOSCOPE_DATA")
    return Path(folder)


def work_folder(given: Path | None) -> Path:
    """`--work`, else EMOSCOPE_WORK, else the user's cache folder."""
    if folder := given or os.environ.get("EMOSCOPE_WORK"):
        return Path(folder)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "emoscope" / "training"


def folds_folder(work: Path, name: str) -> Path:
    """The results of `folds`, one file per corpus and seed."""
    return work / "runs" / name / "folds"


def pairs_folder(work: Path, name: str) -> Path:
    """The results of `pairs`, one file per source."""
    return work / "runs" / name / "pairs"


def speaker_folder(work: Path) -> Path:
    """What `speakers fine-tune` writes."""
    return work / "speakers"


def speaker_model_without(work: Path, corpus: str) -> Path:
    """The speaker model that was trained without a corpus."""
    return speaker_folder(work) / f"without-{corpus}" / "model.onnx"


def published_speaker_model(work: Path) -> Path:
    """The speaker model with the published weights."""
    return speaker_folder(work) / "published" / "model.onnx"


def last_speaker_layer(work: Path) -> Path:
    """The last layer of the speaker model that ships."""
    return speaker_folder(work) / "last_layer.pt"


def fine_tuned(path: Path) -> Path:
    """The path, if it exists. Raises `UserError` with the step to run first."""
    if not path.is_file():
        raise UserError(f"no {path}; run `speakers fine-tune` first")
    return path


class Run:
    """One training's folder."""

    def __init__(self, work: Path, name: str, split: str) -> None:
        self.folder = work / "runs" / name / split
        self.last = self.folder / "last.pt"
        self.best = self.folder / "best.pt"
        # The backbone after distillation, and the distillation epoch by epoch.
        self.distilled = self.folder / "distilled.pt"
        self.distilling = self.folder / "distilling.pt"
        # The mean of the finished backbones of several seeds.
        self.average = self.folder / "average.pt"
        self.head = self.folder / "head.pt"
        # The model of this split as a file, for measurements of the program.
        self.exported = self.folder / "model" / "model.onnx"
        self.streaming = self.folder / "streaming.json"
        self.history = self.folder / "history.json"
        self.curve = self.folder / "curve.png"
        self.facts = self.folder / "facts.json"
        self.calibration = self.folder / "calibration.json"
        # The distance at which the speaker has changed, if it could be found.
        self.change = self.folder / "change.json"
        # Logits of the validation speakers, and of the corpus that was left out.
        self.answers = self.folder / "answers.npz"
        self.unseen = self.folder / "unseen.npz"

    @classmethod
    def of_seed(cls, work: Path, name: str, split: str, seed: int) -> "Run":
        """A repetition of a split's training with another seed."""
        return cls(work, name, f"{split}-seed-{seed}")

    @property
    def finished_backbone(self) -> Path:
        """The backbone weights of the voice head: averaged, distilled, or of the best epoch."""
        return self.average if self.average.is_file() else self.own_backbone

    @property
    def own_backbone(self) -> Path:
        """The weights of this training only: distilled, or of the best epoch."""
        return self.distilled if self.distilled.is_file() else self.best

    def epochs_done(self) -> int:
        """Finished epochs of the supervised training."""
        return len(self.read(self.history)) if self.history.is_file() else 0

    def repetitions(self) -> dict[int, "Run"]:
        """Finished repetitions, by seed."""
        prefix = f"{self.folder.name}-seed-"
        by_seed = {}
        for place in sorted(self.folder.parent.glob(f"{prefix}*")):
            seed = place.name.removeprefix(prefix)
            run = Run(place.parents[2], place.parent.name, place.name)
            if seed.isdigit() and run.best.is_file():
                by_seed[int(seed)] = run
        return by_seed

    def read(self, path: Path) -> Any:
        """Reads JSON. Raises `UserError` with the step to run first."""
        if not path.is_file():
            raise UserError(f"no {path}; train the model first")
        return json.loads(path.read_text(encoding="utf-8"))


def members(work: Path, name: str, split: str, seed: int, count: int) -> dict[int, Run]:
    """The runs whose backbones are averaged, by seed; the first is the split's own."""
    others = {s: Run.of_seed(work, name, split, s) for s in range(seed + 1, seed + count)}
    return {seed: Run(work, name, split), **others}


def averaged(config: Config, work: Path, split: str) -> list[Path]:
    """The backbones whose mean the split's voice head uses; a single one is not averaged.

    Each split of the shipped model's average leaves out some speakers; most splits have each one.
    """
    recipe = config.train
    own = members(work, config.name, split, recipe.seed, recipe.members)
    backbones = [run.own_backbone for run in own.values()]
    if split == EVERYTHING and config.shipped and config.shipped.average_splits:
        backbones += [Run(work, config.name, name).finished_backbone for name in config.splits]
    return backbones
