"""Asks the Rust binary what it computes."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .corpora import CorpusError

LIMIT_SECONDS = 120


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CorpusError(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        raise CorpusError(
            f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout


def features(binary: Path, sound: Path) -> NDArray[np.float64]:
    """`emoscope features FILE`: frames x 80."""
    rows = [line.split("\t") for line in _run([str(binary), "features", str(sound)]).splitlines()]
    return np.asarray(rows, dtype=np.float64)


def utterances(binary: Path, sound: Path, model: Path) -> list[dict[str, Any]]:
    """The whole-utterance measurements of `emoscope analyze`."""
    command = [str(binary), "analyze", str(sound), "--model", str(model), "--format", "jsonl"]
    events = [json.loads(line) for line in _run(command).splitlines() if line.strip()]
    return [
        event
        for event in events
        if event["type"] == "measurement" and event["trigger"] == "speech_ended"
    ]
