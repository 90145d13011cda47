"""The data of a training: clips by side, features, targets and masks."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..config import Config
from ..data import corpora, splits
from ..data.corpora import Clip, labels_of
from ..data.labels import LABELS
from ..features import cache
from ..features.cache import Decibels, FeatureSet
from ..features.duplicates import without_crossing
from .sampling import label_masks


@dataclasses.dataclass
class Material:
    """Clips of one split with their features in memory."""

    clips: list[Clip]
    versions: list[list[Decibels]]
    truth: NDArray[np.int64]
    # Target probabilities [clips, labels].
    targets: NDArray[np.float32]

    @classmethod
    def of(cls, clips: list[Clip], sets: list[FeatureSet]) -> "Material":
        versions = [[found.trimmed(clip.path) for found in sets] for clip in clips]
        truth = np.asarray([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
        return cls(clips, versions, truth, targets_of(clips, truth))


def targets_of(clips: list[Clip], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """[clips, labels]: the label; where listeners voted, half of it and half of their votes."""
    targets = one_hot(truth, len(LABELS))
    for place, clip in enumerate(clips):
        if clip.votes:
            targets[place] = 0.5 * targets[place] + 0.5 * np.asarray(clip.votes, np.float32)
    return targets


def one_hot(truth: NDArray[np.int64], labels: int) -> NDArray[np.float32]:
    """[clips, labels], 1 at the label."""
    return np.eye(labels, dtype=np.float32)[truth]


@dataclasses.dataclass
class Task:
    """The data of a training."""

    config: Config
    train: Material
    validation: Material
    # Of a corpus that is left out: its clips but those of the test speakers.
    unseen: Material
    noises: list[Decibels]
    # Sounds without speech by side, for a voice head.
    sounds: dict[str, list[Decibels]]
    masks: NDArray[np.bool_]


def prepare(
    config: Config, split: str, clips: list[Clip], clean: FeatureSet, room: FeatureSet | None
) -> Task:
    """Splits the clips and takes the features of each side."""
    chosen = config.data.select(clips)
    assignment = without_crossing(chosen, splits.assign(split, chosen), clean)
    side = {name: [c for c in chosen if assignment.get(c.path) == name] for name in splits.ROLES}
    noises = sides_of(config.data.select_noise(clips), clean)[splits.TRAIN]
    sounds = sides_of(config.data.select_sounds(clips), clean)
    train = Material.of(side[splits.TRAIN], [clean, room] if room else [clean])
    # Only the labelled corpora define masks; read speech, taken as neutral, has none.
    masks = label_masks(train.clips, labels_of(c for c in clips if c.corpus in config.data.corpora))
    validation = Material.of(side[splits.VALIDATION], [clean])
    tested = {path for path, role in splits.speakers(chosen).items() if role == splits.TEST}
    unseen = [clip for clip in side[splits.TEST] if clip.path not in tested]
    return Task(config, train, validation, Material.of(unseen, [clean]), noises, sounds, masks)


def sides_of(clips: list[Clip], clean: FeatureSet) -> dict[str, list[Decibels]]:
    """Sounds by side of the split; each voice or file is on one."""
    roles = splits.sounds(clips)
    return {
        side: [clean.trimmed(path) for path, role in roles.items() if role == side]
        for side in splits.ROLES
    }


def read_material(config: Config, data: Path, work: Path) -> tuple[list[Clip], list[FeatureSet]]:
    """The config's clips, and the features as recorded and, of speech, in a room."""
    # Of all clips, whatever the config names: one cache serves every config.
    everything = corpora.read(data)
    clean = cache.cached(everything, data, work)
    room = cache.cached(config.data.spoken(everything), data, work, cache.ROOM)
    return config.data.named(everything), [clean, room]
