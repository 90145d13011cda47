"""Each symptom of the troubleshooting page is the text that `doctor` prints in that case."""

import math
import os
import re
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import BINARY, TOP

PAGE = (TOP / "docs" / "troubleshooting.md").read_text()
# The lines of `doctor` on the page, where "…" is anything.
SYMPTOMS = [
    re.compile(re.sub(r" *… *", ".*", re.sub(r" {2,}", " +", re.escape(line).replace(r"\ ", " "))))
    for line in re.findall(r"^\| `((?:note|FAIL) .*?)`", PAGE, re.MULTILINE)
]
MICROPHONE = TOP / "tests" / "e2e" / "virtual-mic.sh"


def shown(environment: dict[str, str], *arguments: str) -> set[int]:
    """Runs `doctor`; which symptoms of the page its lines show."""
    done = subprocess.run(
        [BINARY, "doctor", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if "\nFAIL" in done.stdout else 0), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    return {number for number, s in enumerate(SYMPTOMS) if any(map(s.match, lines))}


def symptom(words: str) -> int:
    """The one symptom of the page with these words."""
    (number,) = [number for number, s in enumerate(SYMPTOMS) if words in s.pattern]
    return number


@pytest.fixture
def bare(home: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A machine without sound, ONNX Runtime and Python."""
    place = str(tmp_path)
    names = ["XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "HOME", "PATH"]
    nowhere = {"PULSE_SERVER": f"unix:{place}/none", "ALSA_CONFIG_PATH": "/dev/null"}
    return {**home, **dict.fromkeys(names, place), **nowhere}


def test_the_symptoms_are_found() -> None:
    """The page lists them, and each differs from the others."""
    assert len(SYMPTOMS) == 7


def test_no_input_and_no_library(bare: dict[str, str]) -> None:
    """No microphone, and no library of the fast engine."""
    assert {symptom("inputs"), symptom("engine")} <= shown(bare)


def test_a_file_that_is_no_model(bare: dict[str, str]) -> None:
    """Names what is wrong."""
    assert symptom("model") in shown(bare, "--model", str(TOP / "README.md"))


@pytest.fixture(scope="module")
def microphone() -> Iterator[dict[str, str]]:
    """A sound server with a microphone, in a short path, because a socket's path is limited."""
    if not (shutil.which("pulseaudio") and shutil.which("pactl")):
        pytest.skip("no PulseAudio here (pulseaudio, pulseaudio-utils)")
    place = tempfile.mkdtemp(prefix="mic")
    environment = {**os.environ, "VMIC_DIR": place}
    text = subprocess.run(
        [MICROPHONE, "start"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    yield {**environment, **dict(re.findall(r"(\w+)=(\S+)", text))}
    subprocess.run([MICROPHONE, "stop"], env=environment, check=True)


@pytest.mark.parametrize(
    ("loudness", "words"), [(None, "silence"), (0.002, "faint"), (30.0, "clips"), (0.2, None)]
)
def test_what_a_microphone_delivers(
    microphone: dict[str, str],
    home: dict[str, str],
    tmp_path: Path,
    loudness: float | None,
    words: str | None,
) -> None:
    """Digital silence, a faint tone, a clipped one, and a good one, which is no symptom."""
    environment = {**home, **microphone}
    levels = {symptom(word) for word in ("silence", "faint", "clips")}
    if loudness is None:
        assert shown(environment) & levels == {symptom("silence")}
        return
    path = tmp_path / "tone.wav"
    tone = (loudness * math.sin(2 * math.pi * 440 * n / 48000) for n in range(48000 * 8))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        cut = (round(32767 * max(-1.0, min(1.0, x))) for x in tone)
        file.writeframes(b"".join(x.to_bytes(2, "little", signed=True) for x in cut))
    with subprocess.Popen([MICROPHONE, "play", path], env=microphone) as playing:
        time.sleep(1.0)
        found = shown(environment) & levels
        playing.wait()
    assert found == ({symptom(words)} if words else set())
