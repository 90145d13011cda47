"""Measures every split of a config once; writes metrics.json, figures and card."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch

from .. import __version__
from ..config import Config
from ..data.splits import left_out_of
from ..errors import UserError
from ..files import write_json, write_text
from ..reporting import card, pictures
from ..runs import Run, folds_folder, pairs_folder
from ..training.task import read_material
from . import headline
from .left_out import left_out, together
from .measure import measure, shipped


def evaluate(config: Config, data: Path, work: Path, folder: Path, threads: int) -> None:
    """The first split's figures come first."""
    torch.set_num_threads(threads)
    clips, (clean, room) = read_material(config, data, work)
    unseen = []
    metrics: dict[str, Any] = {
        "name": config.name,
        "version": __version__,
        "splits": {},
        "head": dataclasses.asdict(config.head) if config.head else None,
        "left_out_recipe": {
            name: getattr(config.train, name) for name in ("epochs", "clips_per_epoch", "members")
        },
        "left_out": {},
        "shipped": shipped(config, work),
    }
    for split in config.splits:
        for name in left_out_of(split):
            row, answers = left_out(config, split, name, clips, clean, room, work)
            metrics["left_out"][name] = row | {"with": [n for n in left_out_of(split) if n != name]}
            unseen.append(answers)
            print(name, row["by_known_seconds"], flush=True)
        if not left_out_of(split):
            metrics["splits"][split] = measure(config, split, clips, clean, room, data, work)
            print(split, metrics["splits"][split]["test"]["uar"], flush=True)
    if unseen:
        metrics["left_out_together"] = together(unseen)
    metrics |= measured_before(config, work)
    runs = {split: Run(work, config.name, split) for split in metrics["splits"]}
    histories = {split: run.read(run.history) for split, run in runs.items()}
    pictures.draw(metrics, histories, folder / "figures")
    write_json(folder / "metrics.json", {"rows": headline.rows(metrics), **metrics})
    write_text(folder / "card.md", card.render(metrics))


def evaluate_split(
    config: Config, split: str, data: Path, work: Path, threads: int
) -> dict[str, Any]:
    """Evaluates one split before all are trained; writes nothing."""
    torch.set_num_threads(threads)
    if split not in config.splits:
        raise UserError(f"no split {split!r} in the config; it has {', '.join(config.splits)}")
    trained = [
        name
        for name in config.splits
        if name == split or Run(work, config.name, name).answers.is_file()
    ]
    config = dataclasses.replace(config, splits=trained)
    clips, (clean, room) = read_material(config, data, work)
    if corpora := left_out_of(split):
        return {
            name: left_out(config, split, name, clips, clean, room, work)[0] for name in corpora
        }
    return measure(config, split, clips, clean, room, data, work)


def measured_before(config: Config, work: Path) -> dict[str, Any]:
    """Existing results of `folds`, `pairs` and `stream`."""
    figures: dict[str, Any] = {}

    def read(path: Path) -> Any:
        return json.loads(path.read_text(encoding="utf-8"))

    if config.folds:
        folder = folds_folder(work, config.name)
        figures["folds"] = {
            corpus: [read(path) for path in paths]
            for corpus in config.folds.corpora
            if (paths := sorted(folder.glob(f"{corpus}-*.json")))
        }
    if config.pairs:
        folder = pairs_folder(work, config.name)
        figures["pairs"] = {
            source: read(path)
            for source in config.pairs.corpora
            if (path := folder / f"{source}.json").is_file()
        }
    streaming = Run(work, config.name, config.splits[0]).streaming
    if streaming.is_file():
        figures["streaming"] = read(streaming)
    return figures
