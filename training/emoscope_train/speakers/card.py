"""metrics.json and card.md of the speaker model. Every figure comes from the metrics."""

import json
from pathlib import Path
from typing import Any

from .. import __version__
from ..data.corpora import ABOUT
from ..files import write_json, write_text
from ..reporting.tables import percent, table, training_table
from . import spec
from .crops import NOISE, SOUNDS
from .evaluate import LIVE, WHOLE

TEXT = """\
# speakers {version}

Input: 80 log mel bands per 10 ms of a stretch of speech of 0.75 to 8 s, and windows in it. Output:
an embedding of 192 values of each window. Two windows of one speaker have a high cosine similarity.
The network subtracts the mean over time of each band, so gain has no effect.

{network}, 6.9 million parameters. The last layer was trained
further; all other weights are the published ones. The context of the masks is one second around
each step; in the published network it is the whole input. So all windows of a stretch share one
computation.

## Origin

- Network: CAM++ (arXiv 2303.00332) of 3D-Speaker, licence {licence}. The code here was written for
  this project; the weights are stored in 16 bits.
- Published weights: `{file}`
  of the package `{package}`, SHA-256
  `{sha256}`.
- Their training data: the authors state about 200,000 speakers of Chinese and English. Which
  recordings these are, and whether the speakers consented, is **not known**. It is also unknown
  whether a corpus below was among them.
- Its 80 bands closely approximate Kaldi's. Each Kaldi bin (512 points, a Povey window) is a
  weighted sum of six bins of the front end (400 points, a Hann window).

## Privacy

**Speaker embeddings are biometric data.** In the European Union the GDPR gives them special
protection (Art. 9) if they are used to identify a person. The program uses them to tell the
speakers of a recording apart. It keeps them in memory for the session and identifies nobody.

## Limits

- Short windows, whispering, laughter, singing, children, telephones and distant microphones
  increase the error rates. So do speakers of the same sex or family.
- The errors differ by language and sex, as the tables show. Languages other than Chinese and
  English were not in the training data of the published weights, as far as is known.
- Emotion changes a voice. Shouts and whispers of one person can be less similar than the speech of
  two calm strangers.
- Do not use it to identify a person, or for access control.
"""

TRAINING = """\
## Training of the last layer

The last layer maps 1024 statistics of a window to the embedding. Its training minimizes an additive
margin softmax over the speakers of each corpus. It used two crops of each clip, of 0.75 to 2 s: a
clean one, and one in a room, through a channel and mostly with noise. The layer that ships is at
{share} % of the way from the published to the trained one.

Every figure below is of a model whose last layer was trained without the corpus of the figure. The
model that ships was trained on all of these corpora. Several forbid commercial use, and some state
no terms.
"""

SPEECH = """\
## Speech and other sounds

A laugh, a cough or a noise has an embedding too. A logistic regression on the embedding tells such
windows from speech, and the program takes none of them as evidence of a speaker. It was fitted to
the crops above and to crops of `nonverbal` ({title}; licence {licence}). Each row of the table was
left out of the regression: corpora of speech and people of `nonverbal` in turn. `noise` ({noise})
was only in the background of other crops. The last layer had seen the corpora of speech.
"""

RATES = """\
## Error rates

Equal error rate of pairs of clips: at its threshold, false rejections (of one speaker) and false
acceptances (of two speakers) are equally frequent. The clips have {shortest} to {longest} s and
mixed emotions. `three` averages three clips before the comparison. `one sex` compares only speakers
of the same sex. Corpora that do not publish the sex have no figure there. Each corpus was left out
of the training of its model. `published` is the network with the published last layer. The
training's constants were chosen on the corpora that are not in the mean, so the figures of these
may be slightly too low.
"""

TALK = """\
## Conversations

{count} conversations, made of clips of {corpora} with a fixed seed. They are of four kinds: 1 to 4
people with pauses of 0.2 to 2 s, two people without pauses or with overlaps of 0.1 s, one person in
all emotions, and the same with laughs, coughs and the like between the clips. The sounds are of
people whom the models did not see. Thresholds were chosen on other corpora. But variants of the way
to treat a whole recording had also been tried on these conversations, so the errors without pauses
may be slightly too low. The speaker model of each conversation was trained without its corpus. The
figures are those of the whole program, with its VAD. `of detected speech` excludes what the VAD
does not detect as speech. The diarization error rate (DER) is pyannote's, with a collar of 0.25 s
and with overlaps; `0.25 s on either side` is the collar of NIST. `one speaker` is the program with
`--speakers 1`.
"""


def update(folder: Path, key: str, found: dict[str, Any]) -> None:
    """Adds one measurement to metrics.json, and writes the card."""
    path = folder / "metrics.json"
    metrics = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    metrics |= {"name": spec.NAME, "version": __version__, key: rounded(found)}
    write_json(path, metrics)
    write_text(folder / "card.md", render(metrics))


