"""Cross-corpus figures from one corpus to each other one, on four labels.

EmoBox (arXiv 2406.07162, table 5) reports unseen corpora this way, on four corpora of which RAVDESS
is among ours. Here each corpus with the four labels is the training data once, and all others are
test data. The published backbone is fine-tuned as in a fold; nothing is chosen on a target.
"""

import dataclasses
from pathlib import Path

import torch

from ..config import Config
from ..data import splits
from ..data.corpora import Clip
from ..errors import CorpusError, UserError
from ..features.cache import FeatureSet
from ..features.duplicates import without_crossing
from ..files import write_json
from ..model.network import Network, load_pretrained
from ..runs import pairs_folder
from ..training.task import read_material
from .folds import fine_tuned, task_of, tested

# UAR of each target by seconds of enrolment.
Targets = dict[str, dict[str, float]]


def measure_sources(
    config: Config, data: Path, work: Path, source: str | None, start: Path | None, threads: int
) -> None:
    """Measures from each of the config's corpora, or from one; keeps the figures for `evaluate`."""
    torch.set_num_threads(threads)
    if config.pairs is None:
        raise UserError(f"the config {config.name!r} has no [pairs]")
    if config.train.backbone == "mn04" and start is None:
        raise UserError("name the published weights with --pretrained mn04_as_mAP_432.pt")
    clips, sets = read_material(config, data, work)
    for name in [source] if source else config.pairs.corpora:
        figures = measure(config, name, clips, sets, work, start)
        write_json(pairs_folder(work, config.name) / f"{name}.json", figures)


def measure(
    config: Config,
    source: str,
    clips: list[Clip],
    sets: list[FeatureSet],
    work: Path,
    start: Path | None,
) -> Targets:
    """UAR on every other corpus of a network that was trained on `source` alone."""
    recipe = config.pairs
    if recipe is None or config.folds is None or config.head is None:
        raise UserError(f"the config {config.name!r} has no [pairs], no [folds] or no [head]")
    labels, seed = recipe.labels, config.train.seed
    wanted = [
        dataclasses.replace(clip, own=clip.label)
        for clip in clips
        if clip.corpus in recipe.corpora and clip.label in labels
    ]
    roles = {clip.path: splits.TRAIN if clip.corpus == source else splits.TEST for clip in wanted}
    roles = without_crossing(wanted, roles, sets[0])
    learned = [clip for clip in wanted if roles.get(clip.path) == splits.TRAIN]
    if not learned:
        raise CorpusError(f"no clip of {source} with one of the labels {', '.join(labels)}")
    torch.manual_seed(seed)
    start_network = Network(tuple(config.train.taps), backbone=config.train.backbone)
    load_pretrained(start_network, start)
    shorter = dataclasses.replace(config.folds, most_clips=recipe.most_clips)
    task = task_of(config, shorter, learned, clips, sets, labels, seed)
    kept = pairs_folder(work, config.name) / f"{source}.pt"
    network = fine_tuned(start_network, task, len(labels), kept)
    by_target = {}
    for target in recipe.corpora:
        there = [clip for clip in wanted if clip.corpus == target and clip.path in roles]
        if target != source and there:
            by_target[target] = tested(network, task, there, sets[0], labels)
            print(source, "to", target, by_target[target], flush=True)
    return by_target
