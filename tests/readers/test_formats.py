"""Every format, read back by an independent program, holds the same as the event lines."""

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import parselmouth
import pyarrow.parquet as pq
import pytest
import webvtt
from conftest import TOP, Emoscope, Utterance
from pyannote.database.util import load_rttm

MS = pytest.approx


def caption(utterance: Utterance) -> str:
    """The expected text of a caption."""
    if utterance.label == "uncertain":
        return "uncertain"
    return f"{utterance.label} {utterance.confidence * 100:.0f} %"


def by_file(utterances: list[Utterance]) -> dict[str, list[Utterance]]:
    """Utterances of each recording."""
    found: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        found.setdefault(utterance.file, []).append(utterance)
    return found


@pytest.mark.parametrize(("form", "extension"), [("vtt", "vtt"), ("srt", "srt")])
def test_captions(
    emoscope: Emoscope,
    folder: Path,
    utterances: list[Utterance],
    tmp_path: Path,
    form: str,
    extension: str,
) -> None:
    """webvtt-py finds a cue per utterance, to the millisecond."""
    emoscope("analyze", folder, "--format", form, "--output", tmp_path / "out", code=1)
    written = sorted(path for path in (tmp_path / "out").rglob("*") if path.is_file())
    names = [str(path.relative_to(tmp_path / "out")) for path in written]
    assert names == [
        f'a "1" & <b>.{extension}',
        f"below/one utterance.{extension}",
        f"below/silence.{extension}",
    ]
    for recording, expected in by_file(utterances).items():
        path = tmp_path / "out" / Path(recording).relative_to(folder).with_suffix(f".{extension}")
        read = webvtt.read(path) if form == "vtt" else webvtt.from_srt(path)
        assert [cue.text for cue in read] == [caption(u) for u in expected]
        for cue, utterance in zip(read, expected, strict=True):
            assert cue.start_in_seconds + cue.start_time.milliseconds / 1000 == MS(
                utterance.start_s, abs=0.0006
            )
            assert cue.end_in_seconds + cue.end_time.milliseconds / 1000 == MS(
                utterance.end_s, abs=0.0006
            )


