"""Trains the part of the voice head that tells speech from other sounds.

A corpus is told from other sounds by its room and codec too, and then a voice in another room is
taken for no voice. So the border is put where it keeps the speech of corpora that were left out.
"""

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .baseline import Embeddings
from .model import LIMIT, VoiceHead
from .numeric import falling

STEPS, BATCH, RATE, DROPOUT, PENALTY = 400, 512, 2e-3, 0.3, 1e-3
# Windows of a corpus that was left out that have to be taken for speech, clean and changed alike.
KEPT = 0.97


def fit_speech(
    head: VoiceHead, spoken: Embeddings, corpora: list[str], sounds: Embeddings, seed: int
) -> None:
    """Learns from embeddings of clips [clips, versions, width] and of other sounds [n, width]."""
    names = np.repeat(np.asarray(corpora), spoken.shape[1])
    windows = spoken.reshape(-1, head.width)
    borders = []
    for corpus in np.unique(names) if len(set(corpora)) > 1 else ():
        out = names == corpus
        learn(head, windows[~out], names[~out], sounds, seed)
        borders.append(np.quantile(logits_of(head, windows[out]), 1.0 - KEPT))
    learn(head, windows, names, sounds, seed)
    last = head.voiced[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias.sub_(float(np.median(borders)) if borders else 0.0)


def learn(
    head: VoiceHead, windows: Embeddings, names: NDArray[np.str_], sounds: Embeddings, seed: int
) -> None:
    """From new weights; speech counts as much as the rest, corpora by the root of their size."""
    torch.manual_seed(seed)
    for layer in head.voiced:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    counts = Counter(names)
    shares = np.asarray([1.0 / np.sqrt(counts[name]) for name in names])
    chances = np.concatenate([np.full(len(sounds), 0.5 / len(sounds)), 0.5 * shares / shares.sum()])
    inputs = torch.from_numpy(np.concatenate([sounds, windows])[:, : head.heard])
    truth = torch.cat([torch.zeros(len(sounds)), torch.ones(len(windows))])
    taught = nn.Sequential(nn.Dropout(DROPOUT), *head.voiced[:-1], nn.Dropout(DROPOUT))
    optimizer = torch.optim.AdamW(head.voiced.parameters(), lr=RATE)
    rng = np.random.default_rng(seed)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * falling(step, STEPS)
        batch = torch.from_numpy(rng.choice(len(chances), BATCH, p=chances))
        heard = torch.clamp(inputs[batch], -LIMIT, LIMIT)
        answers = head.voiced[-1](taught(heard))[:, 0]
        size = sum((p**2).sum() for p in head.voiced.parameters() if p.dim() > 1)
        wrong = nn.functional.binary_cross_entropy_with_logits(answers, truth[batch])
        loss = wrong + PENALTY * size
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def logits_of(head: VoiceHead, windows: Embeddings) -> NDArray[np.float64]:
    """Speech logit of each window."""
    with torch.inference_mode():
        return np.asarray(head.speech(torch.from_numpy(windows))[:, 0].double().numpy())
