"""The windows that a network judges: 0.75 to 3 s of log-mel frames."""

import numpy as np
from numpy.typing import NDArray

from .augment import Decibels
from .frontend import FRAMES_PER_SECOND, WINDOW

SHORTEST = int(WINDOW["min_s"] * FRAMES_PER_SECOND)
LONGEST = int(WINDOW["max_s"] * FRAMES_PER_SECOND)
# Lengths are cut to whole tenths of a second: every new shape costs the processor's kernels anew.
STEP = 10


def whole_steps(frames: int) -> int:
    """Cut to a multiple of STEP; shorter than that stays."""
    return max(frames // STEP * STEP, min(frames, STEP))


def opening(decibels: Decibels) -> Decibels:
    """What the binary has heard when it judges an utterance: the first 3 s at most."""
    return decibels[: whole_steps(min(len(decibels), LONGEST))]


def seconds_of(pieces: list[Decibels]) -> NDArray[np.float64]:
    """Length of each piece."""
    return np.asarray([len(piece) / FRAMES_PER_SECOND for piece in pieces])
