"""The overview of many recordings: weighted bars, groups, order, search and download."""

import csv
import json
import re
import wave
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from conftest import TOP, Emoscope, Utterance, downloaded, needs_browser, sections
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select


def shares(utterances: list[Utterance]) -> dict[str, int]:
    """Percent of the seconds of each label."""
    seconds: dict[str, float] = defaultdict(float)
    for utterance in utterances:
        seconds[utterance.label] += utterance.end_s - utterance.start_s
    return {label: round(100 * s / sum(seconds.values())) for label, s in seconds.items()}


def said(row: WebElement) -> dict[str, int]:
    """The same from a row."""
    words = row.find_element(By.CSS_SELECTOR, ".words").text
    return {label: int(percent) for label, percent in re.findall(r"(\w+) (\d+) %", words)}


def near(found: dict[str, int], expected: dict[str, int]) -> bool:
    """Whether two shares differ only by rounding."""
    return found.keys() == expected.keys() and all(
        abs(found[label] - expected[label]) <= 1 for label in found
    )


def arousal(utterances: list[Utterance]) -> float:
    """The mean over their seconds."""
    lengths = [u.end_s - u.start_s for u in utterances]
    values = (u.arousal * length for u, length in zip(utterances, lengths, strict=True))
    return sum(values) / sum(lengths)


def rows(browser: webdriver.Chrome, kind: str = "tbody tr") -> list[WebElement]:
    """The rows of the overview."""
    return browser.find_elements(By.CSS_SELECTOR, f"#summary {kind}")


def number(row: WebElement) -> float:
    """The arousal of a row."""
    text = row.find_elements(By.TAG_NAME, "td")[-1].text
    return float(text.replace("\N{MINUS SIGN}", "-"))


def choose(browser: webdriver.Chrome, label: str, value: str) -> None:
    """Chooses from the list with that label."""
    path = f"//label[contains(., '{label}')]//select"
    Select(browser.find_element(By.XPATH, path)).select_by_value(value)


@needs_browser
def test_bars_are_weighted_by_seconds(
    browser: webdriver.Chrome, page: Path, folder: Path, utterances: list[Utterance]
) -> None:
    """Each part is as wide as its share of the speech; the total is that of all seconds."""
    sections(browser, page)
    for row in rows(browser):
        name = row.find_element(By.TAG_NAME, "a").text
        mine = [u for u in utterances if u.file == str(folder / name)]
        if not mine:
            continue
        assert near(said(row), shares(mine)), name
        assert number(row) == pytest.approx(arousal(mine), abs=0.006)
        bar = row.find_element(By.CSS_SELECTOR, ".stacked")
        parts = bar.find_elements(By.TAG_NAME, "span")
        widths = sorted(round(100 * part.rect["width"] / bar.rect["width"]) for part in parts)
        assert widths == pytest.approx(sorted(shares(mine).values()), abs=1)
    (total,) = rows(browser, "tfoot tr")
    assert near(said(total), shares(utterances))
    assert number(total) == pytest.approx(arousal(utterances), abs=0.006)


