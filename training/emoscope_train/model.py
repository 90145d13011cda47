"""The network: level normalisation, the body of EfficientAT's mn04, pooled blocks, and a head:
plain, or relative to the voice's own baseline.

Module names follow the published state dict, so that it loads by name.
"""

import copy
import hashlib
from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .bands import FLOOR_DB, mapping
from .baseline import LIMIT, ONE_NOTE, PRIOR_S, VARIANCE_FLOOR, VARIED
from .frontend import inverse_dct
from .labels import LABELS

PRETRAINED_SHA256_PREFIX = "899a8c62"
# kernel, stride, expanded channels, output channels, squeeze channels (0: none), hard-swish
BLOCKS = [
    (3, 1, 8, 8, 0, False),
    (3, 2, 24, 16, 0, False),
    (3, 1, 32, 16, 0, False),
    (5, 2, 32, 16, 8, False),
    (5, 1, 48, 16, 16, False),
    (5, 1, 48, 16, 16, False),
    (3, 2, 96, 32, 0, True),
    (3, 1, 80, 32, 0, True),
    (3, 1, 72, 32, 0, True),
    (3, 1, 72, 32, 0, True),
    (3, 1, 192, 48, 48, True),
    (3, 1, 272, 48, 72, True),
    (5, 2, 272, 64, 72, True),
    (5, 1, 384, 64, 96, True),
    (5, 1, 384, 64, 96, True),
]
STEM, LAST = 8, 384
# Blocks that speech is told from other sounds by, and the width of the layer that does. The last
# blocks know the training corpora too well, the first ones too little.
SPEECH_TAPS = (5, 7, 9, 10, 12, 13)
HEARING = 32


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm and, where given, an activation."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        groups: int,
        act: nn.Module | None,
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
        ]
        super().__init__(*layers, *([act] if act else []))


class SqueezeExcitation(nn.Module):
    """Weighs the channels by what the whole window holds."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.sigmoid(self.fc2(torch.relu(self.fc1(x.mean(dim=(2, 3))))))
        return x * weight.unsqueeze(-1).unsqueeze(-1)


class ConcurrentSE(nn.Module):
    """The published network's wrapper; only the channel branch is used in it."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.conc_se_layers = nn.ModuleList([SqueezeExcitation(channels, squeezed)])

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conc_se_layers[0](x)
        return out


class InvertedResidual(nn.Module):
    """MobileNetV3's block."""

    def __init__(
        self,
        inputs: int,
        kernel: int,
        stride: int,
        wide: int,
        outputs: int,
        squeezed: int,
        swish: bool,
    ) -> None:
        super().__init__()
        act = nn.Hardswish if swish else nn.ReLU
        layers: list[nn.Module] = []
        if wide != inputs:
            layers.append(ConvNormAct(inputs, wide, 1, 1, 1, act()))
        layers.append(ConvNormAct(wide, wide, kernel, stride, wide, act()))
        if squeezed:
            layers.append(ConcurrentSE(wide, squeezed))
        layers.append(ConvNormAct(wide, outputs, 1, 1, 1, None))
        self.block = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.block(x)
        return x + out if self.residual else out


