"""Renders card.md from metrics.json; no figure in a card is typed."""

from typing import Any

from ..evaluation.headline import half_coverage
from .tables import (
    HEAD,
    PROTOCOLS,
    classes_table,
    corpus_table,
    enrolment_table,
    folds_table,
    left_out_table,
    over_seeds,
    pairs_table,
    percent,
    split_row,
    summary_table,
    table,
    training_table,
)

ONE_MOOD = """\
- A voice that expresses one thing for minutes: its baseline takes that for how the voice is, in
  part (`alike` in the tables), and what remains of it sounds milder.
"""

USE = """\
## What it is for, and what not

It says which emotion a voice **expresses as listeners perceive it**. It does not know what a person
feels. It was taught by acted speech{felt}; acted is not felt, and real life is quieter and more
mixed.

- For showing, exploring, teaching, and for research on expression.
- Not for the workplace and not for education: inferring emotions there is prohibited in the
  European Union (AI Act, Art. 5(1)(f)).
- Not for any decision about a person, and not for diagnosis, lie detection or hiring.

For scale: the listeners of CREMA-D, given the voice alone, reach about 41 % UAR on six emotions.
"""

FAILS = """\
## Where it fails

- Speakers, languages, rooms and microphones unlike those of the training corpora: expect a fall,
  without a warning.
- Much of what it hears is arousal: anger and happiness, and neutral and sadness, are mixed up most.
- Short windows, noise, singing, laughter, shouting over distance, children, whispering.
- Below the thresholds it says `uncertain`; a sure answer can still be wrong.
- Where a corpus lacks a label, nothing was learned about that label in its language.
"""

TESS_CAVEAT = """\
**Read the two kinds of figure apart.** TESS is two actresses who say the same 200 words in one
carrier phrase. In the stratified split both are learned and both are tested: a network that knows
these two voices scores near 100 %, which says nothing about a voice that it has not heard. Trained
on one actress and tested on the other, the same network and recipe shows what carries over between
just two speakers. The difference between the rows is how much of the high figure is knowledge of
the speaker. Neither row is an estimate for the public at large: for that, see the model `voices`.
"""


LEFT_OUT = """\
### Corpora, languages and rooms never met

The whole training again without one corpus, shorter ({epochs} epochs of {clips_per_epoch} clips),
tested on all of that corpus: UAR among the labels that it has. Seconds are speech of the same voice
that was known before each clip was judged: other clips, whatever they express, or its neutral ones
first, or only those of the clip's label (`alike`: a voice that keeps to one mood, as nearly all of
urdu's do). `its folder` is what `analyze` does: clips of the corpus, whoever speaks, as if they
were 3 s of the voice. More would be right more often here (20 s: 1 to 5 points), but calls
plain reading anger or fear, so the weight was chosen by that. `in rooms` are the same clips in a
room and through a telephone or another narrow channel.

Of emotiontts the sentences 201 to 300 count as sadness and 301 to 400 as anger. Its documentation
has the two names the other way round, against what is said in them (one mourns, the other scolds),
how it is said, and the answers of networks that never met it.
"""


def left_out_text(found: dict[str, Any]) -> str:
    """The left-out corpora as one test."""

    def told(name: str) -> str:
        row = found[name]
        half = half_coverage(row["coverage_curve"])
        return (
            f"accuracy {percent(row['accuracy'])}, on the surest half {percent(half)}, "
            f"ECE {percent(row['ece'])}"
        )

    return (
        f"All {found['clips']} clips together, each by the network that never met its corpus, "
        f"seven labels open: {told('alone')} with nothing of the voice known; {told('settled')} "
        f"with 60 s of it; {told('in_folder')} beside its folder. The temperature of each comes "
        "from validation speakers and from the other corpora.\n"
    )


PAIRS = """\
### One corpus to one other

The published start learns one corpus alone, some 8000 clips of it, and hears all the others, on
anger, happiness, neutral and sadness: UAR (chance 25 %) with nothing, and with 60 s of each voice
known. EmoBox (arXiv 2406.07162, table 5) has this for twelve pairs of four corpora, of which only
RAVDESS is among ours: 46.9 % of Whisper large v3, 27.7 to 38.5 % of the other encoders, on frozen
features, 60 clips a label. The pairs differ, so only the order of size may be compared.

"""

FOLDS = """\
### Speakers left out within one corpus

The network that never met the corpus, as it was before it taught itself noise and rooms, learns the
corpus's own labels from its other speakers. Its head hears the blocks before the last one, which
knows so few voices by heart; that was chosen on the second groups of RAVDESS, EmoDB and nEMO with
the first left out: the second ones are not clean of choice.
RAVDESS in EmoBox's six folds with calm apart, the others with their speakers in five groups. UAR,
mean and deviation over the folds, with so many seconds of the voice known; `the program` is
`emoscope analyze --model` on the clips themselves, each alone, its voice gate included, where a
clip without an utterance counts as missed. The sentences are shared by all speakers.

"""

