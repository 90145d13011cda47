"""Every stage of a split's training in order: backbone, second stage, distillation, voice head."""

from dataclasses import replace
from pathlib import Path

import torch

from ..config import Config, for_split, second_cycle
from ..runs import Run
from .distil import distil
from .loop import train
from .task import prepare, read_material
from .voice_head import train_head


def train_splits(
    config: Config,
    data: Path,
    work: Path,
    pretrained: Path | None,
    split: str | None = None,
    seed: int | None = None,
    threads: int = 1,
) -> None:
    """Trains the splits of a config, or one of them, and resumes where a run was interrupted.

    Another seed than the config's repeats the trainings in folders of their own.
    """
    torch.set_num_threads(threads)
    clips, (clean, room) = read_material(config, data, work)
    repeated = seed is not None and seed != config.train.seed
    # A repetition tells how far seeds lie apart; nothing of it ships.
    wanted = config.splits if repeated else [*config.splits, config.shipped_split]
    for name in [split] if split else dict.fromkeys(wanted):
        recipe = for_split(config, name)
        run = Run(work, config.name, name)
        continued = config.shipped and name == config.shipped_split
        start: Path | Run | None = pretrained
        if continued:
            start = Run(work, config.name, config.splits[0])
        if repeated and seed is not None:
            recipe = replace(recipe, train=replace(recipe.train, seed=seed))
            run = Run.of_seed(work, config.name, name, seed)
        task = prepare(recipe, name, clips, clean, room)
        if recipe.again and not continued:
            train(task, run.first, start, name)
            start, task = run.first, replace(task, config=second_cycle(recipe))
        train(task, run, start, name)
        if config.distil and not run.distilled.is_file():
            distil(task, run)
        if config.head:
            train_head(task, run)
