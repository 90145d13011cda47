"""Renders the card of a model of one's own; no figure in it is typed."""

from typing import Any

from ..reporting.tables import classes_table, percent, table

ABOUT = """\
It judges how a voice sounds, in the labels that it was given, and knows neither what a person feels
nor who speaks. It is worth what its clips are worth: voices, rooms, microphones and languages
unlike them are judged worse, without a warning. Not for the workplace or for education where
emotions are inferred (prohibited in the European Union, AI Act, Art. 5(1)(f)), and not for any
decision about a person.
"""


def refused(reasons: list[str]) -> str:
    """Why there is no accuracy."""
    return "\n".join(
        [
            "**No accuracy is told**, because it would say nothing about a voice that the model "
            "has not heard:\n",
            *(f"- {reason}." for reason in reasons),
            "",
        ]
    )


def measured(found: dict[str, Any], labels: list[str]) -> str:
    """The figures."""
    test, certain = found["test"], found["certain"]
    how = (
        f"each of {len(found['by_speaker'])} speakers judged by a head that learned the others "
        f"({found['folds']} folds)"
        if found["folds"] > 1
        else f"the {len(found['by_speaker'])} speakers that the manifest keeps for the test"
    )
    spread = found["uar_spread"]
    sure = certain["accuracy"]
    figures = [
        ["UAR (recall averaged over the labels)", percent(test["uar"])],
        ["chance", percent(1.0 / len(labels))],
        [
            "UAR by speaker, mean and standard deviation",
            percent(found["uar_mean"]) + (f" ± {percent(spread)}" if spread is not None else ""),
        ],
        ["accuracy", percent(test["accuracy"])],
        ["expected calibration error", percent(test["ece"])],
        ["gets a label rather than `uncertain`", percent(certain["coverage"])],
        ["accuracy of these", "-" if sure is None else percent(sure)],
    ]
    known = [
        [key, percent(row["accuracy"]), percent(row["uar"]), percent(row["ece"])]
        for key, row in found["by_known_seconds"].items()
    ]
    voices = [
        [row["speaker"], str(row["clips"]), percent(row["accuracy"]), percent(row["uar"])]
        for row in found["by_speaker"]
    ]
    return "\n".join(
        [
            f"Of {test['clips']} clips, {how}. A clip is judged by its first 3 s, nothing of its "
            "voice being known.\n",
            table(["", ""], figures),
            "![confusion](figures/confusion.png)\n",
            classes_table(found),
            "With more of the voice known (other clips of it, whatever they express):\n",
            table(["known", "accuracy", "UAR", "ECE"], known),
            table(["speaker", "clips", "accuracy", "UAR"], voices),
        ]
    )


def render(facts: dict[str, Any]) -> str:
    """The whole card."""
    labels, calibration = facts["labels"], facts["calibration"]
    told = facts["figures"]
    learned = [[name, str(count)] for name, count in facts["clips_by_label"].items()]
    where = "held-out speakers" if facts["calibrated_on_speakers"] else "held-out clips"
    parts = [
        f"# {facts['name']}\n",
        f"Labels: {', '.join(labels)}. Use it with `emoscope --model model.onnx`.\n",
        "## Figures\n",
        refused(facts["refused"]) if told is None else measured(told, labels),
        *(
            ["## To know\n", *(f"- {note}" for note in facts["notes"]), ""]
            if facts["notes"]
            else []
        ),
        "## How it was made\n",
        f"{facts['clips']} clips of {facts['speakers'] or 'unknown'} speakers:\n",
        table(["label", "clips"], learned),
        f"The body is that of {facts['body']['name']} (SHA-256 `{facts['body']['sha256']}`), as it "
        "is. The head is a logistic regression on its embeddings, each in its voice's own spread, "
        "and on what that model says itself, every label counting alike. Clips that are the same "
        "recording are kept off two sides. "
        f"Temperature {calibration['temperature']:g}; `uncertain` below {calibration['certain']:g} "
        f"or with a lead under {calibration['margin']:g}; from {where}.\n",
        f"Licences of the weights: {'; '.join(facts['licences'])}.\n",
        ABOUT,
    ]
    return "\n".join(parts)
