"""A long recording: bins, a strip with a window, a list that opens."""

import base64
import csv
import io
import re
from pathlib import Path

import pytest
from conftest import Emoscope, joined, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than five minutes."""
    return joined(tmp_path_factory.mktemp("long") / "long.wav", 60)


@pytest.fixture(scope="module")
def rows(emoscope: Emoscope, long: Path) -> Rows:
    """Its utterances."""
    return list(csv.DictReader(io.StringIO(emoscope("analyze", long, "--format", "csv").stdout)))


@pytest.fixture(scope="module")
def page(emoscope: Emoscope, long: Path) -> Path:
    """Its report."""
    path = long.with_suffix(".html")
    emoscope("report", long, "--output", path)
    return path


def window(section: WebElement) -> tuple[float, float]:
    """The visible range, in seconds."""
    handles = section.find_elements(By.CSS_SELECTOR, ".strip [role=slider]")
    start, end = (float(handle.get_attribute("aria-valuenow") or "nan") for handle in handles)
    return start, end


def shown(browser: webdriver.Chrome, section: WebElement, start: float, end: float) -> None:
    """Waits until that range is drawn."""
    near = pytest.approx((start, end), abs=0.11)
    WebDriverWait(browser, 5).until(lambda _: window(section) == near, f"{window(section)}")


@needs_browser
def test_many_utterances_are_bins(browser: webdriver.Chrome, page: Path, rows: Rows) -> None:
    """Their area is the share of each label in the speech; the page stays short."""
    (section,) = sections(browser, page)
    assert len(rows) > 100
    assert section.find_elements(By.CSS_SELECTOR, ".timeline rect.call") == []
    height = browser.execute_script("return document.documentElement.scrollHeight")
    assert height < 3000
    for picture in (".timeline", ".still"):
        parts = section.find_elements(By.CSS_SELECTOR, f"{picture} path.part")
        areas: dict[str, float] = {}
        for part in parts:
            name = (part.get_attribute("class") or "").split()[1]
            # Rectangles of one width: their heights tell their areas.
            heights = re.findall(r"v([\d.]+)", part.get_attribute("d") or "")
            areas[name] = areas.get(name, 0.0) + sum(map(float, heights))
        seconds: dict[str, float] = {}
        for row in rows:
            length = float(row["end_s"]) - float(row["start_s"])
            seconds[row["label"]] = seconds.get(row["label"], 0.0) + length
        found = sorted(area / sum(areas.values()) for area in areas.values())
        expected = sorted(part / sum(seconds.values()) for part in seconds.values())
        assert found == pytest.approx(expected, abs=0.01)


@needs_browser
def test_the_bins_are_printed_without_images(browser: webdriver.Chrome, page: Path) -> None:
    """A PDF holds a few hundred kilobytes, not an image of the pattern of each bin."""
    sections(browser, page)
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    # The mel bands, and the pattern of each label in each lane.
    assert 0 < pdf.count(b"/Subtype /Image") < 40
    assert len(pdf) < 2_000_000


@needs_browser
def test_the_list_opens(browser: webdriver.Chrome, page: Path, rows: Rows) -> None:
    """A press opens it; an utterance in it is then shown large enough to be read."""
    (section,) = sections(browser, page)
    buttons = section.find_elements(By.CSS_SELECTOR, "table.utterances button")
    assert len(buttons) == len(rows)
    assert not buttons[0].is_displayed()
    summary = section.find_element(By.CSS_SELECTOR, "details.list > summary")
    assert summary.text == f"{len(rows)} utterances"
    summary.send_keys(Keys.ENTER)
    assert buttons[0].is_displayed()
    buttons[70].click()
    start = float(rows[70]["start_s"])
    # The whole recording, which is visible first, contains the utterance too.
    shown(browser, section, start - 20, start + 40)
    current = section.find_element(By.CSS_SELECTOR, "tr[aria-current]")
    assert float(current.get_attribute("data-start") or "nan") == pytest.approx(start, abs=1e-3)
    inside = [r for r in rows if overlap(r, *window(section))]
    blocks = section.find_elements(By.CSS_SELECTOR, ".timeline rect.call")
    assert len(blocks) == len(inside)


def overlap(row: dict[str, str], start: float, end: float) -> bool:
    """Whether an utterance is visible in a range."""
    return float(row["end_s"]) > start and float(row["start_s"]) < end


@needs_browser
def test_keys_and_buttons_zoom(browser: webdriver.Chrome, page: Path, rows: Rows) -> None:
    """Zoom in around the mark, move, and zoom out to the whole."""
    (section,) = sections(browser, page)
    whole = window(section)[1]
    figure = section.find_element(By.CSS_SELECTOR, ".timeline[role=slider]")
    figure.send_keys(Keys.END)
    for times in (1, 2, 3):
        figure.send_keys("+")
        shown(browser, section, whole - whole / 2**times, whole)
    press = {
        button.accessible_name: button
        for button in section.find_elements(By.CSS_SELECTOR, ".tools button")
    }
    press["Earlier"].click()
    shown(browser, section, whole * (1 - 3 / 16), whole * (1 - 1 / 16))
    inside = [row for row in rows if overlap(row, *window(section))]
    blocks = section.find_elements(By.CSS_SELECTOR, ".timeline rect.call")
    assert len(blocks) == len(inside)
    times = [
        60 * int(found[1]) + int(found[2])
        for text in section.find_elements(By.CSS_SELECTOR, ".timeline .time")
        if (found := re.fullmatch(r"(\d+):(\d\d)", text.text))
    ]
    assert window(section)[0] <= times[0] < times[-1] <= window(section)[1]
    start, end = section.find_elements(By.CSS_SELECTOR, ".strip [role=slider]")
    start.send_keys(Keys.HOME)
    shown(browser, section, 0, whole * (1 - 1 / 16))
    end.send_keys(Keys.ARROW_LEFT)
    shown(browser, section, 0, whole * (1 - 1 / 16) * 0.95)
    press["Whole"].click()
    shown(browser, section, 0, whole)


@needs_browser
def test_the_window_is_dragged(browser: webdriver.Chrome, page: Path) -> None:
    """A new window on the strip, then moved as a whole."""
    (section,) = sections(browser, page)
    whole = window(section)[1]
    strip = section.find_element(By.CSS_SELECTOR, ".strip")
    plot = section.find_element(By.CSS_SELECTOR, ".timeline .plot")
    left, width = plot.rect["x"], plot.rect["width"]
    middle = strip.rect["x"] + strip.rect["width"] / 2

    def drag(start: float, end: float) -> None:
        """Drags from one share of the length to another."""
        chain = ActionChains(browser).move_to_element_with_offset(
            strip, round(left + start * width - middle), 0
        )
        chain.click_and_hold().move_by_offset(round((end - start) * width / 2), 0)
        chain.move_by_offset(round((end - start) * width / 2), 0).release().perform()

    drag(0.25, 0.5)
    near = pytest.approx((whole / 4, whole / 2), abs=whole / 200)
    WebDriverWait(browser, 5).until(lambda _: window(section) == near, f"{window(section)}")
    drag(0.3, 0.55)
    near = pytest.approx((whole / 2, whole * 3 / 4), abs=whole / 100)
    WebDriverWait(browser, 5).until(lambda _: window(section) == near, f"{window(section)}")
