"""Folds within a corpus: held-out speakers stay held out, and the corpus's labels are learned."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from emoscope_train import config, runs
from emoscope_train.data import corpora
from emoscope_train.data.corpora import Clip
from emoscope_train.errors import UserError
from emoscope_train.evaluation import folds
from emoscope_train.features import cache
from emoscope_train.files import write_json
from emoscope_train.model.network import Network
from emoscope_train.training.checkpoints import save

pytestmark = pytest.mark.torch


def test_no_speaker_is_in_two_folds() -> None:
    clips = [
        Clip(f"{voice}/{n}.wav", "toy", f"toy_{voice}", "en", "", "anger", own="rage")
        for voice in range(13)
        for n in range(3)
    ]
    numbers = folds.folds_of(clips)
    assert set(numbers.values()) == {1, 2, 3, 4, 5}
    for voice in range(13):
        assert len({numbers[f"{voice}/{n}.wav"] for n in range(3)}) == 1


def answering(folder: Path, known: dict[Path, str]) -> Path:
    """A program with fixed answers for some files and none for others, which notes its model."""
    script = folder / "program"
    script.write_text(
        f"""#!{sys.executable}
import json, os, sys
known = { ({str(path): own for path, own in known.items()})!r}
model = sys.argv[sys.argv.index("--model") + 1]
open({str(folder / "asked")!r} + f"/{{os.getpid()}}", "w").write(model)
for path in sys.argv[2:]:
    if path in known:
        for length, says in ((1.0, known[path]), (0.5, "neither")):
            print(json.dumps({{
                "type": "measurement", "trigger": "speech_ended", "file": path, "start_s": 0.0,
                "end_s": length, "probabilities": {{says: 0.6, "other": 0.4}},
            }}))
"""
    )
    script.chmod(0o755)
    return script


def test_a_toy_corpus_is_classified_on_held_out_speakers(
    toy_corpus: Callable[..., Path], toy_folds: config.Config, tmp_path: Path
) -> None:
    torch.set_num_threads(1)

    data = toy_corpus(5, 8)
    clips = [
        dataclasses.replace(clip, own={"anger": "rage", "sadness": "grief"}[clip.label])
        for clip in toy_folds.data.named(corpora.read(data))
    ]
    clean = cache.cached(clips, data, tmp_path / "work", workers=1)
    with pytest.raises(UserError, match="train the model first"):
        folds.measure(toy_folds, "toy", clips, [clean], data, tmp_path, 1)
    run = runs.Run(tmp_path, "toy", "without-toy")
    run.folder.mkdir(parents=True)
    torch.manual_seed(0)
    network = Network((4, 7, 10))
    save(run.best, {"network": network.state_dict(), "epoch": 1})
    write_json(run.facts, {"taps": [4, 7, 10], "training_data": []})
    found = folds.measure(toy_folds, "toy", clips, [clean], data, tmp_path, 1)
    assert found["labels"] == ["grief", "rage"]
    assert [row["clips"] for row in found["folds"]] == [8] * 5
    assert found["15 s"] > 0.9
    # Finished folds are kept, and each fold is measured with its own model.
    (runs.folds_folder(tmp_path, "toy") / "toy-1" / "2.json").unlink()
    (tmp_path / "asked").mkdir()
    program = answering(tmp_path, {data / clip.path: clip.own for clip in clips[::2]})
    repeated = folds.measure(toy_folds, "toy", clips, [clean], data, tmp_path, 1, program)
    assert [{**row, folds.PROGRAM: 0} for row in repeated["folds"]] == [
        {**row, folds.PROGRAM: 0} for row in found["folds"]
    ]
    models = {path.read_text() for path in (tmp_path / "asked").iterdir()}
    assert models == {
        str(runs.folds_folder(tmp_path, "toy") / f"toy-1/{n}.onnx") for n in range(1, 6)
    }
    assert repeated[folds.PROGRAM] == 0.5
