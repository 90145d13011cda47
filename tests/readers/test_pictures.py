"""The report's pictures: the mel bands, the timeline as PNG and as SVG."""

import base64
import itertools
import math
import re
import wave
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP, Emoscope, Utterance, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.by import By

PIXELS = """
const [address, done] = arguments, picture = new Image();
picture.onload = () => {
    const canvas = document.createElement("canvas"), [w, h] = [picture.width, picture.height];
    [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const bytes = context.getImageData(0, 0, w, h).data;
    done([w, h, btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""))]);
};
picture.onerror = () => done(null);
picture.src = address;
"""


class Picture:
    """A PNG as the browser decodes it."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.width, self.height, pixels = browser.execute_async_script(PIXELS, address)
        self.pixels = base64.b64decode(pixels)

    def at(self, x: float, y: float) -> tuple[int, ...]:
        """Red, green and blue."""
        place = 4 * (round(y) * self.width + round(x))
        return tuple(self.pixels[place : place + 3])


@needs_browser
def test_the_mel_bands_show_where_the_sound_is(
    browser: webdriver.Chrome, emoscope: Emoscope, tmp_path: Path
) -> None:
    """A second of silence, of 500 Hz, of 3 kHz: each at its time and place on the mel scale."""
    rate = 16000
    tones = [
        0.4 * math.sin(2 * math.pi * hertz * n / rate)
        for hertz in (0, 500, 3000)
        for n in range(rate)
    ]
    path = tmp_path / "tones.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(
            b"".join(round(32767 * x).to_bytes(2, "little", signed=True) for x in tones)
        )
    report = tmp_path / "tones.html"
    emoscope("report", path, "--output", report)
    browser.get(report.as_uri())
    picture = browser.find_element(By.CSS_SELECTOR, "mask image").get_attribute("href")
    shades = Picture(browser, str(picture))
    assert (shades.width, shades.height) == (301, 80)
    assert not any(shades.at(x, y)[0] for x in range(95) for y in range(80))
    # Slaney's scale: 200/3 Hz a mel up to 1 kHz, then logarithmic; 82 edges up to 8 kHz.
    mel = [500 * 3 / 200, 15 + 27 * math.log(3) / math.log(6.4)]
    top = 15 + 27 * math.log(8) / math.log(6.4)
    for second, place in zip((1, 2), mel, strict=True):
        for column in (100 * second + 10, 100 * second + 50, 100 * second + 90):
            levels = [shades.at(column, 79 - band)[0] for band in range(80)]
            assert levels.index(max(levels)) == pytest.approx(81 * place / top - 1, abs=1)
            assert max(levels) > 200
            assert min(levels) == 0


@needs_browser
def test_the_png_is_the_same_picture(
    browser: webdriver.Chrome, page: Path, emoscope: Emoscope, folder: Path, tmp_path: Path
) -> None:
    """Twice as large, with every label and every name, in the font of the program."""
    recording = folder / 'a "1" & <b>.wav'
    for form in ("svg", "png"):
        emoscope("report", recording, "--format", form, "--output", tmp_path / f"picture.{form}")
    sections(browser, page)
    data = base64.b64encode((tmp_path / "picture.png").read_bytes()).decode()
    png = Picture(browser, f"data:image/png;base64,{data}")
    svg = ET.parse(tmp_path / "picture.svg").getroot()

    def number(element: ET.Element, name: str) -> float:
        return 2 * float(element.get(name, "nan"))

    assert (png.width, png.height) == (number(svg, "width"), number(svg, "height"))
    space, white = "{http://www.w3.org/2000/svg}", (255, 255, 255)
    calls = [r for r in svg.iter(f"{space}rect") if (r.get("class") or "").startswith("call ")]
    assert len(calls) == 2
    for call in calls:
        left, top, width = (number(call, name) for name in ("x", "y", "width"))
        certain = "uncertain" not in (call.get("class") or "")
        assert (png.at(left + width / 2, top + 6) != white) == certain
        assert png.at(left - 8, top + 26) == white
        # The shape of the label, or the label with it, in the background colour.
        inside = [
            png.at(left + x, top + y) for x in range(8, int(width) - 8) for y in range(12, 46)
        ]
        assert len(set(inside)) > 4
    names = [t for t in svg.iter(f"{space}text") if t.get("class") == "name"]
    for name in names:
        right, middle = number(name, "x"), number(name, "y")
        ink = [png.at(right - x, middle + y) for x in range(50) for y in range(-8, 8)]
        assert min(ink) < (60, 60, 60), name.text
    # The times on the axis are equally spaced and all differ.
    ticks = [t for t in svg.iter(f"{space}text") if t.get("class") == "time"]
    times = [
        60 * float((t.text or "").split(":")[0]) + float((t.text or "").split(":")[1])
        for t in ticks
    ]
    steps = {round(after - before, 3) for before, after in itertools.pairwise(times)}
    assert len(times) > 3, times
    assert len(steps) == 1, times
    assert min(steps) > 0, times
    # The waveform and the mel bands are drawn.
    for name, least in zip(names[:2], (0.05, 0.2), strict=True):
        middle = number(name, "y")
        inked = [png.at(x, middle + 20) != white for x in range(221, 1979)]
        assert least < sum(inked) / len(inked) < 1


def test_the_timeline_alone_is_a_picture(
    emoscope: Emoscope,
    folder: Path,
    events: list[dict[str, Any]],
    utterances: list[Utterance],
    tmp_path: Path,
) -> None:
    """Well-formed SVG with named lanes and a mark per utterance."""
    path = tmp_path / "picture.svg"
    recording = folder / 'a "1" & <b>.wav'
    emoscope("report", recording, "--format", "svg", "--output", path)
    space = "{http://www.w3.org/2000/svg}"
    picture = ET.parse(path).getroot()
    names = [t.text for t in picture.iter(f"{space}text") if t.get("class") == "name"]
    sides = ["arousal", "valence"]
    assert names == ["waveform", "mel bands", "utterances", *utterances[0].probabilities, *sides]
    calls = [r for r in picture.iter(f"{space}rect") if (r.get("class") or "").startswith("call ")]
    mine = [u for u in utterances if u.file == str(recording)]
    assert len(calls) == len(mine)
    length = len((TOP / "tests/data/two-utterances.wav").read_bytes()[44:]) / 2 / 16000
    for call, utterance in zip(calls, mine, strict=True):
        expected = 110 + 880 * utterance.start_s / length
        assert float(call.get("x", "nan")) == pytest.approx(expected, abs=0.1)

    # The lanes of arousal and valence are as far from their middles as the events say.
    windows = [e for e in events if e.get("trigger") == "interval" and e["file"] == str(recording)]
    middles = [t for t in picture.iter(f"{space}text") if t.text in sides]
    drawn = [p for p in picture.iter(f"{space}path") if p.get("class") == "side"]
    for side, middle, path in zip(sides, middles, drawn, strict=True):
        # Each run begins and ends on the middle, with two points per window in between.
        runs = [re.findall(r"[\d.]+ ([\d.]+)", run) for run in (path.get("d") or "").split("Z")]
        heights = [y for run in runs for y in run[1:-1:2]]
        found = [(float(middle.get("y", "nan")) - float(y)) / 22 for y in heights]
        expected = [window[side] for window in windows]
        assert found == pytest.approx(expected, abs=0.003)
        assert max(map(abs, expected)) > 0.01
