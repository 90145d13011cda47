"""The metadata of a model file. The program rejects an incompatible file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import __version__
from ..data.labels import AFFECT, LABELS
from ..features.frontend import FRONTEND, WINDOW
from ..model.baseline import (
    FOLDER_S,
    KNOWN_S,
    LIMIT,
    PRIOR_S,
    RECENT_S,
    REFERENCE_VARIANCE,
    SPEECH_LOGIT,
)
from ..model.correction import Correction

OPSET = 17
INPUT, BASELINE, SECONDS = "mfcc", "baseline", "baseline_s"
OUTPUT, SPEECH, EMBEDDING = "logits", "speech", "embedding"
# Prefix of the output names of a streaming model's state.
NEXT = "next_"


@dataclass
class Calibration:
    """Turns logits into a prediction; chosen on validation speakers and left-out corpora."""

    temperature: float = 1.0
    certain: float = 0.0
    margin: float = 0.0
    # The voice head applies it; the temperature is then 1.
    correction: Correction | None = None


@dataclass
class VoiceChange:
    """The distance, over the first `numbers` values of an embedding, of a changed speaker."""

    numbers: int
    distance: float


@dataclass(frozen=True)
class Tuning:
    """Constants that are chosen together with a model; the program reads them from the file."""

    # Least mean logit of an utterance's windows that counts as speech.
    speech_logit: float = SPEECH_LOGIT
    # Weight of the prior against a speaker's own statistics, in seconds of speech.
    prior_s: float = PRIOR_S
    # Standard deviations at which a value of a relative embedding is clamped.
    deviation_limit: float = LIMIT
    # Most recent seconds of speech that can show a change of speaker, and least seconds before one.
    recent_s: float = RECENT_S
    known_s: float = KNOWN_S
    # Largest weight of a folder's common baseline, in seconds of speech.
    folder_s: float = FOLDER_S
    # Mean variance of a speaker who expresses several emotions.
    reference_variance: float = REFERENCE_VARIANCE


@dataclass
class Metadata:
    """The metadata of one model file."""

    calibration: Calibration = field(default_factory=Calibration)
    training_data: list[dict[str, Any]] = field(default_factory=list)
    # In the order of the logits.
    labels: Sequence[str] = tuple(LABELS)
    # A terminal colour for some or all labels.
    colors: dict[str, str] = field(default_factory=dict)
    # Without it a change of speaker is not detected.
    voice_change: VoiceChange | None = None
    # Of a model with a speaker baseline.
    tuning: Tuning | None = None
    # Of a streaming model: frames of its steps, and its state at the start of an utterance.
    stream: dict[str, Any] | None = None

    def properties(self) -> dict[str, str]:
        """Metadata key to JSON."""
        values: dict[str, Any] = {
            "labels": list(self.labels),
            "frontend": FRONTEND,
            "window": WINDOW,
            "temperature": self.calibration.temperature,
            "thresholds": {
                "certain": self.calibration.certain,
                "margin": self.calibration.margin,
            },
            # Custom labels have no measured position.
            "affect": {label: AFFECT[label] for label in self.labels if label in AFFECT},
            "colors": self.colors,
            "version": __version__,
            "training_data": self.training_data,
            "licences": sorted({row["licence"] for row in self.training_data}),
        }
        if len(values["affect"]) < len(self.labels):
            del values["affect"]
        if not self.colors:
            del values["colors"]
        if self.stream:
            values["stream"] = self.stream
        if self.voice_change:
            values["voice_change"] = asdict(self.voice_change)
        if self.tuning:
            values["tuning"] = asdict(self.tuning)
        return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
