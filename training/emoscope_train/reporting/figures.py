"""Figures as small PNG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from ..data.labels import LABELS


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    # No date and no version in the file: the same figures give the same bytes.
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)


def training_curve(history: list[dict[str, Any]], path: Path) -> None:
    """Loss and accuracy by epoch, training beside validation."""
    epochs = [row["epoch"] for row in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    left.plot(epochs, [row["train_loss"] for row in history], label="training")
    left.plot(epochs, [row["validation_loss"] for row in history], label="validation")
    left.set(xlabel="epoch", ylabel="loss")
    left.legend()
    right.plot(epochs, [row["train_accuracy"] for row in history], label="training accuracy")
    right.plot(epochs, [row["validation_accuracy"] for row in history], label="validation accuracy")
    right.plot(epochs, [row["validation_uar"] for row in history], label="validation UAR")
    right.set(xlabel="epoch", ylim=(0, 1))
    right.legend()
    _save(figure, path)


def confusion(
    matrix: list[list[int]], title: str, path: Path, labels: Sequence[str] = LABELS
) -> None:
    """Rows are true labels; shares of a row as colour and text, without empty rows."""
    counts = np.asarray(matrix, dtype=float)
    rows = np.flatnonzero(counts.sum(1))
    shares = counts[rows] / counts[rows].sum(1, keepdims=True)
    figure, axes = plt.subplots(figsize=(6.2, 0.6 * len(rows) + 1.6))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right")
    axes.set_yticks(range(len(rows)), [labels[int(r)] for r in rows])
    axes.set(xlabel="answer", ylabel="truth", title=title)
    for y, row in enumerate(shares):
        for x, share in enumerate(row):
            axes.text(
                x, y, f"{share:.0%}", ha="center", va="center",
                color="white" if share > 0.5 else "black", fontsize=8,
            )  # fmt: skip
    _save(figure, path)


def classes(table: dict[str, dict[str, float]], title: str, path: Path) -> None:
    """Precision, recall and F1 of each label side by side."""
    names = list(table)
    places = np.arange(len(names))
    figure, axes = plt.subplots(figsize=(7, 3.2))
    for shift, key in enumerate(("precision", "recall", "f1")):
        values = [table[name][key] for name in names]
        axes.bar(places + 0.27 * (shift - 1), values, 0.25, label=key)
    axes.set_xticks(places, names)
    axes.set(ylim=(0, 1), title=title)
    axes.legend()
    _save(figure, path)


def line(points: list[tuple[float, float]], labels: tuple[str, str, str], path: Path) -> None:
    """One line: x label, y label, title."""
    figure, axes = plt.subplots(figsize=(4.6, 3.2))
    axes.plot([x for x, _ in points], [y for _, y in points], marker="o")
    axes.set(xlabel=labels[0], ylabel=labels[1], title=labels[2])
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    _save(figure, path)


def reliability(rows: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Accuracy against confidence, a line per test; the diagonal is ideal."""
    figure, axes = plt.subplots(figsize=(4.6, 4.2))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for name, bins in rows.items():
        axes.plot(
            [b["confidence"] for b in bins], [b["accuracy"] for b in bins], marker="o", label=name
        )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", title="reliability")
    axes.legend()
    axes.grid(alpha=0.3)
    _save(figure, path)


def bars(values: dict[str, float], label: str, title: str, path: Path) -> None:
    """One bar per name."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    axes.bar(list(values), list(values.values()))
    for place, value in enumerate(values.values()):
        axes.text(place, value, f"{value:.0%}", ha="center", va="bottom", fontsize=8)
    axes.set(ylim=(0, 1), ylabel=label, title=title)
    axes.tick_params(axis="x", rotation=30)
    _save(figure, path)
