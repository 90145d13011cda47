"""Correction of the voice head's logits, chosen on corpora that were left out of a training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Correction:
    """A temperature and an offset per label, without a baseline (first) and with a full one.

    In between they follow the weight of the baseline, 0 to 1. It is logit adjustment (Menon et
    al., "Long-tail learning via logit adjustment", 2021) with offsets that are fitted.
    """

    temperatures: tuple[float, float]
    # In the order of the labels.
    offsets: tuple[list[float], list[float]]

    def applied(
        self, logits: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Logits [clips, labels] with the weights of their baselines [clips], as the head does."""
        share = weight[:, None]
        temperature = (1.0 - share) * self.temperatures[0] + share * self.temperatures[1]
        first, full = (np.asarray(offsets) for offsets in self.offsets)
        return np.asarray(logits / temperature + (1.0 - share) * first + share * full)
