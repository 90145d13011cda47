"""The figures for comparing models, selected from all measurements."""

from typing import Any

import numpy as np

NOISY = "a room, noise at 10 dB"
# The corpora of the comparison with earlier models.
NINE = [
    "tess", "ravdess", "emodb", "nemo", "ased", "urdu", "turevdb", "emotiontts", "emospeech",
]  # fmt: skip
# The corpora of the comparison with published zero-shot figures.
ZERO_SHOT = ["emodb", "ravdess", "cremad"]
# Labels that models rarely predict on unseen corpora.
RARE = ["sadness", "surprise", "disgust"]
# Names of the predictions for left-out corpora in metrics.json.
ENROLMENTS = {"alone": "0 s", "in_folder": "folder", "settled": "60 s"}


def rows(metrics: dict[str, Any]) -> dict[str, float]:
    """Name to figure: shares from 0 to 1, unless the name says seconds or a rate.

    `0 s`, `15 s` and `60 s` are seconds of enrolment.
    """
    out: dict[str, float] = {}
    measured = metrics["splits"]
    if "stratified" in measured:
        # Over the seeds.
        means = {name: _mean(list(part["seeds"].values())) for name, part in measured.items()}
        out["TESS, stratified, UAR"] = means.pop("stratified")
        out["TESS, one actress to the other, mean of both directions, UAR"] = _mean(
            list(means.values())
        )
    if "speakers" in measured:
        out |= _unseen_speakers(measured["speakers"])
    for corpus, runs in (metrics.get("folds") or {}).items():
        for seconds in ("0 s", "15 s"):
            key = f"{corpus}, folds of speakers, own labels, {seconds}, UAR"
            out[key] = _mean([run[seconds] for run in runs])
    if metrics.get("left_out"):
        out |= _unseen_corpora(metrics)
    if pairs := metrics.get("pairs"):
        targets = [row for each in pairs.values() for row in each.values()]
        for seconds in ("0 s", "60 s"):
            out[f"one corpus to another, four labels, {seconds}, UAR"] = _mean(
                [row[seconds] for row in targets]
            )
    if streaming := metrics.get("streaming"):
        out |= _streaming(streaming)
    return {key: round(float(value), 4) for key, value in out.items()}


def _unseen_speakers(figures: dict[str, Any]) -> dict[str, float]:
    test = figures["test"]
    out = {"unseen speakers, UAR": test["uar"]}
    for seconds in ("0 s", "60 s"):
        if row := (figures.get("by_known_seconds") or {}).get(seconds):
            out[f"unseen speakers, own labels, {seconds}, UAR"] = row["uar_own_labels"]
    out["unseen speakers, ECE"] = test["ece"]
    half = half_coverage(figures["coverage_curve"])
    out["unseen speakers, accuracy at half coverage less accuracy"] = half - test["accuracy"]
    conditions = figures["by_condition"]
    if NOISY in conditions:
        loss = conditions["as recorded"]["accuracy"] - conditions[NOISY]["accuracy"]
        out["unseen speakers, loss of accuracy in a room with noise at 10 dB"] = loss
    return out


def _unseen_corpora(metrics: dict[str, Any]) -> dict[str, float]:
    parts: dict[str, Any] = metrics["left_out"]
    out: dict[str, float] = {}

    def mean_uar(names: list[str], seconds: str) -> float:
        return _mean([parts[name]["by_known_seconds"][seconds]["uar_own_labels"] for name in names])

    every = list(parts)
    for seconds in ("0 s", "15 s", "60 s"):
        out[f"unseen corpora, own labels, {seconds}, UAR"] = mean_uar(every, seconds)
    folder = [part["in_folder"]["uar_own_labels"] for part in parts.values()]
    out["unseen corpora, own labels, folder, UAR"] = _mean(folder)
    if set(NINE) <= set(parts):
        for seconds in ("0 s", "15 s", "60 s"):
            out[f"nine unseen corpora, own labels, {seconds}, UAR"] = mean_uar(NINE, seconds)
    for name in ("ravdess", "cremad"):
        for seconds in ("0 s", "60 s") if name in parts else ():
            out[f"{name} left out, own labels, {seconds}, UAR"] = mean_uar([name], seconds)
    for name, part in parts.items():
        for seconds in ("0 s", "60 s") if part.get("listeners") else ():
            key = f"{name} left out, perceived labels, {seconds}, UAR"
            out[key] = part["listeners"][seconds]
    if all(parts.get(name, {}).get("four_labels") for name in ZERO_SHOT):
        for seconds in ("0 s", "15 s", "60 s"):
            out[f"four labels, emodb, ravdess and cremad left out, {seconds}, UAR"] = _mean(
                [parts[name]["four_labels"][seconds] for name in ZERO_SHOT]
            )
    for label in RARE:
        for seconds in ("0 s", "60 s"):
            recalls = [part["recall"][seconds] for part in parts.values() if "recall" in part]
            if values := [each[label] for each in recalls if label in each]:
                out[f"unseen corpora, seven labels, {seconds}, recall of {label}"] = _mean(values)
    for name, enrolment in ENROLMENTS.items():
        if row := metrics["left_out_together"].get(name):
            out[f"unseen corpora, {enrolment}, ECE"] = row["ece"]
            out[f"unseen corpora, {enrolment}, accuracy at half coverage less accuracy"] = (
                half_coverage(row["coverage_curve"]) - row["accuracy"]
            )
    return out


def _streaming(figures: dict[str, Any]) -> dict[str, float]:
    joined = figures["joined"]
    out = {
        "streaming, accuracy": joined["accuracy"],
        "streaming, the same clips alone, accuracy": figures["alone"],
        "streaming, first label after the onset, seconds": joined["first_named_s"],
        "streaming, label changes per minute of speech": joined["flips_per_minute"],
    }
    if figures.get("same_label"):
        out["streaming, final label other than the last before it"] = joined["final_differs"]
        out["streaming, same final label in three block phases"] = figures["same_label"]
    for sounds, row in figures["without_speech"].items():
        out[f"streaming, {sounds}, false labels per 10 minutes"] = row["labelled_per_10_min"]
    if read := figures["read_speech"]:
        out["streaming, plain reading, share called anger or fear"] = read["anger_or_fear"]
    return out


def half_coverage(curve: list[dict[str, float]]) -> float:
    """Accuracy on the most confident half of the clips."""
    return next(row["accuracy"] for row in curve if row["coverage"] == 0.5)


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
