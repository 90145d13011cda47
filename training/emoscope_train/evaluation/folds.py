"""Speakers left out within one corpus, on the corpus's own labels.

The network of `without-CORPUS` is fine-tuned on the other speakers for a fixed number of epochs,
gets a voice head, and is tested once. So is the program with the fold's model, if it is named. The
recipe was chosen on the second group of RAVDESS's speakers, with the first one left out; that of
the head also on those of EmoDB and nEMO. A finished fold is kept, with its backbone, so an
interrupted run resumes.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..config import Config, Folds
from ..data import splits
from ..data.corpora import Clip, stable_hash
from ..errors import CorpusError, UserError
from ..export import binary
from ..export.model_spec import Metadata
from ..export.onnx_file import write_onnx
from ..features.cache import FeatureSet
from ..features.duplicates import without_crossing
from ..features.windows import opening, seconds_of
from ..files import write_json
from ..model.baseline import enrolled
from ..model.network import Network
from ..numeric import softmax
from ..runs import Run, folds_folder
from ..training.checkpoints import load_backbone, save
from ..training.loop import optimizer_of, run_epoch
from ..training.task import Material, Task, one_hot, read_material, sides_of
from ..training.voice_head import learned_head
from . import metrics
from .inference import embeddings_of, head_logits

# Groups of speakers of a corpus without published folds.
GROUPS = 5
ENROLMENT_SECONDS = (0.0, 15.0, 60.0)
# Random draws of the enrolment clips.
DRAWS = 3
# Key of the program's figures on single clips, including its VAD.
PROGRAM = "program"


def folds_of(clips: list[Clip]) -> dict[str, int]:
    """The test fold of each clip: EmoBox's for RAVDESS, otherwise speakers in five groups."""
    if clips[0].corpus == "ravdess" and all(clip.fold for clip in clips):
        return {clip.path: int(clip.fold) for clip in clips}
    speakers = sorted({clip.speaker for clip in clips}, key=stable_hash)
    groups = {name: 1 + place % GROUPS for place, name in enumerate(speakers)}
    return {clip.path: groups[clip.speaker] for clip in clips}


def measure_corpora(
    config: Config,
    data: Path,
    work: Path,
    corpus: str | None,
    seed: int,
    program: Path | None,
    threads: int,
) -> None:
    """Measures the config's corpora, or one of them, and keeps the figures for `evaluate`."""
    torch.set_num_threads(threads)
    if config.folds is None:
        raise UserError(f"the config {config.name!r} has no [folds]")
    clips, sets = read_material(config, data, work)
    for name in [corpus] if corpus else config.folds.corpora:
        figures = measure(config, name, clips, sets, data, work, seed, program)
        write_json(folds_folder(work, config.name) / f"{name}-{seed}.json", figures)
        print(json.dumps(figures, indent=1))


def measure(
    config: Config,
    corpus: str,
    clips: list[Clip],
    sets: list[FeatureSet],
    data: Path,
    work: Path,
    seed: int,
    program: Path | None = None,
) -> dict[str, Any]:
    """UAR of every fold by seconds of enrolment."""
    recipe = config.folds
    if recipe is None or config.head is None:
        raise UserError(f"the config {config.name!r} has no [folds] or no [head]")
    mine = [clip for clip in clips if clip.corpus == corpus and clip.own]
    if not mine:
        raise CorpusError(f"no clip of {corpus} with a label of its own")
    start = Run(work, config.name, config.without(corpus))
    start_network = load_backbone(start, start.average if start.average.is_file() else None)
    labels = sorted({clip.own for clip in mine})
    metadata = Metadata(training_data=start.read(start.facts)["training_data"], labels=labels)
    numbers = folds_of(mine)
    rows = []
    for fold in sorted(set(numbers.values())):
        roles = {
            clip.path: splits.TEST if numbers[clip.path] == fold else splits.TRAIN for clip in mine
        }
        roles = without_crossing(mine, roles, sets[0])
        parts = [
            [clip for clip in mine if roles.get(clip.path) == side]
            for side in (splits.TRAIN, splits.TEST)
        ]
        place = folds_folder(work, config.name) / f"{corpus}-{seed}" / f"{fold}.json"
        model = place.with_suffix(".onnx")
        if place.is_file():
            row = json.loads(place.read_text(encoding="utf-8"))
        else:
            task = task_of(config, recipe, parts[0], clips, sets, labels, seed)
            network = fine_tuned(start_network, task, len(labels), place.with_suffix(".pt"))
            row = {"fold": fold, "clips": len(parts[1])}
            row |= tested(network, task, parts[1], sets[0], labels)
            write_onnx(network, config.name, metadata, model)
            write_json(place, row)
        if program and PROGRAM not in row:
            row[PROGRAM] = binary_uar(program, model, parts[1], data)
            write_json(place, row)
        rows.append(row)
        print(corpus, "seed", seed, row, flush=True)
    figures: dict[str, Any] = {"labels": labels, "seed": seed, "folds": rows}
    for key in (*(f"{seconds:.0f} s" for seconds in ENROLMENT_SECONDS), PROGRAM):
        values = [row[key] for row in rows if key in row]
        if len(values) == len(rows):
            figures[key] = round(float(np.mean(values)), 4)
            figures[f"{key}, deviation"] = round(float(np.std(values)), 4)
    return figures


