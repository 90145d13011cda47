"""The examples of the guides run as they are written."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BINARY, TOP, Emoscope

GUIDE = (TOP / "docs" / "scripts.md").read_text()
README = (TOP / "README.md").read_text()
CODE = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
EXAMPLES = CODE.findall(GUIDE)
# The examples of the README and the page on recordings; others have their own tests.
OTHERS = [
    code
    for page in (README, (TOP / "docs" / "recordings.md").read_text())
    for _, code in CODE.findall(page)
    if not code.startswith("make")
]


# A tier with one interval, as Praat writes it in its short form.
TEXT_GRID = """File type = "ooTextFile"
Object class = "TextGrid"

0
5
<exists>
1
"IntervalTier"
"label"
0
5
1
0
5
"neutral"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the guides require: recordings, human labels, and emoscope on the path."""
    place = tmp_path_factory.mktemp("guide")
    data = TOP / "tests" / "data"
    shutil.copy(data / "two-utterances.wav", place / "talk.wav")
    shutil.copy(data / "speech.opus", place / "talk.opus")
    for folder in ("recordings", "archive"):
        (place / folder).mkdir()
        for name in ("speech-16k.wav", "two-utterances.wav"):
            shutil.copy(data / name, place / folder)
    (place / "calls").mkdir()
    shutil.copy(data / "call.flac", place / "calls")
    rows = (
        "path,label",
        "recordings/speech-16k.wav,neutral",
        "recordings/two-utterances.wav,anger",
    )
    (place / "labels.csv").write_text("\n".join(rows) + "\n")
    (place / "talk.TextGrid").write_text(TEXT_GRID)
    (place / "bin").mkdir()
    (place / "bin" / "emoscope").symlink_to(BINARY)
    return place


def test_there_are_examples() -> None:
    """The guide is found and read."""
    assert len(EXAMPLES) >= 6


def run(
    language: str, code: str, place: Path, home: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs an example as written."""
    if "jq " in code and not shutil.which("jq"):
        pytest.skip("no jq here")
    python = str(Path(sys.executable).parent)
    path = os.pathsep.join([str(place / "bin"), python, home["PATH"]])
    shell = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
    return subprocess.run(
        [*shell, code],
        cwd=place,
        env={**home, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_an_example_runs(language: str, code: str, place: Path, home: dict[str, str]) -> None:
    """Without output on standard error."""
    done = run(language, code, place, home)
    assert (done.returncode, done.stderr) == (0, "")
    silent = 'type == "error"' in code or '"anger"' in code
    assert silent or done.stdout.strip(), "it says nothing"


@pytest.mark.parametrize("code", OTHERS)
def test_a_command_of_another_page_runs(code: str, place: Path, home: dict[str, str]) -> None:
    """With some output."""
    before = set(place.rglob("*"))
    done = run("sh", code, place, home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or set(place.rglob("*")) > before


PAGES = [TOP / "README.md", TOP / "training" / "README.md", *sorted((TOP / "docs").glob("*.md"))]


def commands() -> list[str]:
    """Every command line of the program on every page, also those that need a microphone."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for code in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            found += re.findall(r"^ *(emoscope\b[^#|\n]*)", code, re.MULTILINE)
        # In a sentence: only complete commands without placeholders.
        for code in re.findall(
            r"`(emoscope [^`|]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        ):
            if not re.search(r"[A-Z]{3}|…", code):
                found.append(code)
    return sorted({command.strip() for command in found})


@pytest.mark.parametrize("command", commands())
def test_every_command_line_is_valid(emoscope: Emoscope, command: str) -> None:
    """Its flags and values are valid; with --help nothing is done."""
    words = shlex.split(command)[1:]
    assert "Usage: emoscope" in emoscope(*words, "--help").stdout


def test_command_lines_are_found() -> None:
    """On each page that has command lines."""
    assert len(commands()) > 25


def test_the_readme_names_every_command_and_flag(emoscope: Emoscope) -> None:
    """Every command and flag in the table of commands, and every command in the table."""
    rows = re.findall(r"^\| (`emoscope.*?) \| (.*) \|$", README, re.MULTILINE)
    named = set()
    for commands, words in rows:
        names = [name or "live" for name in re.findall(r"`emoscope ?([a-z]*)", commands)]
        named.update(names)
        text = "".join(emoscope(name, "--help").stdout for name in names)
        # Three commands have `--profile`, and flags that begin with it.
        for flag in re.findall(r"`(--[a-z-]+)", words):
            assert flag in text, (names, flag)
    listed = emoscope("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    offered = re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE)
    assert named == set(offered) - {"help"}
