"""A softmax for arrays, and learning rate schedules."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    grown = np.exp(scaled)
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def falling(step: int, steps: int) -> float:
    """From 1 at the first step towards 0 after the last, along half a cosine."""
    return float(0.5 * (1.0 + np.cos(np.pi * step / steps)))


def rising_and_falling(step: int, steps: int, warm_up: float) -> float:
    """One cycle: to 1 in a straight line over a share `warm_up`, then down along half a cosine."""
    warm = max(1, int(warm_up * steps))
    if step < warm:
        return (step + 1) / warm
    return falling(step - warm, steps - warm)
