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
            "speakers never met, UAR": 0.6,
            "speakers never met, ECE": 0.04,
            "speakers never met, accuracy on the surest half over all": 0.25,
            "loss of accuracy in a room with noise at 10 dB": 0.125,
            "x, speakers left out, own labels, 0 s of the voice known, UAR": 0.625,
            "x, speakers left out, own labels, 15 s of the voice known, UAR": 0.75,
            "a corpus left out, its labels, nothing known, UAR": 0.4,
            "a corpus left out, its labels, 60 s of the voice known, UAR": 0.48,
            "a corpus left out, gain from 15 s": 0.06,
            "a corpus left out, gain from 60 s": 0.08,
            "a corpus left out, gain from its folder": 0.04,
            "corpora left out, nothing known, ECE": 0.1,
            "corpora left out, nothing known, accuracy on the surest half over all": 0.1,
            "corpora left out, 60 s known, ECE": 0.05,
            "corpora left out, 60 s known, accuracy on the surest half over all": 0.125,
        }
    )


def test_what_was_not_measured_has_no_row() -> None:
    found = {
        "splits": {
            "stratified": {"seeds": {"1": 1.0, "2": 0.98}},
            "a": {"seeds": {"1": 0.6}},
            "b": {"seeds": {"1": 0.75, "2": 0.85}},
        }
    }
    rows = headline.rows(found)
    assert rows == pytest.approx(
        {"TESS, stratified, UAR": 0.99, "TESS, actress to actress, mean of both ways, UAR": 0.7}
    )
