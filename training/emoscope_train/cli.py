"""The commands, each handed to the module of its name."""

import argparse
import sys
from pathlib import Path

from . import corpora, runs
from .config import Config, load
from .corpora import Clip, CorpusError

EXAMPLES = """examples:
  python -m emoscope_train manifest --data corpora
  python -m emoscope_train train training/configs/tess.toml --data corpora --pretrained mn04.pt
  python -m emoscope_train evaluate training/configs/tess.toml --data corpora --models models
  python -m emoscope_train export training/configs/tess.toml --models models
  python -m emoscope_train parity --emoscope target/release/emoscope
"""


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog="emoscope_train",
        description="Trains, measures and exports the models of emoscope.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True)

    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data", type=Path, metavar="DIR", help="corpora (or EMOSCOPE_DATA)")
    work = argparse.ArgumentParser(add_help=False)
    work.add_argument(
        "--work", type=Path, metavar="DIR", help="runs and caches (or EMOSCOPE_WORK; user's cache)"
    )
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument("config", type=Path, help="a file of training/configs")
    threads = argparse.ArgumentParser(add_help=False)
    threads.add_argument("--threads", type=int, default=2, help="processor threads (%(default)s)")
    models = argparse.ArgumentParser(add_help=False)
    models.add_argument(
        "--models", type=Path, metavar="DIR", default=Path("models"), help="(%(default)s)"
    )
    binary = argparse.ArgumentParser(add_help=False)
    binary.add_argument("--emoscope", type=Path, metavar="FILE", help="the binary to compare with")

    one = commands.add_parser("manifest", parents=[data], help="list the clips of a data folder")
    one.add_argument("--output", type=Path, metavar="FILE", help="write the clips as CSV")
    one.add_argument("--check", action="store_true", help="decode every clip")

    one = commands.add_parser("train", parents=[config, data, work, threads], help="train a model")
    one.add_argument("--pretrained", type=Path, metavar="FILE", help="mn04_as_mAP_432.pt")
    one.add_argument("--split", help="one of the config's splits (default: each in turn)")

    commands.add_parser(
        "evaluate",
        parents=[config, data, work, threads, models],
        help="measure on the test speakers: metrics.json, figures, card.md",
    )
    commands.add_parser(
        "export",
        parents=[config, work, models, binary],
        help="write model.onnx and golden.json, and compare the engines",
    )
    one = commands.add_parser("parity", help="compare the binary's features with librosa's")
    one.add_argument("--emoscope", type=Path, metavar="FILE", required=True, help="the binary")
    one.add_argument("files", nargs="*", type=Path, help="sound files (default: made here)")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 a comparison failed, 2 wrong use or missing data."""
    options = parser().parse_args(arguments)
    commands = {
        "manifest": manifest,
        "train": train,
        "evaluate": evaluate,
        "export": export,
        "parity": parity,
    }
    try:
        return commands[options.command](options)
    except CorpusError as error:
        print(f"emoscope_train: {error}", file=sys.stderr)
        return 2


def manifest(options: argparse.Namespace) -> int:
    from .audio import read_audio

    data = runs.data_folder(options.data)
    clips = corpora.read(data)
    for row in corpora.summary(clips):
        shape = "{corpus:12} {language:3} {clips:5} clips {speakers:4} speakers  {licence}"
        print(shape.format(**row))
    if options.check:
        for clip in clips:
            read_audio(data / clip.path)
        print(f"{len(clips)} clips decode")
    if options.output:
        corpora.write(clips, options.output)
    return 0


def used(config: Config, clips: list[Clip]) -> list[Clip]:
    """All clips of the corpora that the config names, noise too."""
    named = {*config.data.corpora, *config.data.neutral, *config.data.noise}
    return [clip for clip in clips if clip.corpus in named]


def train(options: argparse.Namespace) -> int:
    import torch

    from . import features
    from .train import prepare
    from .train import train as fit

    torch.set_num_threads(options.threads)
    config = load(options.config)
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    clips = used(config, corpora.read(data))
    clean = features.cached(clips, data, work)
    spoken = [clip for clip in clips if clip.corpus not in config.data.noise]
    room = features.cached(spoken, data, work, features.ROOM)
    for split in [options.split] if options.split else config.splits:
        task = prepare(config, split, clips, clean, room)
        fit(task, runs.Run(work, config.name, split), options.pretrained, split)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    import torch

    from .evaluate import evaluate as measure

    torch.set_num_threads(options.threads)
    config = load(options.config)
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    measure(config, used(config, corpora.read(data)), data, work, options.models / config.name)
    return 0


def export(options: argparse.Namespace) -> int:
    from .export import export as write

    config = load(options.config)
    run = runs.Run(runs.work_folder(options.work), config.name, config.splits[0])
    return write(config, run, options.models / config.name, options.emoscope)


def parity(options: argparse.Namespace) -> int:
    from .parity import compare

    return compare(options.emoscope, options.files)
