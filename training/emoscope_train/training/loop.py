"""The training loop: fine-tunes a backbone and a speaker-independent head on labelled clips.

    python -m emoscope_train train CONFIG --split SPLIT --data DIR

An epoch draws `clips_per_epoch` clips, balanced by corpus and label (sampling.py). Each becomes a
crop of 0.75 to 3 s with augmentation (batches.py), mixed with another one of its batch. The loss is
the cross-entropy among the labels of the clip's corpus, and for a share of it among all labels
(losses.py). AdamW follows one cycle of the learning rate. After each epoch the validation speakers
are measured, and the best epoch is kept.

A run's folder holds `last.pt` (weights, optimizer, history), `best.pt`, `history.json`,
`facts.json` (recipe and data) and `calibration.json`. The same command resumes after the last whole
epoch and ends with the same weights, because everything random follows from the seed and the epoch.

The stages after it are in pipeline.py: self-distillation (distil.py), the average of several seeds
(checkpoints.py), and the voice head (voice_head.py).
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import Config, Training
from ..data.corpora import Clip, summary
from ..errors import UserError
from ..evaluation import metrics
from ..evaluation.inference import logits_of
from ..features.augment import mixed
from ..features.windows import opening
from ..files import write_json
from ..model import whisper
from ..model.network import Network, count_parameters
from ..numeric import rising_and_falling, softmax
from ..progress import bar
from ..reporting.figures import training_curve
from ..runs import Run
from .batches import prefetched
from .calibration import fit_calibration
from .checkpoints import begin, save
from .losses import masked_loss
from .sampling import batches, draw_probabilities
from .task import Task


def learning_rate(step: int, steps: int, config: Config) -> float:
    """One cycle over all epochs."""
    return config.train.learning_rate * rising_and_falling(step, steps, config.train.warm_up)


def run_epoch(
    network: Network,
    optimizer: torch.optim.Optimizer,
    task: Task,
    epoch: int,
    steps_per_epoch: int,
) -> dict[str, float]:
    """One pass over drawn clips. Everything random follows from seed and epoch."""
    recipe = task.config.train
    draw, change, mix = np.random.default_rng([recipe.seed, epoch]).spawn(3)
    torch.manual_seed(recipe.seed * 1000 + epoch)
    lengths = np.asarray([len(v[0]) for v in task.train.versions], dtype=np.int64)
    probabilities = draw_probabilities(task.train.clips, task.config.data.weights)
    count = steps_per_epoch * recipe.batch
    network.train()
    losses, rights = [], []
    steps = recipe.epochs * steps_per_epoch
    plan = batches(lengths, probabilities, count, recipe.batch, draw, recipe.shortest)
    made = bar(prefetched(task, plan, change), f"epoch {epoch + 1}", " batches", steps_per_epoch)
    for step, (crops, members) in enumerate(made):
        truth, targets = task.train.truth[members], task.train.targets[members]
        masks = task.masks[members]
        for group in optimizer.param_groups:
            rate = learning_rate(epoch * steps_per_epoch + step, steps, task.config)
            group["lr"] = rate * group["scale"]
        move(network, recipe.moved, mix)
        share = mixing_share(task.config.augment.mixup, mix)
        order = mix.permutation(len(truth))
        inputs = torch.from_numpy(mixed(crops, share, order))
        logits = network.from_decibels(inputs)
        first, second = (
            masked_loss(
                logits,
                torch.from_numpy(targets[o]),
                torch.from_numpy(masks[o]),
                recipe.label_smoothing,
                recipe.absent if epoch >= recipe.absent_from else 0.0,
            )
            for o in (np.arange(len(truth)), order)
        )
        loss = (share * first + (1.0 - share) * second).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.gradient_norm)
        optimizer.step()
        # Correct if the label of the louder clip leads among the labels of its corpus.
        louder = np.arange(len(truth)) if share >= 0.5 else order
        answer = np.where(masks[louder], logits.detach().numpy(), -np.inf).argmax(1)
        losses.append(loss.item())
        rights.append(np.mean(answer == truth[louder]))
    move(network, 0.0, mix)
    return {
        "train_loss": float(np.mean(losses)),
        "train_accuracy": float(np.mean(rights)),
        "learning_rate": optimizer.param_groups[0]["lr"],
    }


def move(network: Network, share: float, rng: np.random.Generator) -> None:
    """Shifts the positions of a batch within half a minute, with probability `share`."""
    if isinstance(network.backbone, whisper.WhisperEncoder):
        blocks = (whisper.POSITIONS - whisper.BACK) // whisper.BLOCK
        there = int(rng.integers(blocks)) if rng.random() < share else 0
        network.backbone.offset = there * whisper.BLOCK


def mixing_share(beta: float, rng: np.random.Generator) -> float:
    """Share of a crop in its mixture with another; 1 where nothing is mixed."""
    return float(rng.beta(beta, beta)) if beta > 0.0 else 1.0


def optimizer_of(network: Network, recipe: Training) -> torch.optim.AdamW:
    """AdamW with a learning rate of its own for the backbone."""
    backbone = network.backbone.trained()
    rest = [*network.norm.parameters(), *network.head.parameters()]
    groups = [
        {"params": backbone, "scale": recipe.backbone_rate},
        {"params": rest, "scale": 1.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def validate(network: Network, task: Task) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Loss, accuracy and the mean over corpora of UAR, all seven labels open, first 3 s."""
    pieces = [opening(versions[0]) for versions in task.validation.versions]
    logits = logits_of(network, pieces)
    truth = task.validation.truth
    probabilities = softmax(logits)
    corpora = np.asarray([clip.corpus for clip in task.validation.clips])
    by_corpus = {
        name: round(metrics.uar(probabilities[corpora == name], truth[corpora == name]), 4)
        for name in task.config.data.corpora
        if np.any(corpora == name)
    }
    figures = {
        "validation_loss": float(
            -np.mean(np.log(probabilities[np.arange(len(truth)), truth] + 1e-12))
        ),
        "validation_accuracy": metrics.accuracy(probabilities, truth),
        "validation_uar": float(np.mean(list(by_corpus.values()))),
        "by_corpus": by_corpus,
    }
    return figures, logits


