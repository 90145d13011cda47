"""Runs a network over many clips."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..export.onnx_file import write_graph
from ..export.onnx_runtime import embed, session
from ..features.cache import Decibels
from ..features.frontend import to_mfcc
from ..model.baseline import Baselines, Embeddings
from ..model.heads import VoiceHead
from ..model.network import Network, joined
from ..model.whisper import WhisperEncoder
from ..progress import bar


def logits_of(network: Network, pieces: list[Decibels], batch: int = 32) -> NDArray[np.float64]:
    """Logits of log-mel pieces of any lengths; only equal lengths share a batch."""
    network.eval()
    out = np.zeros((len(pieces), network.head.out_features))
    with torch.inference_mode():
        for group, stack in batched(pieces, batch):
            out[group] = network.from_decibels(stack).double().numpy()
    return out


def batched(pieces: list[Decibels], batch: int) -> Iterator[tuple[list[int], Tensor]]:
    """Groups pieces by length; each group is one tensor [group, frames, 80]."""
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    start = 0
    while start < len(order):
        frames = len(pieces[order[start]])
        end = start
        while end < len(order) and end - start < batch and len(pieces[order[end]]) == frames:
            end += 1
        group = order[start:end]
        yield group, torch.from_numpy(np.stack([pieces[i] for i in group]).astype(np.float32))
        start = end


def embeddings_of(network: Network, pieces: list[Decibels]) -> Embeddings:
    """Embeddings [pieces, width] of log-mel pieces of any lengths."""
    return embed_and_detect(network, pieces)[0]


def embed_and_detect(
    network: Network, pieces: list[Decibels]
) -> tuple[Embeddings, NDArray[np.float32]]:
    """Embeddings [pieces, width] and speech logits [pieces].

    ONNX Runtime is the fastest for a small backbone, PyTorch in batches for a large one.
    """
    if isinstance(network.backbone, WhisperEncoder):
        return embed_batched(network, pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_graph(network, path)
        windows = (to_mfcc(piece) for piece in pieces)
        return embed(session(path), bar(windows, "embeddings", " windows", len(pieces)))


def embed_batched(
    network: Network, pieces: list[Decibels], batch: int = 32
) -> tuple[Embeddings, NDArray[np.float32]]:
    """Embeddings and speech logits, computed by PyTorch."""
    assert network.voice is not None
    assert network.speech is not None
    network.eval()
    embeddings = np.zeros((len(pieces), network.width), np.float32)
    speech = np.zeros(len(pieces), np.float32)
    groups = bar(list(batched(pieces, batch)), "embeddings", " batches", None)
    with torch.inference_mode():
        for group, stack in groups:
            pooled_layers = network.tapped(
                network.image(stack), {*network.voice_taps, *network.speech_taps}
            )
            embeddings[group] = network.voice.embed(
                joined(pooled_layers, network.voice_taps)
            ).numpy()
            speech[group] = network.speech(joined(pooled_layers, network.speech_taps))[:, 0].numpy()
    return embeddings, speech


def head_logits(
    head: VoiceHead, embeddings: Embeddings, baselines: Baselines
) -> NDArray[np.float64]:
    """Logits [clips, labels] of embeddings, each relative to its speaker baseline."""
    head.eval()
    with torch.inference_mode():
        logits = head.classify(
            torch.from_numpy(embeddings),
            torch.from_numpy(baselines.statistics),
            torch.from_numpy(baselines.seconds),
        )
    return np.asarray(logits.double().numpy())
