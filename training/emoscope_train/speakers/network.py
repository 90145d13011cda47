"""The speaker network CAM++: 80 bands over time to an embedding of 192 values.

Wang et al., "CAM++: A fast and efficient network for speaker verification using context-aware
masking" (2023), from 3D-Speaker, Apache-2.0. Four residual blocks see the bands as an image, then
three blocks of densely connected convolutions over time follow. In each of their layers, a mask
weighs the channels by their context. Mean and standard deviation over time give the embedding.

In the published network, the context is the mean over the whole input and over segments of two
seconds. Here it is the mean over one second around each segment of 0.2 s. So all windows of a
stretch can share one computation, although a second voice may follow in it: with the context of
the published network, that voice would change the masks of the first.

The names of the modules are those of the published state dict.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .bands import N_BANDS
from .spec import CONTEXT, SEGMENT

WIDTH = 192
# Channels of the image, after the first convolution over time, added by a dense layer, and within.
IMAGE, FIRST, GROWTH, WITHIN = 32, 128, 32, 128
# Layers and dilation of each dense block.
BLOCKS = ((12, 1), (24, 2), (16, 2))
# The first convolution over time has a stride.
FRAMES_PER_STEP = 2


class ResidualBlock(nn.Module):
    """Two convolutions over bands and time; `stride` thins out the bands."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(IMAGE, IMAGE, 3, (stride, 1), 1, bias=False)
        self.bn1 = nn.BatchNorm2d(IMAGE)
        self.conv2 = nn.Conv2d(IMAGE, IMAGE, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(IMAGE)
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.Conv2d(IMAGE, IMAGE, 1, (stride, 1), bias=False))
            self.shortcut.append(nn.BatchNorm2d(IMAGE))

    def forward(self, x: Tensor) -> Tensor:
        """[batch, IMAGE, bands, frames] to the same with bands / stride."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Image(nn.Module):
    """Bands over time as an image, an eighth of the bands left."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, IMAGE, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(IMAGE)
        self.layer1 = nn.Sequential(ResidualBlock(2), ResidualBlock(1))
        self.layer2 = nn.Sequential(ResidualBlock(2), ResidualBlock(1))
        self.conv2 = nn.Conv2d(IMAGE, IMAGE, 3, (2, 1), 1, bias=False)
        self.bn2 = nn.BatchNorm2d(IMAGE)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, bands, frames] to [batch, IMAGE * bands / 8, frames]."""
        x = functional.relu(self.bn1(self.conv1(x.unsqueeze(1))))
        x = functional.relu(self.bn2(self.conv2(self.layer2(self.layer1(x)))))
        return x.flatten(1, 2)


def normed(channels: int, affine: bool = True, rectified: bool = True) -> nn.Sequential:
    """Batch norm, with a rectifier after it unless told otherwise."""
    layers = nn.Sequential()
    layers.add_module("batchnorm", nn.BatchNorm1d(channels, affine=affine))
    if rectified:
        layers.add_module("relu", nn.ReLU())
    return layers


class Masked(nn.Module):
    """A convolution over time with channels weighted by a context mask.

    A mask has one value per segment, so its layers are computed once per segment and not per step.
    """

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(
            WITHIN, GROWTH, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(WITHIN, WITHIN // 2, 1)
        self.linear2 = nn.Conv1d(WITHIN // 2, GROWTH, 1)

    def forward(self, x: Tensor, segments: "Segments") -> Tensor:
        """[batch, WITHIN, steps] to [batch, GROWTH, steps]."""
        # The published weights expect the sum of two means.
        context = functional.relu(self.linear1(2.0 * torch.matmul(x, segments.weights)))
        mask = torch.sigmoid(self.linear2(context))
        out: Tensor = self.linear_local(x) * torch.matmul(mask, segments.members)
        return out


class DenseLayer(nn.Module):
    """Adds GROWTH channels to those of the layers before."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = normed(channels)
        self.linear1 = nn.Conv1d(channels, WITHIN, 1, bias=False)
        self.nonlinear2 = normed(WITHIN)
        self.cam_layer = Masked(dilation)

    def forward(self, x: Tensor, segments: "Segments") -> Tensor:
        """[batch, channels, steps] to [batch, channels + GROWTH, steps]."""
        y = self.nonlinear2(self.linear1(self.nonlinear1(x)))
        return torch.cat([x, self.cam_layer(y, segments)], dim=1)


