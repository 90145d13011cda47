"""Trains the head: a logistic regression on embeddings and on the base model's own logits."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ..data.corpora import Clip
from ..model.baseline import Baselines, Embeddings, enrolled
from ..training.enrolment import Versions, Voices
from .graft import BaseModel, Head, relative

# Number of draws: each is a version of a clip with a baseline.
DRAWS_PER_CLIP, FEWEST_DRAWS, MOST_DRAWS = 4, 2000, 16_000
# Scale of the base model's logits, in standard deviations of an embedding's values: a few clips
# suffice to use them, and many clips can override them.
BASE_SCALE = 5.0
STRENGTH = 3e-3
# A label that no clip of a fold has.
NEVER = -30.0


def speakers(clips: list[Clip]) -> list[str]:
    """The speaker of each clip; every clip of an unknown speaker counts as a separate speaker."""
    return [clip.speaker or clip.path for clip in clips]


def fit(
    base: BaseModel, clips: list[Clip], truth: NDArray[np.int64], versions: Versions, labels: int
) -> Head:
    """Trains the head for `labels` labels; every label has the same weight."""
    counts = Counter(truth.tolist())
    probabilities = np.asarray([1.0 / counts[k] for k in truth.tolist()])
    named = [
        Clip(c.path, c.corpus, who, "", "", c.label)
        for c, who in zip(clips, speakers(clips), strict=True)
    ]
    voices = Voices(named, versions, probabilities / probabilities.sum())
    draws = min(max(FEWEST_DRAWS, DRAWS_PER_CLIP * len(clips)), MOST_DRAWS)
    drawn, embeddings, baselines = voices.draw(draws, np.random.default_rng(0))
    own, base_logits = relative(embeddings, baselines), base.base_logits(embeddings, baselines)
    scale = BASE_SCALE / float(np.std(base_logits) + 1e-6)
    inputs = np.concatenate([own, scale * base_logits], axis=1)
    weight = np.zeros((labels, inputs.shape[1]), dtype=np.float32)
    bias = np.full(labels, NEVER, dtype=np.float32)
    width = own.shape[1]
    if len(counts) == 1:
        # All other clips of the fold are copies, or of the tested speakers.
        bias[truth[0]] = 0.0
        return Head(weight[:, :width], weight[:, width:], bias)
    learner = LogisticRegression(C=STRENGTH, max_iter=500)
    learner.fit(inputs, truth[drawn])
    coefficients, offsets = learner.coef_, learner.intercept_
    if len(coefficients) == 1:
        # With two labels the library fits only the difference between the second and the first.
        coefficients = np.concatenate([-coefficients, coefficients]) / 2.0
        offsets = np.concatenate([-offsets, offsets]) / 2.0
    weight[learner.classes_], bias[learner.classes_] = coefficients, offsets
    return Head(weight[:, :width], scale * weight[:, width:], bias)


def logits_of_clips(
    base: BaseModel, head: Head, clips: list[Clip], versions: Versions, enrolment_s: float
) -> NDArray[np.float64]:
    """Logits of the clips' first windows, after `enrolment_s` seconds of the speaker."""
    embeddings: Embeddings = versions.embeddings[:, 0]
    baselines: Baselines = enrolled(
        embeddings, versions.seconds[:, 0], speakers(clips), enrolment_s, np.random.default_rng(0)
    )
    return head.classify(relative(embeddings, baselines), base.base_logits(embeddings, baselines))
