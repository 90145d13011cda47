"""axe-core finds nothing on the pages of one, of many and of two recordings."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Emoscope, joined, needs_browser, needs_npm, sections
from selenium import webdriver
from selenium.webdriver.common.by import By

RUN = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations"] }).then(
    (found) => done(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html.slice(0, 200))])),
    (error) => done([[String(error), []]]));
"""


@pytest.fixture(scope="module")
def pages(
    emoscope: Emoscope, page: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The report of one long recording with a reference, of a folder, and of two."""
    folder = tmp_path_factory.mktemp("pages")
    first, second = joined(folder / "first.wav", 40), joined(folder / "second.wav", 3)
    reference = folder / "labels.csv"
    reference.write_text("start,end,label\n0,5,anger\n5,11,neutral\n")
    emoscope("report", first, "--reference", reference, "--output", folder / "one.html")
    emoscope("report", first, second, "--output", folder / "two.html")
    return {"one": folder / "one.html", "many": page, "two": folder / "two.html"}


@needs_browser
@needs_npm
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("which", ["one", "many", "two"])
def test_axe_finds_nothing(
    browser: webdriver.Chrome,
    axe: str,
    pages: dict[str, Path],
    which: str,
    width: int,
    scheme: str,
) -> None:
    """Nothing, with everything open: lists, groups, corrections, utterances."""
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        sections(browser, pages[which])
        browser.execute_script(axe)
        assert found(browser) == []
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        for text in ("Correct labels", "Utterances"):
            browser.find_element(By.XPATH, f"//button[.='{text}']").click()
        assert found(browser) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def found(browser: webdriver.Chrome) -> list[Any]:
    """The violations, each with the elements."""
    violations: list[Any] = browser.execute_async_script(RUN)
    return violations
