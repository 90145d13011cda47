"""The figures that a model is compared by."""

from typing import Any

import pytest

from emoscope_train.evaluation import headline


def curve(half: float) -> list[dict[str, float]]:
    return [{"coverage": 0.25, "accuracy": 0.99}, {"coverage": 0.5, "accuracy": half}]


def left_out(alone: float, known: float, folder: float) -> dict[str, Any]:
    seconds = {"0 s": alone, "15 s": known - 0.02, "60 s": known}
    return {
        "by_known_seconds": {key: {"uar_own_labels": value} for key, value in seconds.items()},
        "in_folder": {"uar_own_labels": folder},
    }


def test_means_and_gains_are_over_the_corpora_and_the_folds() -> None:
    found = {
        "splits": {
            "speakers": {
                "test": {"uar": 0.6, "accuracy": 0.5, "ece": 0.04},
                "coverage_curve": curve(0.75),
                "by_condition": {
                    "as recorded": {"accuracy": 0.5},
                    "a room, noise at 10 dB": {"accuracy": 0.375},
                },
            }
        },
        "folds": {"x": [{"0 s": 0.5, "15 s": 0.7}, {"0 s": 0.75, "15 s": 0.8}]},
        "left_out": {"a": left_out(0.3, 0.42, 0.35), "b": left_out(0.5, 0.54, 0.53)},
        "left_out_together": {
            "alone": {"ece": 0.1, "accuracy": 0.4, "coverage_curve": curve(0.5)},
            "settled": {"ece": 0.05, "accuracy": 0.5, "coverage_curve": curve(0.625)},
        },
    }
    rows = headline.rows(found)
    assert rows == pytest.approx(
        {
            "unseen speakers, UAR": 0.6,
            "unseen speakers, ECE": 0.04,
            "unseen speakers, accuracy at half coverage less accuracy": 0.25,
            "unseen speakers, loss of accuracy in a room with noise at 10 dB": 0.125,
            "x, folds of speakers, own labels, 0 s, UAR": 0.625,
            "x, folds of speakers, own labels, 15 s, UAR": 0.75,
            "unseen corpora, own labels, 0 s, UAR": 0.4,
            "unseen corpora, own labels, 15 s, UAR": 0.46,
            "unseen corpora, own labels, 60 s, UAR": 0.48,
            "unseen corpora, own labels, folder, UAR": 0.44,
            "unseen corpora, 0 s, ECE": 0.1,
            "unseen corpora, 0 s, accuracy at half coverage less accuracy": 0.1,
            "unseen corpora, 60 s, ECE": 0.05,
            "unseen corpora, 60 s, accuracy at half coverage less accuracy": 0.125,
        }
    )


def test_a_figure_that_was_not_measured_has_no_row() -> None:
    found = {
        "splits": {
            "stratified": {"seeds": {"1": 1.0, "2": 0.98}},
            "a": {"seeds": {"1": 0.6}},
            "b": {"seeds": {"1": 0.75, "2": 0.85}},
        }
    }
    rows = headline.rows(found)
    assert rows == pytest.approx(
        {
            "TESS, stratified, UAR": 0.99,
            "TESS, one actress to the other, mean of both directions, UAR": 0.7,
        }
    )


def test_comparisons_use_only_their_corpora() -> None:
    names = [*headline.NINE, "cremad"]
    parts: dict[str, Any] = {}
    for place, name in enumerate(names):
        parts[name] = left_out(place / 10.0, place / 10.0 + 0.02, 0.0)
        parts[name]["four_labels"] = dict.fromkeys(("0 s", "15 s", "60 s"), place / 10.0)
        parts[name]["recall"] = {"0 s": {"sadness": place / 10.0}, "60 s": {"sadness": 0.5}}
    parts["tess"]["recall"]["0 s"]["disgust"] = 0.25
    parts["tess"]["recall"]["60 s"]["disgust"] = 0.75
    parts["cremad"]["listeners"] = {"0 s": 0.41, "60 s": 0.43}
    rows = headline.rows({"splits": {}, "left_out": parts, "left_out_together": {}})
    assert rows["unseen corpora, own labels, 0 s, UAR"] == pytest.approx(0.45)
    assert rows["nine unseen corpora, own labels, 0 s, UAR"] == pytest.approx(0.4)
    # emodb is the third corpus, ravdess the second, cremad the tenth.
    assert rows["four labels, emodb, ravdess and cremad left out, 0 s, UAR"] == pytest.approx(0.4)
    assert rows["cremad left out, own labels, 0 s, UAR"] == pytest.approx(0.9)
    assert rows["cremad left out, perceived labels, 60 s, UAR"] == pytest.approx(0.43)
    assert rows["unseen corpora, seven labels, 0 s, recall of sadness"] == pytest.approx(0.45)
    assert rows["unseen corpora, seven labels, 60 s, recall of disgust"] == pytest.approx(0.75)
    assert not any("surprise" in name for name in rows)
