"""The distance from a baseline that indicates a new speaker: the same speaker rarely reaches it.

Only the earlier blocks count, because the last one separates emotions.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..export.model_spec import VoiceChange
from ..model.baseline import KNOWN_S, LIMIT, PRIOR_S, RECENT_S, Embeddings, statistics

# Longest baseline drawn here, in seconds.
LONGEST_S = 120.0
# Share of false changes, and draws per voice to find the distance for it.
FALSE_CHANGES, DRAWS = 0.01, 100


def distance(
    known: NDArray[np.floating], enrolment_s: float, recent: NDArray[np.floating], numbers: int
) -> float:
    """Mean squared distance of `recent`'s mean, in variances of the baseline [2, width]."""
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
    """Distances of a voice's last clips from its earlier ones, or from another voice of its corpus.

    The corpus is the part of a speaker's name before the first `_`.
    """
    names = np.asarray(speakers)
    rng = np.random.default_rng(0)
    mine = {str(name): np.flatnonzero(names == name) for name in np.unique(names)}
    enough = KNOWN_S + 2.0 * RECENT_S
    mine = {name: clips for name, clips in mine.items() if seconds[clips].sum() >= enough}
    for name, clips in mine.items():
        strangers = [o for o in mine if o != name and o.split("_")[0] == name.split("_")[0]]
        if other and not strangers:
            continue
        for _ in range(DRAWS):
            order = rng.permutation(clips)
            spoken = seconds[order].sum() - (0.0 if other else 1.5 * RECENT_S)
            wanted = rng.uniform(KNOWN_S, min(LONGEST_S, spoken))
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
    """The distance with the wanted share of false changes; None if every voice is too short."""
    measured = list(distances(embeddings, seconds, speakers, numbers))
    if not measured:
        return None
    return VoiceChange(numbers, round(float(np.quantile(measured, 1.0 - FALSE_CHANGES)), 4))
