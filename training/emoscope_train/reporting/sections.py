"""Sections of a card that are written from the metrics."""

from typing import Any

from . import text
from .tables import (
    four_table,
    left_out_details,
    left_out_table,
    percent,
    published_table,
    recall_table,
    table,
)

# Which data calibrate the predictions for a corpus, without and with a correction of the logits.
CHOSEN_BY = {
    False: "Validation speakers and the other corpora set the temperature.",
    True: "The corpora of the other groups set temperature and offsets.",
}


def unseen_corpora(metrics: dict[str, Any]) -> list[str]:
    """The section on left-out corpora."""
    left_out, together = metrics["left_out"], metrics["left_out_together"]
    corrected = bool(next(iter(metrics["splits"].values()))["calibration"].get("correction"))
    names = {"alone": "no baseline", "settled": "60 s of enrolment", "in_folder": "folder"}
    rows = [
        [
            title,
            percent(figures["accuracy"]),
            percent(half_coverage(figures["coverage_curve"])),
            percent(figures["ece"]),
        ]
        for name, title in names.items()
        if (figures := together[name])
    ]
    parts = [
        text.LEFT_OUT.format(**metrics["left_out_recipe"], groups=groups_of(left_out))
        + left_out_table(left_out),
        "The same clips in a room, through a telephone or another narrow channel, and the "
        "calibration:\n",
        left_out_details(left_out),
        f"All {together['clips']} clips as one test, with seven labels. {CHOSEN_BY[corrected]}\n",
        table(["baseline", "accuracy", "accuracy at 50 % coverage", "ECE"], rows),
        *([text.EMOTIONTTS] if "emotiontts" in left_out else []),
        "![reliability](figures/reliability.png) "
        "![confusion, no baseline](figures/confusion-left-out.png)\n",
    ]
    if all("four_labels" in figures for figures in left_out.values()):
        parts += [text.FOUR + four_table(left_out), text.PUBLISHED + published_table()]
        parts += [text.RECALL + recall_table(left_out)]
    for name, figures in left_out.items():
        if listeners := figures.get("listeners"):
            parts.append(
                text.LISTENERS.format(
                    corpus=name,
                    one=percent(listeners["one_listener_uar"]),
                    majority=percent(listeners["majority_uar"]),
                    clips=listeners["clips"],
                    cold=percent(listeners["0 s"]),
                    enrolled=percent(listeners["60 s"]),
                )
            )
    return parts


def groups_of(left_out: dict[str, Any]) -> str:
    """Corpora that one training leaves out together; empty if each is left out alone."""
    groups = {tuple(sorted([name, *figures.get("with", [])])) for name, figures in left_out.items()}
    several = sorted(", ".join(group) for group in groups if len(group) > 1)
    return f"Some are left out together: {'; '.join(several)}. " if several else ""


def half_coverage(curve: list[dict[str, float]]) -> float:
    """Accuracy on the most confident half of the clips."""
    return next(row["accuracy"] for row in curve if row["coverage"] == 0.5)


def groups(split: dict[str, Any]) -> list[str]:
    """By sex and by language, and the spread over speakers."""
    if "by_sex" not in split:
        return []
    apart = split["speakers_apart"]
    head = ["clips", "accuracy", "UAR", "ECE"]

    def rows(name: str) -> list[list[str]]:
        return [
            [key, str(row["clips"]), *(percent(row[k]) for k in ("accuracy", "uar", "ece"))]
            for key, row in split[name].items()
        ]

    keys = {"tenth": "10th percentile", "median": "median", "ninetieth": "90th percentile"}
    keys["deviation"] = "standard deviation"
    return [
        "### By sex, language and speaker\n",
        table(["sex", *head], rows("by_sex")),
        table(["language", *head], rows("by_language")),
        "Each language comes from other corpora, with other labels and rooms, so the rows also "
        f"compare corpora. Accuracy over the {apart['speakers']} test speakers with at least ten "
        "clips:\n",
        table(["", "accuracy"], [[name, percent(apart[key])] for key, name in keys.items()]),
    ]


def speech(split: dict[str, Any]) -> list[str]:
    """Speech against other sounds."""
    counts = split["speech"]
    if counts is None:
        return []
    return [
        "### Speech against other sounds\n",
        f"{counts['sounds']} test sounds (coughs, laughter, household, music) in windows of 3 s, "
        "without the VAD. The speech head rejects "
        f"{percent(counts['sounds_refused'])} of them, and accepts "
        f"{percent(counts['speech_kept'])} of the test clips.\n",
    ]


def streaming(figures: dict[str, Any]) -> list[str]:
    """The program on whole recordings."""
    read = figures["read_speech"]
    kinds = {
        "joined": "mixed emotions",
        "in_one_mood": "one emotion",
        "in_noise": "mixed emotions, noise 10 dB below",
        "in_turns": "two speakers in turn",
    }
    head = [
        "recording",
        "clips",
        "detected",
        "accuracy",
        "UAR",
        "first label, s",
        "changes per minute",
    ]
    rows = [
        [
            kinds[name],
            str(row["clips"]),
            *(percent(row[key]) for key in ("heard", "accuracy", "uar")),
            *(f"{row[key]:g}" for key in ("first_named_s", "flips_per_minute")),
        ]
        for name in kinds
        if (row := figures[name])
    ]
    keys = ("minutes", "utterances_per_10_min", "labelled_per_10_min")
    sounds = [
        [name, *(f"{row[key]:g}" for key in keys)]
        for name, row in figures["without_speech"].items()
    ]
    return [
        "### Continuous recordings\n",
        "The program on test clips that are joined with pauses, over a faint background. The "
        "baseline grows during the recording. `detected` is the share of clips that become an "
        "utterance; accuracy and UAR are over these clips. `first label` is the median time from "
        "the onset to the first label; the first measurement comes "
        f"{figures['joined']['first_judgement_s']:g} s after the onset. `changes` counts label "
        "changes per minute of speech. As single files, the clips of the first row reach an "
        f"accuracy of {percent(figures['alone'])}.\n",
        table(head, rows),
        *([agreement_of_labels(figures)] if figures.get("same_label") else []),
        "Recordings without speech, per ten minutes. A false label is neither neutral nor "
        "`uncertain`.\n",
        table(["sounds", "minutes", "utterances after the VAD", "false labels"], sounds),
        *(
            [
                f"Of {read['utterances']} utterances of neutral reading, "
                f"{percent(read['anger_or_fear'])} get the label anger or fear, and "
                f"{percent(read['neutral_or_uncertain'])} neutral or uncertain.\n"
            ]
            if read
            else []
        ),
    ]


