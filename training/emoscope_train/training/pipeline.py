"""Every stage of a split's training in order.

Per seed: the backbone and its distillation. Then, once: the average of the backbones, and the
voice head on it. Each stage resumes, and a finished one is skipped.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch

from ..config import Config, for_split
from ..data.corpora import Clip
from ..features.cache import FeatureSet
from ..runs import Run, averaged, members
from .checkpoints import average
from .distil import distil
from .loop import train
from .task import Task, prepare, read_material
from .voice_head import train_head


class Pipeline:
    """The trainings of one config."""

    def __init__(self, config: Config, data: Path, work: Path, pretrained: Path | None) -> None:
        self.config, self.data, self.work, self.pretrained = config, data, work, pretrained

    @cached_property
    def material(self) -> tuple[list[Clip], list[FeatureSet]]:
        """Clips and features, read when the first stage needs them."""
        return read_material(self.config, self.data, self.work)

    def task(self, split: str, seed: int) -> Task:
        """The data and the recipe of a split's training."""
        clips, (clean, room) = self.material
        recipe = for_split(self.config, split)
        recipe = replace(recipe, train=replace(recipe.train, seed=seed))
        return prepare(recipe, split, clips, clean, room)

    def run(self, split: str, seed: int) -> Run:
        """The folder of a split's training."""
        first = seed == self.config.train.seed
        name = self.config.name
        return Run(self.work, name, split) if first else Run.of_seed(self.work, name, split, seed)

    def train_backbone(self, split: str, seed: int) -> None:
        """Supervised training, and distillation."""
        task, run = self.task(split, seed), self.run(split, seed)
        start: Path | Run | None = self.pretrained
        if self.config.shipped and split == self.config.shipped_split:
            # It continues from the measured model of the same seed.
            start = self.run(self.config.splits[0], seed)
        train(task, run, start, split)
        if task.config.distil and not run.distilled.is_file():
            distil(task, run)

    def members(self, split: str) -> dict[int, Run]:
        """The runs that are averaged, by seed."""
        recipe = self.config.train
        return members(self.work, self.config.name, split, recipe.seed, recipe.members)

    def finish(self, split: str) -> None:
        """The average of the members, and the voice head."""
        seed = self.config.train.seed
        run = self.run(split, seed)
        backbones = averaged(self.config, self.work, split)
        if len(backbones) > 1:
            average(run, backbones)
        if self.config.head:
            train_head(self.task(split, seed), run)


def train_splits(
    config: Config,
    data: Path,
    work: Path,
    pretrained: Path | None,
    split: str | None = None,
    seed: int | None = None,
    threads: int = 1,
) -> None:
    """Trains the splits of a config, or one of them; resumes after an interruption.

    Another seed than the config's goes to a folder of its own: it is a member of the average, or a
    repetition that shows how far seeds lie apart.
    """
    torch.set_num_threads(threads)
    pipeline = Pipeline(config, data, work, pretrained)
    repeated = seed is not None and seed != config.train.seed
    # A repetition is not released.
    wanted = config.splits if repeated else [*config.splits, config.shipped_split]
    for name in [split] if split else dict.fromkeys(wanted):
        runs = pipeline.members(name)
        for member in [seed] if repeated and seed is not None else runs:
            pipeline.train_backbone(name, member)
        if not repeated:
            pipeline.finish(name)
        elif config.head and seed is not None and seed not in runs:
            train_head(pipeline.task(name, seed), pipeline.run(name, seed))
