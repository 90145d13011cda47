"""Windows for a network: 0.75 to 3 s of log-mel frames."""

import numpy as np
from numpy.typing import NDArray

from .augment import Decibels
from .frontend import FRAMES_PER_SECOND, WINDOW

SHORTEST = int(WINDOW["min_s"] * FRAMES_PER_SECOND)
LONGEST = int(WINDOW["max_s"] * FRAMES_PER_SECOND)
# Lengths are cut to tenths of a second, because PyTorch prepares its kernels for each new shape.
STEP = 10


def whole_steps(frames: int) -> int:
    """Rounds down to a multiple of STEP; less than STEP is kept."""
    return max(frames // STEP * STEP, min(frames, STEP))


def opening(decibels: Decibels) -> Decibels:
    """The first window of an utterance, 3 s at most."""
    return decibels[: whole_steps(min(len(decibels), LONGEST))]


def seconds_of(pieces: list[Decibels]) -> NDArray[np.float64]:
    """Length of each piece."""
    return np.asarray([len(piece) / FRAMES_PER_SECOND for piece in pieces])
