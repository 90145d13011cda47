"""One corpus to one other: a trained model is tested on all others, and only on those."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train import config
from emoscope_train.data import corpora
from emoscope_train.errors import CorpusError
from emoscope_train.evaluation import pairs
from emoscope_train.features import cache
from emoscope_train.model.network import Network

pytestmark = pytest.mark.torch


def test_a_corpus_is_tested_by_a_model_of_another(
    toy_corpus: Callable[..., Path],
    toy_folds: config.Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.set_num_threads(1)
    settings = dataclasses.replace(
        toy_folds, pairs=config.Pairs(["here", "there"], ["anger", "sadness"], 1000)
    )
    data = toy_corpus(6, 8)
    clips = settings.data.named(corpora.read(data))
    voices = sorted({clip.speaker for clip in clips})
    clips = [
        dataclasses.replace(clip, corpus="here" if clip.speaker in voices[:3] else "there")
        for clip in clips
    ]
    clean = cache.cached(clips, data, tmp_path / "work", workers=1)
    met: list[Path] = []

    def published(network: Network, path: Path) -> None:
        """Random weights, with statistics that fit the sounds, like a published backbone's."""
        met.append(path)
        for layer in network.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = 1.0
        sounds = np.stack([clean.trimmed(clip.path)[:90] for clip in clips[:24]])
        with torch.inference_mode():
            network.train().from_decibels(torch.from_numpy(sounds))

    monkeypatch.setattr(pairs, "load_pretrained", published)
    start = tmp_path / "published.pt"
    found = pairs.measure(settings, "here", clips, [clean], tmp_path, start)
    assert list(found) == ["there"]
    assert met == [start]
    assert found["there"]["15 s"] > 0.8
    with pytest.raises(CorpusError, match="no clip of nowhere"):
        pairs.measure(settings, "nowhere", clips, [clean], tmp_path, start)