def rounded(value: Any) -> Any:
    """Rounds to four decimals, which is finer than the uncertainty of any figure."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def render(metrics: dict[str, Any]) -> str:
    """The whole card."""
    parts = [TEXT.format(version=metrics["version"], licence=spec.LICENCE, **spec.ORIGIN)]
    if found := metrics.get("fine_tuned"):
        text = TRAINING.format(share=round(100 * spec.SHARE))
        parts += [text, training_table({**found, "noises": True})]
        parts += other_sounds(found["taken_for_speech"])
    if found := metrics.get("error_rates"):
        parts += error_rates(found)
    if found := metrics.get("conversations"):
        parts += conversations(found)
    return "\n".join(parts)


def share(value: float | None) -> str:
    """A share in percent, or a dash for None."""
    return "-" if value is None else percent(value)


def other_sounds(shares: dict[str, float]) -> list[str]:
    """What the log odds of speech take for speech; nothing without them."""
    if not shares:
        return []
    about, noise = ABOUT[SOUNDS], ABOUT[NOISE]
    return [
        SPEECH.format(title=about.title, licence=about.licence, noise=noise.title),
        table(["windows of", "taken for speech"], [[k, percent(v)] for k, v in shares.items()]),
    ]


RATE_HEAD = ["corpus", "speakers", "single clips", "published", "three", "published", "one sex"]


def error_rates(found: dict[str, Any]) -> list[str]:
    """The tables by corpus, by sex and by language."""

    def cells(row: dict[str, Any]) -> list[str]:
        pairs = [(row[key], row["published"][key]) for key in ("single", "three")]
        return [share(value) for pair in pairs for value in pair] + [share(row["one_sex"])]

    rows = [
        [f"{name} ({row['language']})", str(row["speakers"]), *cells(row)]
        for name, row in found["by_corpus"].items()
    ]
    mean = found["mean"]
    rows.append([f"mean of {', '.join(mean['corpora'])}", "", *cells(mean)])
    sexes = [
        [name, *(share(row["by_sex"][sex]) for sex in ("f", "m"))]
        for name, row in found["by_corpus"].items()
        if any(row["by_sex"].values())
    ]
    sexes.append(["mean", *(share(found["by_sex"][sex]) for sex in ("f", "m"))])
    shortest, longest = found["seconds"]
    return [
        RATES.format(shortest=shortest, longest=longest),
        table(RATE_HEAD, rows),
        "Single clips of one sex:\n",
        table(["corpus", "women", "men"], sexes),
        "Single clips by language; most languages have one corpus:\n",
        table(
            ["language", "equal error rate"],
            [[language, share(rate)] for language, rate in found["by_language"].items()],
        ),
    ]


ROWS = (
    ("pauses: time with the correct speaker, of detected speech", ("pauses", "right")),
    ("pauses: time with the correct speaker, of all speech", ("pauses", "right_of_truth")),
    ("pauses: correct number of speakers", ("pauses", "number_right")),
    ("no pauses: diarization error rate", ("joined", "der")),
    ("no pauses: diarization error rate, 0.25 s on either side", ("joined", "der_nist")),
    ("no pauses, through a room: diarization error rate", ("room", "der")),
    ("one person detected as one speaker", ("alone",)),
    ("one person who laughs or coughs, detected as one speaker", ("laughs",)),
    ("emotion accuracy, conversations of two", ("emotions_of_two", "several")),
    ("emotion accuracy, conversations of two, `one speaker`", ("emotions_of_two", "one")),
    ("emotion accuracy, one person", ("emotions_of_one", "several")),
    ("emotion accuracy, one person, `one speaker`", ("emotions_of_one", "one")),
)


def conversations(found: dict[str, Any]) -> list[str]:
    """The tables of the program on conversations."""

    def cell(way: str, keys: tuple[str, ...]) -> str:
        value = found["mean"][way]
        for key in keys:
            value = value[key]
        return percent(value)

    by_corpus = [
        [name, *(percent(row[way]["pauses"]["right"]) for way in (WHOLE, LIVE)),
         *(percent(row[way]["joined"]["der"]) for way in (WHOLE, LIVE))]
        for name, row in found["by_corpus"].items()
    ]  # fmt: skip
    used = found["cost"]
    names = [f"{name} ({ABOUT[name].language})" for name in found["corpora"]]
    return [
        TALK.format(count=found["conversations"], corpora=", ".join(names)),
        table(
            ["mean of the corpora", WHOLE, LIVE],
            [[title, cell(WHOLE, keys), cell(LIVE, keys)] for title, keys in ROWS],
        ),
        table(
            [
                "corpus",
                "correct speaker, whole",
                "correct speaker, live",
                "DER, whole",
                "DER, live",
            ],
            by_corpus,
        ),
        f"`analyze` takes {used['whole_file_times']:.2f} times the processor time of "
        "`--speakers 1`, "
        f"and {used['more_megabytes']:.0f} MB more memory. Live, the tracking takes "
        f"{percent(used['share_of_a_core'])} of a core.\n",
    ]
