"""The heads on a backbone's pooled layers: emotion relative to the speaker baseline, and speech."""

import torch
from torch import Tensor, nn

from ..data.labels import LABELS
from .baseline import FULL_VARIANCE, LIMIT, LOW_VARIANCE, PRIOR_S, VARIANCE_FLOOR
from .correction import Correction

# Hidden width of the speech head.
SPEECH_HIDDEN = 32


class VoiceHead(nn.Module):
    """Embeddings [batch, width] to logits, relative to the baseline of their voice.

    The baseline is the mean and variance of the voice's embeddings, [batch, 2, width], and its
    seconds of speech, [batch, 1]. Both are shrunk towards the prior (mean 0, variance 1: all
    training speech), which weighs PRIOR_S seconds. A low-variance baseline gets less weight.
    """

    mean: Tensor
    spread: Tensor
    temperatures: Tensor
    offsets: Tensor

    def __init__(self, width: int, dropout: float = 0.0, labels: int = len(LABELS)) -> None:
        super().__init__()
        self.width = width
        # Set by `correct`; no part of the weights.
        self.register_buffer("temperatures", torch.ones(2), persistent=False)
        self.register_buffer("offsets", torch.zeros(2, labels), persistent=False)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, labels)
        # Weighted with the baseline. Its name is part of checkpoints and of exported files.
        self.settled = nn.Linear(width, labels, bias=False)
        nn.init.zeros_(self.settled.weight)

    def embed(self, pooled: Tensor) -> Tensor:
        """The embedding: pooled blocks at mean 0 and variance 1 over all training speech."""
        return (pooled - self.mean) / self.spread

    def classify(self, embedding: Tensor, baseline: Tensor, seconds: Tensor) -> Tensor:
        """Logits [batch, labels]."""
        variance_share = (baseline[:, 1].mean(dim=1, keepdim=True) - LOW_VARIANCE) / (
            FULL_VARIANCE - LOW_VARIANCE
        )
        weight = torch.clamp(variance_share, 0.0, 1.0) * seconds / (seconds + PRIOR_S)
        mean = weight * baseline[:, 0]
        variance = weight * baseline[:, 1] + (1.0 - weight)
        relative = torch.clamp(
            (embedding - mean) / torch.sqrt(variance + VARIANCE_FLOOR), -LIMIT, LIMIT
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
