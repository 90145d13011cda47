"""Runs the Rust program."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..data.labels import LABELS
from ..errors import UserError
from ..features.audio import read_audio
from ..features.frontend import HOP, SAMPLE_RATE, WINDOW, mfcc
from .golden import voice

LIMIT_SECONDS = 1800
# Tolerated difference in probability, including the binary's decoder and front end.
TOLERANCE = 1e-3


def run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        raise UserError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def features(program: Path, sound: Path) -> NDArray[np.float64]:
    """`emoscope features FILE`: frames x 80."""
    rows = [line.split("\t") for line in run([str(program), "features", str(sound)]).splitlines()]
    return np.asarray(rows, dtype=np.float64)


def analyze(
    program: Path, model: Path | None, sounds: Iterable[Path], options: Sequence[str] = ()
) -> dict[str, list[Any]]:
    """Events of `emoscope analyze` by file."""
    command = [str(program), "analyze", *map(str, sounds), "--format", "jsonl", "--quiet", *options]
    by_file: dict[str, list[Any]] = {}
    for line in run([*command, *(["--model", str(model)] if model else [])]).splitlines():
        event = json.loads(line)
        by_file.setdefault(event["file"], []).append(event)
    return by_file


def utterances(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The measurements of whole utterances."""
    return [
        event
        for event in events
        if event["type"] == "measurement" and event["trigger"] == "speech_ended"
    ]


def longest(events: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The measurement of the longest utterance, if there is one."""
    return max(
        utterances(events), key=lambda event: event["end_s"] - event["start_s"], default=None
    )


def best(event: dict[str, Any]) -> str:
    """The most likely label."""
    probabilities: dict[str, float] = event["probabilities"]
    return max(probabilities, key=probabilities.__getitem__)


def predicted_labels(program: Path, model: Path | None, sounds: Sequence[Path]) -> list[str | None]:
    """The most likely label of each sound, from its longest utterance if it has one."""
    events = analyze(program, model, sounds, ["--baseline", "none"])
    whole = [longest(events.get(str(sound), [])) for sound in sounds]
    return [best(event) if event else None for event in whole]


def gap(
    predict: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    model: Path,
    program: Path,
    labels: Sequence[str] = LABELS,
) -> float:
    """Largest difference in probability between the binary and `predict` (MFCCs to probabilities).

    Over the utterances that the binary finds in a synthetic recording; infinite if it finds none.
    """
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "voice.wav"
        silence = np.zeros(SAMPLE_RATE)
        samples = np.concatenate([silence, voice(260, 180.0, 0.3, 6), silence])
        soundfile.write(sound, samples.astype(np.float32), SAMPLE_RATE, subtype="FLOAT")
        features = mfcc(read_audio(sound))
        events = utterances(analyze(program, model, [sound])[str(sound)])
    centres = np.arange(len(features)) * HOP / SAMPLE_RATE
    gaps = []
    for event in events:
        start, end = event["start_s"], event["end_s"]
        # A longer utterance is the mean of several windows.
        if end - start > WINDOW["max_s"]:
            continue
        window = features[(centres >= start - 1e-6) & (centres < end - 1e-6)]
        theirs = np.asarray([event["probabilities"][label] for label in labels])
        gaps.append(float(np.abs(predict(window) - theirs).max()))
    return max(gaps, default=float("inf"))
