"""Types of the events: ``tests/schema/event.json`` in the repository, as Python knows it.

All times are in seconds from the start of the session, counted in samples.
"""

from typing import Literal, NotRequired, TypedDict

Reason = Literal["no_speech", "clipped", "too_short", "too_quiet", "too_noisy", "between"]


class _Event(TypedDict):
    file: NotRequired[str]
    """Path of the recording; on every event of ``analyze``."""


class SessionStart(_Event):
    """The first event: the source, the model and the engine."""

    type: Literal["session_start"]
    schema: str
    version: str
    source: Literal["microphone", "file", "stdin"]
    name: str
    sample_rate: int
    channels: int
    labels: list[str]
    colors: NotRequired[list[str | None]]
    model: str
    model_sha256: str
    engine: str
    started_at: NotRequired[str]


class Voice(_Event):
    """Voice activity started or ended."""

    type: Literal["voice"]
    at_s: float
    active: bool


class UtteranceStart(_Event):
    """A unit of speech started."""

    type: Literal["utterance_start"]
    utterance: int
    start_s: float


class Measurement(_Event):
    """A window or a whole utterance was measured."""

    type: Literal["measurement"]
    utterance: int
    start_s: float
    end_s: float
    trigger: Literal["interval", "speech_ended"]
    probabilities: dict[str, float]
    label: str
    confidence: float
    reason: NotRequired[Reason]
    valence: NotRequired[float]
    arousal: NotRequired[float]
    baseline_s: NotRequired[float]


class UtteranceEnd(_Event):
    """A unit of speech ended."""

    type: Literal["utterance_end"]
    utterance: int
    start_s: float
    end_s: float
    new_baseline: NotRequired[Literal[True]]


class Signal(_Event):
    """A live input went mute, or delivers sound again."""

    type: Literal["signal"]
    at_s: float
    present: bool


class Gap(_Event):
    """Samples were lost."""

    type: Literal["gap"]
    start_s: float
    end_s: float
    samples: int
    cause: Literal["overrun", "device_lost", "device_changed"]


class Error(_Event):
    """An input could not be read, or not to its end."""

    type: Literal["error"]
    message: str


class SessionEnd(_Event):
    """The last event: the summary."""

    type: Literal["session_end"]
    duration_s: float
    speech_s: float
    utterances: int
    measurements: int
    samples_lost: int
    samples_invalid: int
    utterance_labels: dict[str, int]


Event = (
    SessionStart
    | Voice
    | UtteranceStart
    | Measurement
    | UtteranceEnd
    | Signal
    | Gap
    | Error
    | SessionEnd
)
