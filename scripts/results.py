"""The results table of the README, written from the model's metrics.

python3 scripts/results.py            rewrites the table in README.md
python3 scripts/results.py --check    fails where the table is not the one of the metrics
"""

import json
import re
import sys
import textwrap
from collections.abc import Collection
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- results -->\n).*?(<!-- end of results -->)", re.DOTALL)
# A test condition of the evaluation.
NOISY_ROOM = "a room, noise at 10 dB"

NOTES = [
    '- "Single file" has no baseline. "Folder of recordings" uses a common baseline, as `analyze` '
    "does.",
    "- UAR, the unweighted average recall, is averaged over the labels that a corpus has, then "
    "over corpora. ECE is the expected calibration error; lower is better.",
    "- Coverage is the share of clips that get a label. Selective accuracy is the accuracy on "
    "these.",
    "- The shipped model was then also trained on the test speakers. The table shows the "
    "model before this step.",
]


def share(value: float) -> str:
    """A share in percent."""
    return f"{100 * value:.1f} %"


def rows(metrics: dict[str, Any]) -> list[tuple[str, float]]:
    """Name and share of each row, at most twelve."""
    speakers = metrics["splits"]["speakers"]
    corpora = metrics["left_out"].values()
    together = metrics["left_out_together"]

    def unseen_corpora(seconds: str) -> float:
        return mean(part["by_known_seconds"][seconds]["uar_own_labels"] for part in corpora)

    def unseen_speakers(seconds: str) -> float:
        return float(speakers["by_known_seconds"][seconds]["uar_own_labels"])

    return [
        ("UAR, unseen speakers, single file", unseen_speakers("0 s")),
        ("UAR, unseen speakers, after 60 s of the voice", unseen_speakers("60 s")),
        ("UAR, unseen corpora, single file", unseen_corpora("0 s")),
        (
            "UAR, unseen corpora, folder of recordings",
            mean(part["in_folder"]["uar_own_labels"] for part in corpora),
        ),
        ("UAR, unseen corpora, after 60 s of the voice", unseen_corpora("60 s")),
        ("ECE, unseen corpora, single file", together["alone"]["ece"]),
        ("ECE, unseen corpora, folder of recordings", together["in_folder"]["ece"]),
        ("ECE, unseen corpora, after 60 s of the voice", together["settled"]["ece"]),
        ("Accuracy, unseen speakers, single file", speakers["test"]["accuracy"]),
        (
            "Accuracy, unseen speakers, room with noise at 10 dB",
            speakers["by_condition"][NOISY_ROOM]["accuracy"],
        ),
        ("Coverage, unseen speakers", speakers["certain"]["coverage"]),
        ("Selective accuracy, unseen speakers", speakers["certain"]["accuracy"]),
    ]


def sizes(metrics: dict[str, Any]) -> list[str]:
    """The test data, and the chance level of the UAR."""
    speakers = metrics["splits"]["speakers"]
    by_corpus = speakers["by_corpus"].values()
    left_out = metrics["left_out"].values()

    def chance(parts: Collection[dict[str, Any]]) -> str:
        return (
            f"The chance level of the UAR is {share(mean(1 / part['labels'] for part in parts))}."
        )

    return [
        f"- Unseen speakers: {speakers['test']['clips']} clips of "
        f"{sum(part['speakers'] for part in by_corpus)} test speakers in {len(by_corpus)} corpora. "
        + chance(by_corpus),
        f"- Unseen corpora: {metrics['left_out_together']['clips']} clips. Each of {len(left_out)} "
        "corpora is left out of a training, alone or in a group, and tested whole. "
        + chance(left_out),
    ]


def wrapped(line: str, indent: str = "") -> str:
    """Lines of at most 100 characters; a figure keeps its percent sign."""
    kept = line.replace(" %", "\0%")
    return textwrap.fill(kept, 100, subsequent_indent=indent).replace("\0", " ")


def tess(metrics: dict[str, Any]) -> str:
    """The UAR of a stratified split and across speakers, mean of the seeds."""
    uar = {name: mean(part["seeds"].values()) for name, part in metrics["splits"].items()}
    stratified = uar.pop("stratified")
    return (
        "Many demonstrations quote TESS, a corpus of two actresses. With both actresses in "
        f"training and test, a model reaches {share(stratified)}. This says nothing about a new "
        "voice: trained on one actress and tested on the other, the same network reaches "
        f"{share(mean(uar.values()))} ([card](models/tess/card.md))."
    )


def block() -> str:
    """The table in Markdown, and the notes below it."""
    voices, two_actresses = (
        json.loads((MODELS / name / "metrics.json").read_text()) for name in ("voices", "tess")
    )
    table = ["| measure | result |", "|---|---:|"]
    table += [f"| {name} | {share(value)} |" for name, value in rows(voices)]
    notes = [wrapped(line, indent="  ") for line in [*sizes(voices), *NOTES]]
    return "\n".join([*table, "", *notes, "", wrapped(tess(two_actresses)), ""])


def main(arguments: list[str]) -> int:
    """Rewrites or checks the README."""
    page = README.read_text()
    made = BLOCK.sub(lambda found: found[1] + block() + found[2], page)
    if arguments != ["--check"]:
        README.write_text(made)
    elif made != page:
        print("README.md: the results differ from models/*/metrics.json", file=sys.stderr)
        print("Run: python3 scripts/results.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