class VoiceHead(nn.Module):
    """Embeddings [batch, width] to logits, relative to the baseline of their voice.

    The baseline is mean and variance of the voice's embeddings over its windows, [batch, 2, width],
    and the seconds of speech that they were taken over, [batch, 1]. Both are shrunk to the prior
    (mean 0, variance 1: all training speech) with the weight of PRIOR_S seconds, so zero seconds
    mean a voice that was never heard; and the more so the less they vary.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, width: int, dropout: float = 0.0, labels: int = len(LABELS)) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, labels)
        self.settled = nn.Linear(width, labels, bias=False)
        nn.init.zeros_(self.settled.weight)

    def embed(self, pooled: Tensor) -> Tensor:
        """The embedding: pooled blocks at mean 0 and variance 1 over all training speech."""
        return (pooled - self.mean) / self.spread

    def judge(self, embedding: Tensor, baseline: Tensor, seconds: Tensor) -> Tensor:
        """Logits [batch, labels]."""
        varied = (baseline[:, 1].mean(dim=1, keepdim=True) - ONE_NOTE) / (VARIED - ONE_NOTE)
        settled = torch.clamp(varied, 0.0, 1.0) * seconds / (seconds + PRIOR_S)
        mean = settled * baseline[:, 0]
        variance = settled * baseline[:, 1] + (1.0 - settled)
        own = torch.clamp((embedding - mean) / torch.sqrt(variance + VARIANCE_FLOOR), -LIMIT, LIMIT)
        own = self.dropout(own)
        logits: Tensor = self.head(own) + settled * self.settled(own)
        return logits

    def unknown(self, count: int) -> tuple[Tensor, Tensor]:
        """The baseline of voices that were never heard."""
        return torch.zeros(count, 2, self.width), torch.zeros(count, 1)


class SpeechHead(nn.Module):
    """Pooled blocks [batch, width] to the logit [batch, 1] of a voice that speaks.

    The other side is every sound that is no speech, of people too.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.layers = nn.Sequential(nn.Linear(width, HEARING), nn.ReLU(), nn.Linear(HEARING, 1))

    def forward(self, pooled: Tensor) -> Tensor:
        """The logit."""
        found: Tensor = self.layers(self.standard(pooled))
        return found

    def standard(self, pooled: Tensor) -> Tensor:
        """In standard deviations of all training speech, cut off far from it."""
        return torch.clamp((pooled - self.mean) / self.spread, -LIMIT, LIMIT)


