"""Synthetic voices and toy corpora: no test needs a recording."""

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from emoscope_train import config
from emoscope_train.export.golden import voice
from emoscope_train.features.augment import Augmentation
from emoscope_train.features.frontend import SAMPLE_RATE
from emoscope_train.speakers.crops import Statistics

SMALL = Path(__file__).parents[1] / "configs" / "small.toml"
TOY = """
name = "toy"
splits = ["speakers"]
[data]
corpora = ["toy"]
neutral = []
noise = []
sounds = []
weights = {}
[train]
seed = 1
epochs = 4
clips_per_epoch = 240
batch = 16
learning_rate = 3e-3
weight_decay = 1e-2
warm_up = 0.2
label_smoothing = 0.0
absent = 0.5
absent_from = 0
dropout = 0.0
taps = [4, 7, 10]
[augment]
mixup = 0.1
time_masks = 0
frequency_masks = 0
[head]
steps = 40
batch = 32
learning_rate = 1e-3
weight_decay = 1e-2
dropout = 0.0
label_smoothing = 0.0
absent = 0.5
versions = 1
"""

# Values before the last layer of the speaker network, and those that depend on the voice.
STATISTICS, VOICE = 1024, 6
COLUMNS = ["path", "corpus", "speaker", "language", "text", "label7", "emobox_fold"]


@pytest.fixture
def tone() -> NDArray[np.float64]:
    """A second of a chord over noise."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0.0, 0.01, SAMPLE_RATE)
    chord = 0.2 * np.sin(2 * np.pi * 300.0 * time) + 0.1 * np.sin(2 * np.pi * 2100.0 * time)
    return np.asarray(chord + noise)


@pytest.fixture
def toy_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Writes a corpus whose anger is high and rising and whose sadness is low and falling."""

    def build(speakers: int = 8, clips: int = 6) -> Path:
        folder = tmp_path / "data"
        folder.mkdir()
        rows = []
        for speaker in range(speakers):
            for number in range(clips):
                label = ("anger", "sadness")[number % 2]
                pitch, rise = ((240.0, 0.8), (110.0, -0.4))[number % 2]
                seed = 100 * speaker + number
                frames = 110 + seed % 40
                sound = voice(frames, pitch + 3.0 * speaker, rise, seed)
                path = f"toy_{speaker}_{number}.wav"
                soundfile.write(folder / path, sound, SAMPLE_RATE)
                name = f"toy_{speaker}"
                rows.append([path, "toy", name, "en", str(number // 2), label, ""])
        write_manifest(folder, rows)
        return folder

    return build


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """The config of a model of a toy corpus."""
    path = tmp_path / "toy.toml"
    path.write_text(TOY, encoding="utf-8")
    return path


def write_manifest(folder: Path, rows: list[list[str]]) -> None:
    """A manifest.csv with the needed columns."""
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([COLUMNS, *rows])


@pytest.fixture
def toy_folds() -> config.Config:
    """The recipe of `small` with folds, so short that a toy corpus is learned in seconds."""
    settings = config.load(SMALL)
    assert settings.head
    return dataclasses.replace(
        settings,
        name="toy",
        data=dataclasses.replace(settings.data, corpora=["toy"], neutral=[], noise=[], sounds=[]),
        folds=config.Folds(
            corpora=["toy"],
            epochs=6,
            most_clips=30000,
            shortest=90,
            head=config.FoldsHead(4e-3, 0.5, [5, 7, 9, 10, 12, 13, 15]),
            augment=Augmentation(noise=0.0, room=0.0, silence=0.1),
        ),
        head=dataclasses.replace(settings.head, versions=0, steps=20, batch=32),
    )


def speaker_statistics(corpora: str, speakers: int, each: int, seed: int = 1) -> Statistics:
    """Voices in few directions; a louder one, such as that of a room, differs in every crop.

    A letter of `corpora` is a corpus; its speakers have the same names in each.
    """
    rng = np.random.default_rng(seed)
    values, names, groups, paths = [], [], [], []
    for corpus in corpora:
        for speaker in range(speakers):
            voice = np.zeros(STATISTICS)
            voice[:VOICE] = rng.standard_normal(VOICE)
            for clip in range(each):
                for _ in range(2):
                    found = voice + 0.1 * rng.standard_normal(STATISTICS)
                    found[VOICE] += 4.0 * rng.standard_normal()
                    values.append(found)
                    groups.append(corpus)
                    names.append(f"{corpus}/{speaker}")
                    paths.append(f"{corpus}/{speaker}_{clip}.wav")
    return Statistics(
        np.array(values, dtype=np.float32),
        np.array(groups),
        np.array(names),
        np.array(paths),
        np.arange(len(values)) % 2 == 0,
    )
