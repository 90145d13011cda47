"""The commands, each handed to the module of its name."""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from . import corpora, runs, splits
from .config import Config, for_split, load, second_cycle
from .corpora import Clip, CorpusError

if TYPE_CHECKING:
    from .features import FeatureSet


class Within(NamedTuple):
    """An opened config with what its networks learn from."""

    config: Config
    data: Path
    work: Path
    clips: list[Clip]
    sets: "list[FeatureSet]"


EXAMPLES = """examples:
  python -m emoscope_train manifest --data corpora
  python -m emoscope_train train training/configs/tess.toml --data corpora --pretrained mn04.pt
  python -m emoscope_train evaluate training/configs/tess.toml --data corpora --models models
  python -m emoscope_train export training/configs/tess.toml --models models
  python -m emoscope_train parity --emoscope target/release/emoscope
  python -m emoscope_train own recordings --name mine
  python -m emoscope_train own clips.csv --name mine --labels calm,raised --colors raised=red
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
    one.add_argument(
        "--seed",
        type=int,
        help="repeat with another seed: `evaluate` tells how far seeds lie apart",
    )

    commands.add_parser(
        "evaluate",
        parents=[config, data, work, threads, models],
        help="measure on the test speakers: metrics.json, figures, card.md",
    )
    one = commands.add_parser(
        "export",
        parents=[config, work, models, binary],
        help="write model.onnx and golden.json, and compare the engines",
    )
    one.add_argument("--split", help="export this split's model (default: the one that ships)")
    one = commands.add_parser(
        "stream",
        parents=[config, data, work],
        help="measure the binary on whole recordings of the test speakers",
    )
    one.add_argument("--emoscope", type=Path, metavar="FILE", required=True, help="the binary")
    one.add_argument(
        "--fold-model", type=Path, metavar="FILE", help="model.onnx of the split `speakers`"
    )
    one = commands.add_parser(
        "own",
        parents=[work],
        help="make a model of recordings and labels of your own",
        description="Makes a model that emoscope --model takes, with its report. Needs no PyTorch.",
    )
    one.add_argument(
        "source",
        type=Path,
        metavar="FOLDER|MANIFEST.csv",
        help="LABEL/SPEAKER/clip.wav, or a CSV with path,label,speaker and perhaps split",
    )
    one.add_argument("--name", required=True, help="what the model is called")
    one.add_argument("--output", type=Path, metavar="DIR", help="where it is written (NAME)")
    one.add_argument(
        "--speaker", metavar="REGEX", default="", help="takes the speaker from the file's name"
    )
    one.add_argument("--labels", metavar="A,B,...", help="these alone, in this order (by name)")
    one.add_argument(
        "--colors", metavar="A=COLOR,...", help="red, magenta, yellow, blue, cyan, plain or dim"
    )
    one.add_argument("--licence", metavar="TEXT", help="of the recordings, for the model's card")
    one.add_argument(
        "--pretrained", type=Path, metavar="FILE", help="another body (models/voices/model.onnx)"
    )
    one.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="processor threads (%(default)s)"
    )
    one.add_argument("--emoscope", type=Path, metavar="FILE", help="the binary to compare with")

    one = commands.add_parser(
        "folds",
        parents=[config, data, work, threads, binary],
        help="leave speakers out within a corpus, own labels; run before `evaluate`",
    )
    one.add_argument("--corpus", help="one of the config's (default: each in turn)")
    one.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    one = commands.add_parser(
        "pairs",
        parents=[config, data, work, threads],
        help="learn from one corpus, hear each other one; run before `evaluate`",
    )
    one.add_argument("--corpus", help="the one to learn from (default: each in turn)")
    one.add_argument(
        "--pretrained", type=Path, metavar="FILE", required=True, help="mn04_as_mAP_432.pt"
    )
    one = commands.add_parser("parity", help="compare the binary's features with librosa's")
    one.add_argument("--emoscope", type=Path, metavar="FILE", required=True, help="the binary")
    one.add_argument("files", nargs="*", type=Path, help="sound files (default: made here)")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 a comparison failed, 2 wrong use or data, 130 stopped by Ctrl-C."""
    options = parser().parse_args(arguments)
    commands = {
        "manifest": manifest,
        "train": train,
        "evaluate": evaluate,
        "export": export,
        "stream": stream,
        "parity": parity,
        "own": own,
        "folds": folds,
        "pairs": pairs,
    }
    try:
        return commands[options.command](options)
    except CorpusError as error:
        print(f"emoscope_train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("emoscope_train: stopped; the same command goes on from here", file=sys.stderr)
        return 130


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
    named = {
        *config.data.corpora,
        *config.data.neutral,
        *config.data.noise,
        *config.data.sounds,
    }
    return [clip for clip in clips if clip.corpus in named]


def material(config: Config, data: Path, work: Path) -> "tuple[list[Clip], list[FeatureSet]]":
    """The clips, and their features as recorded and, of speech, in a room."""
    from . import features

    # Of all clips, whatever the config names: one cache serves every config.
    everything = corpora.read(data)
    clean = features.cached(everything, data, work)
    room = features.cached(config.data.spoken(everything), data, work, features.ROOM)
    return used(config, everything), [clean, room]


def train(options: argparse.Namespace) -> int:
    import torch

    from .distil import distil
    from .head import train_head
    from .train import prepare
    from .train import train as fit

    torch.set_num_threads(options.threads)
    config = load(options.config)
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    clips, (clean, room) = material(config, data, work)
    repeated = options.seed is not None and options.seed != config.train.seed
    # A repetition tells how far seeds lie apart; nothing of it ships.
    wanted = config.splits if repeated else [*config.splits, config.shipped_split]
    for split in [options.split] if options.split else dict.fromkeys(wanted):
        recipe = for_split(config, split)
        run = runs.Run(work, config.name, split)
        onward = config.shipped and split == config.shipped_split
        start: Path | runs.Run | None = options.pretrained
        if onward:
            start = runs.Run(work, config.name, config.splits[0])
        if repeated:
            recipe = replace(recipe, train=replace(recipe.train, seed=options.seed))
            run = runs.Run.of_seed(work, config.name, split, options.seed)
        task = prepare(recipe, split, clips, clean, room)
        if recipe.again and not onward:
            fit(task, run.first, start, split)
            start, task = run.first, replace(task, config=second_cycle(recipe))
        fit(task, run, start, split)
        if config.distil and not run.distilled.is_file():
            distil(task, run)
        if config.head:
            train_head(task, run)
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
    split = options.split or config.shipped_split
    work = runs.work_folder(options.work)
    return write(config, split, work, options.models / config.name, options.emoscope)


def stream(options: argparse.Namespace) -> int:
    from . import streaming

    config = load(options.config)
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    clips = used(config, corpora.read(data))
    chosen = config.data.select(clips)
    roles = splits.assign("speakers", chosen)
    tested = [clip for clip in chosen if roles.get(clip.path) == splits.TEST]
    plain = [clip for clip in tested if clip.corpus in config.data.neutral]
    acted = [clip for clip in tested if clip.corpus not in config.data.neutral]
    program, model = options.emoscope, options.fold_model
    groups = streaming.recordings(acted)
    turns = streaming.dialogues(groups)
    moods = streaming.recordings(acted, one_mood=True)
    kept = streaming.test_side(config.data.select_noise(clips))
    noises = [clip for name in config.data.noise for clip in kept.get(name, [])]
    found = {
        "joined": streaming.streamed(groups, data, program, model),
        "alone": streaming.alone([c for g in groups for c in g], data, program, model),
        "in_noise": streaming.streamed(groups, data, program, model, noises) if noises else None,
        "in_one_mood": streaming.streamed(moods, data, program, model),
        "in_turns": streaming.streamed(turns, data, program, model) if turns else None,
        "without_speech": {
            name: streaming.alarms(sounds, data, program, model)
            for name, sounds in streaming.test_side(config.data.select_sounds(clips)).items()
        },
        "read_speech": streaming.read_speech(plain, data, program, model) if plain else None,
    }
    runs.write_json(runs.Run(work, config.name, "speakers").streaming, found)
    print(json.dumps(found, indent=1))
    return 0


def own(options: argparse.Namespace) -> int:
    from .own import command

    request = command.Request(
        source=options.source,
        name=options.name,
        output=options.output or Path(options.name),
        work=runs.work_folder(options.work),
        speaker=options.speaker,
        threads=max(1, options.threads),
        program=options.emoscope,
    )
    if options.labels:
        request.labels = [name.strip() for name in options.labels.split(",")]
    for pair in options.colors.split(",") if options.colors else []:
        label, _, color = pair.partition("=")
        request.colors[label.strip()] = color.strip()
    if options.licence:
        request.licence = options.licence
    if options.pretrained:
        request.pretrained = options.pretrained
    return command.make(request)


def within(options: argparse.Namespace, name: str) -> "Within":
    """What `folds` and `pairs` have in common: the config has to have a table of that name."""
    import torch

    torch.set_num_threads(options.threads)
    config = load(options.config)
    if getattr(config, name) is None:
        raise CorpusError(f"{options.config} has no [{name}]")
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    return Within(config, data, work, *material(config, data, work))


def folds(options: argparse.Namespace) -> int:
    from .folds import measure

    config, data, work, clips, sets = within(options, "folds")
    assert config.folds
    for corpus in [options.corpus] if options.corpus else config.folds.corpora:
        seed, program = options.seed, options.emoscope
        found = measure(config, corpus, clips, sets, data, work, seed, program)
        place = runs.folds_folder(work, config.name) / f"{corpus}-{options.seed}.json"
        runs.write_json(place, found)
        print(json.dumps(found, indent=1))
    return 0


def pairs(options: argparse.Namespace) -> int:
    from .pairs import measure

    config, _, work, clips, sets = within(options, "pairs")
    assert config.pairs
    for source in [options.corpus] if options.corpus else config.pairs.corpora:
        found = measure(config, source, clips, sets, work, options.pretrained)
        runs.write_json(runs.pairs_folder(work, config.name) / f"{source}.json", found)
    return 0


def parity(options: argparse.Namespace) -> int:
    from .parity import compare

    return compare(options.emoscope, options.files)
