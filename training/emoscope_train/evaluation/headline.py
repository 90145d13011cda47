"""The figures that one model is compared by, out of everything that was measured."""

from typing import Any

import numpy as np

NOISY = "a room, noise at 10 dB"


def rows(found: dict[str, Any]) -> dict[str, float]:
    """Name to figure: shares, but seconds and counts per minute where the name says so."""
    out: dict[str, float] = {}
    measured = found["splits"]
    if "stratified" in measured:
        # Over the seeds.
        means = {name: _mean(list(part["seeds"].values())) for name, part in measured.items()}
        out["TESS, stratified, UAR"] = means.pop("stratified")
        out["TESS, actress to actress, mean of both ways, UAR"] = _mean(list(means.values()))
    if "speakers" in measured:
        test = measured["speakers"]["test"]
        out["speakers never met, UAR"] = test["uar"]
        out["speakers never met, ECE"] = test["ece"]
        half = surest_half(measured["speakers"]["coverage_curve"])
        out["speakers never met, accuracy on the surest half over all"] = half - test["accuracy"]
        heard = measured["speakers"]["by_condition"]
        if NOISY in heard:
            loss = heard["as recorded"]["accuracy"] - heard[NOISY]["accuracy"]
            out["loss of accuracy in a room with noise at 10 dB"] = loss
    for corpus, runs in (found.get("folds") or {}).items():
        for seconds in ("0 s", "15 s"):
            key = f"{corpus}, speakers left out, own labels, {seconds} of the voice known, UAR"
            out[key] = _mean([run[seconds] for run in runs])
    if left_out := found.get("left_out"):
        known_of = [part["by_known_seconds"] for part in left_out.values()]

        def mean(seconds: str) -> float:
            return _mean([known[seconds]["uar_own_labels"] for known in known_of])

        out["a corpus left out, its labels, nothing known, UAR"] = mean("0 s")
        out["a corpus left out, its labels, 60 s of the voice known, UAR"] = mean("60 s")
        out["a corpus left out, gain from 15 s"] = mean("15 s") - mean("0 s")
        out["a corpus left out, gain from 60 s"] = mean("60 s") - mean("0 s")
        folder = [part["in_folder"]["uar_own_labels"] for part in left_out.values()]
        out["a corpus left out, gain from its folder"] = _mean(folder) - mean("0 s")
        for name, known in (("alone", "nothing"), ("settled", "60 s")):
            row = found["left_out_together"][name]
            out[f"corpora left out, {known} known, ECE"] = row["ece"]
            out[f"corpora left out, {known} known, accuracy on the surest half over all"] = (
                surest_half(row["coverage_curve"]) - row["accuracy"]
            )
    if pairs := found.get("pairs"):
        rows_of = [row for targets in pairs.values() for row in targets.values()]
        for seconds, known in (("0 s", "nothing known"), ("60 s", "60 s of the voice known")):
            key = f"one corpus to one other, four labels, {known}, UAR"
            out[key] = _mean([row[seconds] for row in rows_of])
    if streaming := found.get("streaming"):
        joined = streaming["joined"]
        out["streaming, accuracy"] = joined["accuracy"]
        out["streaming, the same clips alone, accuracy"] = streaming["alone"]
        out["streaming, first label after the onset, seconds"] = joined["first_named_s"]
        out["streaming, flips per minute"] = joined["flips_per_minute"]
        for sounds, row in streaming["without_speech"].items():
            key = f"{sounds}, labels that are no neutral per 10 minutes without speech"
            out[key] = row["labelled_per_10_min"]
        if read := streaming["read_speech"]:
            out["plain reading called anger or fear"] = read["anger_or_fear"]
    return {key: round(float(value), 4) for key, value in out.items()}


def surest_half(curve: list[dict[str, float]]) -> float:
    """Accuracy on the half of the clips with the largest probability."""
    return next(row["accuracy"] for row in curve if row["coverage"] == 0.5)


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