LEFT_OUT_FIGURES = (
    "![reliability](figures/reliability.png) "
    "![confusion, nothing known](figures/confusion-left-out.png)\n"
)


def groups(found: dict[str, Any]) -> list[str]:
    """By sex and by language, and how far speakers lie apart."""
    if "by_sex" not in found:
        return []
    apart = found["speakers_apart"]
    head = ["clips", "accuracy", "UAR", "ECE"]

    def rows(name: str) -> list[list[str]]:
        return [
            [key, str(row["clips"]), *(percent(row[k]) for k in ("accuracy", "uar", "ece"))]
            for key, row in found[name].items()
        ]

    return [
        "### By sex, by language, by speaker\n",
        table(["sex", *head], rows("by_sex")),
        table(["language", *head], rows("by_language")),
        "Languages are corpora here, with labels and rooms of their own: the rows compare these "
        f"too. Of {apart['speakers']} test speakers with ten clips or more a tenth lies below "
        f"{percent(apart['tenth'])} accuracy and a tenth above {percent(apart['ninetieth'])}, the "
        f"median at {percent(apart['median'])} (standard deviation "
        f"{percent(apart['deviation'])}).\n",
    ]


def speech(found: dict[str, Any]) -> str:
    """Speech told from other sounds."""
    told = found["speech"]
    if told is None:
        return ""
    return (
        f"Speech told from other sounds (coughs, laughter, household, music; {told['sounds']} test "
        f"sounds, windows of 3 s, before the voice gate): {percent(told['sounds_refused'])} of the "
        f"sounds are refused, {percent(told['speech_kept'])} of the test clips are kept.\n"
    )


VOICE_HEAD = (
    "and a linear head on how far they lie from the voice's own mean, in the voice's own spread "
    "(both shrunk to those of all training speech while few seconds are known). It says besides "
    "whether it hears speech at all. "
)

AFFECT = """\
Valence and arousal are expectations over the labels' places in Russell & Mehrabian (1977): no more
than the probabilities say. Arousal is the part to trust: it needs no telling of anger from
happiness, which is what is mixed up most.
"""


def distil_recipe(recipe: dict[str, Any]) -> str:
    """How the body was made to hear noise, rooms and crops as it hears the clip."""
    change = recipe["augment"]
    return (
        f"After that the body taught itself, without labels ({recipe['epochs']} epochs of "
        f"{recipe['clips_per_epoch']} clips): what it says of a clip's first 3 s it learned to say "
        f"of a crop of them, {percent(change['room'])} in a room, {percent(change['noise'])} in "
        f"noise of {change['snr_low_db']:g} to {change['snr_high_db']:g} dB (teacher and student, "
        "after Li et al. 2017).\n"
    )


SHIPPED = """
**The model that ships is not the one that was measured, it goes on from it.** The figures above
are those of a model that learned {measured} and never heard the test speakers. The one that
ships learned the clips of this table, {shipped}, those that tested among them: {epochs} more
epochs of {clips_per_epoch} clips at a rate of {learning_rate:g}; then it taught itself and got
its head as that one did. Nobody is left to test it. On the validation speakers, whom neither
learned, the mean of the corpora's UARs is {cold} (measured model {cold_before}) with nothing of
a voice known, {settled} ({settled_before}) with 60 s.
"""


def shipped(onward: dict[str, Any], measured: dict[str, Any]) -> str:
    """How the model that ships went on from the one that was measured."""

    def amount(facts: dict[str, Any]) -> str:
        clips, speakers = (
            sum(row[key] for row in facts["training_data"]) for key in ("clips", "speakers")
        )
        return f"{clips} clips of {speakers} speakers"

    before, after = (onward["validation"][name] for name in ("measured", "shipped"))
    return SHIPPED.format(
        **onward["facts"]["recipe"],
        measured=amount(measured),
        shipped=amount(onward["facts"]),
        cold=percent(after["cold"]),
        cold_before=percent(before["cold"]),
        settled=percent(after["settled"]),
        settled_before=percent(before["settled"]),
    )


def head_recipe(head: dict[str, Any]) -> str:
    """How the voice head was trained."""
    return (
        f"The voice head: {head['steps']} steps of {head['batch']} embeddings, "
        f"{head['versions'] + 1} versions of every clip, the body as it is; each beside a baseline "
        "of none to 30 other clips of its voice, often mostly neutral, as the program gathers it. "
        "That the voice's mean itself is not among its inputs was chosen on corpora left out, with "
        "the body as published: it tells the corpus, and the corpus its labels.\n"
    )