def agreement_of_labels(figures: dict[str, Any]) -> str:
    """Agreement of the final label with the last live one, and between block phases."""
    return (
        f"In the first row the final label differs from the last live one in "
        f"{percent(figures['joined']['final_differs'])} of the utterances. If the recordings start "
        f"5.4 or 11.7 ms later, {percent(figures['same_label'])} of the clips get the same final "
        "label all three times.\n"
    )


def exported(split: dict[str, Any]) -> list[str]:
    """Agreement of the model file with the trained network."""
    row = split.get("exported")
    if row is None:
        return []
    return [
        "### Model file\n",
        "The file stores the first layer in 16 bits and the others in 8. Its label equals that of "
        f"the network in single precision for {percent(row['same_label'])} of {row['clips']} test "
        "clips. The largest difference of a probability is "
        f"{percent(row['largest_difference'])}, the median {percent(row['median_difference'])}.\n",
    ]


def sentences(split: dict[str, Any]) -> list[str]:
    """Whether the test's sentences were in training."""
    rows = split["sentences"]
    head = "### Sentences\n"
    if "unheard" not in rows:
        return [head, "Every word of the test is also in training.\n"]
    names = {"heard": "in training", "unheard": "not in training"}
    return [
        head,
        "Speakers say the same sentences (in TESS the same words), so a network can learn the "
        "words. Corpora with ten or more sentences keep some of them out of training. Their test "
        "clips have both kinds:\n",
        table(
            ["sentence", "clips", "accuracy", "UAR"],
            [
                [names[key], str(r["clips"]), percent(r["accuracy"]), percent(r["uar"])]
                for key, r in rows.items()
            ],
        ),
    ]


def shipped(last: dict[str, Any], measured: dict[str, Any]) -> str:
    """The training of the shipped model after the measured one."""

    def amount(facts: dict[str, Any]) -> str:
        clips, speakers = (
            sum(row[key] for row in facts["training_data"]) for key in ("clips", "speakers")
        )
        return f"{clips} clips of {speakers} speakers"

    before, after = (last["validation"][name] for name in ("measured", "shipped"))
    recipe = last["facts"]["recipe"]
    count = last.get("averaged", 1)
    return text.SHIPPED.format(
        average=text.AVERAGE.format(count=count) if count > 1 else "",
        **{key: recipe[key] for key in ("epochs", "clips_per_epoch", "learning_rate")},
        measured=amount(measured),
        shipped=amount(last["facts"]),
        cold=percent(after["cold"]),
        cold_before=percent(before["cold"]),
        enrolled=percent(after["settled"]),
        enrolled_before=percent(before["settled"]),
    )


def recipe_rows(facts: dict[str, Any], best: int, head: dict[str, Any] | None) -> list[str]:
    """The training stages, one list item each."""
    recipe = facts["recipe"]
    rows = [
        f"Backbone: {recipe['epochs']} epochs of {recipe['clips_per_epoch']} clips, peak learning "
        f"rate {recipe['learning_rate']:g}. Best epoch: {best}.",
        "AdamW, one cycle, crops of 0.75 to 3 s. The probability of drawing a clip is inversely "
        "proportional to the square root of the number of clips of its corpus and label.",
        "Augmentation: mixup, masks, spectral tilt, equaliser, vocal-tract and tempo warp, noise, "
        "rooms and channels.",
    ]
    if recipe["absent"] > 0.0:
        rows.append(
            "The loss is taken over the labels of the clip's corpus. From epoch "
            f"{recipe['absent_from'] + 1}, {percent(recipe['absent'])} of it is taken over all "
            "seven labels. Otherwise the logits of absent labels would grow without bound."
        )
    if recipe.get("members", 1) > 1:
        rows.append(f"The backbones of {recipe['members']} seeds are averaged.")
    if distil := facts.get("distil"):
        change = distil["augment"]
        rows.append(
            "Self-distillation on reverberant, noisy and cropped audio (teacher and student, after "
            f"Li et al. 2017), without labels: {distil['epochs']} epochs of "
            f"{distil['clips_per_epoch']} clips. {percent(change['room'])} of the crops are in a "
            f"room, {percent(change['noise'])} have noise at {change['snr_low_db']:g} to "
            f"{change['snr_high_db']:g} dB."
        )
    if head:
        rows.append(
            f"Voice head: {head['steps']} steps of {head['batch']} embeddings, "
            f"{head['versions'] + 1} versions of every clip, with a fixed backbone. Each clip "
            "has a baseline of 0 to 30 other clips of its speaker, often mostly neutral. The "
            "speaker's mean itself is not an input of the head, because it reveals the corpus."
        )
    return [f"- {row}" for row in rows]
