"""Runs the network over clips as the binary would meet them."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .baseline import Baselines, Embeddings
from .features import Decibels
from .frontend import to_mfcc
from .model import Network, VoiceHead
from .onnx_file import write_graph
from .onnx_runtime import heard, session
from .progress import bar


def logits_of(network: Network, pieces: list[Decibels], batch: int = 32) -> NDArray[np.float64]:
    """Logits of log-mel pieces of any lengths; only equal lengths share a batch."""
    network.eval()
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    out = np.zeros((len(pieces), network.head.out_features))
    start = 0
    with torch.inference_mode():
        while start < len(order):
            frames = len(pieces[order[start]])
            end = start
            while end < len(order) and end - start < batch and len(pieces[order[end]]) == frames:
                end += 1
            group = order[start:end]
            stack = torch.from_numpy(np.stack([pieces[i] for i in group]))
            out[group] = network.from_decibels(stack).double().numpy()
            start = end
    return out


def embeddings_of(network: Network, pieces: list[Decibels]) -> Embeddings:
    """Embeddings of log-mel pieces of any lengths."""
    return asked(network, pieces)[0]


def asked(network: Network, pieces: list[Decibels]) -> tuple[Embeddings, NDArray[np.float32]]:
    """Embeddings and logits of speech, by the engine that ships: it is the fastest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_graph(network, path)
        windows = (to_mfcc(piece) for piece in pieces)
        return heard(session(path), bar(windows, "embeddings", " windows", len(pieces)))


def judged(head: VoiceHead, found: Embeddings, baselines: Baselines) -> NDArray[np.float64]:
    """Logits of embeddings, each beside its voice's baseline."""
    head.eval()
    with torch.inference_mode():
        logits = head.judge(
            torch.from_numpy(found),
            torch.from_numpy(baselines.statistics),
            torch.from_numpy(baselines.seconds),
        )
    return np.asarray(logits.double().numpy())
