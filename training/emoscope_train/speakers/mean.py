"""The mean embedding of all speech, which the tracker subtracts before it compares voices.

Embeddings of any two voices have something in common; without it, the differences count more.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data import corpora
from ..export.onnx_runtime import session
from ..files import write_json
from .conversations import TEST, TUNE
from .error_rates import MAIN, OTHERS, chosen, embed

# Not those of the conversations that give the figures.
CORPORA = tuple(sorted({*TUNE, *MAIN, *OTHERS} - set(TEST)))
FILE = "mean.json"
DECIMALS = 5


def measure(model: Path, data: Path) -> dict[str, object]:
    """The mean over CORPORA of the mean normalised embedding of each; every corpus counts once."""
    runtime, known = session(model), corpora.read(data)
    means: list[NDArray[np.float64]] = []
    for corpus in CORPORA:
        clips = chosen([clip for clip in known if clip.corpus == corpus])
        means.append(embed(runtime, clips, data).embeddings.mean(axis=0))
    mean = np.mean(means, axis=0)
    return {"corpora": list(CORPORA), "mean": [round(float(value), DECIMALS) for value in mean]}


def write(folder: Path, data: Path) -> None:
    """Writes FILE beside the model."""
    write_json(folder / FILE, measure(folder / "model.onnx", data))
