"""Figures against values worked out by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from emoscope_train import config
from emoscope_train.data.labels import LABELS
from emoscope_train.evaluation import metrics
from emoscope_train.export.model_spec import Calibration
from emoscope_train.model.correction import Correction
from emoscope_train.numeric import softmax
from emoscope_train.runs import Run
from emoscope_train.training import calibration
from emoscope_train.training.calibration import calibration_of, fit_calibration


def one_hot(answers: list[int], sure: float = 0.94) -> np.ndarray:
    rest = (1.0 - sure) / 6.0
    out = np.full((len(answers), 7), rest)
    out[np.arange(len(answers)), answers] = sure
    return out


def test_uar_averages_recall_over_labels_that_occur() -> None:
    truth = np.asarray([0, 0, 0, 5])
    probabilities = one_hot([0, 0, 1, 6])
    assert metrics.accuracy(probabilities, truth) == 0.5
    assert metrics.uar(probabilities, truth) == pytest.approx((2 / 3 + 0.0) / 2)


def test_restriction_uses_only_the_given_labels() -> None:
    probabilities = np.asarray([[0.2, 0.0, 0.0, 0.0, 0.0, 0.3, 0.5]])
    kept = metrics.restricted(probabilities, ["anger", "sadness"])
    assert LABELS[int(kept.argmax())] == "sadness"
    assert kept.sum() == pytest.approx(1.0)


def test_per_class_and_confusion() -> None:
    found = metrics.report(one_hot([0, 0, 1, 1]), np.asarray([0, 1, 1, 1]))
    assert found["classes"]["anger"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "clips": 1}
    assert found["classes"]["disgust"]["precision"] == 1.0
    assert found["confusion"][1][:2] == [1, 2]


def test_calibration_error_is_the_gap_of_confidence() -> None:
    probabilities = one_hot([0] * 10, sure=0.9)
    assert metrics.calibration_error(probabilities, np.asarray([0] * 9 + [1])) == pytest.approx(0.0)
    assert metrics.calibration_error(probabilities, np.asarray([0] * 5 + [1] * 5)) == pytest.approx(
        0.4
    )


def test_uncertain_below_either_threshold() -> None:
    probabilities = np.asarray([[0.5, 0.45, 0.05], [0.5, 0.25, 0.25], [0.4, 0.3, 0.3]])
    found = metrics.is_certain(probabilities, Calibration(1.0, certain=0.45, margin=0.1))
    assert found.tolist() == [False, True, False]


def planted(temperature: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.0, 1.5, (8000, 7))
    probabilities = softmax(logits)
    truth = np.asarray([rng.choice(7, p=row) for row in probabilities])
    return logits * temperature, truth


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.2])
def test_the_planted_temperature_is_found(temperature: float) -> None:
    logits, truth = planted(temperature)
    weights = np.ones(len(truth))
    assert calibration.temperature(logits, truth, weights) == pytest.approx(temperature, rel=0.08)


def test_thresholds_reach_the_coverage_and_raise_the_accuracy() -> None:
    logits, truth = planted(1.0)
    fitted = fit_calibration(logits, truth, np.ones(len(truth)))
    probabilities = softmax(logits, fitted.temperature)
    kept = metrics.is_certain(probabilities, fitted)
    assert 0.6 <= kept.mean() <= 0.7
    assert (
        metrics.accuracy(probabilities[kept], truth[kept])
        > metrics.accuracy(probabilities, truth) + 0.05
    )


def test_a_validation_without_an_error_gives_no_extreme_threshold() -> None:
    logits = one_hot([0, 1, 2, 3] * 50) * 20.0
    fitted = fit_calibration(logits, logits.argmax(1), np.ones(len(logits)))
    assert fitted.temperature >= 0.5
    assert fitted.certain <= 0.9


def test_left_out_corpora_calibrate_each_other_and_never_themselves(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "configs" / "small.toml").read_text(encoding="utf-8")
    toml = tmp_path / "toy.toml"
    toml.write_text(text, encoding="utf-8")
    settings = dataclasses.replace(
        config.load(toml), splits=["speakers", "without-emodb", "without-nemo"]
    )
    rng = np.random.default_rng(0)

    def answers(sharpness: float, corpus: str) -> calibration.Answers:
        """Logits whose true temperature is one, times `sharpness`."""
        logits = rng.normal(0.0, 2.0, (4000, 7))
        probabilities = softmax(logits)
        truth = np.asarray([rng.choice(7, p=row) for row in probabilities])
        weight = np.repeat([0.0, 1.0], 2000)
        return calibration.Answers(sharpness * logits, truth, np.full(4000, corpus), weight)

    for split, sharpness in (("speakers", 1.0), ("without-emodb", 1.0), ("without-nemo", 1.0)):
        run = Run(tmp_path, settings.name, split)
        run.folder.mkdir(parents=True)
        answers(sharpness, "ravdess").save(run.answers)
    answers(4.0, "emodb").save(Run(tmp_path, settings.name, "without-emodb").unseen)
    answers(1.0, "nemo").save(Run(tmp_path, settings.name, "without-nemo").unseen)

    def temperatures(split: str) -> list[float]:
        correction = calibration_of(settings, tmp_path, split).correction
        assert correction
        return list(correction.temperatures)

    # For emodb the calibration comes from nemo, which is right.
    assert temperatures("without-emodb") == pytest.approx([1.0, 1.0], abs=0.1)
    assert temperatures("without-nemo") == pytest.approx([4.0, 4.0], rel=0.1)
    assert all(1.2 < found < 3.6 for found in temperatures("speakers"))


def test_the_planted_correction_is_found_also_between_both_ends() -> None:
    rng = np.random.default_rng(1)
    planted = Correction((2.0, 0.8), (0.5 * rng.normal(size=(2, 7))).round(2).tolist())
    weight = rng.uniform(0.0, 1.0, 30_000)
    logits = rng.normal(0.0, 2.0, (30_000, 7))
    corpora = np.where(np.arange(30_000) % 2, "emodb", "nemo")
    # nemo has no disgust and no surprise: its predictions compete among five labels.
    absent = np.zeros((30_000, 7))
    absent[np.ix_(corpora == "nemo", [1, 6])] = -1e4
    chances = softmax(planted.applied(logits, weight) + absent)
    truth = np.asarray([rng.choice(7, p=row) for row in chances])
    found = calibration.fit_correction(calibration.Answers(logits, truth, corpora, weight))
    assert found.temperatures == pytest.approx(planted.temperatures, rel=0.15)
    before = metrics.uar(chances, truth)
    after = metrics.uar(softmax(found.applied(logits, weight) + absent), truth)
    # Labels weigh the same here, so the fit may only be better than the truth's own offsets.
    assert after >= before - 0.002
