"""Compares the program's speakers with the reference turns, from event lines alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from .conversations import Turn

# First turns of each person that are not scored.
SETTLED_AFTER = 2
# Collar in pyannote's definition (total width), and NIST's (on either side of a boundary).
COLLAR_S, NIST_COLLAR_S = 0.25, 0.5
STEP_S = 0.01


@dataclass(frozen=True)
class Segment:
    """An utterance that the program found."""

    start_s: float
    end_s: float
    speaker: str
    # The most likely label; None if the utterance was too short for one.
    label: str | None = None


@dataclass(frozen=True)
class Score:
    """The score of one conversation."""

    # Seconds after the first turns: with the correct speaker, with any, and in the reference.
    right_s: float
    found_s: float
    truth_s: float
    speakers: int
    people: int
    # Turns with the correct emotion, and turns with any.
    emotions_right: int
    turns: int


def segments(events: Sequence[dict[str, Any]], healed: bool = True) -> list[Segment]:
    """The utterances in event lines; `healed` applies the program's later corrections."""
    labels: dict[int, str] = {}
    speakers: dict[int, str] = {}
    spans: dict[int, tuple[float, float]] = {}
    for event in events:
        if event["type"] == "measurement" and event["trigger"] == "speech_ended":
            probabilities: dict[str, float] = event["probabilities"]
            labels[event["utterance"]] = max(probabilities, key=probabilities.__getitem__)
        if event["type"] == "utterance_end":
            number = event["utterance"]
            spans[number] = (event["start_s"], event["end_s"])
            speakers.setdefault(number, event.get("speaker", "A"))
        if event["type"] == "speakers" and healed:
            speakers |= {row["utterance"]: row["speaker"] for row in event["changed"]}
    return [Segment(*span, speakers[number], labels.get(number)) for number, span in spans.items()]


def raster(found: Sequence[Turn | Segment], steps: int, names: list[str]) -> NDArray[np.bool_]:
    """Whether a speaker speaks in a step of 10 ms, speakers x steps."""
    out = np.zeros((len(names), steps), dtype=bool)
    for part in found:
        begin, end = (round(at / STEP_S) for at in (part.start_s, part.end_s))
        out[names.index(part.speaker), begin:end] = True
    return out


def score(turns: list[Turn], found: list[Segment]) -> Score:
    """Scores with the best one-to-one assignment of detected speakers to people."""
    steps = round(last(turns, found) / STEP_S) + 1
    people = sorted({turn.speaker for turn in turns})
    speakers = sorted({part.speaker for part in found})
    truth, speaking = raster(turns, steps, people), raster(found, steps, speakers)
    overlap = truth.astype(np.int64) @ speaking.T.astype(np.int64)
    rows, columns = linear_sum_assignment(-overlap)
    matched = np.zeros_like(truth)
    for row, column in zip(rows, columns, strict=True):
        matched[row] = speaking[column]
    late = raster(settled(turns), steps, people)
    labels = [best_label(turn, found) == turn.label for turn in turns]
    return Score(
        right_s=float((late & matched).sum() * STEP_S),
        found_s=float((late & speaking.any(axis=0)).sum() * STEP_S),
        truth_s=float(late.sum() * STEP_S),
        speakers=len(speakers),
        people=len(people),
        emotions_right=int(np.count_nonzero(labels)),
        turns=len(turns),
    )


def last(turns: list[Turn], found: list[Segment]) -> float:
    """End of the last turn, in seconds."""
    return max([turn.end_s for turn in turns] + [part.end_s for part in found])


def settled(turns: list[Turn]) -> list[Turn]:
    """The turns without the first ones of each person."""
    spoken: dict[str, int] = {}
    out = []
    for turn in turns:
        spoken[turn.speaker] = spoken.get(turn.speaker, 0) + 1
        if spoken[turn.speaker] > SETTLED_AFTER:
            out.append(turn)
    return out


def best_label(turn: Turn, found: list[Segment]) -> str | None:
    """Label of the utterance that overlaps the turn most; None without an utterance."""
    overlap = [min(s.end_s, turn.end_s) - max(s.start_s, turn.start_s) for s in found]
    if not overlap or max(overlap) <= 0.0:
        return None
    return found[int(np.argmax(overlap))].label


def diarization_error(
    conversations: Sequence[tuple[list[Turn], list[Segment]]], collar_s: float = COLLAR_S
) -> float:
    """pyannote's diarization error rate over all conversations together, overlaps included."""
    from pyannote.core import Annotation
    from pyannote.core import Segment as Span
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(parts: Sequence[Turn | Segment]) -> Any:
        out = Annotation()
        for number, part in enumerate(parts):
            out[Span(part.start_s, part.end_s), number] = part.speaker
        return out

    metric = DiarizationErrorRate(collar=collar_s)
    for turns, found in conversations:
        end = last(turns, found)
        metric(annotation(turns), annotation(found), uem=Span(0.0, end))
    return float(abs(metric))
