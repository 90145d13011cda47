"""Finds copies of a recording, even with another codec, level or trim."""

import itertools

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..data.splits import TEST, TRAIN, VALIDATION, Assignment
from .cache import Decibels, FeatureSet

PIECES, GROUPS = 16, 20
RANGE_DB = 40.0
# Root mean square over the fingerprint. In these corpora copies lie below 1.0 dB, two takes of
# the same words by one voice above 1.3 dB; a coarse codec moves a clip by up to 1.2 dB.
SAME_DB = 1.3
SAME_FRAMES = 8


def fingerprint(decibels: Decibels) -> NDArray[np.float32]:
    """Sixteen time intervals by twenty groups of bands, relative to the loudest."""
    places = np.linspace(0, len(decibels), PIECES + 1)
    rows = [
        decibels[int(a) : max(int(b), int(a) + 1)].mean(axis=0)
        for a, b in itertools.pairwise(places)
    ]
    grid = np.stack(rows).reshape(PIECES, GROUPS, -1).mean(axis=2)
    return np.maximum(grid - grid.max(), -RANGE_DB).ravel().astype(np.float32)


def pairs(pieces: list[Decibels]) -> list[tuple[int, int]]:
    """Pairs of indices of trimmed clips that are the same recording."""
    prints = np.stack([fingerprint(piece) for piece in pieces])
    return alike(prints, np.asarray([len(piece) for piece in pieces]))


def alike(prints: NDArray[np.float32], lengths: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of indices of the same recording, by fingerprints and numbers of frames."""
    squares = np.sum(prints**2, axis=1)
    limit = SAME_DB**2 * prints.shape[1]
    pairs = []
    for start in range(0, len(prints), 1000):
        block = slice(start, start + 1000)
        apart = squares[block, None] + squares[None] - 2.0 * prints[block] @ prints.T
        same = np.abs(lengths[block, None] - lengths[None]) <= SAME_FRAMES
        rows, columns = np.nonzero((apart < limit) & same)
        pairs += [
            (start + int(i), int(j)) for i, j in zip(rows, columns, strict=True) if start + i < j
        ]
    return pairs


def crossing(
    clips: list[Clip], assignment: Assignment, features: FeatureSet
) -> list[tuple[Clip, Clip]]:
    """Copies on two sides of a split."""
    placed = [clip for clip in clips if clip.path in assignment]
    same = pairs([features.trimmed(clip.path) for clip in placed])
    couples = [(placed[i], placed[j]) for i, j in same]
    return [(a, b) for a, b in couples if assignment[a.path] != assignment[b.path]]


def without_crossing(clips: list[Clip], assignment: Assignment, features: FeatureSet) -> Assignment:
    """The split without copies: the test keeps its clip first, then validation."""
    rank = {TRAIN: 0, VALIDATION: 1, TEST: 2}
    dropped = {
        min(pair, key=lambda clip: rank[assignment[clip.path]]).path
        for pair in crossing(clips, assignment, features)
    }
    return {path: side for path, side in assignment.items() if path not in dropped}
