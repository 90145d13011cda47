"""The report in a browser: clicked through, by keys alone, in light and dark, without a network."""

import base64
import itertools
import json
import math
import re
import shutil
import wave
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP, Emoscope, Utterance
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="no Chromium with its driver here (chromium-driver)"
)


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def page(emoscope: Emoscope, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the folder with its audio."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = emoscope("report", folder, "--audio", "--output", path, code=1)
    assert "broken.wav" in done.stderr
    return path


def slider(section: WebElement) -> WebElement:
    """The timeline of a recording."""
    return section.find_element(By.CSS_SELECTOR, "[role=slider]")


def place(section: WebElement) -> float:
    """Where the mark stands, in seconds."""
    return float(slider(section).get_attribute("aria-valuenow") or "nan")


def sections(browser: webdriver.Chrome, page: Path) -> list[WebElement]:
    """The recordings of a freshly opened page."""
    browser.get(page.as_uri())
    return browser.find_elements(By.CSS_SELECTOR, "details.recording")


@needs_browser
def test_the_summary_tells_each_recording(
    browser: webdriver.Chrome, page: Path, folder: Path, utterances: list[Utterance]
) -> None:
    """A row per recording, with what failed and what held no speech."""
    assert len(sections(browser, page)) == 4
    rows = browser.find_elements(By.CSS_SELECTOR, "#summary tbody tr")
    text = {row.find_element(By.TAG_NAME, "a").text: row.text for row in rows}
    assert list(text) == sorted(str(p) for p in folder.rglob("*.wav"))
    assert "failed" in text[str(folder / "broken.wav")]
    assert "no speech" in text[str(folder / "below/silence.wav")]
    # And of each folder, which may be a speaker's.
    rows = browser.find_elements(By.CSS_SELECTOR, "#folders tbody tr")
    cells = [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in rows]
    assert [row[0] for row in cells] == [str(folder), str(folder / "below")]
    for place, _, _, count, sounds in cells:
        inside = Counter(u.label for u in utterances if str(Path(u.file).parent) == place)
        assert int(count) == inside.total()
        assert dict(part.rsplit(" ", 1) for part in sounds.split(", ")) == {
            label: str(number) for label, number in inside.items()
        }
    first = utterances[0].file
    for utterance in utterances:
        assert utterance.label in text[utterance.file]
    assert first in browser.find_element(By.TAG_NAME, "body").text
    assert "feel" in browser.find_element(By.CSS_SELECTOR, "p.warning").text
    assert "workplace" in browser.find_element(By.ID, "caveats").text


@needs_browser
def test_list_mouse_and_keys_move_along_the_recording(
    browser: webdriver.Chrome, page: Path, utterances: list[Utterance]
) -> None:
    """The mark follows, and the sentence below says what was judged there."""
    section = sections(browser, page)[0]
    second = utterances[1]
    section.find_elements(By.CSS_SELECTOR, "table.utterances button")[1].click()
    assert place(section) >= round(second.start_s, 1)
    current = section.find_elements(By.CSS_SELECTOR, "tr[aria-current]")
    assert [float(row.get_attribute("data-start") or "nan") for row in current] == [second.start_s]
    audio = section.find_element(By.TAG_NAME, "audio")
    WebDriverWait(browser, 10).until(
        lambda _: float(audio.get_property("currentTime") or 0) > second.start_s + 0.2
    )
    browser.execute_script("arguments[0].pause()", audio)

    figure = slider(section)
    figure.send_keys(Keys.HOME)
    assert place(section) == 0.0
    figure.send_keys(Keys.ARROW_RIGHT)
    assert place(section) == 0.5
    figure.send_keys(Keys.END)
    assert place(section) == pytest.approx(float(figure.get_attribute("aria-valuemax") or "nan"))

    # A click in the middle of the plot is the middle of the recording.
    script = """const box = arguments[0].querySelector('svg').getBoundingClientRect();
        arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true,
            clientX: box.left + box.width * 0.55, clientY: box.top + 10}));"""
    browser.execute_script(script, figure)
    length = float(figure.get_attribute("aria-valuemax") or "nan")
    assert place(section) == pytest.approx(length / 2, abs=0.1)

    inside = (second.start_s + second.end_s) / 2
    browser.execute_script(script.replace("0.55", f"(0.11 + 0.88 * {inside / length})"), figure)
    said = section.find_element(By.TAG_NAME, "output").text
    assert re.search(r"0:0\d\.\d: \w+ \(\w+ \d+ %, \w+ \d+ %, \w+ \d+ %", said), said


def test_the_bar_of_an_utterance_is_its_probabilities(
    emoscope: Emoscope, folder: Path, utterances: list[Utterance]
) -> None:
    """One after the other, in the order of the model."""
    recording = folder / "below" / "one utterance.wav"
    text = emoscope("report", recording, "--output", "-").stdout
    (bar,) = re.findall(r'<svg class="bar".*?</svg>', text)
    starts = [float(x) for x in re.findall(r' x="([\d.]+)"', bar)]
    (mine,) = [u for u in utterances if u.file == str(recording)]
    shares = list(mine.probabilities.values())
    expected = [100 * sum(shares[:place]) for place in range(len(shares))]
    assert starts == pytest.approx(expected, abs=0.06)


@needs_browser
def test_everything_is_reached_by_the_tab_key(browser: webdriver.Chrome, page: Path) -> None:
    """Links, the colours, the timelines and the utterances, each with a visible focus."""
    sections(browser, page)
    seen = set()
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    for _ in range(60):
        active = browser.switch_to.active_element
        seen.add(active.get_attribute("role") or active.tag_name)
        # A player draws the focus of its parts itself.
        if active.tag_name not in ("body", "audio"):
            assert active.value_of_css_property("outline-style") != "none"
        active.send_keys(Keys.TAB)
    assert {"button", "a", "slider", "summary"} <= seen


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2 of `rgb(...)`."""
    channels = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_shapes_stand_out(browser: webdriver.Chrome, page: Path, scheme: str) -> None:
    """4.5 to 1 for text, 3 to 1 for shapes, as the system asks and as the button does."""
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    sections(browser, page)
    grounds = []
    for by_button in (False, True):
        if by_button:
            other = {"light": "dark", "dark": "light"}[scheme]
            feature["features"][0]["value"] = other
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
            button = browser.find_element(By.ID, "theme")
            while scheme not in button.text:
                button.click()
        ground = browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
        grounds.append(ground)
        for selector, property_, ratio in [
            ("p.made, p.warning, th, td, output, summary h2, a", "color", 4.5),
            ("svg .name, svg .time", "fill", 4.5),
            ("svg .share, svg .wave, svg rect.call:not(.uncertain)", "fill", 3.0),
            ("svg rect.uncertain", "stroke", 3.0),
        ]:
            found = browser.find_elements(By.CSS_SELECTOR, selector)
            assert found, selector
            for colour in {e.value_of_css_property(property_) for e in found}:
                assert contrast(colour, ground) >= ratio, (selector, colour, ground)
    assert grounds[0] == grounds[1]
    assert (luminance(grounds[0]) < 0.2) == (scheme == "dark")


@needs_browser
def test_a_telephone_shows_all_of_it(browser: webdriver.Chrome, page: Path) -> None:
    """Nothing but the timeline is wider than the screen, and its words can be read."""
    size = {"width": 420, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        section = sections(browser, page)[0]
        assert browser.execute_script("return document.documentElement.scrollWidth") == 420
        wide = "return [...document.querySelectorAll('table')].every(t => t.scrollWidth <= 420)"
        assert browser.execute_script(wide)
        name = section.find_element(By.CSS_SELECTOR, "svg .name")
        assert name.rect["height"] >= 10
        # The end of the timeline is reached by scrolling, and a click there is a click there.
        figure = slider(section)
        browser.execute_script("arguments[0].scrollLeft = 10000", figure)
        box = browser.execute_script(
            "const b = arguments[0].getBoundingClientRect(); return [b.right, b.top]", figure
        )
        script = """arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true,
            clientX: arguments[1] - 20, clientY: arguments[2] + 10}))"""
        browser.execute_script(script, figure, *box)
        assert place(section) > 0.95 * float(figure.get_attribute("aria-valuemax") or "nan")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


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
    """Twice as large, with every call and, in letters that the program brings along, every name."""
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
    names = [t for t in svg.iter(f"{space}text") if t.get("class") == "name"]
    for name in names:
        right, middle = number(name, "x"), number(name, "y")
        ink = [png.at(right - x, middle + y) for x in range(50) for y in range(-8, 8)]
        assert min(ink) < (60, 60, 60), name.text
    # Each time on the axis is another one, as many seconds after the last.
    ticks = [t for t in svg.iter(f"{space}text") if t.get("class") == "time"]
    times = [
        60 * float((t.text or "").split(":")[0]) + float((t.text or "").split(":")[1])
        for t in ticks
    ]
    steps = {round(after - before, 3) for before, after in itertools.pairwise(times)}
    assert len(times) > 3, times
    assert len(steps) == 1, times
    assert min(steps) > 0, times
    # The waveform and the mel bands are there.
    for name, least in zip(names[:2], (0.05, 0.2), strict=True):
        middle = number(name, "y")
        inked = [png.at(x, middle + 20) != white for x in range(221, 1979)]
        assert least < sum(inked) / len(inked) < 1


@needs_browser
def test_nothing_is_loaded_and_nothing_complains(browser: webdriver.Chrome, page: Path) -> None:
    """The page is whole: no address but its own, no message of the browser."""
    browser.get_log("browser")
    sections(browser, page)
    loaded: list[dict[str, Any]] = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name.slice(0, 5))"
    )
    assert set(map(str, loaded)) <= {"data:"}
    assert browser.get_log("browser") == []
    assert "://" not in re.sub(r"data:[^\"]*|<a href=\"https?:[^\"]*", "", page.read_text())


def test_the_audio_is_left_out_unless_asked_for(emoscope: Emoscope, folder: Path) -> None:
    """A page can be passed on without the voice."""
    recording = folder / "below" / "one utterance.wav"
    text = emoscope("report", recording, "--output", "-").stdout
    assert "data:audio" not in text
    assert "<audio" not in text
    assert len(text) < 100_000


def test_names_and_labels_cannot_become_markup(emoscope: Emoscope, folder: Path) -> None:
    """The data of the script is JSON of the page's own recordings."""
    recording = folder / 'a "1" & <b>.wav'
    text = emoscope("report", recording, "--output", "-").stdout
    assert "<b>" not in text
    blob = re.search(r'<script type="application/json">(.*?)</script>', text)
    assert blob
    assert json.loads(blob[1])["length_s"] > 5


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
        # Each run begins and ends on the middle, with two points a window between.
        runs = [re.findall(r"[\d.]+ ([\d.]+)", run) for run in (path.get("d") or "").split("Z")]
        heights = [y for run in runs for y in run[1:-1:2]]
        found = [(float(middle.get("y", "nan")) - float(y)) / 22 for y in heights]
        expected = [window[side] for window in windows]
        assert found == pytest.approx(expected, abs=0.003)
        assert max(map(abs, expected)) > 0.01
