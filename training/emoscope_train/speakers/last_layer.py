"""The last layer of the speaker network: taken out, trained further, and written back.

It is trained with an additive margin softmax over speakers (Wang et al., "Additive margin softmax
for face verification", 2018): the cosine with the own speaker's prototype has to exceed that with
any other by a margin. The other speakers are those of the same corpus, because corpora differ in
language and sound, which must not count as differences of voices.

The layer that ships lies between the published and the trained one (Wortsman et al., "Robust
fine-tuning of zero-shot models", 2022). The training's constants were chosen by the error rates of
ased, urdu, emotiontts, banglaser, esuem, emospeech and baved, each left out. The main figures are
those of ravdess, cremad, emodb and nemo.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..files import replacing
from ..runs import fine_tuned
from .crops import Statistics
from .network import SpeakerNetwork
from .spec import SHARE

SEED = 27
# Steps of Adam, and crops per step.
STEPS, BATCH = 1500, 256
# Learning rates at the first step; they fall in a straight line to zero. Prototypes are not kept,
# so they may follow quickly.
RATE, PROTOTYPE_RATE = 1e-3, 1e-2
# In cosine, and the factor from cosine to logits: a common range for margin softmaxes is 20 to 40.
MARGIN, SCALE = 0.2, 20.0
# Decimals of the mean embedding.
DECIMALS = 5


@dataclass(frozen=True)
class Layer:
    """The last layer with its norm as one map, [rows, 1024] to embeddings [rows, 192]."""

    # [192, 1024] and [192].
    weight: Tensor
    bias: Tensor

    def embed(self, values: Tensor) -> Tensor:
        """Embeddings of length 1."""
        return functional.normalize(functional.linear(values, self.weight, self.bias), dim=1)


def parts(network: SpeakerNetwork) -> tuple[Any, Any]:
    """The convolution and the batch norm without weights of the last layer."""
    dense: Any = network.xvector["dense"]
    return dense.linear, dense.nonlinear.batchnorm


def layer_of(network: SpeakerNetwork) -> Layer:
    """Folds the norm in: y = (W x - m) / s is W / s x - m / s."""
    linear, norm = parts(network)
    with torch.no_grad():
        spread = torch.sqrt(norm.running_var + norm.eps)
        return Layer(linear.weight[:, :, 0] / spread[:, None], -norm.running_mean / spread)


def put(layer: Layer, network: SpeakerNetwork) -> None:
    """Writes the layer into the network; s of the norm stays, W and m are set."""
    linear, norm = parts(network)
    with torch.no_grad():
        spread = torch.sqrt(norm.running_var + norm.eps)
        linear.weight[:, :, 0] = layer.weight * spread[:, None]
        norm.running_mean.copy_(-layer.bias * spread)


def chances(rows: Statistics) -> NDArray[np.float64]:
    """How often each row is drawn: speakers and corpora count with the root of their size."""
    weights = np.ones(len(rows.values))
    for names in (rows.speakers, rows.corpora):
        _, ids, count = np.unique(names, return_inverse=True, return_counts=True)
        weights /= np.sqrt(count[ids])
    return np.asarray(weights / weights.sum())


def fit(rows: Statistics, start: Layer) -> Layer:
    """Trains the layer on the rows; the same rows always give the same layer."""
    names, first, ids = np.unique(rows.speakers, return_index=True, return_inverse=True)
    corpora = rows.corpora[first]
    rivals = torch.from_numpy(corpora[:, None] == corpora[None, :])
    values, own = torch.from_numpy(rows.values), torch.from_numpy(ids)
    layer = Layer(nn.Parameter(start.weight.clone()), nn.Parameter(start.bias.clone()))
    with torch.no_grad():
        sums = torch.zeros(len(names), len(start.bias)).index_add(0, own, start.embed(values))
    prototypes = nn.Parameter(functional.normalize(sums, dim=1))
    optimizer = torch.optim.Adam(
        [
            {"params": [layer.weight, layer.bias], "lr": RATE},
            {"params": [prototypes], "lr": PROTOTYPE_RATE},
        ]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / STEPS)
    rng, weights = np.random.default_rng(SEED), chances(rows)
    for _ in range(STEPS):
        drawn = torch.from_numpy(rng.choice(len(weights), BATCH, p=weights))
        speaker = own[drawn]
        cosines = layer.embed(values[drawn]) @ functional.normalize(prototypes, dim=1).T
        margins = MARGIN * functional.one_hot(speaker, len(names))
        logits = SCALE * (cosines - margins).masked_fill(~rivals[speaker], -torch.inf)
        loss = functional.cross_entropy(logits, speaker)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return Layer(layer.weight.detach(), layer.bias.detach())


def between(published: Layer, trained: Layer) -> Layer:
    """The layer that is SHARE of the way from the published to the trained one."""
    return Layer(
        torch.lerp(published.weight, trained.weight, SHARE),
        torch.lerp(published.bias, trained.bias, SHARE),
    )


def embeddings(rows: Statistics, layer: Layer) -> NDArray[np.float64]:
    """Embeddings of length 1 of each row, [rows, 192]."""
    with torch.no_grad():
        return np.asarray(layer.embed(torch.from_numpy(rows.values)).double().numpy())


@dataclass(frozen=True)
class Tuned:
    """A last layer with what belongs to it in a model file."""

    layer: Layer
    # The constants of the program that are learned, by key.
    tuning: dict[str, Any]
    # Corpus, language, clips, speakers and licence of each training corpus; none if published.
    training_data: list[dict[str, Any]]
    # Share of the windows of each kind of sound that are taken for speech.
    taken_for_speech: dict[str, float] = field(default_factory=dict)

    @property
    def corpora(self) -> list[str]:
        """Names of the training corpora."""
        return [row["corpus"] for row in self.training_data]

    def save(self, path: Path) -> None:
        with replacing(path) as part:
            layer = {"weight": self.layer.weight, "bias": self.layer.bias}
            torch.save({**vars(self), "layer": layer}, part)

    @classmethod
    def load(cls, path: Path) -> "Tuned":
        """Raises `UserError` with the step to run first."""
        state = torch.load(fine_tuned(path), weights_only=True)
        return cls(**{**state, "layer": Layer(**state["layer"])})


def mean_embedding(rows: Statistics, layer: Layer) -> list[float]:
    """Mean over the corpora of the mean embedding of their clean crops; each counts once.

    Embeddings of any two voices have something in common; without it, the differences count more.
    """
    clean = rows.rows(rows.clean)
    found = embeddings(clean, layer)
    means = [found[clean.corpora == name].mean(axis=0) for name in np.unique(clean.corpora)]
    return [round(float(value), DECIMALS) for value in np.mean(means, axis=0)]
