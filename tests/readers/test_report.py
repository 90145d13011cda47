"""The report in a browser: by mouse, by keys only, in light and dark, without a network."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Emoscope, Utterance, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait


def slider(section: WebElement) -> WebElement:
    """The timeline of a recording."""
    return section.find_element(By.CSS_SELECTOR, "[role=slider]")


def place(section: WebElement) -> float:
    """The position of the mark, in seconds."""
    return float(slider(section).get_attribute("aria-valuenow") or "nan")


@needs_browser
def test_the_summary_lists_each_recording(
    browser: webdriver.Chrome, page: Path, folder: Path, utterances: list[Utterance]
) -> None:
    """A row per recording, also for those that failed or hold no speech."""
    assert len(sections(browser, page)) == 4
    rows = browser.find_elements(By.CSS_SELECTOR, "#summary tbody tr")
    text = {row.find_element(By.TAG_NAME, "a").text: row.text for row in rows}
    assert list(text) == sorted(str(p.relative_to(folder)) for p in folder.rglob("*.wav"))
    assert "failed" in text["broken.wav"]
    assert "no speech" in text["below/silence.wav"]
    for utterance in utterances:
        assert utterance.label in text[str(Path(utterance.file).relative_to(folder))]
    assert "feel" in browser.find_element(By.CSS_SELECTOR, "p.warning").text
    assert "workplace" in browser.find_element(By.ID, "caveats").text


@needs_browser
def test_list_mouse_and_keys_move_along_the_recording(
    browser: webdriver.Chrome, page: Path, utterances: list[Utterance]
) -> None:
    """The mark follows, and the sentence below names the prediction there."""
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
    script = """const box = arguments[0].querySelector('.plot').getBoundingClientRect();
        arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true,
            clientX: box.left + box.width * arguments[1], clientY: box.top + 10}));"""
    browser.execute_script(script, figure, 0.5)
    length = float(figure.get_attribute("aria-valuemax") or "nan")
    assert place(section) == pytest.approx(length / 2, abs=0.1)

    inside = (second.start_s + second.end_s) / 2
    browser.execute_script(script, figure, inside / length)
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
def test_it_fits_a_phone(browser: webdriver.Chrome, page: Path) -> None:
    """Nothing is wider than the screen, and the names of the lanes are legible."""
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        section = sections(browser, page)[0]
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        wide = "return [...document.querySelectorAll('table')].every(t => t.scrollWidth <= 390)"
        assert browser.execute_script(wide)
        figure = slider(section)
        plot = figure.find_element(By.CSS_SELECTOR, ".plot").rect
        names = figure.find_elements(By.CSS_SELECTOR, ".name")
        assert len(names) > 10
        for name in names:
            assert name.rect["height"] >= 10, name.text
            assert 0 <= name.rect["x"] < name.rect["x"] + name.rect["width"] <= plot["x"], name.text
        # The last of the plot is the end of the recording.
        script = """arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true,
            clientX: arguments[1], clientY: arguments[2]}))"""
        browser.execute_script(script, figure, plot["x"] + plot["width"] - 1, 10)
        assert place(section) > 0.99 * float(figure.get_attribute("aria-valuemax") or "nan")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@needs_browser
def test_nothing_is_loaded_and_no_error_is_logged(browser: webdriver.Chrome, page: Path) -> None:
    """The page is complete: no external address, no message of the browser."""
    browser.get_log("browser")
    sections(browser, page)
    loaded: list[dict[str, Any]] = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name.slice(0, 5))"
    )
    assert set(map(str, loaded)) <= {"data:"}
    assert browser.get_log("browser") == []
    assert "://" not in re.sub(r"data:[^\"]*|<a href=\"https?:[^\"]*", "", page.read_text())


def test_the_audio_is_left_out_unless_asked_for(emoscope: Emoscope, folder: Path) -> None:
    """A report can be shared without the audio."""
    recording = folder / "below" / "one utterance.wav"
    text = emoscope("report", recording, "--output", "-").stdout
    assert "data:audio" not in text
    assert "<audio" not in text
    assert len(re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)) < 100_000


def test_names_and_labels_cannot_become_markup(emoscope: Emoscope, folder: Path) -> None:
    """The data of the script is JSON of the page's own recordings."""
    recording = folder / 'a "1" & <b>.wav'
    text = emoscope("report", recording, "--output", "-").stdout
    assert "<b>" not in text
    blob = re.search(r'<script type="application/json">(.*?)</script>', text)
    assert blob
    assert json.loads(blob[1])["length_s"] > 5
