"""A model's TOML file as checked values."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .augment import Augmentation
from .corpora import Clip, CorpusError
from .splits import SPLITS


@dataclass(frozen=True)
class Data:
    """Which clips, and how often."""

    corpora: list[str]
    neutral: list[str]
    noise: list[str]
    weights: dict[str, float]

    def select(self, clips: list[Clip]) -> list[Clip]:
        """Labelled clips of the named corpora, and the neutral ones with that label."""
        out = [clip for clip in clips if clip.corpus in self.corpora and clip.label]
        missing = set(self.corpora) - {clip.corpus for clip in out}
        if missing:
            raise CorpusError(f"no clip of {', '.join(sorted(missing))} in the data folder")
        for clip in clips:
            if clip.corpus in self.neutral:
                out.append(Clip(**{**vars(clip), "label": "neutral"}))
        return out

    def select_noise(self, clips: list[Clip]) -> list[Clip]:
        """The sounds to mix in; a data folder may have none."""
        return [clip for clip in clips if clip.corpus in self.noise]


@dataclass(frozen=True)
class Training:
    """The recipe."""

    seed: int
    epochs: int
    clips_per_epoch: int
    batch: int
    learning_rate: float
    weight_decay: float
    warm_up: float
    label_smoothing: float
    # Share of the loss that is taken among all labels, from that epoch (counted from 0) on.
    absent: float
    absent_from: int
    dropout: float
    taps: list[int]


@dataclass(frozen=True)
class Config:
    """One shipped model."""

    name: str
    splits: list[str]
    # What the card has to add about the run.
    remark: str
    data: Data
    train: Training
    augment: Augmentation


def load(path: Path) -> Config:
    """Reads and checks; an unknown or a missing key is named."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CorpusError(f"cannot read the config {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(f"{path}: {error}") from error
    try:
        config = Config(
            name=raw["name"],
            splits=raw["splits"],
            remark=raw.get("remark", ""),
            data=_table(Data, raw["data"]),
            train=_table(Training, raw["train"]),
            augment=_table(Augmentation, raw.get("augment", {})),
        )
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{path}: missing or wrong: {error}") from error
    if unknown := set(config.splits) - set(SPLITS):
        raise CorpusError(f"{path}: no such split: {', '.join(sorted(unknown))}")
    return config


def _table(kind: Any, values: dict[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if unknown := set(values) - known:
        raise TypeError(f"no such key: {', '.join(sorted(unknown))}")
    return kind(**values)
