"""Trains the head that separates speech from other sounds.

It could use the room and the codec of a corpus, and would then reject a voice in another room. So
the threshold is set where it keeps the speech of corpora that were left out.
"""

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..model.baseline import Embeddings
from ..model.heads import SpeechHead
from ..numeric import falling

STEPS, BATCH, RATE, DROPOUT, PENALTY = 800, 256, 2e-3, 0.3, 1e-3
# Share of the windows of a left-out corpus that have to count as speech, clean and augmented.
KEPT = 0.97


def fit_speech(
    head: SpeechHead, spoken: Embeddings, corpora: list[str], sounds: Embeddings, seed: int
) -> None:
    """Trains on pooled blocks of clips [clips, versions, width] and of other sounds [n, width]."""
    names = np.repeat(np.asarray(corpora), spoken.shape[1])
    windows = spoken.reshape(-1, head.width)
    head.mean.copy_(torch.from_numpy(windows.mean(axis=0, dtype=np.float64)))
    head.spread.copy_(torch.from_numpy(windows.std(axis=0, dtype=np.float64) + 1e-3))
    borders = []
    for corpus in np.unique(names) if len(set(corpora)) > 1 else ():
        out = names == corpus
        learn(head, windows[~out], names[~out], sounds, seed)
        borders.append(np.quantile(logits_of(head, windows[out]), 1.0 - KEPT))
    learn(head, windows, names, sounds, seed)
    last = head.layers[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias.sub_(float(np.median(borders)) if borders else 0.0)


def learn(
    head: SpeechHead, windows: Embeddings, names: NDArray[np.str_], sounds: Embeddings, seed: int
) -> None:
    """Trains from new weights. Speech and other sounds weigh the same, corpora by root size."""
    torch.manual_seed(seed)
    for layer in head.layers:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    counts = Counter(names)
    shares = np.asarray([1.0 / np.sqrt(counts[name]) for name in names])
    probabilities = np.concatenate(
        [np.full(len(sounds), 0.5 / len(sounds)), 0.5 * shares / shares.sum()]
    )
    inputs = head.standardized(torch.from_numpy(np.concatenate([sounds, windows])))
    truth = torch.cat([torch.zeros(len(sounds)), torch.ones(len(windows))])
    hidden = nn.Sequential(nn.Dropout(DROPOUT), *head.layers[:-1], nn.Dropout(DROPOUT))
    optimizer = torch.optim.AdamW(head.layers.parameters(), lr=RATE)
    rng = np.random.default_rng(seed)
    # Drawing from the sums is much faster than rng.choice, which adds them up in every step.
    cumulative = np.cumsum(probabilities)[:-1]
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * falling(step, STEPS)
        batch = torch.from_numpy(np.searchsorted(cumulative, rng.random(BATCH)))
        answers = head.layers[-1](hidden(inputs[batch]))[:, 0]
        size = sum((p**2).sum() for p in head.layers.parameters() if p.dim() > 1)
        wrong = nn.functional.binary_cross_entropy_with_logits(answers, truth[batch])
        loss = wrong + PENALTY * size
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def logits_of(head: SpeechHead, windows: Embeddings) -> NDArray[np.float64]:
    """Speech logit of each window."""
    with torch.inference_mode():
        return np.asarray(head(torch.from_numpy(windows))[:, 0].double().numpy())
