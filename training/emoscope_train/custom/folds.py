"""Folds of held-out speakers, and reasons not to report an accuracy."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip, stable_hash
from .clips import NAMED, TEST, Listed

FEWEST_SPEAKERS, MOST_FOLDS = 3, 10


def refusals(listed: Listed) -> list[str]:
    """Reasons why no accuracy can be measured, each with a remedy; empty if it can."""
    unknown = [clip for clip in listed.clips if not clip.speaker]
    if unknown:
        return [
            f"the speaker of {len(unknown)} of {len(listed.clips)} clips is unknown, the first "
            f"{unknown[0].path}, so the test could use voices of the training: {listed.remedy}"
        ]
    if crossing := crossing_speakers(listed):
        return [crossing]
    reasons = []
    tested = sorted({c.speaker for c in listed.clips if listed.sides.get(c.path, TEST) == TEST})
    speakers = sorted({clip.speaker for clip in listed.clips})
    if len(speakers) < FEWEST_SPEAKERS:
        reasons.append(
            f"there are {len(speakers)} speakers ({', '.join(speakers)}), and at least "
            f"{FEWEST_SPEAKERS} are needed: add recordings of others"
        )
    if listed.sides and not tested:
        reasons.append("the column split has no row with test: give it to whole speakers")
    for label in listed.labels:
        who = {clip.speaker for clip in listed.clips if clip.label == label}
        if len(who) == 1:
            reasons.append(
                f"{label} is spoken by one speaker alone ({who.pop()}), who cannot be in training "
                "and test: add clips of it by another speaker, or leave it out with --labels"
            )
    return reasons


def crossing_speakers(listed: Listed) -> str:
    """Speakers on both sides of the manifest's split, and what to change; empty if none."""
    sides: dict[str, set[str]] = {}
    for clip in listed.clips:
        if side := listed.sides.get(clip.path):
            sides.setdefault(clip.speaker, set()).add(side)
    both = sorted(name for name, used in sides.items() if len(used) > 1)
    if not both:
        return ""
    shown = ", ".join(both[:NAMED]) + (", ..." if len(both) > NAMED else "")
    counts = Counter(listed.sides[c.path] for c in listed.clips if c.speaker == both[0])
    return (
        f"{len(both)} speakers are on both sides of the column split ({shown}; {both[0]}: "
        f"{counts['train']} clips train, {counts['test']} clips test), so the test would measure "
        f"memorized voices: give every row of a speaker in {listed.source.name} the "
        "same split, or remove the column, and speakers are held out in turn"
    )


def folds(clips: list[Clip]) -> list[NDArray[np.int64]]:
    """Indices of the clips of each fold: whole speakers, folds of similar size.

    A clip of an unknown speaker counts as a speaker of its own.
    """
    names = [clip.speaker or clip.path for clip in clips]
    counts = Counter(names)
    loads = [0] * min(MOST_FOLDS, len(counts))
    home: dict[str, int] = {}
    # The largest speaker first, each into the smallest fold; ties by a stable hash.
    for name in sorted(counts, key=lambda name: (-counts[name], stable_hash(name))):
        home[name] = int(np.argmin(loads))
        loads[home[name]] += counts[name]
    places = np.asarray([home[name] for name in names])
    return [np.flatnonzero(places == fold) for fold in range(len(loads))]


def without_copies(
    learned: NDArray[np.int64], tested: NDArray[np.int64], copies: list[tuple[int, int]]
) -> NDArray[np.int64]:
    """The training clips without copies of test clips."""
    test = set(tested.tolist())
    known = {a for a, b in copies if b in test} | {b for a, b in copies if a in test}
    return np.asarray([place for place in learned if place not in known], dtype=np.int64)
