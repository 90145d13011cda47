"""Speakers in each format, read by independent programs.

The sessions are written here, not by the program, but for the report's.
"""

import io
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import parselmouth
import pytest
import webvtt
from conftest import TOP, Emoscope, needs_browser, sections
from pyannote.database.util import load_rttm
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

CALL = TOP / "tests" / "data" / "call.flac"
MS = pytest.approx
# Start, end, label and speaker of each utterance.
TURNS = [
    (1.0, 3.0, "anger", "A"),
    (3.0, 4.5, "sadness", "B"),
    (6.0, 9.0, "anger", "B"),
    (9.5, 11.0, "sadness", "A"),
]


def session(speakers: list[str], healed: dict[int, str] | None = None) -> str:
    """Event lines of the turns, said by these speakers."""
    events: list[dict[str, Any]] = [
        {
            "type": "session_start",
            "schema": "emoscope.event/1",
            "version": "0.1.0",
            "source": "file",
            "name": "talk.wav",
            "sample_rate": 16000,
            "channels": 1,
            "labels": ["anger", "sadness"],
            "model": "made",
            "model_sha256": "00",
            "engine": "made",
        }
    ]
    if healed is None:
        events[0]["speakers"] = len(set(speakers))
    numbered = enumerate(zip(TURNS, speakers, strict=True), 1)
    for number, ((start, end, label, _), speaker) in numbered:
        who = {"utterance": number, "speaker": speaker}
        shares = {name: 0.8 if name == label else 0.2 for name in ("anger", "sadness")}
        fields = {"trigger": "speech_ended", "probabilities": shares, "confidence": 0.8}
        events += [
            {"type": "utterance_start", **who, "start_s": start},
            {
                "type": "measurement",
                **who,
                "start_s": start,
                "end_s": end,
                "label": label,
                **fields,
            },
            {"type": "utterance_end", **who, "start_s": start, "end_s": end},
        ]
    if healed:
        changed = [{"utterance": number, "speaker": who} for number, who in healed.items()]
        events.append({"type": "speakers", "at_s": 11.5, "changed": changed})
    summary = {"duration_s": 12.0, "speech_s": 8.0, "utterances": 4, "measurements": 4}
    none = {
        "samples_lost": 0,
        "samples_invalid": 0,
        "utterance_labels": {"anger": 2, "sadness": 2},
    }
    events.append({"type": "session_end", **summary, **none})
    return "".join(json.dumps(event) + "\n" for event in events)


@pytest.fixture
def formatted(emoscope: Emoscope, tmp_path: Path) -> Any:
    """The event lines in a format."""

    def run(lines: str, form: str) -> str:
        path = tmp_path / "talk.jsonl"
        path.write_text(lines)
        return emoscope("replay", path, "--speed", "max", "--format", form).stdout

    return run


def test_rttm(formatted: Any, tmp_path: Path) -> None:
    """pyannote reads the turns; the label is in the column of the orthography."""
    path = tmp_path / "talk.rttm"
    path.write_text(formatted(session(["A", "B", "B", "A"]), "rttm"))
    (read,) = load_rttm(path).values()
    tracks = read.itertracks(yield_label=True)
    found = [(segment.start, segment.end, speaker) for segment, _, speaker in tracks]
    assert found == [(MS(start), MS(end), speaker) for start, end, _, speaker in TURNS]
    fields = [line.split() for line in path.read_text().splitlines()]
    assert [line[5] for line in fields] == ["anger", "sadness", "anger", "sadness"]


def test_captions_name_the_speakers_where_there_are_several(formatted: Any) -> None:
    """From the first cue on, where the header says so; never with one speaker."""
    several, one = session(["A", "B", "B", "A"]), session(["A"] * 4)
    cues = webvtt.from_buffer(io.StringIO(formatted(several, "vtt")))
    assert [cue.voice for cue in cues] == ["A", "B", "B", "A"]
    cues = webvtt.from_buffer(io.StringIO(formatted(one, "vtt")))
    assert [cue.voice for cue in cues] == [None] * 4
    cues = webvtt.from_buffer(io.StringIO(formatted(several, "srt")), format="srt")
    assert [cue.text for cue in cues] == [
        "A: anger 80 %",
        "B: sadness 80 %",
        "B: anger 80 %",
        "A: sadness 80 %",
    ]
    cues = webvtt.from_buffer(io.StringIO(formatted(one, "srt")), format="srt")
    assert cues[0].text == "anger 80 %"
    labels = pd.read_csv(io.StringIO(formatted(several, "audacity")), sep="\t", header=None)
    assert list(labels[2])[:2] == ["A: anger 80 %", "B: sadness 80 %"]


def test_a_stream_names_speakers_from_the_second_one_on(formatted: Any) -> None:
    """A first speaker may stay the only one."""
    lines = session(["A", "B", "B", "A"], healed={})
    cues = webvtt.from_buffer(io.StringIO(formatted(lines, "vtt")))
    assert [cue.voice for cue in cues] == [None, "B", "B", "A"]


