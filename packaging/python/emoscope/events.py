"""Types of the events, written by scripts/event_types.py from their schema."""

from typing import Literal, NotRequired, TypedDict


class Replaced(TypedDict):
    """The model that this one replaced, because it is too slow on this machine; live sessions only,
    absent if none.
    """

    model: str
    """Its name."""
    measurement_ms: float
    """Duration of a measurement with it, in milliseconds."""


class SessionStart(TypedDict):
    """The first line of a session: the source, the model and the engine."""

    type: Literal["session_start"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    schema: Literal["emoscope.event/1"]
    """Name and version of this format."""
    version: str
    """Version of emoscope."""
    source: Literal["microphone", "file", "stdin"]
    """Where the audio comes from: a live input, a recording or standard input."""
    name: str
    """Name of the device or path of the file, as given."""
    sample_rate: int
    """Sample rate of the input in hertz."""
    channels: int
    """Channels of the input."""
    by_channel: NotRequired[Literal[True]]
    """Whether every channel is analyzed separately, with `--channel each`; absent if not."""
    speakers: NotRequired[int]
    """Number of speakers in the recording, if a first pass found them; the largest number of any
    channel. Absent otherwise.
    """
    labels: list[str]
    """Labels of the model, in the order of every `probabilities`."""
    colors: NotRequired[
        list[Literal["red", "magenta", "yellow", "blue", "cyan", "plain", "dim"] | None]
    ]
    """The colour of each label, in the same order; absent if the model defines none."""
    model: str
    """Name of the model."""
    replaced: NotRequired[Replaced]
    """The model that this one replaced, because it is too slow on this machine; live sessions only,
    absent if none.
    """
    model_sha256: str
    """SHA-256 of the model file, in hexadecimal."""
    engine: str
    """Inference engine in use."""
    started_at: NotRequired[str]
    """Start of a live session, UTC, RFC 3339."""


class Voice(TypedDict):
    """Voice activity started or ended."""

    type: Literal["voice"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    channel: NotRequired[int]
    """Channel of the input, from 1; present with `--channel each`."""
    at_s: float
    """Time of the change, in seconds."""
    active: bool
    """Whether voice is active from this time on."""


class UtteranceStart(TypedDict):
    """An utterance started."""

    type: Literal["utterance_start"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    channel: NotRequired[int]
    """Channel of the input, from 1; present with `--channel each`."""
    speaker: NotRequired[str]
    """The speaker: letters in the order of first appearance, `A` to `Z`, then `AA`, `AB` and so on.
    Absent without speaker tracking, or if not known yet.
    """
    utterance: int
    """Number of the utterance in the session, or on its channel, from 1."""
    start_s: float
    """Onset of the speech, in seconds."""


class Measurement(TypedDict):
    """A window or a whole utterance was measured."""

    type: Literal["measurement"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    channel: NotRequired[int]
    """Channel of the input, from 1; present with `--channel each`."""
    speaker: NotRequired[str]
    """The speaker: letters in the order of first appearance, `A` to `Z`, then `AA`, `AB` and so on.
    Absent without speaker tracking, or if not known yet.
    """
    utterance: int
    """Number of the utterance in the session, or on its channel, from 1."""
    start_s: float
    """Start of the measured span, in seconds."""
    end_s: float
    """End of the measured span, in seconds."""
    trigger: Literal["interval", "speech_ended"]
    """The cause: a window during speech, or the end of the utterance, which is then measured as a
    whole.
    """
    probabilities: dict[str, float]
    """One number with seven decimals per label; the sum is 1. For an interval they are smoothed
    over the utterance so far.
    """
    label: str
    """A label of the model, or `uncertain` if none is probable enough."""
    confidence: float
    """The largest of the probabilities."""
    reason: NotRequired[
        Literal["no_speech", "clipped", "too_short", "too_quiet", "too_noisy", "between"]
    ]
    """Why the label is `uncertain`; absent for other labels."""
    valence: NotRequired[float]
    """From unpleasant to pleasant; absent if the model does not define it."""
    arousal: NotRequired[float]
    """From calm to excited; absent if the model does not define it."""
    baseline_s: NotRequired[float]
    """Speech in the speaker baseline, in seconds; absent if the model uses none."""


class UtteranceEnd(TypedDict):
    """An utterance ended."""

    type: Literal["utterance_end"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    channel: NotRequired[int]
    """Channel of the input, from 1; present with `--channel each`."""
    speaker: NotRequired[str]
    """The speaker: letters in the order of first appearance, `A` to `Z`, then `AA`, `AB` and so on.
    Absent without speaker tracking, or if not known yet.
    """
    utterance: int
    """Number of the utterance in the session, or on its channel, from 1."""
    start_s: float
    """Onset of the speech, in seconds."""
    end_s: float
    """End of the speech, in seconds."""
    new_baseline: NotRequired[Literal[True]]
    """Whether the speaker baseline was restarted since the previous utterance ended: another
    speaker was detected, or the user requested it. Absent otherwise.
    """


class Signal(TypedDict):
    """A live input became mute (only zeros for three seconds), or delivers sound again."""

    type: Literal["signal"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    at_s: float
    """Start of this state, in seconds."""
    present: bool
    """Whether the input delivers samples other than zero."""


class Gap(TypedDict):
    """Samples were lost."""

    type: Literal["gap"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    start_s: float
    """Time of the first lost sample, in seconds."""
    end_s: float
    """Time of the first sample after the gap, in seconds."""
    samples: int
    """Samples lost on each channel, at the input's rate."""
    cause: Literal["overrun", "device_lost", "device_changed", "missing"]
    """The cause: the machine could not keep up, the device was lost, the user chose another one, or
    the timestamps of a recording have a gap.
    """


class Mark(TypedDict):
    """The user marked a time in a live session."""

    type: Literal["mark"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    at_s: float
    """The marked time, in seconds."""


class Changed(TypedDict):
    """An utterance and its corrected speaker."""

    utterance: int
    """Number of the utterance in the session, or on its channel, from 1."""
    speaker: str
    """The speaker: letters in the order of first appearance, `A` to `Z`, then `AA`, `AB` and so on.
    Absent without speaker tracking, or if not known yet.
    """


class Speakers(TypedDict):
    """Later speech changed the speakers of earlier utterances."""

    type: Literal["speakers"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    channel: NotRequired[int]
    """Channel of the input, from 1; present with `--channel each`."""
    at_s: float
    """Time of the correction, in seconds."""
    changed: list[Changed]
    """The corrected utterances with their speakers."""


class Error(TypedDict):
    """An input could not be read, or not to its end."""

    type: Literal["error"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    message: str
    """The error, and advice."""


class SessionEnd(TypedDict):
    """The summary, last line of a session."""

    type: Literal["session_end"]
    file: NotRequired[str]
    """Path of the file, as given or found; on every line of `analyze`."""
    duration_s: float
    """Length of the session in seconds, including gaps."""
    speech_s: float
    """Time inside utterances, in seconds."""
    utterances: int
    """Number of utterances."""
    measurements: int
    """Number of measurements of both kinds."""
    samples_lost: int
    """Samples lost on each channel, at the input's rate."""
    samples_invalid: int
    """Samples that were not finite numbers and were replaced by zero."""
    utterance_labels: dict[str, int]
    """Number of utterances by label, `uncertain` last."""


Event = (
    SessionStart
    | Voice
    | UtteranceStart
    | Measurement
    | UtteranceEnd
    | Signal
    | Gap
    | Mark
    | Speakers
    | Error
    | SessionEnd
)