def streamed(found: dict[str, Any]) -> str:
    """What the program itself says of whole recordings."""
    joined, read = found["joined"], found["read_speech"]
    sounds = ", ".join(
        f"{name} {row['labelled_per_10_min']:g} (of {row['utterances_per_10_min']:g} that the "
        f"voice gate lets through, {row['minutes']:g} minutes)"
        for name, row in found["without_speech"].items()
    )
    kinds = {
        "joined": "one voice",
        "in_one_mood": "one voice, one label throughout",
        "in_noise": "noise 10 dB below",
        "in_turns": "two voices in turn",
    }
    head = ["recordings", "clips", "found", "accuracy", "UAR", "first label, s", "changes a minute"]
    rows = [
        [
            kinds[name],
            str(row["clips"]),
            *(percent(row[key]) for key in ("heard", "accuracy", "uar")),
            *(f"{row[key]:g}" for key in ("first_named_s", "flips_per_minute")),
        ]
        for name in kinds
        if (row := found[name])
    ]
    return (
        "### As the program hears whole recordings\n\n"
        "Test clips joined with pauses over a faint background, the baseline growing as they come: "
        "how many are found as utterances, how often these are called right, how long after the "
        f"onset the first label comes (median; the first judgement {joined['first_judgement_s']:g} "
        "s after it), and changes of the label in a minute of speech. The clips of the first row "
        f"each by itself through the program: accuracy {percent(found['alone'])}.\n\n"
        f"{table(head, rows)}\n"
        "Utterances with a label other than neutral and uncertain, per ten minutes without speech: "
        f"{sounds}.\n\n"
        f"Plain reading ({read['utterances']} utterances): {percent(read['anger_or_fear'])} are "
        f"called anger or fear, {percent(read['neutral_or_uncertain'])} neutral or uncertain.\n"
    )


def render(metrics: dict[str, Any]) -> str:
    """The whole card."""
    name = metrics["name"]
    across = [key for key in metrics["splits"] if key != "stratified"]
    order = across + [key for key in metrics["splits"] if key == "stratified"]
    measured_name = next(iter(metrics["splits"]))
    measured = metrics["splits"][measured_name]
    facts = measured["facts"]
    recipe = facts["recipe"]
    head = metrics.get("head")
    several = len(measured["by_corpus"]) > 1
    onward = metrics.get("shipped")
    calibration = (onward or measured)["calibration"]
    parts = [
        f"# {name} {metrics['version']}\n",
        "80 MFCCs per 10 ms in, seven logits out: anger, disgust, fear, happiness, neutral, "
        f"sadness, surprise. {facts['parameters']:,} parameters: the body of EfficientAT's mn04 "
        "(MIT), fine-tuned whole, mean and spread over time of three of its blocks, "
        f"{VOICE_HEAD if head else 'a linear head. '}"
        "The level is normalised inside the network, so gain does not matter.\n",
        "## Figures\n",
        "Voices that were never heard come first. UAR is recall averaged over labels (chance "
        "14.3 % of seven); `labelled` is the share of clips that get a label rather than "
        "`uncertain`. A clip is judged by its first 3 s"
        f"{', nothing of its voice being known' if head else ''}."
        f"{' They are those of the model that the one here goes on from.' if onward else ''}\n",
        table(HEAD, [split_row(PROTOCOLS[key], metrics["splits"][key]) for key in order]),
        *over_seeds({PROTOCOLS[key]: metrics["splits"][key].get("seeds", {}) for key in order}),
    ]
    if metrics.get("left_out"):
        parts += [
            LEFT_OUT.format(**metrics["left_out_recipe"]),
            left_out_table(metrics["left_out"]),
            left_out_text(metrics["left_out_together"]),
            LEFT_OUT_FIGURES,
        ]
    if metrics.get("folds"):
        parts += [FOLDS + folds_table(metrics["folds"])]
    if metrics.get("pairs"):
        parts += [PAIRS + pairs_table(metrics["pairs"])]
    if "stratified" in metrics["splits"]:
        parts += [TESS_CAVEAT]
        parts += [
            f"![confusion, {PROTOCOLS[key]}](figures/confusion-{key}.png)\n" for key in across
        ]
    if several:
        shared = measured["shared_labels"]
        parts += [
            *(["### Speakers never met\n", enrolment_table(measured)] if head else []),
            f"On the labels that nearly every corpus has ({', '.join(shared['labels'])}), all "
            f"corpora together: UAR {percent(shared['uar'])} with seven labels open, "
            f"{percent(shared['uar_of_these'])} when only these may be answered.\n",
            corpus_table(measured, with_shortcuts=True),
            "The last two columns are a linear model on length and loudness (and, for the "
            "recording, silence) alone, own labels: what a corpus gives away without a word of "
            "speech, and what is left of it in the trimmed, cropped, levelled input. Corpora "
            "with few test speakers swing by several points with the choice of speakers.\n",
            *([speech(measured)] if head else []),
        ]
    parts += [
        "![UAR](figures/uar.png)\n",
        f"### By label: {PROTOCOLS[measured_name]}\n",
        classes_table(measured),
        "![confusion](figures/confusion.png) ![labels](figures/classes.png)\n",
        "### By length, and in worse conditions\n",
        summary_table("seconds heard, at most", measured["by_seconds"]),
        summary_table("condition", measured["by_condition"]),
        "![length](figures/seconds.png) ![coverage](figures/coverage.png)\n",
        *(groups(measured) if several else []),
        *([streamed(metrics["streaming"])] if metrics.get("streaming") else []),
        "### The words\n",
        words(measured),
        "## Training\n",
        training_table(onward["facts"] if onward else facts),
        *([shipped(onward, facts)] if onward else []),
        f"\nProtocol: {protocol(measured_name, metrics)} Recordings that appear twice, under two "
        "names or speakers, are kept off two sides. Epoch, temperature and thresholds were chosen "
        "on validation clips, nothing on test clips.\n",
        f"Recipe: {cycles(facts, measured['best_epoch'])}; chances of a clip by one over the "
        "root of the corpus-and-label count; AdamW, "
        "crops of 0.75 to 3 s, loss among the labels that the corpus has"
        f"{absent(facts.get('before', recipe))}, mixup, masks, tilt, "
        "equaliser, vocal-tract and pace warp, noise, rooms and channels.\n",
        *([distil_recipe(facts["distil"])] if facts.get("distil") else []),
        *([head_recipe(head)] if head else []),
        *([facts["remark"] + "\n"] if facts["remark"] else []),
        f"Start: mn04_as_mAP_432.pt, SHA-256 `{facts['pretrained_sha256']}`.\n",
        f"Temperature {calibration['temperature']:g}; `uncertain` below {calibration['certain']:g} "
        f"or with a lead under {calibration['margin']:g}.\n",
        *([AFFECT] if head else []),
        "![training](figures/training.png)\n",
        FAILS + (ONE_MOOD if head else ""),
        USE.format(felt=" (of the corpora here only urdu is not acted)" if several else ""),
    ]
    return "\n".join(parts)