class Network(nn.Module):
    """MFCCs [batch, time, 80] to logits [batch, labels]; any time >= 1, any gain.

    With a voice head it takes the voice's baseline besides, and gives the speech logit and the
    embedding besides.
    """

    idct: Tensor
    bands: Tensor
    offset: Tensor

    def __init__(
        self,
        taps: tuple[int, ...] = (10, 13, 16),
        dropout: float = 0.3,
        labels: int = len(LABELS),
    ) -> None:
        super().__init__()
        self.taps = tuple(taps)
        matrix, vector = mapping()
        self.register_buffer("idct", torch.tensor(inverse_dct(), dtype=torch.float32))
        self.register_buffer("bands", torch.tensor(matrix, dtype=torch.float32))
        self.register_buffer("offset", torch.tensor(vector, dtype=torch.float32))
        layers: list[nn.Module] = [ConvNormAct(1, STEM, 3, 2, 1, nn.Hardswish())]
        width, self.widths = STEM, [STEM]
        for kernel, stride, wide, outputs, squeezed, swish in BLOCKS:
            layers.append(InvertedResidual(width, kernel, stride, wide, outputs, squeezed, swish))
            width = outputs
            self.widths.append(width)
        layers.append(ConvNormAct(width, LAST, 1, 1, 1, nn.Hardswish()))
        self.widths.append(LAST)
        self.features = nn.ModuleList(layers)
        pooled = self.width_of(self.taps)
        self.norm = nn.BatchNorm1d(pooled)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(pooled, labels)
        self.voice: VoiceHead | None = None
        self.speech: SpeechHead | None = None
        self.voice_taps = self.taps

    @property
    def width(self) -> int:
        """Numbers of the embedding."""
        return self.width_of(self.voice_taps)

    def width_of(self, taps: tuple[int, ...]) -> int:
        """Numbers of the pooled blocks."""
        return 2 * sum(self.widths[tap] for tap in taps)

    def part(self, pooled: NDArray[np.float32], taps: tuple[int, ...]) -> NDArray[np.float32]:
        """The named blocks' numbers out of those of the blocks of the voice head [..., width]."""
        ends = np.cumsum([self.width_of((tap,)) for tap in self.voice_taps])
        parts = np.split(pooled, ends[:-1], axis=-1)
        return np.concatenate([parts[self.voice_taps.index(tap)] for tap in taps], axis=-1)

    def listener(self, taps: tuple[int, ...] = ()) -> "Network":
        """A copy with a voice head that knows nothing: it gives the pooled blocks as they are."""
        copied = copy.deepcopy(self)
        copied.with_voice(taps=taps)
        return copied

    def with_voice(self, dropout: float = 0.0, taps: tuple[int, ...] = ()) -> "VoiceHead":
        """Gives it a voice head that knows nothing yet, on blocks of its own if any are named.

        One that tells speech from other sounds comes with it.
        """
        self.voice_taps = taps or self.taps
        self.voice = VoiceHead(self.width, dropout, self.head.out_features)
        self.speech = SpeechHead(self.width_of(SPEECH_TAPS))
        return self.voice

    def image(self, decibels: Tensor) -> Tensor:
        """Log-mel in dB [batch, time, 80] to the body's input [batch, 1, band, time]."""
        power = torch.exp(decibels * 0.23025850929940458)
        level = torch.log(power.mean(dim=(1, 2), keepdim=True)) * 4.3429448190325175
        relative = torch.clamp(decibels - level, min=FLOOR_DB)
        mapped = torch.matmul(relative, self.bands) + self.offset
        return mapped.transpose(1, 2).unsqueeze(1)

    def pooled(self, image: Tensor, taps: tuple[int, ...] = ()) -> Tensor:
        """Mean and spread over time of the tapped blocks, the plain head's if none are named."""
        wanted = taps or self.taps
        return joined(self.tapped(image, wanted), wanted)

    def tapped(self, image: Tensor, taps: Collection[int]) -> dict[int, Tensor]:
        """Mean and spread over time of each block that is named."""
        found = {}
        x = image
        for index, layer in enumerate(self.features[: max(taps) + 1]):
            x = layer(x)
            if index in taps:
                tracks = x.mean(dim=2)
                mean = tracks.mean(dim=2, keepdim=True)
                spread = torch.sqrt(((tracks - mean) ** 2).mean(dim=2) + 1e-5)
                found[index] = torch.cat([mean.squeeze(2), spread], dim=1)
        return found

    def plain(self, pooled: Tensor) -> Tensor:
        """Logits of the plain head."""
        logits: Tensor = self.head(self.dropout(self.norm(pooled)))
        return logits

    def from_decibels(self, decibels: Tensor) -> Tensor:
        """Logits of log-mel; training starts here, past the rotation."""
        return self.plain(self.pooled(self.image(decibels)))

    def forward(
        self, mfcc: Tensor, baseline: Tensor | None = None, seconds: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        """Logits; with a voice head logits, speech logit and embedding."""
        decibels = torch.matmul(mfcc, self.idct)
        if self.voice is None or self.speech is None or baseline is None or seconds is None:
            return self.from_decibels(decibels)
        found = self.tapped(self.image(decibels), {*self.voice_taps, *SPEECH_TAPS})
        embedding = self.voice.embed(joined(found, self.voice_taps))
        return (
            self.voice.judge(embedding, baseline, seconds),
            self.speech(joined(found, SPEECH_TAPS)),
            embedding,
        )


def joined(found: dict[int, Tensor], taps: tuple[int, ...]) -> Tensor:
    """The named blocks in a row."""
    return torch.cat([found[tap] for tap in taps], dim=1)


def load_pretrained(network: Network, path: Path) -> str:
    """Copies the published body in; returns the file's SHA-256."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not digest.startswith(PRETRAINED_SHA256_PREFIX):
        raise ValueError(f"{path} is not the published mn04 (SHA-256 {digest[:8]}...)")
    state = torch.load(path, map_location="cpu", weights_only=True)
    body = {k: v for k, v in state.items() if k.startswith("features.")}
    missing, unexpected = network.load_state_dict(body, strict=False)
    if unexpected or any(k.startswith("features.") for k in missing):
        raise ValueError(f"{path} does not fit the network: {unexpected or missing}")
    return digest


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
    """Trained numbers."""
    return sum(p.numel() for p in network.parameters())
