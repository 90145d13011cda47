"""Estimates how the emotions that a voice expresses shift the mean of its embeddings."""

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..model.baseline import Embeddings
from ..model.heads import VoiceHead

# Ridge against the mean variance of the probabilities, since they add up to 1.
RIDGE = 0.02


def fit_label_mix(head: VoiceHead, standardized: Embeddings, clips: list[Clip]) -> None:
    """Adds the label mix to a trained head, from clips of validation speakers.

    It is a linear regression of standardized blocks [clips, width] on the probabilities, both
    relative to the mean of the speaker. A corpus weighs the square root of its clips.
    """
    with torch.inference_mode():
        probabilities = head.probabilities(torch.from_numpy(standardized)).double().numpy()
    corpora = np.asarray([clip.corpus for clip in clips])
    speakers = np.asarray([clip.speaker for clip in clips])
    weights = 1.0 / np.sqrt([np.sum(corpora == name) for name in corpora])[:, None]
    apart = relative_to_means(probabilities, speakers)
    shifts = relative_to_means(standardized.astype(np.float64), speakers)
    spread = (weights * apart).T @ apart
    ridge = RIDGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    effects = np.linalg.solve(spread + ridge, (weights * apart).T @ shifts)
    usual = np.sum(weights * probabilities, axis=0) / np.sum(weights)
    head.add_label_mix(torch.from_numpy(effects).float(), torch.from_numpy(usual).float())


def relative_to_means(
    values: NDArray[np.float64], speakers: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Values [clips, ...] minus the mean of their speaker."""
    out = values.copy()
    for name in np.unique(speakers):
        of_speaker = speakers == name
        out[of_speaker] -= values[of_speaker].mean(axis=0)
    return out
