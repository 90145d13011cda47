"""Draws the clips of an epoch, the length of each crop, and the batches."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..data.labels import LABELS
from ..features.windows import LONGEST, SHORTEST, whole_steps


@dataclass(frozen=True)
class Batch:
    """Clips that are cut to the same number of frames."""

    members: list[int]
    frames: int


def draw_probabilities(clips: list[Clip], weights: dict[str, float]) -> NDArray[np.float64]:
    """One over the root of the corpus-and-label count, times the corpus's weight."""
    counts = Counter((clip.corpus, clip.label) for clip in clips)
    raw = [weights.get(c.corpus, 1.0) / np.sqrt(counts[c.corpus, c.label]) for c in clips]
    return np.asarray(raw) / np.sum(raw)


def label_masks(clips: list[Clip], labels: dict[str, list[str]]) -> NDArray[np.bool_]:
    """[clips, labels]: the labels that occur in the clip's corpus.

    If a corpus has a single label, all labels compete.
    """
    rows = []
    for clip in clips:
        allowed = labels.get(clip.corpus, [])
        rows.append([len(allowed) < 2 or name in allowed for name in LABELS])
    return np.asarray(rows, dtype=bool)


def batches(
    lengths: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    count: int,
    size: int,
    rng: np.random.Generator,
    shortest: int = SHORTEST,
) -> Iterator[Batch]:
    """Draws `count` clips and a length of at least `shortest` frames each; batches group lengths.

    A clip is never lengthened: a batch is cut to its shortest drawn length.
    """
    drawn = rng.choice(len(probabilities), size=count, p=probabilities)
    wished = np.minimum(rng.integers(shortest, LONGEST + 1, size=count), lengths[drawn])
    order = np.argsort(wished + rng.uniform(0.0, 1.0, count))
    groups = [order[start : start + size] for start in range(0, count - size + 1, size)]
    for place in rng.permutation(len(groups)):
        group = groups[place]
        yield Batch([int(i) for i in drawn[group]], whole_steps(int(wished[group].min())))
