"""The commands; each calls the module of its name."""

import argparse
import json
import os
import sys
from pathlib import Path

from . import runs
from .config import load
from .errors import UserError

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
        help="train with another seed, for the average or to see the spread over seeds",
    )

    one = commands.add_parser(
        "reproduce",
        parents=[config, data, work, threads, models, binary],
        help="run every step of a model, from the corpora to its files; resumes",
        description="Runs every step of a model in dependency order and skips what is done.",
    )
    one.add_argument("--pretrained", type=Path, metavar="FILE", help="mn04_as_mAP_432.pt")
    one.add_argument("--plan", action="store_true", help="list the steps and their state, run none")

    one = commands.add_parser(
        "evaluate",
        parents=[config, data, work, threads, models],
        help="measure on the test speakers: metrics.json, figures, card.md",
    )
    one.add_argument("--split", help="print the figures of this split alone, and write nothing")
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
        description="Uses the model of the split `speakers` that `reproduce` exports, because the"
        " model that ships was trained on the test speakers.",
    )
    one.add_argument("--emoscope", type=Path, metavar="FILE", required=True, help="the binary")
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
        "--pretrained",
        type=Path,
        metavar="FILE",
        help="another base model (models/voices/model.onnx)",
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
        help="train on one corpus, test on each other one; run before `evaluate`",
    )
    one.add_argument("--corpus", help="the training corpus (default: each in turn)")
    one.add_argument("--pretrained", type=Path, metavar="FILE", help="mn04_as_mAP_432.pt")
    one = commands.add_parser("parity", help="compare the binary's features with librosa's")
    one.add_argument("--emoscope", type=Path, metavar="FILE", required=True, help="the binary")
    one.add_argument("files", nargs="*", type=Path, help="sound files (default: made here)")
    speaker_commands(commands, data, work, models)
    return top