def test_formats_that_are_written_at_the_end_take_the_corrected_speaker(
    formatted: Any, tmp_path: Path
) -> None:
    """JSON, TextGrid and the table have the corrected speaker, CSV the first one."""
    lines = session(["A", "A", "B", "A"], healed={2: "B"})
    expected = ["A", "B", "B", "A"]
    (recording,) = json.loads(formatted(lines, "json"))
    assert [u["speaker"] for u in recording["utterances"]] == expected
    done = tmp_path / "talk.TextGrid"
    done.write_text(formatted(lines, "textgrid"))
    grid = parselmouth.read(str(done))

    def ask(*question: Any) -> Any:
        return parselmouth.praat.call(grid, *question)

    tiers = int(ask("Get number of tiers"))
    assert ask("Get tier name", tiers) == "speaker"
    intervals = range(1, int(ask("Get number of intervals", tiers)) + 1)
    letters = [ask("Get label of interval", tiers, interval) for interval in intervals]
    assert [letter for letter in letters if letter] == expected
    rows = [line.split() for line in formatted(lines, "table").splitlines()]
    place = rows[0].index("speaker")
    assert [row[place] for row in rows[1:5]] == expected
    table = pd.read_csv(io.StringIO(formatted(lines, "csv")))
    assert list(table["speaker"]) == ["A", "A", "B", "A"]


def test_one_speaker_has_neither_tier_nor_column_in_the_table(formatted: Any) -> None:
    """Formats for people look as they do without speakers."""
    lines = session(["A"] * 4)
    assert '"speaker"' not in formatted(lines, "textgrid")
    assert "speaker" not in formatted(lines, "table")


def lanes(section: WebElement, picture: str) -> list[tuple[str, str]]:
    """The speaker whose lane a block is in, and its label, from left to right."""
    names = {}
    for name in section.find_elements(By.CSS_SELECTOR, f"{picture} text.name"):
        text = name.get_attribute("textContent") or ""
        if text.startswith("speaker "):
            names[float(name.get_attribute("y") or "nan")] = text.removeprefix("speaker ")
    found = []
    for block in section.find_elements(By.CSS_SELECTOR, f"{picture} rect.call"):
        x, top, height = (float(block.get_attribute(key) or "nan") for key in ("x", "y", "height"))
        (speaker,) = [who for y, who in names.items() if top < y < top + height]
        title = block.find_element(By.TAG_NAME, "title").get_attribute("textContent") or ""
        label = re.search(rf"{speaker}: (\w+)", title)
        assert label is not None, title
        found.append((x, speaker, label[1]))
    return [(speaker, label) for _, speaker, label in sorted(found)]


@needs_browser
def test_the_report_sums_the_speech_of_each_speaker(
    emoscope: Emoscope, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    """Seconds, numbers and labels by speaker are those of the event lines."""
    done = emoscope("analyze", CALL, "--speakers", "2", "--format", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    spoken = [event for event in events if event.get("trigger") == "speech_ended"]
    letters = [event["speaker"] for event in spoken]
    assert set(letters) == {"A", "B"}
    page = tmp_path / "call.html"
    emoscope("report", CALL, "--speakers", "2", "-o", page)
    (section,) = sections(browser, page)
    rows = section.find_elements(By.CSS_SELECTOR, "table.speakers tbody tr")
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows] == ["A", "B"]
    for row, letter in zip(rows, ["A", "B"], strict=True):
        own = [event for event in spoken if event["speaker"] == letter]
        seconds = int(sum(event["end_s"] - event["start_s"] for event in own))
        cells = [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
        assert cells[:2] == [f"0:{seconds:02}", str(len(own))]
        assert all(event["label"] in cells[2] for event in own)
    group = browser.find_element(By.XPATH, "//label[contains(., 'Group by')]//select")
    Select(group).select_by_value("speaker")
    groups = browser.find_elements(By.CSS_SELECTOR, "#summary tr.group th")
    assert [group.text for group in groups] == ["speaker A", "speaker B"]
    # The recording is in both groups.
    assert browser.find_element(By.CSS_SELECTOR, "p.status").text == "1 of 1 recording"
    listed = section.find_elements(By.CSS_SELECTOR, "table.utterances tbody .who")
    assert [who.text for who in listed] == letters
    said = sorted((event["start_s"], event["speaker"], event["label"]) for event in spoken)
    for picture in (".timeline", ".still"):
        assert lanes(section, picture) == [(speaker, label) for _, speaker, label in said]
    one = tmp_path / "one.html"
    emoscope("report", CALL, "--speakers", "1", "-o", one)
    (section,) = sections(browser, one)
    assert not section.find_elements(By.CSS_SELECTOR, "table.speakers, .who")
