"""The shortcut check finds planted length and loudness, and levelling removes loudness."""

import numpy as np

from emoscope_train.data.corpora import Clip
from emoscope_train.data.splits import TEST, TRAIN
from emoscope_train.evaluation.shortcuts import shortcuts
from emoscope_train.features.cache import FeatureSet


def planted(frames: dict[str, int], level: dict[str, float]) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(0)
    clips, pieces, sides = [], [], {}
    for number in range(160):
        label = ("anger", "sadness")[number % 2]
        clip = Clip(f"c{number}", "toy", f"s{number // 8}", "en", "t", label)
        count = frames[label] + int(rng.integers(0, 40))
        pieces.append(rng.normal(level[label], 2.0, (count, 80)).astype(np.float16))
        clips.append(clip)
        sides[clip.path] = TEST if number < 80 else TRAIN
    lengths = {clip.path: len(piece) for clip, piece in zip(clips, pieces, strict=True)}
    ends = np.cumsum([0, *lengths.values()])
    found = FeatureSet(
        np.concatenate(pieces), dict(zip(lengths, map(int, ends), strict=False)), lengths
    )
    return shortcuts(clips, sides, found, {"toy": ["anger", "sadness"]})


def test_loudness_predicts_from_the_recording_but_not_from_the_input() -> None:
    row = planted({"anger": 500, "sadness": 500}, {"anger": 10.0, "sadness": -10.0})["toy"]
    assert row["chance"] == 0.5
    assert row["raw"] > 0.95
    assert row["seen"] < 0.7


def test_length_still_predicts_on_short_clips() -> None:
    row = planted({"anger": 80, "sadness": 500}, {"anger": 0.0, "sadness": 0.0})["toy"]
    assert row["raw"] > 0.95
    assert row["seen"] > 0.75
