"""The page of a recording on the dashboard: it is complete after every seek."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, Emoscope, needs_browser
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait
from test_web import VOICE, needs_page

pytestmark = [needs_page, needs_browser]

RIGHT, LEFT = b"\x1b[C", b"\x1b[D"


class Screen:
    """The program on a private terminal."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.keys, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        self.process = subprocess.Popen(
            [BINARY, *arguments],
            env={**environment, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
            stdin=terminal,
            stdout=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self.shown = b""
        self.address = threading.Event()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        """Reads what is drawn, so that drawing never blocks."""
        while True:
            try:
                self.shown += os.read(self.keys, 65536)
            except OSError:
                return
            if self.found():
                self.address.set()

    def found(self) -> re.Match[bytes] | None:
        """The address on the screen."""
        return re.search(rb"http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32}", self.shown)

    def press(self, keys: bytes) -> None:
        """Types keys."""
        os.write(self.keys, keys)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A recording of two utterances, repeated eight times, 45 s."""
    path = tmp_path / "long.wav"
    command = ["ffmpeg", "-v", "error", "-stream_loop", "7", "-i", VOICE, "-c", "copy", path]
    subprocess.run(command, check=True)
    return path


@pytest.fixture
def screen(home: dict[str, str], long: Path) -> Iterator[Screen]:
    """A replay on the dashboard with a page, paused at its start."""
    screen = Screen(["replay", str(long), "--mute", "--web"], home)
    assert screen.address.wait(30), screen.shown
    screen.press(b" ")
    yield screen
    screen.process.kill()
    screen.process.wait()
    os.close(screen.keys)


def state(browser: webdriver.Chrome, of: str) -> Any:
    """A value of the page's state."""
    return browser.execute_script(f"return {of}")


def until(browser: webdriver.Chrome, condition: str) -> None:
    """Waits for a value of the page's state."""
    WebDriverWait(browser, 20).until(lambda b: state(b, condition), condition)


LISTED = "state.utterances.map((entry) => [entry.start, entry.end, entry.label])"


def test_a_seek_leaves_no_gap(
    browser: webdriver.Chrome, screen: Screen, emoscope: Emoscope, long: Path
) -> None:
    """Forward, back and for a page that opens later: all up to the place, as in `analyze`."""
    lines = emoscope("analyze", "--quiet", "--format", "jsonl", long).stdout.splitlines()
    finals = [line for line in map(json.loads, lines) if line.get("trigger") == "speech_ended"]
    expected = [[line["start_s"], line["end_s"], line["label"]] for line in finals]
    assert len(expected) > 10
    found = screen.found()
    assert found
    browser.get_log("browser")
    browser.get(found[0].decode())
    until(browser, "state.whole?.complete && state.position?.paused")
    listed = "state.whole.utterances.map((entry) => [entry.start, entry.end, entry.label])"
    assert state(browser, listed) == expected

    def settled(place: str) -> None:
        until(browser, f"state.position?.paused && {place}")
        at = state(browser, "state.position.at_s")
        until(browser, f"Math.abs(state.at - {at}) < 0.1")
        assert state(browser, LISTED) == [entry for entry in expected if entry[1] <= at]
        # The last minute is complete too: a live prediction every 0.24 s of speech.
        measured = [line for line in map(json.loads, lines) if line["type"] == "measurement"]
        ends = [line["end_s"] for line in measured if line["trigger"] != "speech_ended"]
        intervals = state(browser, "state.intervals.map((entry) => entry.end)")
        assert intervals == [end for end in ends if end <= at]

    screen.press(6 * RIGHT)
    settled("state.position.at_s > 25")
    screen.press(2 * LEFT)
    settled("state.position.at_s < 25")
    browser.refresh()
    settled("state.position?.at_s > 15")
    assert state(browser, "document.querySelector('#whole').hidden") is False
    assert " of 0:" in state(browser, "document.querySelector('#whole .at').textContent")
    assert browser.get_log("browser") == []
    # In the strip each utterance has the colour of its label.
    browser.set_script_timeout(20)
    drawn = """const canvas = document.querySelector('#whole canvas');
        const context = canvas.getContext('2d');
        const total = Math.max(state.position.total_s, state.whole.until);
        const at = (time) => context.getImageData(Math.round(time / total * canvas.width), 3, 1, 1);
        const style = getComputedStyle(document.documentElement);
        return state.whole.utterances.filter((e) => e.label !== 'uncertain').map((entry) => {
            const label = state.labels.find((l) => l.label === entry.label);
            const [r, g, b] = at(entry.start * 0.75 + entry.end * 0.25).data;
            const hex = '#' + [r, g, b].map((v) => v.toString(16).padStart(2, '0')).join('');
            return [hex, style.getPropertyValue(`--c${label.color}`).trim()];
        });"""
    colours = browser.execute_script(drawn)
    assert colours
    for seen, wanted in colours:
        assert seen == wanted
    # At rest nothing is drawn again; a seek is.
    browser.execute_script("""window.draws = 0;
        const prototype = CanvasRenderingContext2D.prototype;
        for (const name of ['clearRect', 'drawImage', 'fillRect']) {
            const before = prototype[name];
            prototype[name] = function (...values) {
                window.draws += 1;
                return before.apply(this, values);
            };
        }""")
    time.sleep(1)
    assert state(browser, "window.draws") == 0
    screen.press(RIGHT)
    until(browser, "window.draws > 0")
