"""The report on paper: what Chromium prints, read back from the PDF."""

import base64
import wave
from pathlib import Path

import pypdfium2
import pytest
from conftest import Emoscope, joined, needs_browser, sections
from selenium import webdriver

# A4 in inches.
PAPER = {"paperWidth": 8.27, "paperHeight": 11.69}


def printed(browser: webdriver.Chrome, page: Path) -> pypdfium2.PdfDocument:
    """The page as it is printed."""
    sections(browser, page)
    pdf = browser.execute_cdp_cmd("Page.printToPDF", PAPER)["data"]
    return pypdfium2.PdfDocument(base64.b64decode(pdf))


def texts(pdf: pypdfium2.PdfDocument) -> list[str]:
    """The text of each page of paper."""
    return [page.get_textpage().get_text_bounded() for page in pdf]


def ink(page: pypdfium2.PdfPage) -> float:
    """The share of pixel rows that are not blank."""
    bitmap = page.render(scale=1, grayscale=True)
    rows = [
        bytes(bitmap.buffer)[row * bitmap.stride :][: bitmap.width] for row in range(bitmap.height)
    ]
    return sum(min(row) < 200 for row in rows) / len(rows)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_whole_recording_is_printed(
    browser: webdriver.Chrome, emoscope: Emoscope, tmp_path: Path, scheme: str
) -> None:
    """All of the axis, the times of all utterances, no page without ink, dark on white."""
    recording = joined(tmp_path / "long.wav", 11)
    page = tmp_path / "long.html"
    emoscope("report", recording, "--output", page)
    rows = emoscope("analyze", recording, "--format", "csv").stdout.splitlines()[1:]
    feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
    pdf = printed(browser, page)
    found = texts(pdf)
    whole = "\\n".join(found)
    with wave.open(str(recording)) as file:
        length = file.getnframes() / file.getframerate()
    assert length > 50
    assert f"0:{int(length / 5) * 5}" in found[0]
    assert len(rows) > 10
    for row in rows:
        start, end = (float(cell) for cell in row.split(",")[2:4])
        first, last = (f"{int(s) // 60}:{s % 60:04.1f}" for s in (start, end))
        assert f"{first} \N{EN DASH} {last}" in whole
    assert 2 <= len(pdf) <= 4
    assert "utterances" in found[0]
    for sheet in pdf:
        assert ink(sheet) > 0.1
        # White paper: the corner.
        assert sheet.render(scale=1, grayscale=True).buffer[0] > 250


@needs_browser
def test_two_recordings_are_printed_on_one_axis(
    browser: webdriver.Chrome, emoscope: Emoscope, tmp_path: Path
) -> None:
    """The comparison with both charts, then each recording; no page without ink."""
    before, after = joined(tmp_path / "before.wav", 2), joined(tmp_path / "after.wav", 5)
    page = tmp_path / "pair.html"
    emoscope("report", before, after, "--output", page)
    pdf = printed(browser, page)
    whole = "\n".join(texts(pdf))
    for caption in ("Above: after.wav", "Below: before.wav"):
        assert caption in whole
    # The end of the axis of both, and that of the longer recording by itself.
    assert whole.count("0:26") + whole.count("0:24") >= 3
    assert all(ink(sheet) > 0.05 for sheet in pdf)


@needs_browser
def test_of_many_recordings_those_that_are_open_are_printed(
    browser: webdriver.Chrome, emoscope: Emoscope, tmp_path: Path
) -> None:
    """The overview has all of them; a timeline is printed where it is open on the screen."""
    for number in range(8):
        joined(tmp_path / "calls" / f"call-{number}.wav", 1)
    page = tmp_path / "calls.html"
    emoscope("report", tmp_path / "calls", "--output", page)
    pdf = printed(browser, page)
    whole = "\n".join(texts(pdf))
    assert [whole.count(f"call-{number}.wav") for number in range(8)] == [1] * 8
    assert "total" in whole
    assert "waveform" not in whole
    assert len(pdf) <= 2
    browser.execute_script("document.getElementById('r3').open = true")
    pdf = browser.execute_cdp_cmd("Page.printToPDF", PAPER)["data"]
    whole = "\n".join(texts(pypdfium2.PdfDocument(base64.b64decode(pdf))))
    assert whole.count("call-2.wav") == 2
    assert "waveform" in whole
