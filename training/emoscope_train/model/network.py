"""The network: level normalisation, backbone, pooled layers, and a head.

The head is speaker-independent, or relative to the speaker baseline (voice head).
"""

import copy
from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..data.labels import LABELS
from ..features.frontend import inverse_dct
from . import mn04, whisper
from .heads import SpeechHead, VoiceHead

Backbone = mn04.Mn04 | whisper.WhisperEncoder
BACKBONES = {"mn04": mn04.Mn04, "whisper": whisper.WhisperEncoder}


class Network(nn.Module):
    """MFCCs [batch, time, 80] to logits [batch, labels]; any time >= 1, any gain.

    With a voice head it also takes the speaker baseline, and also returns the speech logit and the
    embedding.
    """

    idct: Tensor

    def __init__(
        self,
        taps: tuple[int, ...] = (10, 13, 16),
        dropout: float = 0.3,
        labels: int = len(LABELS),
        backbone: str = "mn04",
    ) -> None:
        super().__init__()
        self.taps = tuple(taps)
        self.register_buffer("idct", torch.tensor(inverse_dct(), dtype=torch.float32))
        self.backbone: Backbone = BACKBONES[backbone]()
        pooled = self.width_of(self.taps)
        self.norm = nn.BatchNorm1d(pooled)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(pooled, labels)
        self.voice: VoiceHead | None = None
        self.speech: SpeechHead | None = None
        self.voice_taps = self.taps

    @property
    def speech_taps(self) -> tuple[int, ...]:
        """Layers of the speech head."""
        return self.backbone.speech_taps

    @property
    def width(self) -> int:
        """Width of the embedding."""
        return self.voice.width if self.voice else self.width_of(self.voice_taps)

    def width_of(self, taps: tuple[int, ...]) -> int:
        """Width of the pooled blocks."""
        return 2 * sum(self.backbone.widths[tap] for tap in taps)

    def part(self, pooled: NDArray[np.float32], taps: tuple[int, ...]) -> NDArray[np.float32]:
        """The columns of the named blocks, from those of the voice head [..., width]."""
        ends = np.cumsum([self.width_of((tap,)) for tap in self.voice_taps])
        parts = np.split(pooled, ends[:-1], axis=-1)
        return np.concatenate([parts[self.voice_taps.index(tap)] for tap in taps], axis=-1)

    def pooler(self, taps: tuple[int, ...] = ()) -> "Network":
        """A copy with an untrained voice head, whose embedding is the pooled blocks."""
        copied = copy.deepcopy(self)
        copied.with_voice(taps=taps)
        return copied

    def with_voice(self, dropout: float = 0.0, taps: tuple[int, ...] = ()) -> "VoiceHead":
        """Adds an untrained voice head, on the blocks `taps` or those of the first head.

        A speech head is added with it.
        """
        self.voice_taps = taps or self.taps
        self.voice = VoiceHead(self.width_of(self.voice_taps), dropout, self.head.out_features)
        self.speech = SpeechHead(self.width_of(self.speech_taps))
        return self.voice

    def use_half(self) -> None:
        """bfloat16 for the speech backbone, if the processor multiplies in it."""
        if isinstance(self.backbone, whisper.WhisperEncoder):
            self.backbone.use_bfloat16 = torch.cpu._is_avx512_bf16_supported()

    def image(self, decibels: Tensor) -> Tensor:
        """Log-mel in dB [batch, time, 80] to the backbone's input, level normalised."""
        return self.backbone.image(decibels)

    def pooled(self, image: Tensor, taps: tuple[int, ...] = ()) -> Tensor:
        """Mean and spread over time of the blocks `taps`, by default of that head."""
        wanted = taps or self.taps
        return joined(self.tapped(image, wanted), wanted)

    def tapped(self, image: Tensor, taps: Collection[int]) -> dict[int, Tensor]:
        """Mean and spread over time of each layer named."""
        return self.backbone.tapped(image, taps)

    def independent_logits(self, pooled: Tensor) -> Tensor:
        """Logits of the speaker-independent head."""
        logits: Tensor = self.head(self.dropout(self.norm(pooled)))
        return logits

    def from_decibels(self, decibels: Tensor) -> Tensor:
        """Logits of log-mel in dB; training starts here, after the inverse DCT."""
        return self.independent_logits(self.pooled(self.image(decibels)))

    def forward(
        self, mfcc: Tensor, baseline: Tensor | None = None, seconds: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Logits; with a voice head logits, speech logit and embedding."""
        decibels = torch.matmul(mfcc, self.idct)
        if self.voice is None or self.speech is None or baseline is None or seconds is None:
            return self.from_decibels(decibels)
        pooled_layers = self.tapped(self.image(decibels), {*self.voice_taps, *self.speech_taps})
        embedding = self.voice.embed(joined(pooled_layers, self.voice_taps))
        return (
            self.voice.classify(embedding, baseline, seconds),
            self.speech(joined(pooled_layers, self.speech_taps)),
            embedding,
        )


def joined(pooled_layers: dict[int, Tensor], taps: tuple[int, ...]) -> Tensor:
    """The named blocks, concatenated."""
    return torch.cat([pooled_layers[tap] for tap in taps], dim=1)


def load_pretrained(network: Network, path: Path | None) -> str | None:
    """Loads the published backbone; returns the SHA-256 of its file.

    mn04 needs its file; Whisper's weights come from the installed packages.
    """
    if isinstance(network.backbone, whisper.WhisperEncoder):
        return whisper.load_published(network.backbone)
    return mn04.load_published(network.backbone, path) if path else None


def foldable_head(network: Network) -> nn.Linear:
    """The head with its batch norm folded in, for engines that only know it over images."""
    norm, head = network.norm, network.head
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    folded = nn.Linear(head.in_features, head.out_features)
    with torch.no_grad():
        folded.weight.copy_(head.weight * scale)
        folded.bias.copy_(head.bias + head.weight @ (norm.bias - norm.running_mean * scale))
    return folded


def count_parameters(network: nn.Module) -> int:
    """Number of parameters."""
    return sum(p.numel() for p in network.parameters())
