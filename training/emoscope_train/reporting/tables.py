"""The tables of a card, in Markdown, with one number per cell."""

from typing import Any

from ..data.corpora import ABOUT

PROTOCOLS = {
    "speakers": "unseen speakers",
    "stratified": "stratified: both actresses in training and test",
    "oaf-to-yaf": "trained on the older actress, tested on the younger",
    "yaf-to-oaf": "trained on the younger actress, tested on the older",
}
# UAR in % of audEERING's zero-shot tests on four labels.
PUBLISHED = {
    "WavLM large": (64.9, 91, 70, 64),
    "wav2vec2 large": (57.4, 75, 54, 58),
    "HuBERT base": (50.7, 69, 39, 42),
    "CNN14": (44.1, 52, 41, 45),
}


def percent(share: float) -> str:
    """One decimal."""
    return f"{100.0 * share:.1f} %"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def training_table(facts: dict[str, Any]) -> str:
    """The training corpora with the licences as their makers state them."""
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
    text = table(["corpus", "contents", "language", "clips", "speakers", "licence"], rows)
    if facts["noises"]:
        used = [f"{ABOUT[name].title} ({ABOUT[name].licence})" for name in ("noise", "rir")]
        text += f"\nAugmentation also uses {' and '.join(used)}. The model and this repository "
        text += "contain no recording.\n"
    return text


HEAD = ["test", "clips", "accuracy", "UAR", "ECE", "coverage", "selective accuracy"]


def split_row(name: str, split: dict[str, Any]) -> list[str]:
    """The headline figures of one protocol."""
    test, selective = split["test"], split["certain"]["accuracy"]
    return [
        name,
        str(test["clips"]),
        percent(test["accuracy"]),
        percent(test["uar"]),
        percent(test["ece"]),
        percent(split["certain"]["coverage"]),
        "-" if selective is None else percent(selective),
    ]


def over_seeds(uar_by_seed: dict[str, dict[str, float]]) -> list[str]:
    """UAR of trainings that were repeated with other seeds."""
    rows = []
    for protocol, seeds in uar_by_seed.items():
        if len(seeds) > 1:
            mean = sum(seeds.values()) / len(seeds)
            deviation = (sum((uar - mean) ** 2 for uar in seeds.values()) / len(seeds)) ** 0.5
            figures = (mean, deviation, min(seeds.values()), max(seeds.values()))
            rows.append([protocol, str(len(seeds)), *map(percent, figures)])
    head = ["test", "seeds", "mean UAR", "standard deviation", "lowest", "highest"]
    return [table(head, rows)] if rows else []


def corpus_table(split: dict[str, Any]) -> str:
    """UAR by corpus."""
    rows = [
        [
            name,
            str(row["speakers"]),
            str(row["clips"]),
            str(row["labels"]),
            percent(row["uar"]),
            percent(row["uar_own_labels"]),
            percent(1.0 / row["labels"]),
        ]
        for name, row in split["by_corpus"].items()
    ]
    head = ["corpus", "speakers", "clips", "labels", "UAR, seven labels", "UAR, own labels"]
    return table([*head, "chance level"], rows)


def shortcut_table(split: dict[str, Any]) -> str:
    """UAR of length and loudness alone."""
    rows = [
        [name, *(percent(row[key]) for key in ("chance", "raw", "seen"))]
        for name, row in split["shortcuts"].items()
    ]
    return table(["corpus", "chance level", "UAR, recording", "UAR, input of the network"], rows)


def classes_table(split: dict[str, Any]) -> str:
    """Precision, recall and F1 by label."""
    rows = [
        [
            name,
            *(percent(row[key]) for key in ("precision", "recall", "f1")),
            str(int(row["clips"])),
        ]
        for name, row in split["test"]["classes"].items()
    ]
    return table(["label", "precision", "recall", "F1", "clips"], rows)


def summary_table(first: str, rows: dict[str, dict[str, float]]) -> str:
    """Accuracy and UAR under several conditions."""
    return table(
        [first, "accuracy", "UAR", "mean UAR over corpora"],
        [
            [name, percent(row["accuracy"]), percent(row["uar"]), percent(row["mean_corpus_uar"])]
            for name, row in rows.items()
        ],
    )


def enrolment_table(split: dict[str, Any]) -> str:
    """Unseen speakers by enrolment."""
    keys = ("accuracy", "uar", "mean_corpus_uar", "uar_own_labels", "ece")
    rows = [
        [name, *(percent(row[key]) for key in keys)]
        for name, row in split["by_known_seconds"].items()
    ]
    means = ["mean UAR over corpora", "mean UAR over corpora, own labels"]
    return table(["enrolment", "accuracy", "UAR", *means, "ECE"], rows)


