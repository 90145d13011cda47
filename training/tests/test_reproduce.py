"""From a config to a model's files: in order, resumable, and from the config alone."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from emoscope_train import cli
from emoscope_train.config import load
from emoscope_train.errors import UserError
from emoscope_train.reproduce import Reproduction, plan, reproduce
from emoscope_train.runs import Run
from emoscope_train.training import checkpoints
from emoscope_train.training.pipeline import Pipeline

pytestmark = pytest.mark.torch
SHIPPED = (
    "[shipped]\nepochs = 1\nclips_per_epoch = 16\nlearning_rate = 1e-3\naverage_splits = true\n"
)


@pytest.fixture
def wanted(
    toy: Path,
    toy_corpus: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Reproduction:
    """A toy whose shipped model is the average of two seeds."""
    text = toy.read_text(encoding="utf-8") + SHIPPED
    for old, new in {
        "epochs = 4": "epochs = 1\nmembers = 2",
        "clips_per_epoch = 240": "clips_per_epoch = 16",
        "steps = 40": "steps = 2",
    }.items():
        text = text.replace(old, new)
    toy.write_text(text, encoding="utf-8")
    monkeypatch.setattr(checkpoints, "load_pretrained", lambda network, path: None)
    data, work = toy_corpus(6, 4), tmp_path / "work"
    start = tmp_path / "published.pt"
    return Reproduction(load(toy), data, work, tmp_path / "models" / "toy", start)


def states(wanted: Reproduction) -> dict[str, str]:
    return {line[18:].strip(): line[:18].strip() for line in plan(wanted)}


def test_steps_run_in_order_and_once_and_the_model_is_the_average(
    wanted: Reproduction, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = list(states(wanted))
    assert steps == [
        "compute features",
        "train speakers, seed 1",
        "train speakers, seed 2",
        "average 2 backbones and train the voice head of speakers",
        "train everything, seed 1",
        "train everything, seed 2",
        "average 3 backbones and train the voice head of everything",
        "export everything",
        "evaluate",
    ]
    assert set(states(wanted).values()) == {"to do"}
    finish = Pipeline.finish

    def interrupted(pipeline: Pipeline, split: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Pipeline, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce(wanted)
    monkeypatch.setattr(Pipeline, "finish", finish)
    assert [states(wanted)[step] for step in steps[:4]] == ["done", "done", "done", "to do"]
    first = Run(wanted.work, "toy", "speakers")
    before = first.last.stat().st_mtime_ns
    reproduce(wanted)
    assert set(states(wanted).values()) == {"done"}
    assert first.last.stat().st_mtime_ns == before
    for name in ("model.onnx", "golden.json", "metrics.json", "card.md"):
        assert (wanted.output / name).is_file(), name

    last = Run(wanted.work, "toy", "everything")
    other = Run.of_seed(wanted.work, "toy", "everything", 2)
    one, two, speakers = (
        torch.load(path)["network"] for path in (last.best, other.best, first.average)
    )
    mean = checkpoints.load_finished(last).state_dict()
    apart = 0.0
    for name, value in one.items():
        if value.is_floating_point():
            expected = (value.double() + two[name].double() + speakers[name].double()) / 3.0
            torch.testing.assert_close(mean[name].double(), expected, atol=1e-6, rtol=1e-5)
            apart = max(apart, float((value - two[name]).abs().max()))
    assert apart > 1e-3
    # The second member of the average is not a repetition of the first.
    found = json.loads((wanted.output / "metrics.json").read_text(encoding="utf-8"))
    assert found["splits"]["speakers"]["seeds"].keys() == {"1"}
    assert last.read(last.facts)["before"]["seed"] == 1
    assert other.read(other.facts)["before"]["seed"] == 2

    # A step whose input changed is repeated, and so are those that read its files.
    (wanted.output / "model.onnx").unlink()
    assert {step for step, state in states(wanted).items() if state == "to do"} == {
        "export everything"
    }


def test_a_run_of_another_recipe_is_not_resumed(wanted: Reproduction, toy: Path) -> None:
    wanted.pipeline.train_backbone("speakers", 1)
    text = toy.read_text(encoding="utf-8")
    toy.write_text(text.replace("learning_rate = 3e-3", "learning_rate = 1e-3"), encoding="utf-8")
    changed = Pipeline(load(toy), wanted.data, wanted.work, None)
    with pytest.raises(UserError, match=r"started with learning_rate = 0\.003.*says 0\.001"):
        changed.train_backbone("speakers", 1)
    # Additional members change no existing one.
    toy.write_text(text.replace("members = 2", "members = 3"), encoding="utf-8")
    Pipeline(load(toy), wanted.data, wanted.work, None).train_backbone("speakers", 1)


def test_a_plan_runs_nothing_and_needs_no_pytorch(wanted: Reproduction, toy: Path) -> None:
    code = (
        "import sys; from emoscope_train import cli; "
        f"code = cli.main(['reproduce', {str(toy)!r}, '--data', {str(wanted.data)!r}, "
        f"'--work', {str(wanted.work)!r}, '--plan']); "
        "sys.exit(9 if 'torch' in sys.modules else code)"
    )
    folder = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "to do              train everything, seed 2\n" in done.stdout
    assert not wanted.work.exists()


def test_published_weights_are_asked_for(
    wanted: Reproduction, toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(wanted.data), "--work", str(wanted.work)]
    assert cli.main(["reproduce", str(toy), *where, "--threads", "1"]) == 2
    assert "--pretrained" in capsys.readouterr().err
