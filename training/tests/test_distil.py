"""Self-distillation moves the predictions of an augmented clip towards those of the clean one."""

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train import config
from emoscope_train.config import Distillation
from emoscope_train.data import corpora
from emoscope_train.evaluation.inference import logits_of
from emoscope_train.features import cache
from emoscope_train.features.augment import Augmentation, with_noise
from emoscope_train.features.windows import opening
from emoscope_train.model.network import Network
from emoscope_train.runs import Run
from emoscope_train.training import distil, loop
from emoscope_train.training.checkpoints import load_backbone, load_finished, save
from emoscope_train.training.task import Task, prepare

pytestmark = pytest.mark.torch

RECIPE = Distillation(
    epochs=2,
    clips_per_epoch=320,
    learning_rate=2e-3,
    warm_up=0.1,
    agreement=0.5,
    untouched=0.2,
    augment=Augmentation(noise=1.0, snr_low_db=0.0, snr_high_db=10.0, silence=0.0, room=0.0),
)


@pytest.fixture
def taught(toy: Path, toy_corpus: Callable[..., Path], tmp_path: Path) -> tuple[Task, Run]:
    """A toy model trained without noise, and an unseen noise."""
    torch.set_num_threads(1)
    settings = config.load(toy)
    data = toy_corpus()
    clips = settings.data.named(corpora.read(data))
    clean = cache.cached(clips, data, tmp_path, workers=1)
    task = prepare(settings, "speakers", clips, clean, None)
    run = Run(tmp_path, "toy", "speakers")
    loop.train(task, run, None, "speakers")
    noise = np.random.default_rng(0).normal(-40.0, 4.0, (300, 80)).astype(np.float32)
    return dataclasses.replace(
        task, noises=[noise], config=dataclasses.replace(settings, distil=RECIPE)
    ), run


def test_noise_changes_the_prediction_less_and_clean_speech_does_not_change(
    taught: tuple[Task, Run],
) -> None:
    task, run = taught
    before = load_backbone(run)
    distil.distil(task, run)
    after = load_finished(run)
    pieces = [opening(versions[0]) for versions in task.validation.versions]
    noisy = [with_noise(piece, task.noises[0], 3.0) for piece in pieces]
    wanted = logits_of(before, pieces)

    def gap(network: Network, pieces: list[cache.Decibels]) -> float:
        return float(np.mean(np.abs(logits_of(network, pieces) - wanted)))

    assert gap(after, noisy) < 0.7 * gap(before, noisy)
    assert np.mean(logits_of(after, pieces).argmax(1) == wanted.argmax(1)) >= 0.9
    # The head and the batch norms' statistics are those of the teacher.
    for name, value in before.state_dict().items():
        if not name.startswith("backbone.features.") or "running" in name:
            torch.testing.assert_close(after.state_dict()[name], value, msg=name)


def test_an_interrupted_distillation_ends_like_an_uninterrupted_one(
    taught: tuple[Task, Run],
) -> None:
    task, run = taught
    distil.distil(task, run)
    whole = torch.load(run.distilled, weights_only=False)["network"]
    run.distilled.unlink()
    run.distilling.unlink()

    class StoppedError(Exception):
        pass

    def stop(path: Path, state: dict[str, object]) -> None:
        save(path, copy.deepcopy(state))
        raise StoppedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distil, "save", stop)
        with pytest.raises(StoppedError):
            distil.distil(task, run)
    assert not run.distilled.is_file()
    distil.distil(task, run)
    for name, value in torch.load(run.distilled, weights_only=False)["network"].items():
        torch.testing.assert_close(value, whole[name], msg=name)