def cycles(facts: dict[str, Any], best: int) -> str:
    """How long the body learned, and at which rates."""

    def told(recipe: dict[str, Any]) -> str:
        return (
            f"{recipe['epochs']} epochs of {recipe['clips_per_epoch']} clips in one cycle up to a "
            f"learning rate of {recipe['learning_rate']:g}"
        )

    last = f"{told(facts['recipe'])}, best epoch {best}"
    if before := facts.get("before"):
        return f"{told(before)}; from its best epoch on {last}"
    return last


def absent(recipe: dict[str, Any]) -> str:
    """How labels that a corpus lacks are held down."""
    if recipe["absent"] <= 0.0:
        return ""
    return (
        f" (from epoch {recipe['absent_from'] + 1} on {percent(recipe['absent'])} of it among all "
        "seven, or a label that is never wrong somewhere grows there without bound)"
    )


def protocol(split: str, metrics: dict[str, Any]) -> str:
    """How the clips were divided."""
    if split == "speakers":
        return (
            "within every corpus about 20 % of the speakers test and 15 % validate (RAVDESS: folds "
            "1 and 2 of EmoBox, other corpora by a hash of the speaker's name; EmoDB by speaker, "
            "not by EmoBox's folds, which share speakers). TESS, with two speakers, only trains. "
            "Temperature and thresholds count the corpora that were left out, without their test "
            "speakers, as much as the validation speakers."
        )
    return (
        "the exported model is the one of the stratified split (EmoBox: fold 1 tests), with 15 % "
        "of the words of the rest for validation; the other rows are networks of the same recipe."
    )


def words(found: dict[str, Any]) -> str:
    """Whether the test's sentences were learned."""
    rows = found["sentences"]
    if "unheard" not in rows:
        return "Every word of the test is also in training: the figures hold for known words.\n"
    text = (
        "Speakers say the same sentences (in TESS the same words), so a network can learn words. "
        "Where a corpus has ten or more, some are kept out of training, and test clips hold both "
        "kinds:\n\n"
    )
    return text + table(
        ["sentence", "clips", "accuracy", "UAR"],
        [
            [f"{key} in training", str(r["clips"]), percent(r["accuracy"]), percent(r["uar"])]
            for key, r in rows.items()
        ],
    )
