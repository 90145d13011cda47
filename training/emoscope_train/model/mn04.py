"""The small backbone: EfficientAT's mn04 (MIT), 0.5 M parameters, trained on sounds of all kinds.

Module names follow the published state dict, so that it loads by name.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import UserError
from .mel_bands import FLOOR_DB, mapping

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
    """Scales the channels by their mean over the window."""

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


class Mn04(nn.Module):
    """Log-mel to pooled blocks: tap 0 is the stem, tap n of block n."""

    bands: Tensor
    offset: Tensor
    # Blocks of the speech head. The last blocks fit the training corpora too closely.
    speech_taps = (5, 7, 9, 10, 12, 13)

    def __init__(self) -> None:
        super().__init__()
        matrix, vector = mapping()
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

    def trained(self) -> list[nn.Parameter]:
        """What fine-tuning changes: everything."""
        return list(self.features.parameters())

    def image(self, decibels: Tensor) -> Tensor:
        """Log-mel in dB [batch, time, 80] to the input [batch, 1, band, time], level normalised."""
        power = torch.exp(decibels * 0.23025850929940458)
        level = torch.log(power.mean(dim=(1, 2), keepdim=True)) * 4.3429448190325175
        relative = torch.clamp(decibels - level, min=FLOOR_DB)
        mapped = torch.matmul(relative, self.bands) + self.offset
        return mapped.transpose(1, 2).unsqueeze(1)

    def tapped(self, image: Tensor, taps: Collection[int]) -> dict[int, Tensor]:
        """Mean and spread over time of each block named."""
        pooled_layers = {}
        x = image
        for index, layer in enumerate(self.features[: max(taps) + 1]):
            x = layer(x)
            if index in taps:
                tracks = x.mean(dim=2)
                mean = tracks.mean(dim=2, keepdim=True)
                spread = torch.sqrt(((tracks - mean) ** 2).mean(dim=2) + 1e-5)
                pooled_layers[index] = torch.cat([mean.squeeze(2), spread], dim=1)
        return pooled_layers


def load_published(backbone: Mn04, path: Path) -> str:
    """Copies the published weights in; returns the file's SHA-256."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not digest.startswith(PRETRAINED_SHA256_PREFIX):
        raise UserError(f"{path} is not the published mn04 (SHA-256 {digest[:8]}...)")
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = {k: v for k, v in state.items() if k.startswith("features.")}
    missing, unexpected = backbone.load_state_dict(weights, strict=False)
    if unexpected or any(k.startswith("features.") for k in missing):
        raise UserError(f"{path} does not fit the network: {unexpected or missing}")
    return digest
