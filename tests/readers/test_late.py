"""The report of a track that starts hours late, in a browser."""

import subprocess
from pathlib import Path

import pytest
from conftest import TOP, Emoscope, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HOURS_S = 7200.0


def shown(browser: webdriver.Chrome, page: Path) -> tuple[list[float], str, list[float]]:
    """Left ends of the utterances in pixels, the first time of the axis, and the places of the mark
    at the start, half a second later, and at the middle of a click."""
    section = sections(browser, page)[0]
    figure = section.find_element(By.CSS_SELECTOR, "[role=slider]")
    blocks = figure.find_elements(By.CSS_SELECTOR, "rect.call")
    left = [float(block.get_attribute("x") or "nan") for block in blocks]
    time = figure.find_element(By.CSS_SELECTOR, "text.time").text
    places = []
    for key in (Keys.HOME, Keys.ARROW_RIGHT, Keys.END):
        figure.send_keys(key)
        places.append(float(figure.get_attribute("aria-valuenow") or "nan"))
    return left, time, places


@needs_browser
def test_the_page_begins_where_a_late_track_does(
    browser: webdriver.Chrome, emoscope: Emoscope, tmp_path: Path
) -> None:
    """Drawn and used as without the delay, with the times of the container."""
    found = []
    for seconds in (0.0, HOURS_S):
        track, page = tmp_path / f"{seconds}.mka", tmp_path / f"{seconds}.html"
        source = ["-itsoffset", str(seconds), "-i", TOP / "tests" / "data" / "two-utterances.wav"]
        subprocess.run(["ffmpeg", "-v", "error", *source, "-c:a", "flac", track], check=True)
        emoscope("report", track, "--output", page)
        found.append(shown(browser, page))
    (left, _, places), (late_left, late_time, late_places) = found
    assert len(left) == 2
    assert late_left == pytest.approx(left, abs=1.0)
    assert late_time.startswith("2:00:00")
    assert late_places == pytest.approx([HOURS_S + place for place in places], abs=0.1)
