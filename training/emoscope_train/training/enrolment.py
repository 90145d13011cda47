"""Draws clips as in a session: each with a baseline from other clips of its speaker."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..model.baseline import Baselines, Embeddings, statistics

# Share of clips without a baseline, as in the first seconds of a session.
COLD = 0.35
# Most clips of a baseline, and the fewest other clips that a voice needs for one.
MOST, FEWEST = 30, 2
# Share of baselines that are mostly neutral, and the factor on the weight of neutral clips.
MOSTLY_NEUTRAL, NEUTRAL_ODDS = 0.3, 20.0
# Share of baselines mostly of the clip's own label, and the factor on the weight of such clips.
MOSTLY_ONE_LABEL, ONE_LABEL_ODDS = 0.2, 20.0
# Share of baselines of a single version: one room, one microphone.
SAME_VERSION = 0.7


@dataclass
class Versions:
    """Embeddings [clips, versions, width] and their seconds of speech."""

    embeddings: Embeddings
    seconds: NDArray[np.float64]


class Voices:
    """Draws clips, each with a baseline from other clips of its voice."""

    def __init__(
        self, clips: list[Clip], versions: Versions, probabilities: NDArray[np.float64]
    ) -> None:
        self.versions, self.probabilities = versions, probabilities
        self.speakers = np.asarray([clip.speaker for clip in clips])
        self.labels = np.asarray([clip.label for clip in clips])
        names = np.unique(self.speakers)
        self.mine = {name: np.flatnonzero(self.speakers == name) for name in names}

    def draw(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], Embeddings, Baselines]:
        """Indices of clips, an embedding of each, and the baseline of its voice."""
        kinds = self.versions.embeddings.shape[1]
        clips = rng.choice(len(self.probabilities), count, p=self.probabilities)
        embeddings = self.versions.embeddings[clips, rng.integers(0, kinds, count)]
        known = Baselines.unknown(count, embeddings.shape[1])
        for place, clip in enumerate(clips):
            others = self.mine[self.speakers[clip]]
            others = others[others != clip]
            if len(others) < FEWEST or rng.random() < COLD:
                continue
            size = int(np.exp(rng.uniform(0.0, np.log(MOST + 1))))
            share = self.probabilities[others].copy()
            kind = rng.random()
            if kind < MOSTLY_NEUTRAL:
                share[self.labels[others] == "neutral"] *= NEUTRAL_ODDS
            elif kind < MOSTLY_NEUTRAL + MOSTLY_ONE_LABEL:
                share[self.labels[others] == self.labels[clip]] *= ONE_LABEL_ODDS
            chosen = rng.choice(others, size, p=share / share.sum())
            same = rng.random() < SAME_VERSION
            version = rng.integers(0, kinds, 1 if same else size)
            seconds = self.versions.seconds[chosen, version]
            known.statistics[place] = statistics(self.versions.embeddings[chosen, version], seconds)
            known.seconds[place] = seconds.sum()
        return clips, embeddings, known
