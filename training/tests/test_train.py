"""Training, resuming, evaluation and export, from clips to files."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from emoscope_train import cli, config
from emoscope_train.data import corpora
from emoscope_train.data.labels import LABELS
from emoscope_train.export import golden, model_files
from emoscope_train.export.model_spec import Metadata
from emoscope_train.export.onnx_file import write_onnx
from emoscope_train.export.onnx_runtime import run_onnx, session
from emoscope_train.features import cache
from emoscope_train.files import write_json
from emoscope_train.model.network import Network
from emoscope_train.runs import Run
from emoscope_train.training import loop
from emoscope_train.training.checkpoints import save
from emoscope_train.training.losses import masked_loss
from emoscope_train.training.task import prepare

pytestmark = pytest.mark.torch


def test_a_toy_model_is_trained_evaluated_and_exported(
    toy: Path, toy_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    onward = "[shipped]\nepochs = 1\nclips_per_epoch = 32\nlearning_rate = 1e-3\n"
    toy.write_text(toy.read_text(encoding="utf-8") + onward, encoding="utf-8")
    where = ["--data", str(toy_corpus()), "--work", str(tmp_path / "work")]
    into = ["--models", str(tmp_path / "models")]
    assert cli.main(["train", str(toy), *where, "--threads", "1"]) == 0
    run = Run(tmp_path / "work", "toy", "speakers")
    history = json.loads(run.history.read_text(encoding="utf-8"))
    assert len(history) == 4
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert max(row["validation_uar"] for row in history) == 1.0
    assert run.curve.is_file()
    # The shipped model continues from there, with the test speakers.
    last = Run(tmp_path / "work", "toy", "everything")
    more = json.loads(last.history.read_text(encoding="utf-8"))
    assert len(more) == 1
    assert more[0]["train_loss"] < history[0]["train_loss"]
    repeated = ["train", str(toy), *where, "--threads", "1", "--seed", "2"]
    assert cli.main(repeated) == 0

    assert cli.main(["evaluate", str(toy), *where, *into, "--threads", "1"]) == 0
    metrics = json.loads((tmp_path / "models" / "toy" / "metrics.json").read_text(encoding="utf-8"))
    found = metrics["splits"]["speakers"]
    assert found["test"]["uar"] > 0.9
    assert found["seeds"].keys() == {"1", "2"}
    assert found["seeds"]["1"] == found["test"]["uar"]
    assert metrics["rows"]["unseen speakers, UAR"] == found["test"]["uar"]
    assert set(found["by_seconds"]) == {"0.75", "1.0", "1.5", "2.0", "3.0"}
    assert found["shortcuts"]["toy"]["seen"] <= 0.8
    assert found["by_known_seconds"]["15 s"]["uar"] > 0.9
    speakers = [
        facts["training_data"][0]["speakers"]
        for facts in (found["facts"], metrics["shipped"]["facts"])
    ]
    assert speakers == [5, 7]
    text = (tmp_path / "models" / "toy" / "card.md").read_text(encoding="utf-8")
    assert "The shipped model is the measured one, trained further." in text
    assert "Backbone: 4 epochs of" in text

    assert cli.main(["export", str(toy), *where[2:], *into]) == 0
    exported = onnx.load(tmp_path / "models" / "toy" / "model.onnx")
    said = {entry.key: entry.value for entry in exported.metadata_props}
    assert json.loads(said["training_data"])[0]["speakers"] == 7
    assert (tmp_path / "models" / "toy" / "golden.json").is_file()


def test_a_resumed_run_ends_like_an_uninterrupted_one(
    toy: Path, toy_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    torch.set_num_threads(1)
    settings = config.load(toy)
    settings = dataclasses.replace(
        settings, train=dataclasses.replace(settings.train, epochs=2, clips_per_epoch=32)
    )
    data = toy_corpus(6, 4)
    clips = settings.data.named(corpora.read(data))
    clean = cache.cached(clips, data, tmp_path / "work", workers=1)
    task = prepare(settings, "speakers", clips, clean, None)
    whole, broken = (Run(tmp_path / name, "toy", "speakers") for name in ("whole", "broken"))
    loop.train(task, whole, None, "speakers")

    class StoppedError(Exception):
        pass

    def stop(path: Path, value: object) -> None:
        train_write(path, value)
        if path == broken.history:
            raise StoppedError

    train_write = loop.write_json
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "write_json", stop)
        with pytest.raises(StoppedError):
            loop.train(task, broken, None, "speakers")
    loop.train(task, broken, None, "speakers")
    one, two = (torch.load(run.last, weights_only=False)["network"] for run in (whole, broken))
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], msg=name)


def test_the_mask_keeps_absent_labels_out_of_the_loss() -> None:
    logits = torch.tensor([[0.0, 50.0, 0.0, 0.0, 0.0, 0.0, 0.0]], requires_grad=True)
    masks = torch.tensor([[True, False, False, False, False, True, False]])
    loss = masked_loss(logits, torch.eye(7)[:1], masks, 0.1, 0.0)
    assert loss.item() == pytest.approx(np.log(2.0))
    loss.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0.0
    everything = masked_loss(logits, torch.eye(7)[:1], masks, 0.0, 0.3)
    assert everything.item() == pytest.approx(0.7 * np.log(2.0) + 0.3 * 50.0, rel=1e-5)


def test_the_learning_rate_rises_and_falls_once(toy: Path) -> None:
    settings = config.load(toy)
    rates = [loop.learning_rate(step, 100, settings) for step in range(100)]
    assert int(np.argmax(rates)) in (19, 20)
    assert max(rates) == pytest.approx(3e-3)
    assert rates[-1] < 1e-5


@pytest.mark.parametrize("voiced", [False, True])
def test_the_file_gives_the_outputs_of_the_network(tmp_path: Path, voiced: bool) -> None:
    torch.manual_seed(0)
    network = Network().eval()
    if voiced:
        torch.nn.init.normal_(network.with_voice().settled.weight, std=0.02)
    path = tmp_path / "model.onnx"
    write_onnx(network, "toy", Metadata(), path)
    runtime = session(path)
    for frames in (1, 37, 75, 211, 400):
        case = np.random.default_rng(frames).normal(0.0, 20.0, (frames, 80)).astype(np.float32)
        with torch.inference_mode():
            known = network.voice.unknown(1) if network.voice else ()
            ours = network(torch.from_numpy(case)[None], *known)
            ours = (ours[0] if voiced else ours)[0].numpy()
        np.testing.assert_allclose(run_onnx(runtime, case), ours, atol=2e-4)
    assert model_files.onnx_gap(network, path, 1.0) <= golden.TOLERANCE


LIAR = """#!{python}
import json, sys
labels = {labels}
event = dict(type="measurement", trigger="speech_ended", start_s=1.0, end_s=3.0)
chances = dict.fromkeys(labels, 0.0) | {{"anger": 1.0}}
print(json.dumps(dict(event, file=sys.argv[2], probabilities=chances)))
"""


def test_a_file_that_the_binary_contradicts_is_deleted(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path, "toy", "speakers")
    run.folder.mkdir(parents=True)
    network = Network((4, 7, 10))
    save(run.best, {"network": network.state_dict(), "epoch": 1})
    write_json(run.calibration, {"temperature": 1.0, "certain": 0.3, "margin": 0.1})
    write_json(run.facts, {"taps": [4, 7, 10], "training_data": []})
    liar = tmp_path / "emoscope"
    liar.write_text(LIAR.format(python=sys.executable, labels=LABELS), encoding="utf-8")
    liar.chmod(0o755)
    folder = tmp_path / "models"
    assert model_files.export(config.load(toy), "speakers", tmp_path, folder, liar) == 1
    assert not (folder / "model.onnx").exists()
    assert not (folder / "golden.json").exists()
    assert "allowed" in capsys.readouterr().out
    assert model_files.export(config.load(toy), "speakers", tmp_path, folder, None) == 0
    assert (folder / "model.onnx").is_file()
