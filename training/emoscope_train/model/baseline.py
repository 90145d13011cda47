"""The speaker baseline: mean and variance of a voice's embeddings, as in the program.

The constants are tuned together with the models and are written into each model file.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
# Weight of the prior (mean 0, variance 1) against a voice's own statistics, in seconds of speech.
PRIOR_S = 6.0
# Mean variance at which a baseline has no weight, and from which it has full weight. A low-variance
# baseline gets less weight, so sustained anger does not become the reference. Chosen on validation
# speakers with enrolment clips at random, neutral first, and of one label.
LOW_VARIANCE, FULL_VARIANCE = 0.1, 0.6
# The same by the label mix: sum over the labels of the variance of their probabilities. Chosen in
# the same way.
LOW_DIVERSITY, FULL_DIVERSITY = 0.05, 0.13
# Mean variance of a speaker who expresses several emotions; reading aloud shows about half of it.
REFERENCE_VARIANCE = 0.5
# Standard deviations at which a number of a relative embedding is clamped.
LIMIT = 3.0
# Added to every variance before its square root.
VARIANCE_FLOOR = 1e-3
# Largest weight of a folder's common baseline, in seconds of speech.
FOLDER_S = 3.0
# Seconds of speech over which a change of speaker shows, and of the baseline before one can.
RECENT_S, KNOWN_S = 12.0, 24.0
# Mean logit of an utterance's windows from which it counts as speech. Chosen on validation sounds
# and speakers.
SPEECH_LOGIT = 3.0


@dataclass
class Baselines:
    """One voice's statistics per clip: [clips, 2, width] and seconds [clips, 1]."""

    statistics: NDArray[np.float32]
    seconds: NDArray[np.float32]

    @classmethod
    def unknown(cls, clips: int, width: int) -> "Baselines":
        """Zero seconds of every voice."""
        return cls(np.zeros((clips, 2, width), np.float32), np.zeros((clips, 1), np.float32))


def statistics(embeddings: Embeddings, seconds: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean and variance over windows [n, width], each weighing its seconds."""
    weights = np.asarray(seconds, dtype=np.float64)[:, None] / np.sum(seconds)
    mean = np.sum(weights * embeddings, axis=0)
    return np.stack([mean, np.sum(weights * (embeddings - mean) ** 2, axis=0)])


def baseline_weight(baselines: Baselines) -> NDArray[np.float32]:
    """Weight of the baseline against the prior, 0 to 1: [clips, 1]."""
    variance_share = np.mean(baselines.statistics[:, 1], axis=1, keepdims=True)
    variance_share = np.clip(
        (variance_share - LOW_VARIANCE) / (FULL_VARIANCE - LOW_VARIANCE), 0.0, 1.0
    )
    return np.asarray(
        variance_share * baselines.seconds / (baselines.seconds + PRIOR_S), dtype=np.float32
    )


def enrolled(
    embeddings: Embeddings,
    seconds: NDArray[np.floating],
    speakers: list[str],
    limit_s: float,
    rng: np.random.Generator,
    first: NDArray[np.bool_] | None = None,
) -> Baselines:
    """Each clip's baseline: random other clips of its speaker, until `limit_s` seconds are reached.

    Clips marked in `first` are taken before all others, for example neutral ones.
    """
    out = Baselines.unknown(len(embeddings), embeddings.shape[1])
    if limit_s <= 0.0:
        return out
    names = np.asarray(speakers)
    for name in np.unique(names):
        clips_of_speaker = np.flatnonzero(names == name)
        for clip in clips_of_speaker:
            others = rng.permutation(clips_of_speaker[clips_of_speaker != clip])
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
    """One baseline for all clips and speakers, with a weight of at most `limit_s` seconds."""
    out = Baselines.unknown(len(embeddings), embeddings.shape[1])
    out.statistics[:] = statistics(embeddings, seconds)
    out.seconds[:] = min(limit_s, float(np.sum(seconds)))
    return out