def mean_table(head: list[str], cells: dict[str, list[float]], more: dict[str, list[str]]) -> str:
    """A row of shares per corpus, after the cells of `more`, and their mean."""
    rows = [[name, *more.get(name, []), *map(percent, row)] for name, row in cells.items()]
    means = [percent(sum(column) / len(cells)) for column in zip(*cells.values(), strict=True)]
    gap = [""] * len(next(iter(more.values()), []))
    return table(head, [*rows, ["**mean**", *gap, *means]])


def left_out_table(left_out: dict[str, Any]) -> str:
    """UAR of corpora that were left out, by enrolment."""
    keys = ["0 s", "5 s", "15 s", "60 s", "15 s, neutral first", "60 s, alike"]
    cells, more = {}, {}
    for name, figures in left_out.items():
        rows = [*(figures["by_known_seconds"][key] for key in keys), figures["in_folder"]]
        cells[name] = [1.0 / figures["labels"], *(row["uar_own_labels"] for row in rows)]
        more[name] = [str(figures["labels"]), str(figures["speakers"])]
    return mean_table(
        ["left out", "labels", "speakers", "chance level", *keys, "folder"], cells, more
    )


def left_out_details(left_out: dict[str, Any]) -> str:
    """Corpora that were left out, in rooms, and their calibration."""
    cells = {
        name: [
            figures["in_rooms"]["0 s"]["uar_own_labels"],
            figures["in_rooms"]["60 s"]["uar_own_labels"],
            figures["test"]["ece"],
            figures["by_known_seconds"]["60 s"]["ece"],
        ]
        for name, figures in left_out.items()
    }
    head = ["left out", "UAR in rooms, 0 s", "UAR in rooms, 60 s", "ECE, 0 s", "ECE, 60 s"]
    return mean_table(head, cells, {})


def four_table(left_out: dict[str, Any]) -> str:
    """UAR on four labels, of the corpora that were measured on them."""
    rows = {name: figures["four_labels"] for name, figures in left_out.items()}
    cells = {name: [row[key] for key in ("0 s", "15 s", "60 s")] for name, row in rows.items()}
    more = {name: [str(row["labels"]), str(row["clips"])] for name, row in rows.items()}
    return mean_table(["left out", "labels", "clips", "0 s", "15 s", "60 s"], cells, more)


def published_table() -> str:
    """Published figures on four labels."""
    rows = [[name, *(f"{value:g} %" for value in values)] for name, values in PUBLISHED.items()]
    return table(["model", "mean of eight corpora", "emodb", "ravdess", "cremad"], rows)


def recall_table(left_out: dict[str, Any]) -> str:
    """Mean recall of each label over the corpora that have it."""
    labels = sorted({label for figures in left_out.values() for label in figures["recall"]["0 s"]})
    rows = []
    for label in labels:
        parts = [
            figures["recall"] for figures in left_out.values() if label in figures["recall"]["0 s"]
        ]
        means = [sum(part[s][label] for part in parts) / len(parts) for s in ("0 s", "60 s")]
        rows.append([label, str(len(parts)), *map(percent, means)])
    return table(["label", "corpora", "0 s", "60 s"], rows)


def folds_table(folds: dict[str, Any]) -> str:
    """Unseen speakers within each corpus: mean and deviation over the folds."""
    rows = []
    for corpus, runs in folds.items():
        first = runs[0]
        cells = [
            over_runs(key, [run for run in runs if key in run])
            for key in ("0 s", "0 s, deviation", "15 s", "60 s", "program")
        ]
        shape = [len(first["labels"]), len(first["folds"]), len(runs)]
        rows.append([corpus, *map(str, shape), *cells])
    head = ["corpus", "labels", "folds", "seeds", "0 s", "deviation over folds, 0 s"]
    return table([*head, "15 s", "60 s", "program, 0 s"], rows)


def over_runs(key: str, runs: list[dict[str, Any]]) -> str:
    """The mean of the runs."""
    return percent(sum(run[key] for run in runs) / len(runs)) if runs else "-"


def pairs_table(pairs: dict[str, Any], seconds: str) -> str:
    """Figures from one corpus to another, after `seconds` of enrolment."""
    names = list(pairs)

    def mean(values: list[float]) -> str:
        return percent(sum(values) / len(values))

    rows = []
    for source, targets in pairs.items():
        cells = [percent(targets[n][seconds]) if n in targets else "-" for n in names]
        rows.append([source, *cells, mean([row[seconds] for row in targets.values()])])
    columns = [[t[n][seconds] for t in pairs.values() if n in t] for n in names]
    every = [value for column in columns for value in column]
    rows.append(["**mean**", *map(mean, columns), mean(every)])
    return table([f"trained on, tested on ({seconds})", *names, "mean"], rows)
