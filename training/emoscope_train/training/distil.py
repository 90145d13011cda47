"""Self-distillation of a finished backbone on reverberant, noisy and cropped audio.

Teacher and student, after Li et al., "Large-scale domain adaptation via teacher-student learning"
(Interspeech 2017). The teacher is the trained network on the clip's first window.
The student starts as a copy and gets an augmented crop of that window. No label is used, so the
answers on clean speech stay the same.
"""

import copy

import numpy as np
import torch
from torch import Tensor

from ..config import Distillation
from ..evaluation.inference import embeddings_of
from ..features.augment import augmented, crop, levelled
from ..features.cache import Decibels
from ..features.windows import LONGEST, opening
from ..model.baseline import LIMIT
from ..model.network import Network
from ..numeric import rising_and_falling
from ..progress import bar
from ..runs import Run
from .batches import version_of
from .checkpoints import load_backbone, save
from .sampling import Batch, batches, draw_probabilities
from .task import Task


def distil(task: Task, run: Run) -> None:
    """Writes the student's weights; resumes after the last whole epoch."""
    recipe = task.config.distil
    assert recipe is not None
    teacher = load_backbone(run)
    student = copy.deepcopy(teacher).to(memory_format=torch.channels_last)
    # Batch norms keep their statistics: noisy speech should map to where clean speech lies.
    backbone = student.backbone.trained()
    optimizer = torch.optim.AdamW(backbone, lr=recipe.learning_rate, weight_decay=0.0)
    done = 0
    if run.distilling.is_file():
        saved = torch.load(run.distilling, weights_only=False)
        student.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["epochs"]
        print(f"distillation: resuming after epoch {done}", flush=True)
    teacher_answers = Teacher(teacher, [opening(versions[0]) for versions in task.train.versions])
    for epoch in range(done, recipe.epochs):
        figures = run_epoch(student, optimizer, teacher_answers, task, recipe, epoch)
        print(f"distillation, epoch {epoch + 1}: {figures}", flush=True)
        state = {
            "network": student.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epochs": epoch + 1,
        }
        save(run.distilling, state)
    save(run.distilled, {"network": student.state_dict()})


class Teacher:
    """The teacher's answers: pooled blocks at mean 0 and variance 1, and probabilities."""

    def __init__(self, teacher: Network, pieces: list[Decibels]) -> None:
        pooled = torch.from_numpy(embeddings_of(teacher.pooler(), pieces))
        self.mean, self.spread = pooled.mean(dim=0), pooled.std(dim=0) + 1e-3
        self.pooled = torch.clamp(self.standardized(pooled), -LIMIT, LIMIT)
        with torch.inference_mode():
            self.probabilities = torch.softmax(teacher.independent_logits(pooled), dim=1)

    def standardized(self, pooled: Tensor) -> Tensor:
        """In standard deviations of clean clips."""
        return (pooled - self.mean) / self.spread

    def loss(self, student: Network, crops: Tensor, clips: list[int], agreement: float) -> Tensor:
        """Squared distance of the embeddings, and divergence of the probabilities."""
        pooled = student.pooled(student.image(crops))
        distance = (self.standardized(pooled) - self.pooled[clips]).pow(2).mean()
        said = torch.log_softmax(student.independent_logits(pooled), dim=1)
        divergence = torch.nn.functional.kl_div(
            said, self.probabilities[clips], reduction="batchmean"
        )
        return distance + agreement * divergence


def run_epoch(
    student: Network,
    optimizer: torch.optim.Optimizer,
    teacher_answers: Teacher,
    task: Task,
    recipe: Distillation,
    epoch: int,
) -> float:
    """Mean loss. Everything random follows from seed and epoch."""
    draw, change = np.random.default_rng([task.config.train.seed, epoch]).spawn(2)
    # Crops come from the window that the teacher gets.
    lengths = np.asarray([min(len(v[0]), LONGEST) for v in task.train.versions], dtype=np.int64)
    probabilities = draw_probabilities(task.train.clips, task.config.data.weights)
    size, each = task.config.train.batch, recipe.clips_per_epoch // task.config.train.batch
    plan = batches(lengths, probabilities, each * size, size, draw)
    losses = []
    for step, batch in enumerate(bar(plan, f"distillation, epoch {epoch + 1}", " batches", each)):
        rate = rising_and_falling(epoch * each + step, recipe.epochs * each, recipe.warm_up)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * rate
        crops = torch.from_numpy(student_crops(task, recipe, batch, change))
        loss = teacher_answers.loss(student, crops, batch.members, recipe.agreement)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.backbone.trained(), 5.0)
        optimizer.step()
        losses.append(loss.item())
    return round(float(np.mean(losses)), 4)


def student_crops(
    task: Task, recipe: Distillation, batch: Batch, rng: np.random.Generator
) -> Decibels:
    """Crops [batch, frames, 80] of the first window, most of them augmented."""
    crops = []
    for member in batch.members:
        versions = task.train.versions[member]
        if rng.random() < recipe.untouched:
            crops.append(levelled(crop(opening(versions[0]), batch.frames, rng)))
            continue
        source = version_of(versions, batch.frames, recipe.augment.room, rng)[:LONGEST]
        crops.append(augmented(source, batch.frames, task.noises, recipe.augment, rng))
    return np.stack(crops)
