"""What the tests of the formats share: the binary and recordings to judge."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("EMOSCOPE_BIN", str(TOP / "target" / "debug" / "emoscope"))

Emoscope = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Utterance:
    """What the event lines say of an utterance: the reference for every other format."""

    file: str
    start_s: float
    end_s: float
    label: str
    confidence: float
    probabilities: dict[str, float]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose settings and log lie in a folder of their own.

    A recording alone is judged as it is among others.
    """
    folder = str(tmp_path_factory.mktemp("home"))
    own = {"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder, "EMOSCOPE_BASELINE": "none"}
    return {**os.environ, **own}


@pytest.fixture(scope="session")
def emoscope(home: dict[str, str]) -> Emoscope:
    """Runs the program; a failure fails the test unless another code is expected."""

    def run(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [BINARY, *(str(a) for a in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=home, check=False)
        assert done.returncode == code, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings with two utterances, with one and with none, and one that is broken."""
    folder = tmp_path_factory.mktemp("recordings")
    for name, source in [
        ('a "1" & <b>.wav', "two-utterances.wav"),
        ("below/one utterance.wav", "speech-16k.wav"),
        ("below/silence.wav", "silence.wav"),
        ("broken.wav", "broken/text.wav"),
    ]:
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(TOP / "tests" / "data" / source, target)
    return folder


@pytest.fixture(scope="session")
def events(emoscope: Emoscope, folder: Path) -> list[dict[str, Any]]:
    """All event lines of the folder."""
    done = emoscope("analyze", folder, "--format", "jsonl", code=1)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="session")
def utterances(events: list[dict[str, Any]]) -> list[Utterance]:
    """The utterances of the folder in their order."""
    ended = [event for event in events if event.get("trigger") == "speech_ended"]
    fields = ("file", "start_s", "end_s", "label", "confidence", "probabilities")
    found = [Utterance(**{name: event[name] for name in fields}) for event in ended]
    assert len(found) == 3
    return found
