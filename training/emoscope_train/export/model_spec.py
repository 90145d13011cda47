"""What an exported model says about itself; the binary reads it and refuses a misfit."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import __version__
from ..data.labels import AFFECT, LABELS
from ..features.frontend import FRONTEND, WINDOW

OPSET = 17
INPUT, BASELINE, SECONDS = "mfcc", "baseline", "baseline_s"
OUTPUT, SPEECH, EMBEDDING = "logits", "speech", "embedding"


@dataclass
class Calibration:
    """How logits become an answer; chosen on validation speakers."""

    temperature: float = 1.0
    certain: float = 0.0
    margin: float = 0.0


@dataclass
class VoiceChange:
    """When a voice is plainly another one: first numbers of an embedding, and a distance."""

    numbers: int
    distance: float


@dataclass
class Metadata:
    """The metadata of one model file."""

    calibration: Calibration = field(default_factory=Calibration)
    training_data: list[dict[str, Any]] = field(default_factory=list)
    # In the order of the logits.
    labels: Sequence[str] = tuple(LABELS)
    # A colour of the terminal for some or all labels; the others are given one.
    colors: dict[str, str] = field(default_factory=dict)
    # Without it every voice is taken for the same.
    voice_change: VoiceChange | None = None

    def properties(self) -> dict[str, str]:
        """One entry per item, each value JSON."""
        values: dict[str, Any] = {
            "labels": list(self.labels),
            "frontend": FRONTEND,
            "window": WINDOW,
            "temperature": self.calibration.temperature,
            "thresholds": {
                "certain": self.calibration.certain,
                "margin": self.calibration.margin,
            },
            # Where somebody else's labels lie nobody has measured.
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
        if self.voice_change:
            values["voice_change"] = asdict(self.voice_change)
        return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
