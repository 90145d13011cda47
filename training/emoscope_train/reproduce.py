"""`reproduce`: every step from the corpora to a model's files, in dependency order.

The config alone determines the model file. Each step writes files; a step is done when they
are there and no older than the files that it reads, so an interrupted run resumes, and a step whose
input changed is repeated. A finished training is never repeated: its folder is compared with the
config instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from .config import Config, for_split
from .data import corpora
from .errors import UserError
from .features import cache
from .runs import Run, averaged, folds_folder, members, pairs_folder

if TYPE_CHECKING:
    from .training.pipeline import Pipeline


@dataclass
class Step:
    """A named piece of work, the files it writes and the files it reads."""

    name: str
    work: Callable[[], None]
    outputs: list[Path]
    inputs: list[Path] = field(default_factory=list)
    # For a training: its folder, and the epochs that it needs.
    run: Run | None = None
    epochs: int = 0

    def state(self) -> str:
        """`done`, `to do`, or how much of a training is done."""
        if self.run and self.run.epochs_done() < self.epochs:
            done = self.run.epochs_done()
            return f"{done} of {self.epochs} epochs" if done else "to do"
        if not all(path.is_file() for path in self.outputs):
            return "to do"
        if self.run:
            return "done"
        oldest = min(path.stat().st_mtime for path in self.outputs)
        fresh = all(path.is_file() and path.stat().st_mtime <= oldest for path in self.inputs)
        return "done" if fresh else "to do"


@dataclass
class Reproduction:
    """All steps of one config."""

    config: Config
    data: Path
    work: Path
    # The folder of the model's files.
    output: Path
    pretrained: Path | None = None
    program: Path | None = None
    threads: int = 1

    def steps(self) -> Iterator[Step]:
        """In dependency order."""
        config = self.config
        splits = list(dict.fromkeys([*config.splits, config.shipped_split]))
        yield Step("compute features", self._features, self._caches())
        for split in splits:
            yield from self._training(split)
        heads = [self._finished(split) for split in splits]
        folds = folds_folder(self.work, config.name)
        for corpus in config.folds.corpora if config.folds else ():
            start = Run(self.work, config.name, config.without(corpus))
            yield Step(
                f"measure the folds of {corpus}",
                partial(self._folds, corpus),
                [folds / f"{corpus}-1.json"],
                [start.finished_backbone],
            )
        pairs = pairs_folder(self.work, config.name)
        for source in config.pairs.corpora if config.pairs else ():
            yield Step(
                f"measure the pairs from {source}",
                partial(self._pairs, source),
                [pairs / f"{source}.json"],
            )
        shipped = [self.output / "model.onnx", self.output / "golden.json"]
        work = partial(self._export, config.shipped_split, self.output)
        yield Step(f"export {config.shipped_split}", work, shipped, heads)
        measured = Run(self.work, config.name, config.splits[0])
        results = list(heads)
        if self.program and config.head:
            model = measured.exported
            name = f"export {config.splits[0]} for whole recordings"
            yield Step(name, partial(self._export, config.splits[0], model.parent), [model], heads)
            yield Step(
                "measure the program on whole recordings",
                partial(self._stream, self.program),
                [measured.streaming],
                [model],
            )
            results.append(measured.streaming)
        results += [p for p in [*folds.glob("*-1.json"), *pairs.glob("*.json")] if p.is_file()]
        card = [self.output / "metrics.json", self.output / "card.md"]
        yield Step("evaluate", self._evaluate, card, results)

    def _caches(self) -> list[Path]:
        """The index files of the features that every training reads."""
        clips = corpora.read(self.data)
        spoken = self.config.data.spoken(clips)
        return [
            cache.index(clips, self.data, self.work),
            cache.index(spoken, self.data, self.work, cache.ROOM),
        ]

    def _training(self, split: str) -> Iterator[Step]:
        config = self.config
        recipe = for_split(config, split)
        seed = config.train.seed
        runs = members(self.work, config.name, split, seed, recipe.train.members)
        for number, run in runs.items():
            yield Step(
                f"train {split}, seed {number}" if len(runs) > 1 else f"train {split}",
                partial(self._backbone, split, number),
                [run.best, *([run.distilled] if recipe.distil else [])],
                run=run,
                epochs=recipe.train.epochs,
            )
        backbones = averaged(config, self.work, split)
        if len(backbones) > 1 or config.head:
            own = Run(self.work, config.name, split)
            last = [r.distilled if recipe.distil else r.best for r in runs.values()]
            # The other splits' backbones, which the shipped model averages too.
            last += backbones[len(runs) :]
            outputs = [own.average] if len(backbones) > 1 else []
            name = "train the voice head" if config.head else "average"
            if len(backbones) > 1 and config.head:
                name = f"average {len(backbones)} backbones and {name}"
            yield Step(
                f"{name} of {split}",
                partial(self._finish, split),
                [*outputs, self._finished(split)],
                last,
            )

    def _finished(self, split: str) -> Path:
        """The file whose time is that of the split's finished network."""
        run = Run(self.work, self.config.name, split)
        return run.head if self.config.head else run.best

    @cached_property
    def pipeline(self) -> "Pipeline":
        """The trainings; they need PyTorch."""
        from .training.pipeline import Pipeline

        return Pipeline(self.config, self.data, self.work, self.pretrained)

    def _features(self) -> None:
        _ = self.pipeline.material

    def _backbone(self, split: str, seed: int) -> None:
        if self.config.train.backbone == "mn04" and self.pretrained is None:
            raise UserError("name the published weights with --pretrained mn04_as_mAP_432.pt")
        self.pipeline.train_backbone(split, seed)

    def _finish(self, split: str) -> None:
        self.pipeline.finish(split)

    def _folds(self, corpus: str) -> None:
        from .evaluation.folds import measure_corpora

        measure_corpora(self.config, self.data, self.work, corpus, 1, self.program, self.threads)

    def _pairs(self, source: str) -> None:
        from .evaluation.pairs import measure_sources

        measure_sources(self.config, self.data, self.work, source, self.pretrained, self.threads)

    def _export(self, split: str, folder: Path) -> None:
        from .export.model_files import export

        if export(self.config, split, self.work, folder, self.program):
            raise UserError(f"an engine differs from PyTorch on the model of {split}; see above")

    def _stream(self, program: Path) -> None:
        from .evaluation.streaming import measure

        measure(self.config, self.data, self.work, program)

    def _evaluate(self) -> None:
        from .evaluation.evaluate import evaluate

        evaluate(self.config, self.data, self.work, self.output, self.threads)


def plan(reproduction: Reproduction) -> list[str]:
    """A line per step: its state and its name."""
    return [f"{step.state():18} {step.name}" for step in reproduction.steps()]


def reproduce(reproduction: Reproduction) -> None:
    """Runs the steps that are not done, in order, and prints each one first."""
    import torch

    torch.set_num_threads(reproduction.threads)
    for step in reproduction.steps():
        if step.state() == "done":
            print(f"done: {step.name}", flush=True)
            continue
        print(f"step: {step.name}", flush=True)
        step.work()
