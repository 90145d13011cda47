"""The examples of the guides run as they are written."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BINARY, TOP

GUIDE = (TOP / "docs" / "scripts.md").read_text()
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the guide presumes: talk.wav, recordings/, and emoscope on the path."""
    place = tmp_path_factory.mktemp("guide")
    data = TOP / "tests" / "data"
    shutil.copy(data / "two-utterances.wav", place / "talk.wav")
    (place / "recordings").mkdir()
    for name in ("speech-16k.wav", "two-utterances.wav"):
        shutil.copy(data / name, place / "recordings")
    (place / "bin").mkdir()
    (place / "bin" / "emoscope").symlink_to(BINARY)
    return place


def test_there_are_examples() -> None:
    """The guide is found and read."""
    assert len(EXAMPLES) >= 6


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_an_example_runs(language: str, code: str, place: Path, home: dict[str, str]) -> None:
    """Without a word on standard error."""
    if "jq " in code and not shutil.which("jq"):
        pytest.skip("no jq here")
    python = str(Path(sys.executable).parent)
    path = os.pathsep.join([str(place / "bin"), python, home["PATH"]])
    shell = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
    done = subprocess.run(
        [*shell, code],
        cwd=place,
        env={**home, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    silent = 'type == "error"' in code or '"anger"' in code
    assert silent or done.stdout.strip(), "it says nothing"
