"""Fine-tunes the network; every epoch is kept, and a broken-off run goes on where it stopped."""

import dataclasses
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import calibrate, metrics, splits, whisper
from .augment import augmented, mixed
from .config import Config, Training
from .corpora import Clip, labels_of, summary
from .duplicates import without_crossing
from .features import Decibels, FeatureSet
from .figures import training_curve
from .labels import LABELS
from .model import Network, count_parameters, load_pretrained
from .numeric import rising_and_falling, softmax
from .predict import logits_of
from .progress import bar
from .runs import Run, write_json
from .sampling import Batch, batches, label_masks, opening, probabilities


@dataclasses.dataclass
class Material:
    """Clips of one split with their features in memory."""

    clips: list[Clip]
    versions: list[list[Decibels]]
    truth: NDArray[np.int64]
    # What is learned: [clips, labels], rows that sum to 1.
    targets: NDArray[np.float32]

    @classmethod
    def of(cls, clips: list[Clip], sets: list[FeatureSet]) -> "Material":
        versions = [[found.trimmed(clip.path) for found in sets] for clip in clips]
        truth = np.asarray([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
        return cls(clips, versions, truth, targets_of(clips, truth))


def targets_of(clips: list[Clip], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """The label of each clip; where listeners voted, half of it and half of their votes."""
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
    """What a training needs besides its config."""

    config: Config
    train: Material
    validation: Material
    # Of a corpus that is left out: its clips but those of the test speakers.
    unmet: Material
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
    # The corpora alone say which labels they have: read speech taken as neutral has no mask.
    masks = label_masks(train.clips, labels_of(c for c in clips if c.corpus in config.data.corpora))
    validation = Material.of(side[splits.VALIDATION], [clean])
    tested = {path for path, role in splits.speakers(chosen).items() if role == splits.TEST}
    unmet = [clip for clip in side[splits.TEST] if clip.path not in tested]
    return Task(config, train, validation, Material.of(unmet, [clean]), noises, sounds, masks)


def sides_of(clips: list[Clip], clean: FeatureSet) -> dict[str, list[Decibels]]:
    """Sounds by the side that hears them; each voice or file on one."""
    roles = splits.sounds(clips)
    return {
        side: [clean.trimmed(path) for path, role in roles.items() if role == side]
        for side in splits.ROLES
    }


def learning_rate(step: int, steps: int, config: Config) -> float:
    """One cycle over all epochs."""
    return config.train.learning_rate * rising_and_falling(step, steps, config.train.warm_up)


def masked_loss(
    logits: Tensor, targets: Tensor, masks: Tensor, smoothing: float, absent: float
) -> Tensor:
    """Cross-entropy per clip among the labels that its corpus has; all arguments [batch, labels].

    A label that is never wrong for a corpus grows there without bound, and at run time all seven
    compete: so a share `absent` of the loss is taken among all of them.
    """
    if absent > 0.0:
        everything = torch.ones_like(masks)
        among_all = masked_loss(logits, targets, everything, smoothing, 0.0)
        own = masked_loss(logits, targets, masks, smoothing, 0.0)
        return (1.0 - absent) * own + absent * among_all
    chances = torch.log_softmax(logits.masked_fill(~masks, -1e4), dim=1)
    hit = -(chances * targets).sum(1)
    spread = -(chances * masks).sum(1) / masks.sum(1)
    return (1.0 - smoothing) * hit + smoothing * spread


def version_of(
    versions: list[Decibels], frames: int, room: float, rng: np.random.Generator
) -> Decibels:
    """The clean version of a clip, or by a chance of `room` the one in a room."""
    source = versions[-1 if rng.random() < room else 0]
    # A room's tail moves the trim by a few frames; the clean one is long enough.
    return source if len(source) >= frames else versions[0]


def make_batch(
    task: Task, batch: Batch, rng: np.random.Generator
) -> tuple[Decibels, list[int]]:
    """Augmented crops [batch, frames, 80], and the clips that they are of."""
    settings = task.config.augment
    crops = []
    for member in batch.members:
        source = version_of(task.train.versions[member], batch.frames, settings.room, rng)
        crops.append(augmented(source, batch.frames, task.noises, settings, rng))
    return np.stack(crops), batch.members


def prefetched(
    task: Task, plan: Iterable[Batch], rng: np.random.Generator
) -> Iterator[tuple[Decibels, list[int]]]:
    """Makes the next batches while the network works on this one; in order, so still repeatable."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Any]] = deque()
        for batch in plan:
            waiting.append(pool.submit(make_batch, task, batch, rng))
            if len(waiting) > 3:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
    chances = probabilities(task.train.clips, task.config.data.weights)
    count = steps_per_epoch * recipe.batch
    network.train()
    losses, rights = [], []
    steps = recipe.epochs * steps_per_epoch
    plan = batches(lengths, chances, count, recipe.batch, draw, recipe.shortest)
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
        # Right when the louder clip's label leads among the labels that its corpus has.
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
    """Places a batch anywhere in an utterance of up to half a minute, by a chance of `share`."""
    if isinstance(network.backbone, whisper.WhisperEncoder):
        blocks = (whisper.POSITIONS - whisper.BACK) // whisper.BLOCK
        there = int(rng.integers(blocks)) if rng.random() < share else 0
        network.backbone.offset = there * whisper.BLOCK


def mixing_share(beta: float, rng: np.random.Generator) -> float:
    """Share of a crop in its mixture with another; 1 where nothing is mixed."""
    return float(rng.beta(beta, beta)) if beta > 0.0 else 1.0


def optimizer_of(network: Network, recipe: Training) -> torch.optim.AdamW:
    """The backbone's weights at a rate of their own."""
    backbone = network.backbone.trained()
    rest = [*network.norm.parameters(), *network.head.parameters()]
    groups = [
        {"params": backbone, "scale": recipe.backbone_rate},
        {"params": rest, "scale": 1.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def use_half(network: Network) -> None:
    """bfloat16 for a backbone that can do with it, where the processor multiplies in it."""
    if isinstance(network.backbone, whisper.WhisperEncoder):
        network.backbone.half = torch.cpu._is_avx512_bf16_supported()


def validate(network: Network, task: Task) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Loss, accuracy and the mean over corpora of UAR, all seven labels open, first 3 s."""
    pieces = [opening(versions[0]) for versions in task.validation.versions]
    logits = logits_of(network, pieces)
    truth = task.validation.truth
    chances = softmax(logits)
    corpora = np.asarray([clip.corpus for clip in task.validation.clips])
    by_corpus = {
        name: round(metrics.uar(chances[corpora == name], truth[corpora == name]), 4)
        for name in task.config.data.corpora
        if np.any(corpora == name)
    }
    found = {
        "validation_loss": float(-np.mean(np.log(chances[np.arange(len(truth)), truth] + 1e-12))),
        "validation_accuracy": metrics.accuracy(chances, truth),
        "validation_uar": float(np.mean(list(by_corpus.values()))),
        "by_corpus": by_corpus,
    }
    return found, logits


def corpus_weights(clips: list[Clip]) -> NDArray[np.float64]:
    """Every corpus counts alike, however many clips it holds back."""
    names = [clip.corpus for clip in clips]
    return np.asarray([1.0 / names.count(name) for name in names])


def begin(network: Network, start: Path | Run | None) -> str | None:
    """Loads the published weights or those of a finished run; the published ones' SHA-256."""
    if isinstance(start, Run):
        network.load_state_dict(load_body(start).state_dict())
        digest: str | None = start.read(start.facts)["pretrained_sha256"]
        return digest
    return load_pretrained(network, start)


def train(task: Task, run: Run, start: Path | Run | None, split: str) -> None:
    """Trains, keeps the best epoch on validation, then calibrates it."""
    recipe = task.config.train
    torch.manual_seed(recipe.seed)
    network = Network(tuple(recipe.taps), recipe.dropout, backbone=recipe.backbone)
    digest = begin(network, start)
    use_half(network)
    if digest is None:
        # Statistics that start from nothing have to catch up within the first epoch.
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 0.1
    network = network.to(memory_format=torch.channels_last)
    optimizer = optimizer_of(network, recipe)
    history: list[dict[str, Any]] = []
    if run.last.is_file():
        saved = torch.load(run.last, weights_only=False)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        history = saved["history"]
        print(f"going on after epoch {len(history)}", flush=True)
    run.folder.mkdir(parents=True, exist_ok=True)
    # Known before the first epoch, so that a run says what it is even when it is broken off.
    about = facts(task, split, network, digest)
    if isinstance(start, Run):
        about["before"] = start.read(start.facts)["recipe"]
    write_json(run.facts, about)
    steps_per_epoch = max(1, recipe.clips_per_epoch // recipe.batch)
    for epoch in range(len(history), recipe.epochs):
        began = time.monotonic()
        found = run_epoch(network, optimizer, task, epoch, steps_per_epoch)
        checked, logits = validate(network, task)
        seconds = round(time.monotonic() - began, 1)
        entry = {"epoch": epoch + 1, **found, **checked, "seconds": seconds}
        history.append(entry)
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in entry.items()}, flush=True)
        if checked["validation_uar"] >= max(row["validation_uar"] for row in history):
            save(run.best, {"network": network.state_dict(), "epoch": epoch + 1})
            fitted = calibrate.fit(
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


def save(path: Path, state: dict[str, Any]) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def facts(task: Task, split: str, network: Network, digest: str | None) -> dict[str, Any]:
    """What the card and the model file tell of the training."""
    return {
        "name": task.config.name,
        "split": split,
        "remark": task.config.remark,
        "parameters": count_parameters(network),
        "pretrained_sha256": digest,
        "taps": task.config.train.taps,
        "recipe": dataclasses.asdict(task.config.train),
        "augment": dataclasses.asdict(task.config.augment),
        "distil": dataclasses.asdict(task.config.distil) if task.config.distil else None,
        "training_data": summary(task.train.clips),
        "validation_data": summary(task.validation.clips),
        "noises": len(task.noises),
    }


def load_body(run: Run, weights: Path | None = None) -> Network:
    """The network of the best epoch, or of other weights, without a voice head, at rest."""
    facts = run.read(run.facts)
    network = Network(tuple(facts["taps"]), backbone=facts.get("recipe", {}).get("backbone", "mn04"))
    network.load_state_dict(torch.load(weights or run.best, weights_only=False)["network"])
    return network.eval()
