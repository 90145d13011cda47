"""What the speaker model file says about itself. The program rejects an incompatible file."""

import json
from typing import Any

from .. import __version__
from . import published
from .bands import BANDS

KIND, NAME = "speakers", "campplus"
INPUT, OUTPUT = "bands", "embedding"
LICENCE = "Apache-2.0"
# Lengths that the network is used with.
WINDOW: dict[str, float] = {"min_s": 0.75, "max_s": 6.0}
ORIGIN: dict[str, str] = {
    "network": "CAM++ zh-en common, advanced (3D-Speaker)",
    "paper": "arXiv 2303.00332",
    "package": f"{published.PACKAGE}=={published.VERSION}",
    "file": f"{published.PACKAGE}/{published.INSIDE}",
    "sha256": published.SHA256,
}
# Cosines chosen on RAVDESS, nEMO and EmoDB. Below `new` to every known speaker, a voice is a new
# one; clusters are joined down to `join`.
TRACKER: dict[str, float] = {"new": 0.54, "join": 0.50}


def properties() -> dict[str, str]:
    """Metadata key to JSON."""
    values: dict[str, Any] = {
        "kind": KIND,
        "name": NAME,
        "licence": LICENCE,
        "origin": ORIGIN,
        "bands": BANDS,
        "window": WINDOW,
        "tracker": TRACKER,
        "version": __version__,
    }
    return {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
