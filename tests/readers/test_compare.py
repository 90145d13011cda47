"""Two recordings above one another on one time axis."""

from pathlib import Path

import pytest
from conftest import Emoscope, joined, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture(scope="module")
def page(emoscope: Emoscope, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a short and of a long recording."""
    folder = tmp_path_factory.mktemp("pair")
    before, after = joined(folder / "before.wav", 2), joined(folder / "sub" / "after.wav", 5)
    emoscope("report", before, after, "--output", folder / "pair.html")
    return folder / "pair.html"


@needs_browser
def test_both_share_the_axis(browser: webdriver.Chrome, page: Path) -> None:
    """The same second is at the same place; zoom and mark are shared."""
    sections(browser, page)
    body = browser.find_element(By.ID, "compare")
    assert body.get_attribute("open") is not None
    captions = [p.text for p in body.find_elements(By.CSS_SELECTOR, "p.caption")]
    assert captions == ["Above: before.wav", "Below: sub/after.wav"]

    def axes() -> list[dict[str, float]]:
        """The positions of the times on the axis, in both."""
        charts = body.find_elements(By.CSS_SELECTOR, ".pair > svg")
        return [
            {t.text: round(t.rect["x"]) for t in chart.find_elements(By.CSS_SELECTOR, ".time")}
            for chart in charts
        ]

    first, second = axes()
    assert first == second
    assert "0:24" in first
    # The length of the first, as a share of the second's.
    charts = body.find_elements(By.CSS_SELECTOR, ".pair > svg")
    ends = [
        max(r.rect["x"] + r.rect["width"] for r in c.find_elements(By.CSS_SELECTOR, "rect.call"))
        for c in charts
    ]
    left = charts[0].find_element(By.CSS_SELECTOR, ".plot").rect["x"]
    shares = {len(c.find_elements(By.CSS_SELECTOR, "rect.call")) for c in charts}
    assert len(shares) == 2
    assert 0.3 < (ends[0] - left) / (ends[1] - left) < 0.5
    pair = body.find_element(By.CSS_SELECTOR, ".pair[role=slider]")
    pair.send_keys(Keys.ARROW_RIGHT)
    marks = [c.find_element(By.CSS_SELECTOR, ".cursor").get_attribute("x1") for c in charts]
    assert marks[0] == marks[1]
    assert "above 0:00.5" in body.find_element(By.TAG_NAME, "output").text
    pair.send_keys("+")
    WebDriverWait(browser, 5).until(lambda _: "0:24" not in axes()[0])
    assert axes()[0] == axes()[1]


@needs_browser
def test_the_difference_is_in_the_table(browser: webdriver.Chrome, page: Path) -> None:
    """Below minus above, in percentage points; swapped, its sign changes."""
    sections(browser, page)

    def points() -> dict[str, int]:
        """The last column."""
        found = {}
        for row in browser.find_elements(By.CSS_SELECTOR, "table.difference tbody tr"):
            name = row.find_element(By.TAG_NAME, "th").text
            last = row.find_elements(By.TAG_NAME, "td")[-1].text.replace("\N{MINUS SIGN}", "-")
            if "point" in last:
                assert last.split()[0] not in ("+0", "-0")
                found[name] = int(last.split()[0])
        return found

    before = points()
    assert before
    assert sum(before.values()) == pytest.approx(0, abs=3)
    browser.find_element(By.XPATH, "//button[.='Swap']").click()
    assert points() == {name: -value for name, value in before.items()}
    first = browser.find_element(By.CSS_SELECTOR, "p.caption").text
    assert first == "Above: sub/after.wav"
