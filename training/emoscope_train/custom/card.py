"""Renders the card of a custom model; every figure comes from the metrics."""

from typing import Any

from ..reporting.tables import classes_table, percent, table

ABOUT = """\
The model says how a voice sounds, in the labels of its clips. It does not know what a person feels
or who speaks. Voices, rooms, microphones and languages unlike the clips lower the accuracy, without
a warning. Do not use it to infer emotions at work or in education, which is prohibited in the
European Union (AI Act, Art. 5(1)(f)), or for decisions about a person.
"""


def refused(reasons: list[str]) -> str:
    """Why no accuracy was measured."""
    return "\n".join(
        [
            "**No accuracy is reported**, because it would say nothing about unseen speakers:\n",
            *(f"- {reason}." for reason in reasons),
            "",
        ]
    )


def measured(evaluated: dict[str, Any], labels: list[str]) -> str:
    """The figures."""
    test, certain = evaluated["test"], evaluated["certain"]
    how = (
        f"each of {len(evaluated['by_speaker'])} speakers tested with a head trained on the others "
        f"({evaluated['folds']} folds)"
        if evaluated["folds"] > 1
        else f"the {len(evaluated['by_speaker'])} speakers that the manifest keeps for the test"
    )
    spread = evaluated["uar_spread"]
    selective = certain["accuracy"]
    figures = [
        ["UAR (recall averaged over the labels)", percent(test["uar"])],
        ["chance level", percent(1.0 / len(labels))],
        [
            "UAR by speaker, mean and standard deviation",
            percent(evaluated["uar_mean"])
            + (f" ± {percent(spread)}" if spread is not None else ""),
        ],
        ["accuracy", percent(test["accuracy"])],
        ["expected calibration error", percent(test["ece"])],
        ["coverage", percent(certain["coverage"])],
        ["selective accuracy", "-" if selective is None else percent(selective)],
    ]
    by_enrolment = [
        [key, percent(row["accuracy"]), percent(row["uar"]), percent(row["ece"])]
        for key, row in evaluated["by_known_seconds"].items()
    ]
    voices = [
        [row["speaker"], str(row["clips"]), percent(row["accuracy"]), percent(row["uar"])]
        for row in evaluated["by_speaker"]
    ]
    return "\n".join(
        [
            f"{test['clips']} clips, {how}. Each prediction covers the first 3 s of a clip, "
            "without a baseline.\n",
            table(["", ""], figures),
            "![confusion](figures/confusion.png)\n",
            classes_table(evaluated),
            "Enrolment is other clips of the same speaker, with any label:\n",
            table(["enrolment", "accuracy", "UAR", "ECE"], by_enrolment),
            table(["speaker", "clips", "accuracy", "UAR"], voices),
        ]
    )


def render(facts: dict[str, Any]) -> str:
    """The whole card."""
    labels, calibration = facts["labels"], facts["calibration"]
    figures = facts["figures"]
    learned = [[name, str(count)] for name, count in facts["clips_by_label"].items()]
    where = "held-out speakers" if facts["calibrated_on_speakers"] else "held-out clips"
    parts = [
        f"# {facts['name']}\n",
        f"Labels: {', '.join(labels)}. Use it with `emoscope --model model.onnx`.\n",
        "## Figures\n",
        refused(facts["refused"]) if figures is None else measured(figures, labels),
        *(["## Notes\n", *(f"- {note}" for note in facts["notes"]), ""] if facts["notes"] else []),
        "## How it was made\n",
        f"{facts['clips']} clips of {facts['speakers'] or 'unknown'} speakers:\n",
        table(["label", "clips"], learned),
        f"The backbone is that of {facts['backbone']['name']} (SHA-256 "
        f"`{facts['backbone']['sha256']}`), unchanged. The head is a logistic regression "
        "on embeddings relative to the speaker baseline and on the logits of that model. Every "
        "label has the same weight. Copies of a recording are on the same side of a split. "
        f"Temperature {calibration['temperature']:g}. The label is `uncertain` below a "
        f"probability of {calibration['certain']:g} or a lead of {calibration['margin']:g}, "
        f"chosen on {where}.\n",
        f"Licences of the weights: {'; '.join(facts['licences'])}.\n",
        ABOUT,
    ]
    return "\n".join(parts)