def test_praat(
    emoscope: Emoscope, folder: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    """Praat opens the grid; its intervals cover the recording without a gap."""
    emoscope("analyze", folder, "--format", "textgrid", "--output", tmp_path, code=1)
    assert (tmp_path / "below" / "silence.TextGrid").is_file()
    for recording, expected in by_file(utterances).items():
        path = tmp_path / Path(recording).relative_to(folder).with_suffix(".TextGrid")
        grid = parselmouth.read(str(path))
        sound = parselmouth.Sound(recording)
        assert grid.xmax == MS(sound.xmax, abs=1e-6)

        def ask(*question: Any, grid: parselmouth.Data = grid) -> Any:
            return parselmouth.praat.call(grid, *question)

        count = int(ask("Get number of intervals", 1))
        spans: list[tuple[float, float, str, str]] = []
        for number in range(1, count + 1):
            start = ask("Get start time of interval", 1, number)
            assert start == MS(spans[-1][1] if spans else 0.0)
            spans.append(
                (
                    start,
                    ask("Get end time of interval", 1, number),
                    ask("Get label of interval", 1, number),
                    ask("Get label of interval", 2, number),
                )
            )
        assert spans[-1][1] == MS(grid.xmax)
        spoken = [span for span in spans if span[2]]
        for (start, end, label, sure), utterance in zip(spoken, expected, strict=True):
            assert (start, end, label) == (
                MS(utterance.start_s),
                MS(utterance.end_s),
                utterance.label,
            )
            assert float(sure) == MS(utterance.confidence, abs=1e-4)
        values = [
            [ask("Get label of interval", tier, number) for tier in range(3, 7)]
            for number in range(1, count + 1)
            if ask("Get label of interval", 1, number)
        ]
        for (arousal, valence, reason, baseline), utterance in zip(values, expected, strict=True):
            assert float(arousal) == MS(utterance.arousal)
            assert float(valence) == MS(utterance.valence)
            assert reason == (utterance.reason or "")
            assert float(baseline) == MS(utterance.baseline_s)


def test_audacity(emoscope: Emoscope, folder: Path, utterances: list[Utterance]) -> None:
    """One recording goes to standard output: start, end and text between tabs."""
    recording = folder / 'a "1" & <b>.wav'
    text = emoscope("analyze", recording, "--format", "audacity").stdout
    read = pd.read_csv(io.StringIO(text), sep="\t", names=["start", "end", "text"])
    expected = by_file(utterances)[str(recording)]
    assert list(read["text"]) == [caption(u) for u in expected]
    assert list(read["start"]) == MS([u.start_s for u in expected], abs=1e-6)
    assert list(read["end"]) == MS([u.end_s for u in expected], abs=1e-6)


def test_rttm(
    emoscope: Emoscope, folder: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    """pyannote reads the segments of all recordings from one file."""
    path = tmp_path / "all.rttm"
    emoscope("analyze", folder, "--format", "rttm", "--output", path, code=1)
    read = load_rttm(path)
    assert sorted(read) == ['a_"1"_&_<b>', "one_utterance"]
    segments = [
        (segment.start, segment.end, label)
        for name in sorted(read)
        for segment, _, label in read[name].itertracks(yield_label=True)
    ]
    for (start, end, label), utterance in zip(segments, utterances, strict=True):
        assert label == "A"  # the only speaker of each recording
        assert (start, end) == (MS(utterance.start_s, abs=0.001), MS(utterance.end_s, abs=0.002))


def same_rows(read: pd.DataFrame, utterances: list[Utterance]) -> None:
    """A table has the rows of the event lines."""
    assert list(read["file"]) == [u.file for u in utterances]
    assert list(read["label"]) == [u.label for u in utterances]
    for name in ("start_s", "end_s", "confidence"):
        assert list(read[name]) == MS([getattr(u, name) for u in utterances], abs=1e-6)
    for label in utterances[0].probabilities:
        expected = [u.probabilities[label] for u in utterances]
        assert list(read[label]) == MS(expected, abs=1e-6), label
    for name in ("arousal", "valence", "baseline_s"):
        assert list(read[name]) == MS([getattr(u, name) for u in utterances], abs=1e-6)
    reasons = [None if pd.isna(reason) else reason for reason in read["reason"]]
    assert reasons == [u.reason for u in utterances]


def test_csv(emoscope: Emoscope, folder: Path, utterances: list[Utterance]) -> None:
    """pandas reads the rows with their numbers."""
    text = emoscope("analyze", folder, "--format", "csv", code=1).stdout
    same_rows(pd.read_csv(io.StringIO(text)), utterances)


def test_parquet(
    emoscope: Emoscope, folder: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    """pyarrow reads one file, and the parts of two machines as one data set."""
    path = tmp_path / "one.parquet"
    emoscope("analyze", folder, "--format", "parquet", "--output", path, code=1)
    same_rows(pq.read_table(path).to_pandas(), utterances)
    assert [p.name for p in tmp_path.iterdir()] == ["one.parquet"]

    shares = tmp_path / "shares"
    options = ("--format", "parquet", "--output", shares, "--shard")
    codes = [
        emoscope("analyze", folder, *options, f"{k}/2", code=code).returncode
        for k, code in ((1, broken_in(folder, 1)), (2, broken_in(folder, 2)))
    ]
    assert sorted(codes) == [0, 1]
    both = pd.read_parquet(shares).sort_values(["file", "start_s"], ignore_index=True)
    same_rows(both, utterances)


def broken_in(folder: Path, share: int) -> int:
    """The exit code of a shard: 1 where the broken recording is in it."""
    digest = hashlib.sha256(str(folder / "broken.wav").encode()).digest()
    return int(int.from_bytes(digest[:8], "big") % 2 == share - 1)


def test_resume_neither_loses_nor_doubles(
    emoscope: Emoscope, folder: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    """A run that was interrupted anywhere is resumed."""
    lines = tmp_path / "all.jsonl"
    emoscope("analyze", folder, "--output", lines, "--format", "jsonl", code=1)
    whole = lines.read_bytes()
    for cut in range(1, len(whole), len(whole) // 7):
        lines.write_bytes(whole[:cut])
        emoscope("analyze", folder, "--output", lines, "--format", "jsonl", "--resume", code=1)
        again = lines.read_bytes().splitlines()
        assert sorted(set(again)) == sorted(whole.splitlines())
        spoken = [line for line in again if b"speech_ended" in line]
        assert len(spoken) == len(set(spoken)) == len(utterances)

    parts = tmp_path / "parts"
    first = folder / "below"
    emoscope("analyze", first, "--format", "parquet", "--output", parts)
    refused = emoscope("analyze", first, "--format", "parquet", "--output", parts, code=1)
    assert "--resume" in refused.stderr
    emoscope("analyze", folder, "--format", "parquet", "--output", parts, "--resume", code=1)
    read = pd.read_parquet(parts).sort_values(["file", "start_s"], ignore_index=True)
    same_rows(read, utterances)

    grids = tmp_path / "grids"
    options = ("--format", "textgrid", "--output", grids, "--resume")
    emoscope("analyze", folder, *options, code=1)
    (grids / "below" / "one utterance.TextGrid").unlink()
    kept = {path: path.stat().st_mtime_ns for path in grids.rglob("*.TextGrid")}
    emoscope("analyze", folder, *options, code=1)
    assert (grids / "below" / "one utterance.TextGrid").is_file()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def shown(form: str, output: Path) -> Any:
    """The content of an output, independent of the order of its parts."""
    if form == "jsonl":
        return sorted(output.read_bytes().splitlines())
    if form == "parquet":
        order = {"by": ["file", "start_s"], "ignore_index": True}
        return pd.read_parquet(output).sort_values(**order).to_json()
    return {path.name: path.read_bytes() for path in output.iterdir()}


@pytest.mark.parametrize("form", ["jsonl", "parquet", "vtt"])
def test_resume_tries_a_cut_recording_again(emoscope: Emoscope, tmp_path: Path, form: str) -> None:
    """What was cut off is tried again until it is whole; then no trace of the first try is left."""
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    for name in ("speech-16k", "two-utterances"):
        shutil.copy(TOP / "tests" / "data" / f"{name}.wav", recordings)
    whole = tmp_path / "whole"
    emoscope("analyze", recordings, "--format", form, "--output", whole)
    damaged = recordings / "two-utterances.wav"
    data = damaged.read_bytes()
    damaged.write_bytes(data[: len(data) // 2])

    output = tmp_path / "output"
    resume = ("analyze", recordings, "--format", form, "--output", output, "--resume")
    first = emoscope(*resume, code=1)
    partial = shown(form, output)
    assert partial != shown(form, whole)
    again = emoscope(*resume, code=1)
    assert again.stderr == first.stderr
    assert "two-utterances.wav is cut off" in again.stderr
    assert shown(form, output) == partial

    damaged.write_bytes(data)
    assert emoscope(*resume).stderr == ""
    assert shown(form, output) == shown(form, whole)
    before = {path: path.stat().st_mtime_ns for path in [output, *output.rglob("*")]}
    emoscope(*resume)
    assert before == {path: path.stat().st_mtime_ns for path in [output, *output.rglob("*")]}


def test_several_recordings_need_a_folder_for_captions(emoscope: Emoscope, folder: Path) -> None:
    """A stream of captions holds one recording."""
    refused = emoscope("analyze", folder, "--format", "vtt", code=2)
    assert "--output DIR" in refused.stderr
