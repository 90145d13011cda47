"""Utterances of recordings."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from emoscope._program import options, run
from emoscope.events import Measurement

if TYPE_CHECKING:
    import pandas

PathName = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance and the emotion that it expresses. Times are in seconds from the start."""

    file: str
    """Path of the recording, as given or found."""
    utterance: int
    """Number within the recording, or within its channel, from 1."""
    start_s: float
    end_s: float
    label: str
    """A label of the model, or ``uncertain``."""
    confidence: float
    """The largest of the probabilities."""
    probabilities: dict[str, float]
    """A probability for each label; the sum is 1."""
    reason: str | None = None
    """Why the label is ``uncertain``."""
    valence: float | None = None
    """From unpleasant, -1, to pleasant, 1; ``None`` if the model does not define it."""
    arousal: float | None = None
    """From calm, -1, to excited, 1; ``None`` if the model does not define it."""
    baseline_s: float | None = None
    """Speech in the speaker baseline, in seconds; ``None`` if the model uses none."""
    channel: int | None = None
    """Channel of the recording, from 1, where ``channel="each"``."""
    speaker: str | None = None
    """Letters of who speaks, ``A``, ``B`` and so on; ``None`` if speakers are not told apart."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be read, or not to its end."""

    file: str | None
    message: str
    """What happened, and what to do."""


class Utterances(list[Utterance]):
    """The utterances of recordings, in the order of the files and of time."""

    failures: list[Failure]
    """Recordings that could not be read, or not to their end."""

    def to_pandas(self) -> "pandas.DataFrame":
        """A table with a row per utterance and a column ``p_LABEL`` per label. Needs pandas."""
        try:
            import pandas
        except ModuleNotFoundError as error:
            message = "to_pandas needs pandas; install it with: pip install emoscope[pandas]"
            raise ModuleNotFoundError(message, name=error.name) from error

        names = list(Utterance.__dataclass_fields__)
        names.remove("probabilities")
        rows = [
            {name: getattr(utterance, name) for name in names}
            | {f"p_{label}": p for label, p in utterance.probabilities.items()}
            for utterance in self
        ]
        return pandas.DataFrame(rows) if rows else pandas.DataFrame(columns=names)


def analyze(
    paths: PathName | Iterable[PathName],
    *,
    baseline: Literal["auto", "none", "file", "folder"] | None = None,
    channel: str | int | None = None,
    speakers: Literal["auto"] | int | None = None,
    jobs: int | None = None,
    model: PathName | None = None,
    engine: Literal["auto", "onnxruntime", "builtin"] | None = None,
    profile: str | None = None,
    certain: float | None = None,
) -> Utterances:
    """Analyzes every utterance of recordings, on all cores.

    Args:
        paths: files and folders; one, or several.
        baseline: the initial speaker baseline; see ``emoscope analyze --help``.
        channel: ``"mix"``, ``"left"``, ``"right"``, a number from 1, or ``"each"`` for every
            channel by itself; default the mix.
        speakers: ``"auto"`` tells voices apart, 1 takes all speech for one voice, a number looks
            for so many; default as the program chooses.
        jobs: recordings that are analyzed at once; default the number of cores.
        model: a model file (ONNX) instead of the built-in one.
        engine: the inference engine; default the fastest one that is installed.
        profile: start with this profile, stored by ``emoscope calibrate``.
        certain: the smallest probability of a label, 0 to 1.

    Returns:
        The utterances. Recordings that could not be read are in ``failures``, and what the program
        said of them is an ``EmoscopeWarning``.

    Raises:
        ValueError: no path was given.
        EmoscopeError: the program is missing, was called wrongly or failed.
    """
    several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not several:
        raise ValueError("give a file or a folder")
    arguments = ["analyze", "--quiet", "--format=jsonl"]
    arguments += options(
        baseline=baseline,
        channel=channel,
        speakers=speakers,
        jobs=jobs,
        model=model,
        engine=engine,
        profile=profile,
        certain=certain,
    )
    names = [os.fspath(path) for path in several]
    found = Utterances()
    found.failures = []
    for event in run([*arguments, "--", *names], partial=True):
        if event["type"] == "measurement" and event["trigger"] == "speech_ended":
            found.append(_utterance(event))
        elif event["type"] == "error":
            found.failures.append(Failure(event.get("file"), event["message"]))
    return found


def _utterance(event: Measurement) -> Utterance:
    fields: dict[str, Any] = {name: event.get(name) for name in Utterance.__dataclass_fields__}
    return Utterance(**fields)
