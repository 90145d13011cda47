"""When a voice is plainly another one: the border that the program compares a distance with.

Only the earlier blocks are asked: the last one tells emotions apart.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..export.model_spec import VoiceChange
from ..model.baseline import LIMIT, PRIOR_S, Embeddings, statistics

# Speech over which another voice shows, and what a voice must have been known for before one can.
RECENT_S, ENROLMENT_S = 12.0, 24.0
# Longest that a voice is known for here.
LONGEST_S = 120.0
# How often a voice may be taken for another one, and draws of each voice that this is found by.
MISTAKEN, DRAWS = 0.01, 100


def distance(
    known: NDArray[np.floating], enrolment_s: float, recent: NDArray[np.floating], numbers: int
) -> float:
    """Mean squared distance of `recent`'s mean, in variances of the known voice [2, width]."""
    mean, variance = np.asarray(known, dtype=np.float64)[:, :numbers]
    shrunk = (enrolment_s * variance + PRIOR_S) / (enrolment_s + PRIOR_S)
    apart = np.asarray(recent, dtype=np.float64)[:numbers] - mean
    return float(np.mean(np.minimum(apart**2 / shrunk, LIMIT**2)))


def distances(
    embeddings: Embeddings,
    seconds: NDArray[np.floating],
    speakers: list[str],
    numbers: int,
    other: bool = False,
) -> Iterator[float]:
    """What a voice said last against what it said before; against another voice of the corpus.

    The corpus is what stands before the first `_` of a speaker's name.
    """
    names = np.asarray(speakers)
    rng = np.random.default_rng(0)
    mine = {str(name): np.flatnonzero(names == name) for name in np.unique(names)}
    enough = ENROLMENT_S + 2.0 * RECENT_S
    mine = {name: clips for name, clips in mine.items() if seconds[clips].sum() >= enough}
    for name, clips in mine.items():
        strangers = [o for o in mine if o != name and o.split("_")[0] == name.split("_")[0]]
        if other and not strangers:
            continue
        for _ in range(DRAWS):
            order = rng.permutation(clips)
            spoken = seconds[order].sum() - (0.0 if other else 1.5 * RECENT_S)
            wanted = rng.uniform(ENROLMENT_S, min(LONGEST_S, spoken))
            count = int(np.searchsorted(np.cumsum(seconds[order]), wanted)) + 1
            known, rest = order[:count], order[count:]
            if other:
                rest = rng.permutation(mine[strangers[rng.integers(len(strangers))]])
            last = rest[: int(np.searchsorted(np.cumsum(seconds[rest]), RECENT_S)) + 1]
            yield distance(
                statistics(embeddings[known], seconds[known]),
                float(seconds[known].sum()),
                statistics(embeddings[last], seconds[last])[0],
                numbers,
            )


def border(
    embeddings: Embeddings, seconds: NDArray[np.floating], speakers: list[str], numbers: int
) -> VoiceChange | None:
    """The distance that a voice seldom goes; `None` where no voice says enough."""
    found = list(distances(embeddings, seconds, speakers, numbers))
    if not found:
        return None
    return VoiceChange(numbers, round(float(np.quantile(found, 1.0 - MISTAKEN)), 4))
