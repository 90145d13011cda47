"""The metadata of the speaker model file. The program rejects an incompatible file."""

import json
from typing import Any

from .. import __version__
from . import published
from .bands import BANDS, SPECTRUM

KIND, NAME = "speakers", "campplus"
INPUT, WINDOWS, OUTPUT = "bands", "windows", "embedding"
LICENCE = "Apache-2.0"
# Steps of 20 ms over which a mask of the network has one value, and over which its context goes.
SEGMENT, CONTEXT = 10, 50
# How far the last layer goes from the published to the trained one. All of the way, the error rate
# is slightly lower, but more long recordings of one person are split.
SHARE = 0.65
# Lengths of speech that the network is used with.
SPEECH: dict[str, float] = {"min_s": 0.75, "max_s": 8.0}
ORIGIN: dict[str, str] = {
    "network": "CAM++ zh-en common, advanced (3D-Speaker)",
    "paper": "arXiv 2303.00332",
    "package": f"{published.PACKAGE}=={published.VERSION}",
    "file": f"{published.PACKAGE}/{published.INSIDE}",
    "sha256": published.SHA256,
}
# The tracker's constants, documented in the program's `SpeakerTuning`; chosen on the conversations
# for tuning of nemo, emodb, ased and turevdb, on ones with turns of 0.5 to 4 s, and on long ones:
# 60 clips of one person, and 20 of each of two. `differ` and `one_speaker` were chosen with the
# published last layer, and lowered by 0.04 as the trained one lowers cosines.
TUNING: dict[str, Any] = {
    "alike": 0.38,
    "differ": 0.32,
    "between": 0.2,
    "within": 0.06,
    "tone": 0.05,
    "noise": 0.32,
    "dimensions": 42.0,
    "prior": 1.0,
    "successive": 1.5,
    "stay": 0.09,
    "evidence_s": 4.8,
    "least_s": 2.0,
    "share": 0.3,
    "distinct_share": 0.15,
    "distinct": 0.15,
    "one_speaker": 0.3,
}


def origin(training_data: list[dict[str, Any]]) -> dict[str, Any]:
    """ORIGIN, with the corpora that the last layer was trained on; none if it is the published."""
    if not training_data:
        return ORIGIN
    corpora = [row["corpus"] for row in training_data]
    return {**ORIGIN, "fine_tuned": {"layer": "last", "share": SHARE, "corpora": corpora}}


def licence(training_data: list[dict[str, Any]]) -> str:
    """The licence of the published weights, and those of the corpora of the last layer."""
    corpora = sorted({row["licence"] for row in training_data})
    return f"{LICENCE}; last layer: {', '.join(corpora)}" if corpora else LICENCE


def properties(learned: dict[str, Any], training_data: list[dict[str, Any]]) -> dict[str, str]:
    """Metadata key to JSON; `learned` has the constants of the program that are learned."""
    values: dict[str, Any] = {
        "kind": KIND,
        "name": NAME,
        "licence": licence(training_data),
        "origin": origin(training_data),
        "bands": BANDS,
        "spectrum": SPECTRUM,
        "speech": SPEECH,
        "tuning": {**TUNING, **learned},
        "version": __version__,
    }
    return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
