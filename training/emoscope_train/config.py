"""A model's TOML file as checked values."""

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .data.corpora import Clip
from .data.splits import EVERYTHING, WITHOUT, exists, left_out_of
from .errors import CorpusError, UserError
from .features.augment import Augmentation
from .features.windows import SHORTEST


@dataclass(frozen=True)
class Data:
    """Which clips, and how often."""

    corpora: list[str]
    neutral: list[str]
    noise: list[str]
    # Other sounds, of people and things, for the speech head.
    sounds: list[str]
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

    def named(self, clips: list[Clip]) -> list[Clip]:
        """Every clip of a corpus that the config names, sounds too."""
        names = {*self.corpora, *self.neutral, *self.noise, *self.sounds}
        return [clip for clip in clips if clip.corpus in names]

    def select_noise(self, clips: list[Clip]) -> list[Clip]:
        """The sounds to mix in; a data folder may have none."""
        return [clip for clip in clips if clip.corpus in self.noise]

    def select_sounds(self, clips: list[Clip]) -> list[Clip]:
        """Other sounds than speech."""
        return [clip for clip in clips if clip.corpus in self.sounds]

    def spoken(self, clips: list[Clip]) -> list[Clip]:
        """All but noise and sounds; these clips get a version in a room."""
        return [c for c in clips if c.corpus not in {*self.noise, *self.sounds}]


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
    # Frames of the shortest crop.
    shortest: int = SHORTEST
    # Seeds whose finished backbones are averaged before the voice head is trained.
    members: int = 1
    # mn04 or whisper, its rate against that of the head, and the largest norm of a gradient.
    backbone: str = "mn04"
    backbone_rate: float = 1.0
    gradient_norm: float = 5.0
    # Share of the batches that are placed anywhere in an utterance, for a backbone with positions.
    moved: float = 0.0


@dataclass(frozen=True)
class HeadTraining:
    """The recipe of a voice head on a fixed backbone."""

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float
    dropout: float
    label_smoothing: float
    absent: float
    # Augmented versions of every training clip, besides the clean one.
    versions: int
    # Blocks of the backbone; by default those of the speaker-independent head.
    taps: list[int] = field(default_factory=list)
    # Number of heads, trained with different seeds, whose weights are averaged.
    seeds: int = 1
    # Whether the embedding holds the probabilities of the labels, so that a baseline knows its mix
    # of emotions.
    label_mix: bool = False


@dataclass(frozen=True)
class Distillation:
    """Self-distillation on reverberant, noisy and cropped audio."""

    epochs: int
    clips_per_epoch: int
    learning_rate: float
    warm_up: float
    # Weight of the divergence of the probabilities against the distance of the embeddings.
    agreement: float
    # Share of the crops that are not changed.
    untouched: float
    augment: Augmentation


@dataclass(frozen=True)
class Shipped:
    """The shipped model: the first split's backbone is trained further, with the test speakers."""

    epochs: int
    clips_per_epoch: int
    learning_rate: float
    # Whether its backbone is averaged with those of every split before the voice head is trained.
    average_splits: bool = False


@dataclass(frozen=True)
class FoldsHead:
    """What differs in a voice head with few training voices."""

    learning_rate: float
    dropout: float
    taps: list[int]


@dataclass(frozen=True)
class Folds:
    """Fine-tuning of the backbone of `without-CORPUS` on a part of that corpus's speakers."""

    corpora: list[str]
    epochs: int
    # Clips over all epochs; fewer epochs where a corpus is large.
    most_clips: int
    shortest: int
    head: FoldsHead
    augment: Augmentation


@dataclass(frozen=True)
class Pairs:
    """One corpus to another, fine-tuned as the folds are."""

    # All of them have all the labels.
    corpora: list[str]
    labels: list[str]
    # Clips over all epochs.
    most_clips: int


@dataclass(frozen=True)
class Config:
    """One shipped model."""

    name: str
    splits: list[str]
    data: Data
    train: Training
    augment: Augmentation
    # A model without it has no speaker baseline.
    head: HeadTraining | None
    folds: Folds | None = None
    pairs: Pairs | None = None
    distil: Distillation | None = None
    # Without it the first split's model ships.
    shipped: Shipped | None = None

    @property
    def shipped_split(self) -> str:
        """The split whose model is exported."""
        return EVERYTHING if self.shipped else self.splits[0]

    @property
    def left_out_by(self) -> dict[str, str]:
        """The split that leaves a corpus out, by corpus."""
        return {corpus: split for split in self.splits for corpus in left_out_of(split)}

    def without(self, corpus: str) -> str:
        """The split that leaves `corpus` out, by its name if the config has none."""
        return self.left_out_by.get(corpus, WITHOUT + corpus)


def for_split(config: Config, split: str) -> Config:
    """The recipe of one split."""
    if config.shipped is None or split != EVERYTHING:
        return config
    cycle = {k: v for k, v in vars(config.shipped).items() if k != "average_splits"}
    return replace(config, train=replace(config.train, absent_from=0, **cycle))


def load(path: Path) -> Config:
    """Reads and checks a config. Raises `UserError` that names an unknown or missing key."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the config {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    try:
        _known(Config, raw)
        config = Config(
            name=raw["name"],
            splits=raw["splits"],
            data=_table(Data, raw["data"]),
            train=_table(Training, raw["train"]),
            augment=_table(Augmentation, raw.get("augment", {})),
            head=_table(HeadTraining, raw["head"]) if "head" in raw else None,
            folds=_nested(Folds, raw["folds"], head=FoldsHead) if "folds" in raw else None,
            pairs=_table(Pairs, raw["pairs"]) if "pairs" in raw else None,
            distil=_nested(Distillation, raw["distil"]) if "distil" in raw else None,
            shipped=_table(Shipped, raw["shipped"]) if "shipped" in raw else None,
        )
    except (KeyError, TypeError) as error:
        raise UserError(f"{path}: missing or wrong: {error}") from error
    if config.shipped and not config.head:
        raise UserError(f"{path}: [shipped] needs a [head]")
    if config.train.members > 1 and not config.head:
        raise UserError(f"{path}: members > 1 needs a [head], which is trained on the average")
    if config.train.members < 1:
        raise UserError(f"{path}: members is {config.train.members}; it has to be at least 1")
    if unknown := [name for name in config.splits if not exists(name)]:
        raise UserError(f"{path}: no such split: {', '.join(sorted(unknown))}")
    if len(config.left_out_by) < sum(len(left_out_of(name)) for name in config.splits):
        raise UserError(f"{path}: two splits leave the same corpus out; one of them is enough")
    for name in config.folds.corpora if config.folds else ():
        if name not in config.left_out_by:
            raise UserError(f"{path}: [folds] of {name} need a split that leaves it out")
    return config


def _nested(kind: Any, values: dict[str, Any], **tables: Any) -> Any:
    inner = {"augment": Augmentation, **tables}
    made = {name: _table(each, values.get(name, {})) for name, each in inner.items()}
    return _table(kind, {**values, **made})


def _table(kind: Any, values: dict[str, Any]) -> Any:
    _known(kind, values)
    return kind(**values)


def _known(kind: Any, values: dict[str, Any]) -> None:
    if unknown := set(values) - {field.name for field in fields(kind)}:
        raise TypeError(f"no such key: {', '.join(sorted(unknown))}")