def corpus_weights(clips: list[Clip]) -> NDArray[np.float64]:
    """Every corpus has the same weight, independent of its number of clips."""
    names = [clip.corpus for clip in clips]
    return np.asarray([1.0 / names.count(name) for name in names])


def train(task: Task, run: Run, start: Path | Run | None, split: str) -> None:
    """Trains, keeps the best epoch on validation, then calibrates it."""
    recipe = task.config.train
    if run.epochs_done() >= recipe.epochs:
        check_recipe(task, run)
        return
    torch.manual_seed(recipe.seed)
    network = Network(tuple(recipe.taps), recipe.dropout, backbone=recipe.backbone)
    digest = begin(network, start)
    network.use_half()
    if digest is None:
        # Statistics of random weights have to adapt within the first epoch.
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 0.1
    network = network.to(memory_format=torch.channels_last)
    optimizer = optimizer_of(network, recipe)
    history: list[dict[str, Any]] = []
    if run.last.is_file():
        check_recipe(task, run)
        saved = torch.load(run.last, weights_only=False)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        history = saved["history"]
        print(f"resuming after epoch {len(history)}", flush=True)
    run.folder.mkdir(parents=True, exist_ok=True)
    # Written before the first epoch, so that an interrupted run can be identified too.
    about = facts(task, split, network, digest)
    if isinstance(start, Run):
        about["before"] = start.read(start.facts)["recipe"]
    write_json(run.facts, about)
    steps_per_epoch = max(1, recipe.clips_per_epoch // recipe.batch)
    for epoch in range(len(history), recipe.epochs):
        began = time.monotonic()
        figures = run_epoch(network, optimizer, task, epoch, steps_per_epoch)
        checked, logits = validate(network, task)
        seconds = round(time.monotonic() - began, 1)
        entry = {"epoch": epoch + 1, **figures, **checked, "seconds": seconds}
        history.append(entry)
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in entry.items()}, flush=True)
        if checked["validation_uar"] >= max(row["validation_uar"] for row in history):
            save(run.best, {"network": network.state_dict(), "epoch": epoch + 1})
            fitted = fit_calibration(
                logits, task.validation.truth, corpus_weights(task.validation.clips)
            )
            write_json(run.calibration, dataclasses.asdict(fitted))
        state = {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "history": history,
        }
        save(run.last, state)
        write_json(run.history, history)
    training_curve(history, run.curve)


def check_recipe(task: Task, run: Run) -> None:
    """Raises `UserError` if the run was started with another recipe than the config's.

    Otherwise the config alone would not determine the model file.
    """
    before = run.read(run.facts)
    now = recipe_facts(task.config)
    for table in now:
        for key, value in (before.get(table) or {}).items():
            # More members do not change a member.
            if key != "members" and key in now[table] and now[table][key] != value:
                raise UserError(
                    f"{run.folder} was started with {key} = {value}, and the config says "
                    f"{now[table][key]}; change the config, or use another --work folder"
                )


def recipe_facts(config: Config) -> dict[str, Any]:
    """What decides the weights of the supervised training, as JSON keeps it."""
    return {
        "recipe": dataclasses.asdict(config.train),
        "augment": dataclasses.asdict(config.augment),
        "data": dataclasses.asdict(config.data),
    }


def facts(task: Task, split: str, network: Network, digest: str | None) -> dict[str, Any]:
    """What the card and the model file say about the training."""
    return {
        "name": task.config.name,
        "split": split,
        "parameters": count_parameters(network),
        "pretrained_sha256": digest,
        "taps": task.config.train.taps,
        **recipe_facts(task.config),
        "distil": dataclasses.asdict(task.config.distil) if task.config.distil else None,
        "training_data": summary(task.train.clips),
        "validation_data": summary(task.validation.clips),
        "noises": len(task.noises),
    }
