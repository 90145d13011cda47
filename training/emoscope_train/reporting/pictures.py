"""Draws every picture of a card from its metrics."""

from pathlib import Path
from typing import Any

from . import figures


def draw(metrics: dict[str, Any], histories: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """`histories` has the training curve of each split."""
    for number, (split, measured) in enumerate(metrics["splits"].items()):
        suffix, title = f"-{split}" if number else "", f"test, {split}"
        matrix = measured["test"]["confusion"]
        figures.confusion(matrix, title, folder / f"confusion{suffix}.png")
    split, measured = next(iter(metrics["splits"].items()))
    figures.training_curve(histories[split], folder / "training.png")
    figures.classes(measured["test"]["classes"], f"test, {split}", folder / "classes.png")
    figures.line(
        [(row["coverage"], row["accuracy"]) for row in measured["coverage_curve"]],
        ("coverage", "accuracy", "most confident clips first"),
        folder / "coverage.png",
    )
    figures.line(
        [(float(s), row["accuracy"]) for s, row in measured["by_seconds"].items()],
        ("seconds", "accuracy", "length of the window"),
        folder / "seconds.png",
    )
    if together := metrics.get("left_out_together"):
        curves = {"unseen speakers": measured["reliability"]}
        for name, title in (("alone", "unseen corpora"), ("settled", "unseen corpora, 60 s")):
            curves[title] = together[name]["reliability"]
        figures.reliability(curves, folder / "reliability.png")
        matrix = together["alone"]["confusion"]
        figures.confusion(matrix, "unseen corpora", folder / "confusion-left-out.png")
    figures.bars(
        {name: row["uar"] for name, row in measured["by_corpus"].items()}
        if len(measured["by_corpus"]) > 1
        else {split: row["test"]["uar"] for split, row in metrics["splits"].items()},
        "UAR",
        "test clips",
        folder / "uar.png",
    )