def speaker_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    data: argparse.ArgumentParser,
    work: argparse.ArgumentParser,
    models: argparse.ArgumentParser,
) -> None:
    """The speaker model's own commands."""
    top = commands.add_parser("speakers", help="export and measure the speaker model")
    steps = top.add_subparsers(dest="step", required=True)
    steps.add_parser(
        "fine-tune", parents=[data, work], help="train the last layer further; run before the rest"
    )
    steps.add_parser(
        "export", parents=[work, models], help="write model.onnx, golden.json and tuning.json"
    )
    steps.add_parser(
        "error-rates", parents=[data, work, models], help="measure how well voices are told apart"
    )
    steps.add_parser(
        "conversations", parents=[data, work], help="make conversations of clips in the work folder"
    )
    one = steps.add_parser(
        "evaluate", parents=[work, models], help="measure the binary on the conversations"
    )
    one.add_argument("--program", type=Path, metavar="FILE", required=True, help="the binary")
    one.add_argument(
        "--set",
        choices=["tune", "test"],
        default="test",
        help="only `test` goes into metrics.json and card.md (%(default)s)",
    )
    one.add_argument(
        "--each", type=int, default=12, help="conversations of each kind and corpus (%(default)s)"
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 a comparison failed, 2 wrong use or data, 130 stopped by Ctrl-C."""
    options = parser().parse_args(arguments)
    commands = {
        "manifest": manifest,
        "train": train,
        "reproduce": reproduce,
        "evaluate": evaluate,
        "export": export,
        "stream": stream,
        "parity": parity,
        "own": own,
        "folds": folds,
        "pairs": pairs,
        "speakers": speakers,
    }
    try:
        return commands[options.command](options)
    except UserError as error:
        print(f"emoscope_train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("emoscope_train: stopped; run the same command to continue", file=sys.stderr)
        return 130


def manifest(options: argparse.Namespace) -> int:
    from .data.listing import list_clips

    list_clips(runs.data_folder(options.data), options.output, options.check)
    return 0


def train(options: argparse.Namespace) -> int:
    from .training.pipeline import train_splits

    train_splits(
        load(options.config),
        runs.data_folder(options.data),
        runs.work_folder(options.work),
        options.pretrained,
        options.split,
        options.seed,
        options.threads,
    )
    return 0


def reproduce(options: argparse.Namespace) -> int:
    from .reproduce import Reproduction, plan
    from .reproduce import reproduce as run

    config = load(options.config)
    wanted = Reproduction(
        config,
        runs.data_folder(options.data),
        runs.work_folder(options.work),
        options.models / config.name,
        options.pretrained,
        options.emoscope,
        options.threads,
    )
    if options.plan:
        print("\n".join(plan(wanted)))
    else:
        run(wanted)
    return 0


def evaluate(options: argparse.Namespace) -> int:
    from .evaluation.evaluate import evaluate as measure
    from .evaluation.evaluate import evaluate_split

    config = load(options.config)
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    if options.split:
        figures = evaluate_split(config, options.split, data, work, options.threads)
        print(json.dumps(figures, indent=1))
        return 0
    measure(config, data, work, options.models / config.name, options.threads)
    return 0


def export(options: argparse.Namespace) -> int:
    from .export.model_files import export as write

    config = load(options.config)
    split = options.split or config.shipped_split
    work = runs.work_folder(options.work)
    return write(config, split, work, options.models / config.name, options.emoscope)


def stream(options: argparse.Namespace) -> int:
    from .evaluation.streaming import measure

    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    figures = measure(load(options.config), data, work, options.emoscope)
    print(json.dumps(figures, indent=1))
    return 0


def own(options: argparse.Namespace) -> int:
    from .custom import command

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


def folds(options: argparse.Namespace) -> int:
    from .evaluation.folds import measure_corpora

    measure_corpora(
        load(options.config),
        runs.data_folder(options.data),
        runs.work_folder(options.work),
        options.corpus,
        options.seed,
        options.emoscope,
        options.threads,
    )
    return 0


def pairs(options: argparse.Namespace) -> int:
    from .evaluation.pairs import measure_sources

    measure_sources(
        load(options.config),
        runs.data_folder(options.data),
        runs.work_folder(options.work),
        options.corpus,
        options.pretrained,
        options.threads,
    )
    return 0


def parity(options: argparse.Namespace) -> int:
    from .export.parity import compare

    return compare(options.emoscope, options.files)


def speakers(options: argparse.Namespace) -> int:
    steps = {
        "fine-tune": speaker_fine_tuning,
        "export": speaker_export,
        "error-rates": speaker_error_rates,
        "conversations": speaker_conversations,
        "evaluate": speaker_evaluation,
    }
    return steps[options.step](options)


def speaker_fine_tuning(options: argparse.Namespace) -> int:
    from .speakers.fine_tune import fine_tune

    fine_tune(runs.data_folder(options.data), runs.work_folder(options.work))
    return 0


def speaker_export(options: argparse.Namespace) -> int:
    from .speakers.export import export as write
    from .speakers.last_layer import Tuned

    tuned = Tuned.load(runs.last_speaker_layer(runs.work_folder(options.work)))
    return write(tuned, options.models / "speakers")


def speaker_error_rates(options: argparse.Namespace) -> int:
    from .speakers import card, error_rates

    folder = options.models / "speakers"
    data, work = runs.data_folder(options.data), runs.work_folder(options.work)
    figures = error_rates.measure(work, data)
    card.update(folder, "error_rates", figures)
    return 0


def speaker_conversations(options: argparse.Namespace) -> int:
    from .speakers.conversations import make_all

    make_all(runs.data_folder(options.data), runs.work_folder(options.work))
    return 0


def speaker_evaluation(options: argparse.Namespace) -> int:
    from .speakers import card, evaluate

    figures = evaluate.measure(
        options.program, runs.work_folder(options.work), options.set, options.each
    )
    print(evaluate.table(figures))
    if options.set == "test":
        card.update(options.models / "speakers", "conversations", figures)
    return 0
