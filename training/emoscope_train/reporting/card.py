"""Renders card.md from metrics.json: a summary table first, then all details.

Every figure comes from the metrics.
"""

from typing import Any

from ..data.labels import LABELS as NAMES
from . import text
from .sections import (
    exported,
    groups,
    recipe_rows,
    sentences,
    shipped,
    speech,
    streaming,
    unseen_corpora,
)
from .tables import (
    HEAD,
    PROTOCOLS,
    classes_table,
    corpus_table,
    enrolment_table,
    folds_table,
    over_seeds,
    pairs_table,
    percent,
    shortcut_table,
    split_row,
    summary_table,
    table,
    training_table,
)

BACKBONES = {
    "mn04": "the backbone of EfficientAT's mn04 (MIT), fine-tuned, with three pooled blocks",
    "whisper": "the convolutions and first layers of Whisper base (MIT), fine-tuned and pooled",
}
LABELS = "anger, disgust, fear, happiness, neutral, sadness and surprise"


def render(metrics: dict[str, Any]) -> str:
    """The whole card."""
    measured = next(iter(metrics["splits"].values()))
    head, several = metrics.get("head"), len(measured["by_corpus"]) > 1
    felt = " (except urdu)" if several else ""
    parts = [
        f"# {metrics['name']} {metrics['version']}\n",
        introduction(measured["facts"], bool(head)),
        "## Results\n",
        *(summary(metrics) if several else protocols(metrics)),
        text.USE.format(felt=felt),
        text.LIMITS + (text.ONE_LABEL if head else ""),
        *evaluation(metrics, measured),
        *training(metrics, measured),
    ]
    return "\n".join(parts)


def introduction(facts: dict[str, Any], voice_head: bool) -> str:
    """Input, output and network."""
    network = BACKBONES[facts["recipe"].get("backbone", "mn04")]
    if voice_head:
        network += ", a linear head relative to the speaker baseline, and a speech head"
    else:
        network += ", and a linear head"
    return text.INTRODUCTION.format(
        inputs="80 MFCCs per 10 ms", labels=LABELS, parameters=facts["parameters"], network=network
    )


def protocols(metrics: dict[str, Any]) -> list[str]:
    """The table of a model of one corpus: a row per protocol."""
    splits = metrics["splits"]
    order = sorted(splits, key=lambda name: name == "stratified")
    return [
        "Each prediction covers the first 3 s of a clip.\n",
        table(HEAD, [split_row(PROTOCOLS[name], splits[name]) for name in order]),
        *([text.TESS] if "stratified" in splits else []),
    ]


def summary(metrics: dict[str, Any]) -> list[str]:
    """The table of a model of many corpora: a row per measure."""
    measured = next(iter(metrics["splits"].values()))
    rows = [["accuracy, unseen speakers, no baseline", percent(measured["test"]["accuracy"])]]
    if known := measured["by_known_seconds"]:
        for seconds, title in (("0 s", "no baseline"), ("60 s", "60 s of enrolment")):
            row = percent(known[seconds]["uar_own_labels"])
            rows.append([f"UAR, unseen speakers, {title}", row])
    if left_out := metrics.get("left_out"):
        together = metrics["left_out_together"]
        parts = list(left_out.values())

        def mean(values: list[float]) -> str:
            return percent(sum(values) / len(values))

        by_enrolment = [part["by_known_seconds"] for part in parts]
        alone, enrolled = (
            [row[s]["uar_own_labels"] for row in by_enrolment] for s in ("0 s", "60 s")
        )
        folder = [part["in_folder"]["uar_own_labels"] for part in parts]
        rows += [
            ["UAR, unseen corpora, no baseline", mean(alone)],
            ["UAR, unseen corpora, folder", mean(folder)],
            ["UAR, unseen corpora, 60 s of enrolment", mean(enrolled)],
            ["ECE, unseen corpora, no baseline", percent(together["alone"]["ece"])],
            ["ECE, unseen corpora, folder", percent(together["in_folder"]["ece"])],
            ["ECE, unseen corpora, 60 s of enrolment", percent(together["settled"]["ece"])],
        ]
    selective = measured["certain"]["accuracy"]
    rows += [
        ["coverage, unseen speakers", percent(measured["certain"]["coverage"])],
        ["selective accuracy", "-" if selective is None else percent(selective)],
    ]
    return [
        "UAR counts only the labels that a corpus has, and is averaged over corpora. Each "
        "prediction covers the first 3 s of a clip.\n",
        table(["measure", "figure"], rows),
        *(
            ["The shipped model was trained further after this measurement; see Training.\n"]
            if metrics.get("shipped")
            else []
        ),
    ]