@needs_browser
def test_groups_and_order(
    browser: webdriver.Chrome, page: Path, folder: Path, utterances: list[Utterance]
) -> None:
    """Sums of folders; recordings by a column, either way, and by the share of a label."""
    sections(browser, page)
    choose(browser, "Group by", "folder")
    groups = {row.find_element(By.TAG_NAME, "th").text: row for row in rows(browser, "tr.group")}
    assert set(groups) == {"folder .", "folder below"}
    for name, row in groups.items():
        place = folder / name.removeprefix("folder ")
        mine = [u for u in utterances if Path(u.file).parent == place]
        assert near(said(row), shares(mine)), name
    choose(browser, "Group by", "")
    for descending in (True, False):
        browser.find_element(
            By.XPATH, "//*[@id='summary']//thead//button[.='length' or starts-with(., 'length')]"
        ).click()
        lengths = [row.find_elements(By.TAG_NAME, "td")[1].text for row in rows(browser)]
        assert lengths == sorted(lengths, reverse=descending)
        assert len(set(lengths)) > 2
    head = browser.find_element(By.XPATH, "//*[@id='summary']//th[starts-with(., 'length')]")
    assert head.get_attribute("aria-sort") == "ascending"
    label = utterances[-1].label
    choose(browser, "Order by", label)
    found = [said(row).get(label, 0) if "%" in row.text else 0 for row in rows(browser)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0


@needs_browser
def test_two_clicks_find_a_label(
    browser: webdriver.Chrome, page: Path, utterances: list[Utterance]
) -> None:
    """One on the label, one on an utterance: the mark moves there."""
    sections(browser, page)
    for label in {u.label for u in utterances}:
        sections(browser, page)
        browser.find_element(By.CSS_SELECTOR, f"button[data-label='{label}']").click()
        mine = [u for u in utterances if u.label == label]
        assert len(rows(browser)) == len(mine)
        link = rows(browser)[-1].find_element(By.TAG_NAME, "a").get_attribute("href") or ""
        rows(browser)[-1].find_element(By.TAG_NAME, "button").click()
        section = browser.find_element(By.ID, link.rsplit("#", 1)[1])
        figure = section.find_element(By.CSS_SELECTOR, "[role=slider].timeline")
        at = float(figure.get_attribute("aria-valuenow") or "nan")
        assert at == pytest.approx(mine[-1].start_s, abs=0.06)
        assert browser.switch_to.active_element == figure


@needs_browser
def test_a_name_is_searched(browser: webdriver.Chrome, page: Path) -> None:
    """Part of it, in any case; the status shows the number of matches."""
    sections(browser, page)
    browser.find_element(By.CSS_SELECTOR, "input[type=search]").send_keys("BELOW/")
    names = [row.find_element(By.TAG_NAME, "a").text for row in rows(browser)]
    assert names == ["below/one utterance.wav", "below/silence.wav"]
    assert browser.find_element(By.CSS_SELECTOR, "[role=status].status").text == "2 of 4 recordings"


@needs_browser
def test_the_visible_rows_are_downloaded(
    browser: webdriver.Chrome,
    page: Path,
    folder: Path,
    utterances: list[Utterance],
    tmp_path: Path,
) -> None:
    """CSV and JSON of the utterances of one label, and of all recordings."""
    sections(browser, page)
    text = downloaded(browser, "CSV", tmp_path / "recordings.csv")
    table = list(csv.DictReader(text.splitlines()))
    assert [row["file"] for row in table] == sorted(
        str(p.relative_to(folder)) for p in folder.rglob("*.wav")
    )
    speech = sum(float(row["speech_s"]) for row in table)
    assert speech == pytest.approx(sum(u.end_s - u.start_s for u in utterances), abs=0.01)
    label = utterances[0].label
    browser.find_element(By.CSS_SELECTOR, f"button[data-label='{label}']").click()
    text = downloaded(browser, "JSON", tmp_path / "utterances.json")
    found: list[dict[str, Any]] = json.loads(text)
    mine = [u for u in utterances if u.label == label]
    assert [row["file"] for row in found] == [str(Path(u.file).relative_to(folder)) for u in mine]
    for row, utterance in zip(found, mine, strict=True):
        assert row["start_s"] == pytest.approx(utterance.start_s, abs=1e-3)
        assert row["confidence"] == pytest.approx(utterance.confidence, abs=1e-4)
        for name, share in utterance.probabilities.items():
            assert row[name] == pytest.approx(share, abs=1e-3)


@needs_browser
def test_channels_are_rows_and_groups(
    browser: webdriver.Chrome, emoscope: Emoscope, tmp_path: Path
) -> None:
    """Two speakers in a call: a row each, a sum each, and both on one axis."""
    call, page = tmp_path / "call.wav", tmp_path / "call.html"
    with wave.open(str(TOP / "tests/data/two-utterances.wav")) as file:
        params, voice = file.getparams(), file.readframes(file.getnframes())
    frames = [voice[n : n + 2] for n in range(0, len(voice), 2)]
    later = frames[-16000:] + frames[:-16000]
    with wave.open(str(call), "wb") as file:
        file.setparams(params._replace(nchannels=2))
        file.writeframes(b"".join(a + b for a, b in zip(frames, later, strict=True)))
    lines = emoscope("analyze", call, "--channel", "each", "--format", "jsonl").stdout.splitlines()
    ended = [e for e in map(json.loads, lines) if e.get("trigger") == "speech_ended"]
    emoscope("report", call, "--channel", "each", "--output", page)
    sections(browser, page)
    names = [row.find_element(By.TAG_NAME, "a").text for row in rows(browser)]
    assert names == ["call.wav, channel 1", "call.wav, channel 2"]
    counts = [int(row.find_elements(By.TAG_NAME, "td")[3].text) for row in rows(browser)]
    assert counts == [sum(e["channel"] == channel for e in ended) for channel in (1, 2)]
    assert all(counts)
    choose(browser, "Group by", "channel")
    groups = [row.find_element(By.TAG_NAME, "th").text for row in rows(browser, "tr.group")]
    assert groups == ["channel 1", "channel 2"]
    captions = [p.text for p in browser.find_elements(By.CSS_SELECTOR, "#compare p.caption")]
    assert captions == [
        f"{place}: {name}" for place, name in zip(("Above", "Below"), names, strict=True)
    ]
    # Each has its own waveform.
    waves = browser.find_elements(By.CSS_SELECTOR, ".still polygon.wave")
    assert len({w.get_attribute("points") for w in waves}) == 2
