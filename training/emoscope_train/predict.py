"""Runs the network over clips as the binary would meet them."""

import numpy as np
import torch
from numpy.typing import NDArray

from .features import Decibels
from .model import Network
from .sampling import LONGEST, whole_steps


def opening(decibels: Decibels) -> Decibels:
    """What the binary has heard when it judges an utterance: the first 4 s at most."""
    return decibels[: whole_steps(min(len(decibels), LONGEST))]


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