def evaluation(metrics: dict[str, Any], measured: dict[str, Any]) -> list[str]:
    """All tests."""
    splits, head = metrics["splits"], metrics.get("head")
    several = len(measured["by_corpus"]) > 1
    repeated = {PROTOCOLS[name]: split.get("seeds", {}) for name, split in splits.items()}
    parts = ["## Evaluation\n", *over_seeds(repeated)]
    for name in splits if "stratified" in splits else ():
        if name != "stratified":
            parts.append(f"![confusion, {PROTOCOLS[name]}](figures/confusion-{name}.png)\n")
    if several:
        parts += ["### Unseen speakers\n"]
        first = next(iter(splits))
        parts += [table(HEAD, [split_row(PROTOCOLS[first], measured)])]
        if head:
            parts += [text.ENROLMENT, enrolment_table(measured)]
        shared = measured["shared_labels"]
        parts += [
            corpus_table(measured),
            f"On {', '.join(shared['labels'])}, all corpora together, the UAR is "
            f"{percent(shared['uar'])} with seven labels and {percent(shared['uar_of_these'])} "
            "among these four.\n",
            text.SHORTCUTS,
            shortcut_table(measured),
        ]
    if metrics.get("left_out"):
        parts += unseen_corpora(metrics)
    if metrics.get("folds"):
        parts += [text.FOLDS + folds_table(metrics["folds"])]
    if metrics.get("pairs"):
        pairs = metrics["pairs"]
        parts += [text.PAIRS + pairs_table(pairs, "0 s"), pairs_table(pairs, "60 s")]
    return [
        *parts,
        f"### By label, {PROTOCOLS[next(iter(splits))]}\n",
        classes_table(measured),
        "![confusion](figures/confusion.png) ![labels](figures/classes.png)\n",
        "![UAR](figures/uar.png)\n",
        "### By length and condition\n",
        summary_table("window, seconds", measured["by_seconds"]),
        summary_table("condition", measured["by_condition"]),
        "![length](figures/seconds.png) ![coverage](figures/coverage.png)\n",
        *(groups(measured) if several else []),
        *(speech(measured) if head else []),
        *(streaming(metrics["streaming"]) if metrics.get("streaming") else []),
        *exported(measured),
        *sentences(measured),
        *([text.AFFECT] if head else []),
    ]


def training(metrics: dict[str, Any], measured: dict[str, Any]) -> list[str]:
    """The data, the protocol and the recipe."""
    facts, last = measured["facts"], metrics.get("shipped")
    calibration = (last or measured)["calibration"]
    many = next(iter(metrics["splits"])) == "speakers"
    protocol = text.SPEAKERS_PROTOCOL if many else text.TESS_PROTOCOL
    return [
        "## Training\n",
        training_table(last["facts"] if last else facts),
        *([shipped(last, facts)] if last else []),
        f"Protocol: {protocol} Copies of a recording are on the same side of a split. Nothing is "
        "chosen on test clips: epoch, temperature and thresholds are chosen on validation clips.\n",
        *recipe_rows(facts, measured["best_epoch"], metrics.get("head")),
        f"- Published weights: SHA-256 `{facts['pretrained_sha256']}`.",
        correction(calibration),
        f"- The label is `uncertain` below a probability of {calibration['certain']:g} or a lead "
        f"of {calibration['margin']:g}.\n",
        "![training](figures/training.png)\n",
    ]


def correction(calibration: dict[str, Any]) -> str:
    """The correction of the logits."""
    corrections = calibration.get("correction")
    if not corrections:
        return f"- Temperature {calibration['temperature']:g}."
    rows = [
        [label, *(f"{offsets[place]:+.2f}" for offsets in corrections["offsets"])]
        for place, label in enumerate(NAMES)
    ]
    rows.append(["temperature", *(f"{value:.2f}" for value in corrections["temperatures"])])
    return "- Correction of the logits, fitted on left-out corpora:\n\n" + table(
        ["offset", "no baseline", "full baseline"], rows
    )
