"""Compares the model file with PyTorch in single precision, on test clips.

The file of the speech backbone is a step of a stream with weights in 8 bits, so it differs a little
from the network that was trained.
"""

import tempfile
from pathlib import Path

import numpy as np

from ..export.model_spec import Metadata
from ..export.onnx_file import write_onnx
from ..export.onnx_runtime import run_onnx, session
from ..features.cache import Decibels
from ..features.frontend import to_mfcc
from ..model.baseline import Baselines
from ..model.network import Network
from ..model.whisper import WhisperEncoder
from ..numeric import softmax
from .inference import embed_and_detect, head_logits
from .metrics import Probabilities

# Clips that are compared, evenly spread.
CLIPS = 600


def agreement(
    network: Network, pieces: list[Decibels], temperature: float
) -> dict[str, float] | None:
    """Share of clips with the same label, and differences of probabilities; None for mn04.

    Without a baseline. `pieces` are log-mel in dB [frames, 80].
    """
    if not isinstance(network.backbone, WhisperEncoder) or network.voice is None:
        return None
    chosen = pieces[:: max(1, len(pieces) // CLIPS)]
    half, network.backbone.use_bfloat16 = network.backbone.use_bfloat16, False
    embeddings, _ = embed_and_detect(network, chosen)
    network.backbone.use_bfloat16 = half
    unknown = Baselines.unknown(len(chosen), network.width)
    ours = softmax(head_logits(network.voice, embeddings, unknown), temperature)
    theirs = softmax(exported_logits(network, chosen), temperature)
    gaps = np.abs(ours - theirs).max(axis=1)
    return {
        "clips": len(chosen),
        "same_label": round(float(np.mean(ours.argmax(1) == theirs.argmax(1))), 4),
        "median_difference": round(float(np.median(gaps)), 5),
        "largest_difference": round(float(gaps.max()), 5),
    }


def exported_logits(network: Network, pieces: list[Decibels]) -> Probabilities:
    """Logits [pieces, labels] of the exported step, run as a stream."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step.onnx"
        write_onnx(network, "measured", Metadata(), path)
        runtime = session(path)
        return np.stack([run_onnx(runtime, to_mfcc(piece)) for piece in pieces])
