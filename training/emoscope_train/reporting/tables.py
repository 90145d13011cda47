"""The tables of a card, in Markdown."""

from typing import Any

from ..data.corpora import ABOUT


def percent(share: float) -> str:
    """One decimal, no false precision beyond."""
    return f"{100.0 * share:.1f} %"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def training_table(facts: dict[str, Any]) -> str:
    """What was trained on, with the licence as its makers state it."""
    rows = []
    for row in facts["training_data"]:
        about = ABOUT.get(row["corpus"])
        rows.append(
            [
                row["corpus"],
                about.title if about else "",
                row["language"],
                str(row["clips"]),
                str(row["speakers"]),
                row["licence"],
            ]
        )
    text = table(["corpus", "what", "language", "clips", "speakers", "licence as stated"], rows)
    if facts["noises"]:
        extra = ", ".join(f"{ABOUT[n].title} ({ABOUT[n].licence})" for n in ("noise", "rir"))
        text += f"\nBesides, for robustness: {extra}. No recording is "
        text += "part of the model or of this repository.\n"
    return text


HEAD = ["protocol", "clips", "accuracy", "UAR", "ECE", "labelled", "accuracy where labelled"]


PROTOCOLS = {
    "speakers": "test speakers never heard",
    "stratified": "stratified: both actresses learned and tested",
    "oaf-to-yaf": "older actress learned, younger tested",
    "yaf-to-oaf": "younger actress learned, older tested",
}


def split_row(name: str, found: dict[str, Any]) -> list[str]:
    """One protocol's headline."""
    test = found["test"]
    return [
        name,
        str(test["clips"]),
        percent(test["accuracy"]),
        percent(test["uar"]),
        percent(test["ece"]),
        percent(found["certain"]["coverage"]),
        "-" if (sure := found["certain"]["accuracy"]) is None else percent(sure),
    ]


def over_seeds(found: dict[str, dict[str, float]]) -> list[str]:
    """UAR of the trainings that were repeated with other seeds."""
    rows = []
    for protocol, seeds in found.items():
        if len(seeds) > 1:
            mean = sum(seeds.values()) / len(seeds)
            deviation = (sum((uar - mean) ** 2 for uar in seeds.values()) / len(seeds)) ** 0.5
            each = ", ".join(map(percent, seeds.values()))
            rows.append([protocol, each, f"{percent(mean)} ± {percent(deviation)}"])
    return [table(["protocol", "UAR by seed", "mean and deviation"], rows)] if rows else []


def corpus_table(found: dict[str, Any], with_shortcuts: bool) -> str:
    """UAR per corpus, and what length and loudness alone would reach."""
    rows = []
    for name, row in found["by_corpus"].items():
        clue = found["shortcuts"].get(name)
        cells = [
            name,
            str(row["speakers"]),
            str(row["clips"]),
            str(row["labels"]),
            percent(row["uar"]),
            percent(row["uar_own_labels"]),
            percent(1.0 / row["labels"]),
        ]
        if with_shortcuts:
            cells += [percent(clue["raw"]), percent(clue["seen"])] if clue else ["", ""]
        rows.append(cells)
    head = ["corpus", "speakers", "clips", "labels", "UAR, seven open", "UAR, own labels", "chance"]
    if with_shortcuts:
        head += ["length and level alone: recording", "as the network sees it"]
    return table(head, rows)


def classes_table(found: dict[str, Any]) -> str:
    """Precision, recall and F1 of each label."""
    rows = [
        [
            name,
            *(percent(row[key]) for key in ("precision", "recall", "f1")),
            str(int(row["clips"])),
        ]
        for name, row in found["test"]["classes"].items()
    ]
    return table(["label", "precision", "recall", "F1", "clips"], rows)


def summary_table(first: str, rows: dict[str, dict[str, float]]) -> str:
    """Accuracy and UAR under different circumstances."""
    return table(
        [first, "accuracy", "UAR", "mean of the corpora's UARs"],
        [
            [name, percent(row["accuracy"]), percent(row["uar"]), percent(row["mean_corpus_uar"])]
            for name, row in rows.items()
        ],
    )


def enrolment_table(found: dict[str, Any]) -> str:
    """Test speakers with more and more of their voice known."""
    return table(
        [
            "speech of the voice known",
            "accuracy",
            "UAR",
            "mean of the corpora's UARs",
            "the same, own labels",
            "ECE",
        ],
        [
            [
                key,
                percent(row["accuracy"]),
                percent(row["uar"]),
                percent(row["mean_corpus_uar"]),
                percent(row["uar_own_labels"]),
                percent(row["ece"]),
            ]
            for key, row in found["by_known_seconds"].items()
        ],
    )


def left_out_table(left_out: dict[str, Any]) -> str:
    """Corpora that nothing was learned from, with more and more of each voice known."""
    keys = ["0 s", "5 s", "15 s", "60 s", "15 s, neutral first", "60 s, alike"]

    def cells(found: dict[str, Any]) -> list[float]:
        known, rooms = found["by_known_seconds"], found["in_rooms"]
        rows = [*(known[key] for key in keys), found["in_folder"], rooms["0 s"], rooms["60 s"]]
        own = [row["uar_own_labels"] for row in rows]
        return [1.0 / found["labels"], *own, found["test"]["ece"], known["60 s"]["ece"]]

    rows = [
        [name, str(found["labels"]), str(found["speakers"]), *map(percent, cells(found))]
        for name, found in left_out.items()
    ]
    columns = zip(*(cells(found) for found in left_out.values()), strict=True)
    means = [percent(sum(column) / len(left_out)) for column in columns]
    rows.append(["**mean**", "", "", *means])
    head = ["left out", "labels", "speakers", "chance", *keys, "its folder"]
    return table([*head, "in rooms, 0 s", "in rooms, 60 s", "ECE, 0 s", "ECE, 60 s"], rows)


def folds_table(found: dict[str, Any]) -> str:
    """Speakers left out within each corpus."""
    keys = ("0 s", "15 s", "60 s", "program")
    rows = []
    for corpus, runs in found.items():
        first = runs[0]
        cells = [over_runs(key, [run for run in runs if key in run]) for key in keys]
        shape = [len(first["labels"]), len(first["folds"]), len(runs)]
        each = ", ".join(percent(run["0 s"]) for run in runs)
        rows.append([corpus, *map(str, shape), *cells, each])
    heads = ["corpus", "labels", "folds", "seeds", *keys[:3], "the program, 0 s", "seeds, 0 s"]
    return table(heads, rows)


def pairs_table(found: dict[str, Any]) -> str:
    """One corpus to one other: with nothing, and with 60 s of the voice known."""
    keys = ("0 s", "60 s")

    def cell(rows: list[dict[str, float]]) -> str:
        means = [sum(row[key] for row in rows) / len(rows) for key in keys]
        return ", ".join(percent(mean) for mean in means)

    names = list(found)
    rows = []
    for source, targets in found.items():
        cells = [cell([targets[name]]) if name in targets else "-" for name in names]
        rows.append([source, *cells, cell(list(targets.values()))])
    heard = [[targets[name] for targets in found.values() if name in targets] for name in names]
    everything = [row for targets in found.values() for row in targets.values()]
    rows.append(["**mean**", *map(cell, heard), cell(everything)])
    return table(["learned from, heard on", *names, "mean"], rows)


def over_runs(key: str, runs: list[dict[str, Any]]) -> str:
    """Mean of the runs, and how far their folds lie apart."""
    if not runs:
        return "-"
    means = [sum(run[name] for run in runs) / len(runs) for name in (key, f"{key}, deviation")]
    return " ± ".join(percent(mean) for mean in means)
