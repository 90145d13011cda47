"""The baseline of a voice: mean and variance of its embeddings, as the binary gathers them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
# Seconds of speech that the prior weighs against a voice's own baseline.
PRIOR_S = 6.0
# Mean variance of a baseline that counts for nothing, and from which on it counts in full: a voice
# that expressed one thing alone would have that taken for its ordinary sound. Chosen on validation
# speakers, beside what they say at random, neutral first, and of one label alone.
LOW_VARIANCE, FULL_VARIANCE = 0.1, 0.6
# Standard deviations beyond which an embedding's number says no more.
LIMIT = 3.0
# Under the root of every variance.
VARIANCE_FLOOR = 1e-3


@dataclass
class Baselines:
    """One voice's statistics per clip: [clips, 2, width] and seconds [clips, 1]."""

    statistics: NDArray[np.float32]
    seconds: NDArray[np.float32]

    @classmethod
    def unknown(cls, clips: int, width: int) -> "Baselines":
        """Nothing was heard of anybody."""
        return cls(np.zeros((clips, 2, width), np.float32), np.zeros((clips, 1), np.float32))


def statistics(embeddings: Embeddings, seconds: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean and variance over windows [n, width], each weighing its seconds."""
    weights = np.asarray(seconds, dtype=np.float64)[:, None] / np.sum(seconds)
    mean = np.sum(weights * embeddings, axis=0)
    return np.stack([mean, np.sum(weights * (embeddings - mean) ** 2, axis=0)])


def baseline_weight(known: Baselines) -> NDArray[np.float32]:
    """What a voice's own baseline weighs against the prior, 0 to 1: [clips, 1]."""
    varied = np.mean(known.statistics[:, 1], axis=1, keepdims=True)
    varied = np.clip((varied - LOW_VARIANCE) / (FULL_VARIANCE - LOW_VARIANCE), 0.0, 1.0)
    return np.asarray(varied * known.seconds / (known.seconds + PRIOR_S), dtype=np.float32)


def enrolled(
    embeddings: Embeddings,
    seconds: NDArray[np.floating],
    speakers: list[str],
    limit_s: float,
    rng: np.random.Generator,
    first: NDArray[np.bool_] | None = None,
) -> Baselines:
    """Each clip's baseline: others of its speaker, at random, until there are `limit_s` seconds.

    `first` marks clips that are taken before all others (a voice met in its neutral speech).
    """
    out = Baselines.unknown(len(embeddings), embeddings.shape[1])
    if limit_s <= 0.0:
        return out
    names = np.asarray(speakers)
    for name in np.unique(names):
        mine = np.flatnonzero(names == name)
        for clip in mine:
            others = rng.permutation(mine[mine != clip])
            if first is not None:
                others = others[np.argsort(~first[others], kind="stable")]
            total = np.cumsum(seconds[others])
            chosen = others[: int(np.searchsorted(total, limit_s)) + 1]
            if len(chosen):
                out.statistics[clip] = statistics(embeddings[chosen], seconds[chosen])
                out.seconds[clip] = np.sum(seconds[chosen])
    return out


def of_all_speakers(
    embeddings: Embeddings, seconds: NDArray[np.floating], limit_s: float
) -> Baselines:
    """One baseline for all clips, whoever speaks, that weighs no more than `limit_s` seconds."""
    out = Baselines.unknown(len(embeddings), embeddings.shape[1])
    out.statistics[:] = statistics(embeddings, seconds)
    out.seconds[:] = min(limit_s, float(np.sum(seconds)))
    return out
