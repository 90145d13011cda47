"""The channels of a call in each format, read by independent programs."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import parselmouth
import pyarrow.parquet as pq
import pytest
import webvtt
from conftest import TOP, Emoscope

CALL = TOP / "tests" / "data" / "call.flac"
MS = pytest.approx


@pytest.fixture(scope="module")
def utterances(emoscope: Emoscope) -> list[dict[str, Any]]:
    """The utterances of the event lines, in the order of their ends."""
    done = emoscope("analyze", CALL, "--channel", "each", "--format", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = [event for event in events if event.get("trigger") == "speech_ended"]
    assert [u["channel"] for u in found].count(1) == 2
    assert [u["channel"] for u in found].count(2) == 3
    starts = [u["start_s"] for u in found]
    assert starts != sorted(starts), "an utterance ends within another one"
    return found


def text(utterance: dict[str, Any]) -> str:
    """The expected text of a caption."""
    if utterance["label"] == "uncertain":
        return "uncertain"
    return f"{utterance['label']} {utterance['confidence'] * 100:.0f} %"


def test_captions(emoscope: Emoscope, utterances: list[dict[str, Any]], tmp_path: Path) -> None:
    """webvtt-py finds the voice of each cue; starts rise, as the standard asks."""
    expected = sorted(utterances, key=lambda u: float(u["start_s"]))
    path = tmp_path / "call.vtt"
    emoscope("analyze", CALL, "--channel", "each", "--format", "vtt", "-o", path)
    cues = webvtt.read(path)
    assert [cue.voice for cue in cues] == [f"Channel {u['channel']}" for u in expected]
    assert [cue.text for cue in cues] == [text(u) for u in expected]
    starts = [cue.start_in_seconds + cue.start_time.milliseconds / 1000 for cue in cues]
    assert starts == MS([u["start_s"] for u in expected], abs=0.0006)
    path = tmp_path / "call.srt"
    emoscope("analyze", CALL, "--channel", "each", "--format", "srt", "-o", path)
    cues = webvtt.from_srt(path)
    assert [cue.text for cue in cues] == [f"Channel {u['channel']}: {text(u)}" for u in expected]
    blocks = path.read_text().strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["1", "2", "3", "4", "5"]


def test_praat(emoscope: Emoscope, utterances: list[dict[str, Any]], tmp_path: Path) -> None:
    """Praat finds the tiers of each channel."""
    path = tmp_path / "call.TextGrid"
    emoscope("analyze", CALL, "--channel", "each", "--format", "textgrid", "-o", path)
    grid = parselmouth.read(str(path))

    def ask(*question: Any) -> Any:
        return parselmouth.praat.call(grid, *question)

    tiers = range(1, int(ask("Get number of tiers")) + 1)
    names = {ask("Get tier name", tier): tier for tier in tiers}
    assert len(names) == 12
    for channel in (1, 2):
        tier = names[f"channel {channel}: expression"]
        intervals = range(1, int(ask("Get number of intervals", tier)) + 1)
        labels = [ask("Get label of interval", tier, interval) for interval in intervals]
        said = [u["label"] for u in utterances if u["channel"] == channel]
        assert [label for label in labels if label] == said
        assert ask("Get end time of interval", tier, intervals[-1]) == MS(15.0)


def test_rows(emoscope: Emoscope, utterances: list[dict[str, Any]], tmp_path: Path) -> None:
    """CSV and Parquet have a channel column, and none without the option."""
    expected = [(u["channel"], u["utterance"], u["start_s"]) for u in utterances]
    keys = ["channel", "utterance", "start_s"]
    for form, read in [("csv", pd.read_csv), ("parquet", lambda p: pq.read_table(p).to_pandas())]:
        path = tmp_path / f"call.{form}"
        emoscope("analyze", CALL, "--channel", "each", "--format", form, "-o", path)
        table = read(path)
        assert list(table.columns[:3]) == ["file", "channel", "utterance"]
        assert list(table[keys].itertuples(index=False, name=None)) == expected
        path = tmp_path / f"mix.{form}"
        emoscope("analyze", CALL, "--format", form, "-o", path)
        assert "channel" not in read(path).columns


def test_segments(emoscope: Emoscope, utterances: list[dict[str, Any]]) -> None:
    """RTTM has the channel in its third field."""
    done = emoscope("analyze", CALL, "--channel", "each", "--format", "rttm")
    fields = [line.split() for line in done.stdout.splitlines()]
    assert [(f[0], f[1], int(f[2]), f[7]) for f in fields] == [
        ("SPEAKER", "call", u["channel"], u["label"]) for u in utterances
    ]
