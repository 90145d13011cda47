"""Augmented crops of the drawn clips, prepared in advance."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ..features.augment import augmented
from ..features.cache import Decibels
from .sampling import Batch
from .task import Task


def version_of(
    versions: list[Decibels], frames: int, room: float, rng: np.random.Generator
) -> Decibels:
    """The clean version of a clip, or the reverberant one with probability `room`."""
    source = versions[-1 if rng.random() < room else 0]
    # Reverberation moves the trim by a few frames; the clean version is long enough.
    return source if len(source) >= frames else versions[0]


def make_batch(task: Task, batch: Batch, rng: np.random.Generator) -> tuple[Decibels, list[int]]:
    """Augmented crops [batch, frames, 80], and their clips."""
    settings = task.config.augment
    crops = []
    for member in batch.members:
        source = version_of(task.train.versions[member], batch.frames, settings.room, rng)
        crops.append(augmented(source, batch.frames, task.noises, settings, rng))
    return np.stack(crops), batch.members


def prefetched(
    task: Task, plan: Iterable[Batch], rng: np.random.Generator
) -> Iterator[tuple[Decibels, list[int]]]:
    """Makes the next batches while the network runs; in order, so the result is repeatable."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Any]] = deque()
        for batch in plan:
            waiting.append(pool.submit(make_batch, task, batch, rng))
            if len(waiting) > 3:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
