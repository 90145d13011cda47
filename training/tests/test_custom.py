"""Custom models: what is read, rejected and resumed, and that the program runs them."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from emoscope_train import cli
from emoscope_train.custom import clips, command, embeddings, folds
from emoscope_train.data.corpora import Clip
from emoscope_train.errors import CorpusError, UserError
from emoscope_train.export import binary
from emoscope_train.export.golden import voice
from emoscope_train.export.model_spec import Tuning
from emoscope_train.export.onnx_runtime import run_onnx, session
from emoscope_train.features.frontend import SAMPLE_RATE
from emoscope_train.numeric import softmax

LABELS = {"calm": (120.0, -0.3), "raised": (260.0, 0.7)}
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """LABEL/SPEAKER/clip.wav: a label is high and rising, the other low and falling."""

    def build(speakers: int = 4, count: int = 4) -> Path:
        top = tmp_path / "clips"
        for label, (pitch, rise) in LABELS.items():
            for speaker in range(speakers):
                where = top / label / f"s{speaker}"
                where.mkdir(parents=True)
                for number in range(count):
                    seed = 1000 * speaker + 10 * number + len(label)
                    sound = voice(100 + seed % 30, pitch * (1.0 + 0.04 * speaker), rise, seed)
                    # A different room each time, or all clips would count as one recording.
                    room = np.random.default_rng(seed).normal(0.0, 1.0, 24)
                    sound = 0.2 * np.convolve(sound, room * 0.8 ** np.arange(24))
                    soundfile.write(where / f"s{speaker}_{number}.wav", sound, SAMPLE_RATE)
        return top

    return build


def request(source: Path, **others: object) -> command.Request:
    values: dict = {"name": "mine", "output": source.parent / "mine"}
    values |= {"work": source.parent / "work", "threads": 2}
    return command.Request(source, **(values | others))


def manifest(top: Path, speaker: bool = True, side: Callable[[Path], str] | None = None) -> Path:
    """The folder as a CSV."""
    path = top.parent / "clips.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        out = csv.writer(handle)
        columns = ["path", "label", *(["speaker"] if speaker else []), *(["split"] if side else [])]
        out.writerow(columns)
        for clip in sorted(top.rglob("*.wav")):
            row = [clip.relative_to(top.parent).as_posix(), clip.parts[-3]]
            row += [clip.parts[-2]] if speaker else []
            out.writerow([*row, *([side(clip)] if side else [])])
    return path


def test_a_folder_becomes_a_model_with_a_report(folder: Folder) -> None:
    wanted = request(folder(), labels=["raised", "calm"], colors={"raised": "red"}, licence="mine")
    assert command.make(wanted) == 0
    model = onnx.load(wanted.output / "model.onnx")
    said = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert said["labels"] == ["raised", "calm"]
    assert said["colors"] == {"raised": "red"}
    assert "affect" not in said
    assert said["tuning"] == asdict(Tuning())
    kept = onnx.load(command.SHIPPED).metadata_props
    base = {entry.key: json.loads(entry.value) for entry in kept}
    assert said["stream"] == base["stream"]
    assert said["voice_change"] == base["voice_change"]
    assert "mine" in said["licences"]
    assert "CC BY-NC-SA 4.0" in said["licences"]
    found = json.loads((wanted.output / "metrics.json").read_text(encoding="utf-8"))
    figures = found["figures"]
    assert figures["test"]["uar"] > 0.9
    assert figures["folds"] == 4
    assert [row["speaker"] for row in figures["by_speaker"]] == ["s0", "s1", "s2", "s3"]
    card = (wanted.output / "card.md").read_text(encoding="utf-8")
    assert "UAR" in card
    assert (wanted.output / "figures" / "confusion.png").is_file()
    # An unseen voice.
    runtime = session(wanted.output / "model.onnx")
    answer = {
        label: softmax(run_onnx(runtime, features(voice(130, 1.1 * pitch, rise, 77))))
        for label, (pitch, rise) in LABELS.items()
    }
    assert answer["raised"][0] > 0.5 > answer["calm"][0]


def features(sound: np.ndarray) -> np.ndarray:
    from emoscope_train.features.frontend import mfcc

    return mfcc(sound)


@pytest.mark.skipif("EMOSCOPE_BIN" not in os.environ, reason="EMOSCOPE_BIN names no binary")
def test_the_binary_takes_the_model(folder: Folder) -> None:
    program = Path(os.environ["EMOSCOPE_BIN"])
    wanted = request(folder(), program=program, colors={"calm": "blue"})
    assert command.make(wanted) == 0
    sound = Path(__file__).parents[2] / "tests" / "data" / "speech-16k.wav"
    model = wanted.output / "model.onnx"
    said = [program, "analyze", sound, "--model", model, "--format", "jsonl"]
    events = [json.loads(line) for line in binary.run([str(part) for part in said]).splitlines()]
    assert events[0]["labels"] == ["calm", "raised"]
    assert events[0]["colors"] == ["blue", None]
    # The baseline grows, which it does only where the model takes one.
    measured = [event for event in events if event["type"] == "measurement"]
    assert measured
    assert all("baseline_s" in event for event in measured)


@pytest.mark.parametrize("source", ["folder", "manifest", "column"])
def test_no_accuracy_without_speakers(
    folder: Folder, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    top = folder()
    if source == "folder":
        for path in sorted(top.rglob("*.wav")):
            path.rename(path.parents[1] / path.name)
        given, remedy = top, "--speaker"
    else:
        given, remedy = manifest(top, speaker=source == "column"), "add a column speaker"
    if source == "column":
        text = given.read_text(encoding="utf-8").splitlines()
        text[3] = text[3].rsplit(",", 1)[0] + ","
        given.write_text("\n".join(text), encoding="utf-8")
        remedy = "line 4"
    assert command.make(request(given)) == 0
    assert remedy in capsys.readouterr().err
    found = json.loads((top.parent / "mine" / "metrics.json").read_text(encoding="utf-8"))
    assert found["figures"] is None
    card = (top.parent / "mine" / "card.md").read_text(encoding="utf-8")
    assert "No accuracy" in card
    assert "UAR" not in card
    assert not (top.parent / "mine" / "figures").exists()
    assert (top.parent / "mine" / "model.onnx").is_file()


def test_a_speaker_in_the_file_name_is_used(folder: Folder) -> None:
    top = folder(3)
    for path in sorted(top.rglob("*.wav")):
        path.rename(path.parents[1] / path.name)
    wanted = request(top, speaker="^([^_]+)_")
    assert command.make(wanted) == 0
    found = json.loads((wanted.output / "metrics.json").read_text(encoding="utf-8"))
    assert found["speakers"] == 3
    assert found["figures"]


def test_no_accuracy_where_a_speaker_is_on_both_sides(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    given = manifest(folder(), side=lambda path: "test" if "_0" in path.name else "train")
    assert command.make(request(given)) == 0
    said = capsys.readouterr().err
    assert "s0" in said
    assert "column split" in said
    assert "same split" in said


def test_a_split_by_speakers_is_kept(folder: Folder) -> None:
    given = manifest(folder(), side=lambda path: "test" if "s3" in path.name else "train")
    wanted = request(given)
    assert command.make(wanted) == 0
    found = json.loads((wanted.output / "metrics.json").read_text(encoding="utf-8"))
    assert found["figures"]["test"]["clips"] == 8
    assert [row["speaker"] for row in found["figures"]["by_speaker"]] == ["s3"]


def test_few_speakers_and_labels_of_one_speaker_are_no_test(folder: Folder) -> None:
    listed = clips.read(folder(2), "mine")
    assert "2 speakers" in folds.refusals(listed)[0]
    for number, clip in enumerate(listed.clips):
        who = "alone" if clip.label == "calm" else f"s{number}"
        listed.clips[number] = Clip(clip.path, "mine", who, "", "", clip.label)
    assert "calm is spoken by one speaker alone" in folds.refusals(listed)[0]


def test_folds_share_no_speaker_and_copies_are_left_out(folder: Folder) -> None:
    top = folder()
    # The same recording under another speaker's name.
    shutil.copy(top / "calm" / "s0" / "s0_0.wav", top / "calm" / "s1" / "s1_9.wav")
    listed = clips.read(top, "mine")
    groups = folds.folds(listed.clips)
    who = [{listed.clips[place].speaker for place in group} for group in groups]
    assert sorted(name for names in who for name in names) == ["s0", "s1", "s2", "s3"]
    embedded = embeddings.embed_clips(listed.clips, command.SHIPPED, top.parent / "work", 2)
    places = {"/".join(Path(c.path).parts[-3:]): n for n, c in enumerate(listed.clips)}
    pair = tuple(sorted((places["calm/s0/s0_0.wav"], places["calm/s1/s1_9.wav"])))
    assert pair in [tuple(sorted(found)) for found in embedded.copies()]
    rest = np.asarray([place for place in range(len(listed.clips)) if place != pair[0]])
    kept = folds.without_copies(rest, np.asarray([pair[0]]), embedded.copies())
    assert pair[1] not in kept


def test_an_interrupted_run_resumes(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    top = folder(2)
    listed = clips.read(top, "mine")
    work, embed_clip = top.parent / "work", embeddings.embed_clip
    names: list[str] = []

    def interrupted(clip: Clip, runtime: object) -> dict:
        names.append(Path(clip.path).name)
        if len(names) == 4:
            raise KeyboardInterrupt
        return embed_clip(clip, runtime)  # type: ignore[arg-type]

    monkeypatch.setattr(embeddings, "embed_clip", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embeddings.embed_clips(listed.clips, command.SHIPPED, work, 1)
    kept = len(list(work.rglob("*.npz")))
    assert 3 <= kept < len(listed.clips)
    assert not list(work.rglob("*.part"))
    repeated: list[str] = []

    def counted(clip: Clip, runtime: object) -> dict:
        repeated.append(Path(clip.path).name)
        return embed_clip(clip, runtime)  # type: ignore[arg-type]

    monkeypatch.setattr(embeddings, "embed_clip", counted)
    resumed = embeddings.embed_clips(listed.clips, command.SHIPPED, work, 2)
    assert len(repeated) == len(listed.clips) - kept
    whole = embeddings.embed_clips(listed.clips, command.SHIPPED, top.parent / "other", 1)
    np.testing.assert_array_equal(resumed.versions.embeddings, whole.versions.embeddings)


def test_every_recording_that_cannot_be_used_is_named(folder: Folder) -> None:
    top = folder(2)
    (top / "calm" / "s0" / "broken.wav").write_bytes(b"no sound")
    soundfile.write(top / "calm" / "s1" / "silent.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    with pytest.raises(CorpusError) as error:
        command.make(request(top))
    for part in ("2 recordings", "broken.wav", "silent.wav", "ffmpeg"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label\na.wav,calm\n", "lacks the column path"),
        ("path,label\nmissing.wav,calm\n", "line 2: no file"),
        ("path,label\n,calm\n", "line 2: path or label is empty"),
        ("path,label,split\nclips/calm/s0/s0_0.wav,calm,dev\n", "expected train or test"),
        ("path,label\nclips/calm/s0/s0_0.wav,calm\n" * 2, "no file"),
        ("path,label\n" + "clips/calm/s0/s0_0.wav,calm\n" * 2, "on line 2 already"),
        ("path,label\nclips/calm/s0/s0_0.wav,calm\n", "one label"),
        ("path,label,start,end\nclips/calm/s0/s0_0.wav,calm,2,1\n", "line 2: the end"),
        ("path,label,start,end\nclips/calm/s0/s0_0.wav,calm,2,\n", "both or none"),
    ],
)
def test_a_wrong_manifest_is_named(folder: Folder, text: str, said: str) -> None:
    top = folder(1)
    path = top.parent / "clips.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=said):
        clips.read(path, "mine")


def test_a_part_of_a_recording_is_a_clip(folder: Folder) -> None:
    """Joined in one recording, with start and end, clips embed as they do alone."""
    top = folder(2)
    paths = sorted(top.rglob("*.wav"))[:4]
    sounds = [soundfile.read(path, dtype="int16")[0] for path in paths]
    soundfile.write(top.parent / "joined.wav", np.concatenate(sounds), SAMPLE_RATE)
    rows, at = ["path,label,speaker,start,end"], 0
    for path, sound in zip(paths, sounds, strict=True):
        start, end = at / SAMPLE_RATE, (at + len(sound)) / SAMPLE_RATE
        rows.append(f"joined.wav,{path.parts[-3]},{path.parts[-2]},{start!r},{end!r}")
        at += len(sound)
    parts = top.parent / "parts.csv"
    parts.write_text("\n".join(rows), encoding="utf-8")
    listed = clips.read_manifest(parts, "mine", None)
    assert [clip.speaker for clip in listed.clips] == [path.parts[-2] for path in paths]
    alone = [Clip(str(path), "mine", "", "", "", "calm") for path in paths]
    work = top.parent / "work"
    expected = embeddings.embed_clips(alone, command.SHIPPED, work, 1)
    found = embeddings.embed_clips(listed.clips, command.SHIPPED, work, 1)
    assert np.array_equal(found.versions.embeddings, expected.versions.embeddings)


def test_wrong_options_are_rejected_before_the_work(folder: Folder) -> None:
    top = folder(1)
    wishes: list[tuple[dict, str]] = [
        ({"name": "a/b"}, "--name"),
        ({"speaker": "("}, "--speaker"),
        ({"colors": {"calm": "green"}}, "--colors"),
        ({"labels": ["calm", "angry"]}, "no clip of angry"),
        ({"pretrained": top.parent / "none.onnx"}, "none.onnx"),
    ]
    for others, said in wishes:
        with pytest.raises(UserError, match=said):
            command.make(request(top, **others))
    (top / "loose.wav").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"outside of any label's folder, the first loose\.wav"):
        clips.read(top, "mine")


def test_the_command_needs_no_pytorch_and_says_what_is_missing(tmp_path: Path) -> None:
    code = (
        "import sys, emoscope_train.custom.command; "
        "from emoscope_train import cli; "
        f"code = cli.main(['own', {str(tmp_path / 'none')!r}, '--name', 'mine']); "
        "sys.exit(code if 'torch' not in sys.modules else 9)"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "path,label,speaker" in done.stderr


def test_ctrl_c_says_how_to_resume(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "make", stopped)
    assert cli.main(["own", "x", "--name", "mine"]) == 130
    assert "same command" in capsys.readouterr().err
