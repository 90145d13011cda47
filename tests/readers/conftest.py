"""Shared by the tests of the formats: the binary, recordings, a report in a browser."""

import hashlib
import json
import os
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

TOP = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("EMOSCOPE_BIN", str(TOP / "target" / "debug" / "emoscope"))

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no Chromium with its driver here (chromium-driver)"
)

needs_npm = pytest.mark.skipif(
    not shutil.which("npm"), reason="no npm here, which fetches axe-core"
)

Emoscope = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Utterance:
    """An utterance of the event lines: the reference for every other format."""

    file: str
    start_s: float
    end_s: float
    label: str
    confidence: float
    probabilities: dict[str, float]
    arousal: float
    valence: float
    reason: str | None
    baseline_s: float


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment with settings and log in a private folder.

    No baseline: a recording gives the same results alone and among others. One of the
    utterances is too uncertain for a label; the fixture checks that.
    """
    folder = str(tmp_path_factory.mktemp("home"))
    own = {"XDG_CONFIG_HOME": folder, "XDG_STATE_HOME": folder}
    return {**os.environ, **own, "EMOSCOPE_BASELINE": "none", "EMOSCOPE_CERTAIN": "0.6"}


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
    names = [field.name for field in fields(Utterance)]
    found = [Utterance(**{name: event.get(name) for name in names}) for event in ended]
    assert len(found) == 3
    assert "uncertain" in {utterance.label for utterance in found} != {"uncertain"}
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for option in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--mute-audio"):
        options.add_argument(option)
    options.add_argument("--autoplay-policy=no-user-gesture-required")
    options.add_argument("--window-size=1200,1400")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, of the version and with the hash in `package-lock.json`."""
    here = Path(__file__).parent
    lock = (here / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emoscope"
    folder = cache / f"axe-{hashlib.sha256(lock).hexdigest()[:16]}"
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(here / name, folder / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return script.read_text()


@pytest.fixture(scope="session")
def page(emoscope: Emoscope, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the folder with its audio."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = emoscope("report", folder, "--audio", "--output", path, code=1)
    assert "broken.wav" in done.stderr
    return path


def sections(browser: webdriver.Chrome, page: Path) -> list[WebElement]:
    """The recordings of a freshly opened page."""
    browser.get(page.as_uri())
    return browser.find_elements(By.CSS_SELECTOR, "details.recording")


def downloaded(browser: webdriver.Chrome, button: str, path: Path) -> str:
    """Clicks a button, and returns the text of the file that it downloads."""
    place = {"behavior": "allow", "downloadPath": str(path.parent)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", place)
    browser.find_element(By.XPATH, f"//button[.='{button}']").click()
    # Chromium reserves the name with an empty file and moves the whole one there.
    WebDriverWait(browser, 20).until(lambda _: path.is_file() and path.stat().st_size > 0)
    return path.read_text()


def joined(path: Path, times: int) -> Path:
    """The recording of two utterances, several times in a row."""
    with wave.open(str(TOP / "tests/data/two-utterances.wav")) as file:
        params, frames = file.getparams(), file.readframes(file.getnframes())
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams(params)
        file.writeframes(frames * times)
    return path