def task_of(
    config: Config,
    recipe: Folds,
    learned: list[Clip],
    clips: list[Clip],
    sets: list[FeatureSet],
    labels: list[str],
    seed: int,
) -> Task:
    """The corpus's own labels instead of the seven, without validation speakers."""
    assert config.head is not None
    settings = dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, weights={}),
        train=dataclasses.replace(
            config.train,
            seed=seed,
            epochs=max(1, min(recipe.epochs, recipe.most_clips // len(learned))),
            clips_per_epoch=len(learned),
            shortest=recipe.shortest,
            absent=0.0,
        ),
        head=dataclasses.replace(config.head, absent=0.0, **vars(recipe.head)),
        augment=recipe.augment,
    )
    versions = [[features.trimmed(clip.path) for features in sets] for clip in learned]
    truth = np.asarray([labels.index(clip.own) for clip in learned], dtype=np.int64)
    # Batches are balanced by the corpus's own labels.
    named = [dataclasses.replace(clip, label=clip.own) for clip in learned]
    nothing = Material([], [], np.zeros(0, np.int64), np.zeros((0, len(labels)), np.float32))
    return Task(
        settings,
        Material(named, versions, truth, one_hot(truth, len(labels))),
        nothing,
        nothing,
        sides_of(config.data.select_noise(clips), sets[0])[splits.TRAIN],
        sides_of(config.data.select_sounds(clips), sets[0]),
        np.ones((len(learned), len(labels)), dtype=bool),
    )


def fine_tuned(start_network: Network, task: Task, labels: int, kept: Path) -> Network:
    """The backbone with a new head, fine-tuned or loaded, and a voice head."""
    recipe = task.config.train
    torch.manual_seed(recipe.seed)
    network = Network(start_network.taps, recipe.dropout, labels, recipe.backbone)
    if kept.is_file():
        network.load_state_dict(torch.load(kept)["network"])
    else:
        fine_tune(network, start_network, task)
        kept.parent.mkdir(parents=True, exist_ok=True)
        save(kept, {"network": network.state_dict()})
    network.eval()
    learned_head(network, task)
    return network


def fine_tune(network: Network, start_network: Network, task: Task) -> None:
    """Starts from all weights but the head's."""
    recipe = task.config.train
    baselines = {k: v for k, v in start_network.state_dict().items() if not k.startswith("head.")}
    network.load_state_dict(baselines, strict=False)
    network = network.to(memory_format=torch.channels_last)
    network.use_half()
    optimizer = optimizer_of(network, recipe)
    for epoch in range(recipe.epochs):
        run_epoch(network, optimizer, task, epoch, max(1, recipe.clips_per_epoch // recipe.batch))


def tested(
    network: Network, task: Task, clips: list[Clip], clean: FeatureSet, labels: list[str]
) -> dict[str, float]:
    """UAR of the fold by seconds of enrolment."""
    assert network.voice is not None
    pieces = [opening(clean.trimmed(clip.path)) for clip in clips]
    truth = np.asarray([labels.index(clip.own) for clip in clips], dtype=np.int64)
    embeddings, speakers = embeddings_of(network, pieces), [clip.speaker for clip in clips]
    row = {}
    for seconds in ENROLMENT_SECONDS:
        uars = []
        for draw in range(DRAWS if seconds else 1):
            rng = np.random.default_rng([task.config.train.seed, draw])
            baselines = enrolled(embeddings, seconds_of(pieces), speakers, seconds, rng)
            uars.append(
                metrics.uar(softmax(head_logits(network.voice, embeddings, baselines)), truth)
            )
        row[f"{seconds:.0f} s"] = round(float(np.mean(uars)), 4)
    return row


def binary_uar(program: Path, model: Path, clips: list[Clip], data: Path) -> float:
    """UAR of the program on each clip; a clip without an utterance counts as wrong."""
    predicted = binary.predicted_labels(program, model, [data / clip.path for clip in clips])
    right: dict[str, list[bool]] = {}
    for label, clip in zip(predicted, clips, strict=True):
        right.setdefault(clip.own, []).append(label == clip.own)
    return round(float(np.mean([np.mean(hits) for hits in right.values()])), 4)