class Transit(nn.Module):
    """Halves the channels after a dense block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.nonlinear = normed(channels)
        self.linear = nn.Conv1d(channels, channels // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(self.nonlinear(x))
        return out


class Linear(nn.Module):
    """A linear layer over channels, or a convolution over time, with batch norm."""

    def __init__(self, layer: nn.Conv1d, norm: nn.Sequential) -> None:
        super().__init__()
        self.linear, self.nonlinear = layer, norm

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(x))
        return out


class SpeakerNetwork(nn.Module):
    """Log band energies of a stretch of speech to embeddings of its windows, not normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.head = Image()
        layers = nn.ModuleDict()
        over_time = nn.Conv1d(IMAGE * N_BANDS // 8, FIRST, 5, FRAMES_PER_STEP, 2, bias=False)
        layers["tdnn"] = Linear(over_time, normed(FIRST))
        channels = FIRST
        for number, (count, dilation) in enumerate(BLOCKS, 1):
            block = nn.ModuleDict()
            for place in range(1, count + 1):
                block[f"tdnnd{place}"] = DenseLayer(channels, dilation)
                channels += GROWTH
            layers[f"block{number}"] = block
            layers[f"transit{number}"] = Transit(channels)
            channels //= 2
        layers["out_nonlinear"] = normed(channels)
        last = nn.Conv1d(2 * channels, WIDTH, 1, bias=False)
        layers["dense"] = Linear(last, normed(WIDTH, affine=False, rectified=False))
        self.xvector = layers

    def forward(self, bands: Tensor, windows: Tensor) -> Tensor:
        """Embeddings of windows of one stretch of speech, which is computed once for all.

        `bands` [frames, 80] and `windows` [n, 2], first frame and end, to [n, 192].
        """
        found = statistics_within(self.steps_of(bands.unsqueeze(0))[0], windows)
        embeddings: Tensor = self.xvector["dense"](found.unsqueeze(2)).flatten(1)
        return embeddings

    def statistics_of(self, bands: Tensor) -> Tensor:
        """The input of the last layer, [batch, frames, 80] to [batch, 1024]."""
        return statistics(self.steps_of(bands))

    def steps_of(self, bands: Tensor) -> Tensor:
        """What the statistics are taken over, [batch, frames, 80] to [batch, 512, frames / 2].

        The mean over time of each band is subtracted first.
        """
        x = self.head((bands - bands.mean(dim=1, keepdim=True)).transpose(1, 2))
        layers = self.xvector
        x = layers["tdnn"](x)
        segments = Segments.over(x.shape[2])
        for number, (count, _) in enumerate(BLOCKS, 1):
            block = layers[f"block{number}"]
            assert isinstance(block, nn.ModuleDict)
            for place in range(1, count + 1):
                x = block[f"tdnnd{place}"](x, segments)
            x = layers[f"transit{number}"](x)
        out: Tensor = layers["out_nonlinear"](x)
        return out


class Segments(NamedTuple):
    """Segments of SEGMENT steps; the last one may be shorter."""

    # [steps, n]: the weight of a step in the context of a segment, a mean over CONTEXT steps.
    weights: Tensor
    # [n, steps]: 1 where a step is in a segment.
    members: Tensor

    @classmethod
    def over(cls, steps: int) -> "Segments":
        """Those of so many steps. At both ends the contexts are shorter."""
        middle = torch.arange(steps).float() + 0.5
        # From the first steps, so that the exported graph needs no division.
        centre = middle[::SEGMENT] + (SEGMENT - 1) / 2
        distance = (middle[:, None] - centre[None, :]).abs()
        near = (distance <= CONTEXT / 2).float()
        members = (distance <= SEGMENT / 2).float().transpose(0, 1)
        return cls(near / near.sum(dim=0, keepdim=True), members)


def statistics(x: Tensor) -> Tensor:
    """Mean and unbiased standard deviation over time, [batch, n, steps] -> [batch, 2 n]."""
    mean = x.mean(dim=2, keepdim=True)
    count = torch.tensor(x.shape[2], dtype=torch.float32)
    variance = ((x - mean) ** 2).mean(dim=2) * (count / (count - 1.0))
    return torch.cat([mean.squeeze(2), torch.sqrt(variance)], dim=1)


def statistics_within(x: Tensor, windows: Tensor) -> Tensor:
    """`statistics` of windows of frames, x [n, steps] and windows [m, 2] -> [m, 2 n]."""
    frame = FRAMES_PER_STEP * torch.arange(x.shape[1]).float()
    inside = ((frame >= windows[:, :1]) & (frame < windows[:, 1:])).float()
    count = inside.sum(dim=1, keepdim=True)
    # Distances from the common mean are small, so the difference of squares is exact enough.
    common = x.mean(dim=1)
    distance = (x - common[:, None]).transpose(0, 1)
    mean = torch.matmul(inside, distance) / count
    variance = torch.matmul(inside, distance**2) / count - mean**2
    variance = torch.clamp(variance, min=0.0) * (count / (count - 1.0))
    return torch.cat([mean + common, torch.sqrt(variance)], dim=1)
