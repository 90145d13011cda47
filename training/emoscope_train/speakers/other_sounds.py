"""Which windows have speech: a laugh, a cough or a noise has an embedding too, but is no voice.

Without this, one person who laughs and coughs becomes several speakers. The log odds of speech are
linear in the embedding (logistic regression). They are fitted to the crops that the last layer is
trained on and to crops of `SOUNDS`, each half of the weight.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ..data.corpora import stable_hash
from .crops import SOUNDS, Statistics
from .last_layer import Layer, embeddings

# Of the squared weights, in the loss.
PENALTY = 1e-3
MOST_ITERATIONS = 200
DECIMALS = 4
FOLDS = 3

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class SpeechOdds:
    """Log odds that a window has speech; without weights, every window has."""

    # One for each value of an embedding of length 1.
    weights: list[float]
    bias: float

    def are_speech(self, found: Matrix) -> NDArray[np.bool_]:
        """Whether the windows of embeddings [rows, 192] have speech."""
        if not self.weights:
            return np.ones(len(found), dtype=bool)
        return np.asarray(found @ np.array(self.weights) + self.bias >= 0.0)

    def tuning(self) -> dict[str, Any]:
        """The constants of the program."""
        return {"speech": self.weights, "speech_bias": self.bias}


def fit_odds(speech: Matrix, sounds: Matrix) -> SpeechOdds:
    """Fits the log odds to embeddings of both kinds [rows, 192]; the same rows always give the
    same weights."""
    if not len(speech) or not len(sounds):
        return SpeechOdds([], 0.0)
    rows = torch.from_numpy(np.concatenate([speech, sounds]))
    truth = torch.cat([torch.ones(len(speech)), torch.zeros(len(sounds))]).double()
    share = torch.where(truth > 0.5, 0.5 / len(speech), 0.5 / len(sounds))
    weights = torch.zeros(rows.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights, bias], max_iter=MOST_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        odds = rows @ weights + bias
        errors = functional.binary_cross_entropy_with_logits(odds, truth, reduction="none")
        total = (share * errors).sum() + PENALTY * (weights**2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    rounded = [round(float(value), DECIMALS) for value in weights.detach()]
    return SpeechOdds(rounded, round(float(bias.detach()), DECIMALS))


def of_layer(speech: Statistics, sounds: Statistics | None, layer: Layer) -> SpeechOdds:
    """The log odds for the embeddings of a last layer, from the rows of SOUNDS in `sounds`."""
    if sounds is None:
        return SpeechOdds([], 0.0)
    chosen = sounds.rows(sounds.corpora == SOUNDS)
    return fit_odds(embeddings(speech, layer), embeddings(chosen, layer))


def unseen(speech: Statistics, sounds: Statistics, layer: Layer) -> dict[str, Any]:
    """Shares of windows that are taken for speech, each by log odds that did not see it.

    Of speech, a fold leaves corpora out, and of SOUNDS the people who make them. The odds are never
    fitted to NOISE, which is in the background of other crops alone.
    """

    def folds(names: NDArray[np.str_]) -> NDArray[np.int64]:
        return np.array([stable_hash(name) % FOLDS for name in names])

    own = sounds.rows(sounds.corpora == SOUNDS)
    others = sounds.rows(sounds.corpora != SOUNDS)
    kinds = {"speech": (speech, folds(speech.corpora)), SOUNDS: (own, folds(own.speakers))}
    found = {name: np.zeros(len(rows.values), bool) for name, (rows, _) in kinds.items()}
    for fold in range(FOLDS):
        seen = [embeddings(rows.rows(of != fold), layer) for rows, of in kinds.values()]
        odds = fit_odds(*seen)
        for name, (rows, of) in kinds.items():
            found[name][of == fold] = odds.are_speech(embeddings(rows.rows(of == fold), layer))
    odds = of_layer(speech, sounds, layer)
    shares = {name: float(are.mean()) for name, are in found.items()}
    for corpus in np.unique(others.corpora):
        rows = others.rows(others.corpora == corpus)
        shares[str(corpus)] = float(odds.are_speech(embeddings(rows, layer)).mean())
    return shares
