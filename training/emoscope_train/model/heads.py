"""The heads on a backbone's pooled layers: emotion relative to the speaker baseline, and speech."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.labels import LABELS
from .baseline import (
    FULL_DIVERSITY,
    FULL_VARIANCE,
    LIMIT,
    LOW_DIVERSITY,
    LOW_VARIANCE,
    PRIOR_S,
    VARIANCE_FLOOR,
)
from .correction import Correction

# Hidden width of the speech head.
SPEECH_HIDDEN = 32


class VoiceHead(nn.Module):
    """Embeddings [batch, width] to logits, relative to the baseline of their voice.

    The baseline is the mean and variance of the voice's embeddings, [batch, 2, width], and its
    seconds of speech, [batch, 1]. Both are shrunk towards the prior (mean 0, variance 1: all
    training speech), which weighs PRIOR_S seconds.

    Speech with one emotion must not become the reference. Without a label mix, a low-variance
    baseline gets less weight. With one, the embedding also holds the probabilities of the labels,
    so the baseline knows which emotions the voice expressed: the less they vary, the more of their
    effect is taken out of the mean, and the less weight the variance gets.
    """

    mean: Tensor
    spread: Tensor
    temperatures: Tensor
    offsets: Tensor
    # Effect of each label's probability on the mean embedding of a voice, [labels, width].
    effects: Tensor | None
    # Mean probabilities of all voices, [labels].
    usual: Tensor | None

    def __init__(self, width: int, dropout: float = 0.0, labels: int = len(LABELS)) -> None:
        super().__init__()
        self.pooled_width = width
        # Set by `correct`; no part of the weights.
        self.register_buffer("temperatures", torch.ones(2), persistent=False)
        self.register_buffer("offsets", torch.zeros(2, labels), persistent=False)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.register_buffer("effects", None)
        self.register_buffer("usual", None)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, labels)
        # Weighted with the baseline. Its name is part of checkpoints and of exported files.
        self.settled = nn.Linear(width, labels, bias=False)
        nn.init.zeros_(self.settled.weight)

    @property
    def width(self) -> int:
        """Width of the embedding."""
        return self.pooled_width + (0 if self.usual is None else len(self.usual))

    def add_label_mix(self, effects: Tensor, usual: Tensor) -> None:
        """Adds the probabilities of the labels to every embedding from now on."""
        self.effects, self.usual = effects, usual

    def embed(self, pooled: Tensor) -> Tensor:
        """The embedding: pooled blocks at mean 0 and variance 1 over all training speech.

        With a label mix, the probabilities follow.
        """
        return self.extended((pooled - self.mean) / self.spread)

    def extended(self, standardized: Tensor) -> Tensor:
        """The embedding of standardized blocks [batch, width]."""
        if self.usual is None:
            return standardized
        return torch.cat([standardized, self.probabilities(standardized)], dim=-1)

    def probabilities(self, standardized: Tensor) -> Tensor:
        """Probabilities [batch, labels] without a baseline and without the correction."""
        return functional.softmax(self.head(torch.clamp(standardized, -LIMIT, LIMIT)), dim=-1)

    def weights(self, baseline: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Weights of a baseline's mean and variance against the prior, 0 to 1: [batch, 1] each."""
        weight = seconds / (seconds + PRIOR_S)
        if self.usual is None:
            variance_share = (baseline[:, 1].mean(dim=1, keepdim=True) - LOW_VARIANCE) / (
                FULL_VARIANCE - LOW_VARIANCE
            )
            weight = torch.clamp(variance_share, 0.0, 1.0) * weight
            return weight, weight
        diversity = baseline[:, 1, self.pooled_width :].sum(dim=1, keepdim=True)
        diversity_share = (diversity - LOW_DIVERSITY) / (FULL_DIVERSITY - LOW_DIVERSITY)
        return weight, torch.clamp(diversity_share, 0.0, 1.0) * weight

    def classify(self, embedding: Tensor, baseline: Tensor, seconds: Tensor) -> Tensor:
        """Logits [batch, labels]."""
        weight, variance_weight = self.weights(baseline, seconds)
        mean = weight * baseline[:, 0, : self.pooled_width]
        if self.effects is not None:
            mix = baseline[:, 0, self.pooled_width :] - self.usual
            mean = mean - (weight - variance_weight) * (mix @ self.effects)
        variance = variance_weight * baseline[:, 1, : self.pooled_width] + (1.0 - variance_weight)
        standardized = embedding[:, : self.pooled_width]
        relative = torch.clamp(
            (standardized - mean) / torch.sqrt(variance + VARIANCE_FLOOR), -LIMIT, LIMIT
        )
        relative = self.dropout(relative)
        logits: Tensor = self.head(relative) + weight * self.settled(relative)
        temperature = self.temperatures[0] + weight * (self.temperatures[1] - self.temperatures[0])
        offset = self.offsets[0] + weight * (self.offsets[1] - self.offsets[0])
        return logits / temperature + offset

    def correct(self, correction: Correction) -> None:
        """Replaces the correction of the logits; between both ends it follows the weight."""
        self.temperatures.copy_(torch.tensor(correction.temperatures))
        self.offsets.copy_(torch.tensor(correction.offsets))

    def unknown(self, count: int) -> tuple[Tensor, Tensor]:
        """The baseline of unseen voices: zero seconds."""
        return torch.zeros(count, 2, self.width), torch.zeros(count, 1)


class SpeechHead(nn.Module):
    """Pooled blocks [batch, width] to the logit [batch, 1] of speech.

    All other sounds are negative, also those of people.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.layers = nn.Sequential(
            nn.Linear(width, SPEECH_HIDDEN), nn.ReLU(), nn.Linear(SPEECH_HIDDEN, 1)
        )

    def forward(self, pooled: Tensor) -> Tensor:
        """The logit."""
        logit: Tensor = self.layers(self.standardized(pooled))
        return logit

    def standardized(self, pooled: Tensor) -> Tensor:
        """In standard deviations of all training speech, clamped."""
        return torch.clamp((pooled - self.mean) / self.spread, -LIMIT, LIMIT)
