"""The program on conversations: whole files and as a stream, with one speaker and with several."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..progress import bar
from ..runs import fine_tuned, speaker_model_without
from .conversations import SETS, Turn, folder_of
from .scoring import NIST_COLLAR_S, Score, Segment, diarization_error, score, segments

# Ways of running: options, and whether the recording is a stream, which is processed causally.
WHOLE, LIVE, ONE = "whole file", "live", "one speaker"
WAYS: dict[str, tuple[tuple[str, ...], bool]] = {
    WHOLE: (("--speakers", "auto"), False),
    LIVE: (("--speakers", "auto"), True),
    ONE: (("--speakers", "1"), False),
}


@dataclass
class Run:
    """The program's output for one conversation and one way of running."""

    segments: list[Segment]
    # Speakers as first reported, before any correction.
    first: list[Segment]
    seconds: float
    megabytes: float


@dataclass
class Conversation:
    """One recording with its reference turns and the runs of the program."""

    name: str
    corpus: str
    kind: str
    people: int
    turns: list[Turn]
    sound: Path
    runs: dict[str, Run] = field(default_factory=dict)

    def score(self, way: str, healed: bool = True) -> Score:
        run = self.runs[way]
        return score(self.turns, run.segments if healed else run.first)


def conversations(folder: Path, corpora: Iterable[str], each: int) -> list[Conversation]:
    """The first `each` of every kind. Raises `UserError` with the step to run first."""
    found = []
    for path in sorted(folder.glob("*.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        turns = [Turn(**turn) for turn in entry.pop("turns")]
        number = int(entry["name"].rpartition("-")[2])
        if entry["corpus"] in corpora and number < each:
            found.append(Conversation(**entry, turns=turns, sound=path.with_suffix(".wav")))
    if not found:
        raise UserError(f"no conversations in {folder}; run `speakers conversations` first")
    return found


def run(program: Path, sound: Path, way: str, model: Path) -> Run:
    """Runs the program with that speaker model. Raises `UserError` where it fails."""
    options, stream = WAYS[way]
    source = "-" if stream else str(sound)
    command = [str(program), "analyze", source, "--format", "jsonl", "--quiet", *options]
    # With one speaker, no speaker model is loaded.
    if way != ONE:
        command += ["--speaker-model", str(model)]
    with sound.open("rb") as handle:
        try:
            child = subprocess.Popen(
                command,
                stdin=handle if stream else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        except OSError as error:
            raise UserError(f"cannot run {program}: {error}") from error
        assert child.stdout is not None
        lines = child.stdout.read().splitlines()
        _, status, used = os.wait4(child.pid, 0)
        child.stdout.close()
    if status != 0:
        child.returncode = os.waitstatus_to_exitcode(status)
        raise UserError(f"{' '.join(command)} ended with {child.returncode}")
    child.returncode = 0
    events = [json.loads(line) for line in lines]
    return Run(
        segments(events),
        segments(events, healed=False),
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024.0,
    )


def right(found: list[Conversation], way: str, healed: bool = True) -> dict[str, float | None]:
    """Shares of time with the correct speaker (of detected, all speech), and of correct counts."""
    scores = [one.score(way, healed) for one in found]
    right_s = sum(row.right_s for row in scores)
    return {
        "right": right_s / sum(row.found_s for row in scores),
        "right_of_truth": right_s / sum(row.truth_s for row in scores),
        "number_right": float(np.mean([row.speakers == row.people for row in scores])),
    }


def accuracy(found: list[Conversation], way: str) -> float:
    """Share of the turns with the correct emotion."""
    scores = [one.score(way) for one in found]
    return sum(row.emotions_right for row in scores) / sum(row.turns for row in scores)


def errors(found: list[Conversation], way: str) -> dict[str, float]:
    """Diarization error rates, with pyannote's collar and with the wider one of the NIST."""
    pairs = [(one.turns, one.runs[way].segments) for one in found]
    return {"der": diarization_error(pairs), "der_nist": diarization_error(pairs, NIST_COLLAR_S)}


def gain(found: list[Conversation], way: str) -> dict[str, float]:
    """Accuracy of the emotion with speakers and with one, and the difference."""
    several, one = accuracy(found, way), accuracy(found, ONE)
    return {"several": several, "one": one, "difference": several - one}


def figures(found: list[Conversation]) -> dict[str, Any]:
    """Every figure of a set of conversations."""

    def of(*kinds: str, people: int | None = None) -> list[Conversation]:
        return [c for c in found if c.kind in kinds and people in (None, c.people)]

    out: dict[str, Any] = {}
    for way in (WHOLE, LIVE):
        out[way] = {
            "pauses": right(of("pauses"), way),
            "by_people": {str(n): right(of("pauses", people=n), way) for n in range(1, 5)},
            "joined": {**errors(of("joined"), way), **right(of("joined"), way)},
            "room": {**errors(of("room"), way), **right(of("room"), way)},
            "alone": right(of("alone"), way)["number_right"],
            "laughs": right(of("laughs"), way)["number_right"],
            "emotions_of_two": gain(of("pauses", "joined", people=2), way),
            "emotions_of_one": gain(of("pauses", "alone", people=1), way),
        }
    out[LIVE]["pauses_at_first"] = right(of("pauses"), LIVE, healed=False)
    return out


def cost(found: list[Conversation]) -> dict[str, float]:
    """Ratio of processor time with and without speakers, and the additional memory."""
    found = [one for one in found if ONE in one.runs]
    audio = sum(one.turns[-1].end_s for one in found)
    with_s, without_s = (sum(one.runs[way].seconds for one in found) for way in (WHOLE, ONE))
    live_s = sum(one.runs[LIVE].seconds for one in found)
    memory = [float(np.median([c.runs[way].megabytes for c in found])) for way in (WHOLE, ONE)]
    return {
        "audio_s": audio,
        "whole_file_times": with_s / without_s,
        "share_of_a_core": (live_s - without_s) / audio,
        "more_megabytes": memory[0] - memory[1],
    }


def measure(program: Path, work: Path, name: str, each: int) -> dict[str, Any]:
    """Runs the program on a set; figures over all of it and by corpus.

    The speaker model of each conversation was trained without its corpus.
    """
    corpora = SETS[name]
    found = conversations(folder_of(work, name), corpora, each)
    models = {one.corpus: fine_tuned(speaker_model_without(work, one.corpus)) for one in found}
    for one in bar(found, name, "conversation"):
        for way in WAYS:
            if way != ONE or one.people < 3:
                one.runs[way] = run(program, one.sound, way, models[one.corpus])
    names = [corpus for corpus in corpora if any(one.corpus == corpus for one in found)]
    by_corpus = {name: figures([c for c in found if c.corpus == name]) for name in names}
    return {
        "conversations": len(found),
        "each": each,
        "corpora": names,
        "mean": mean(list(by_corpus.values())),
        "by_corpus": by_corpus,
        "cost": cost(found),
    }


def mean(rows: list[Any]) -> Any:
    """Mean over trees of figures with equal keys: every corpus has the same weight."""
    if isinstance(rows[0], dict):
        return {key: mean([row[key] for row in rows]) for key in rows[0]}
    return float(np.mean(rows))


def table(found: dict[str, Any]) -> str:
    """The figures as the lines of a table: whole file, live."""

    def pair(title: str, *keys: str, scale: float = 100.0) -> str:
        cells = []
        for way in (WHOLE, LIVE):
            value = found["mean"][way]
            for key in keys:
                value = value[key]
            cells.append(f"{scale * value:6.1f}")
        return f"{title:58} {cells[0]} {cells[1]}"

    used = found["cost"]
    return "\n".join(
        [
            f"{'in %':58} {'whole':>6} {'live':>6}",
            pair("pauses: time with the right speaker, of speech found", "pauses", "right"),
            pair("pauses: time with the right speaker, of all", "pauses", "right_of_truth"),
            pair("pauses: number of speakers right", "pauses", "number_right"),
            pair("joined: diarization error rate, collar 0.25 s", "joined", "der"),
            pair("joined: the same, 0.25 s on either side", "joined", "der_nist"),
            pair("room: diarization error rate, collar 0.25 s", "room", "der"),
            pair("alone: one person stays one", "alone"),
            pair("laughs: one person who laughs stays one", "laughs"),
            pair("emotions of two, against one speaker", "emotions_of_two", "difference"),
            pair("emotions of one, against one speaker", "emotions_of_one", "difference"),
            f"cost: {used['whole_file_times']:.2f} times, {100 * used['share_of_a_core']:.1f} % of "
            f"a core, {used['more_megabytes']:.0f} MB more",
        ]
    )
