"""The streaming form of the network: a step maps new frames and a state to a result and a state.

A step holds whole blocks: 2 * FIRST + 1 mel frames first, then any multiple of 2 * BLOCK; the last
step of an utterance may hold fewer. The result of a step is that of all frames of the utterance so
far: mean and variance are merged over steps, after Chan et al., "Updating formulae and a pairwise
algorithm for computing sample variances" (1979).
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from ..features.frontend import N_MELS
from ..model.network import Network, joined
from ..model.whisper import (
    BACK,
    BLOCK,
    FIRST,
    HEADS,
    NO_PEAK,
    POSITIONS,
    WIDTH,
    Layer,
    WhisperEncoder,
    attended,
    level,
)
from .model_spec import BASELINE, EMBEDDING, INPUT, NEXT, OPSET, OUTPUT, SECONDS, SPEECH

FLOAT = onnx.TensorProto.FLOAT
# Weight matrices of a layer: qkv, out, fc1, fc2.
LAYER_PRODUCTS = 4

# Frames older than this many encoder frames (10 s) decay, so that a long utterance can change.
MEMORY = 500


@dataclass(frozen=True)
class Slot:
    """A state tensor: its name, and its shape and value at the start of an utterance."""

    name: str
    shape: tuple[int, ...]
    fill: float = 0.0


def slots(layers: int, taps: int) -> list[Slot]:
    """The state of an utterance. `mel` has a second column after the first step."""
    return [
        Slot("position", (1,)),
        Slot("peak", (1, 1, 1), NO_PEAK),
        Slot("mel", (1, 80, 1)),
        Slot("conv", (1, WIDTH, 1)),
        Slot("keys", (layers, HEADS, BACK, WIDTH // HEADS)),
        Slot("values", (layers, HEADS, BACK, WIDTH // HEADS)),
        Slot("mean", (taps, WIDTH)),
        Slot("variance", (taps, WIDTH)),
    ]


def initial(layers: int, taps: int) -> list[Tensor]:
    """The state at the start of an utterance."""
    return [torch.full(slot.shape, slot.fill) for slot in slots(layers, taps)]


class Step(nn.Module):
    """MFCCs [1, n, 80], baseline [1, 2, width], seconds [1, 1] and state: answers, new state."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        assert isinstance(network.backbone, WhisperEncoder)
        assert network.voice is not None
        assert network.speech is not None
        self.network, self.encoder = network, network.backbone
        self.taps = tuple(sorted({*network.voice_taps, *network.speech_taps}))

    def forward(
        self,
        mfcc: Tensor,
        baseline: Tensor,
        seconds: Tensor,
        position: Tensor,
        peak: Tensor,
        mel: Tensor,
        conv: Tensor,
        keys: Tensor,
        values: Tensor,
        mean: Tensor,
        variance: Tensor,
    ) -> tuple[Tensor, ...]:
        """Logits [1, labels], speech [1, 1], embedding [1, width], then the state in its order."""
        encoder = self.encoder
        decibels = torch.matmul(mfcc, self.network.idct)
        begin = torch.where(position > 0, 2 * position + 1, position)
        image, peak = level(decibels, begin, peak)
        mel = torch.cat([mel, image], dim=2)
        x = functional.gelu(encoder.conv1(mel))
        joined_conv = torch.cat([conv, x], dim=2)
        x = functional.gelu(encoder.conv2(joined_conv)).transpose(1, 2)
        frames = position + torch.arange(x.shape[1])
        x = x + encoder.positions[torch.remainder(frames, POSITIONS).long()]
        cached = position - BACK + torch.arange(BACK)
        mask = attended(frames, torch.cat([cached, frames]))
        new_keys, new_values, new_mean, new_variance = [], [], [], []
        count = torch.tensor(x.shape[1], dtype=torch.float32)
        known = torch.clamp(position, max=float(MEMORY))
        for index, layer in enumerate(encoder.layers):
            if index + 1 > max(self.taps):
                break
            x, k, v = attend(layer, x, keys[index], values[index], mask)
            new_keys.append(k[:, -BACK:])
            new_values.append(v[:, -BACK:])
            if index + 1 in self.taps:
                place = self.taps.index(index + 1)
                m, s = merged(x[0], count, mean[place], variance[place], known)
                new_mean.append(m)
                new_variance.append(s)
        mean, variance = torch.stack(new_mean), torch.stack(new_variance)
        spread = torch.sqrt(variance + 1e-5)
        pooled = {
            tap: torch.cat([mean[place], spread[place]])[None]
            for place, tap in enumerate(self.taps)
        }
        voice, speech = self.network.voice, self.network.speech
        assert voice is not None
        assert speech is not None
        embedding = voice.embed(joined(pooled, self.network.voice_taps))
        return (
            voice.classify(embedding, baseline, seconds),
            speech(joined(pooled, self.network.speech_taps)),
            embedding,
            position + count,
            peak,
            mel[:, :, -2:],
            joined_conv[:, :, -1:],
            torch.stack(new_keys),
            torch.stack(new_values),
            mean,
            variance,
        )


def attend(
    layer: Layer, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer over new frames [1, n, WIDTH]; keys and values [HEADS, BACK + n, ...] of all."""
    q, k, v = layer.projected(x)[:, 0]
    k, v = torch.cat([keys, k], dim=1), torch.cat([values, v], dim=1)
    scores = torch.matmul(q, k.transpose(1, 2)) / (WIDTH // HEADS) ** 0.5
    weights = torch.softmax(scores.masked_fill(~mask, -1e9), dim=2)
    return layer.finished(x, torch.matmul(weights, v)[None]), k, v


def merged(
    x: Tensor, count: Tensor, mean: Tensor, variance: Tensor, known: Tensor
) -> tuple[Tensor, Tensor]:
    """Merges mean and variance [WIDTH] of `known` frames with `count` new ones [count, WIDTH]."""
    total = known + count
    fresh = x.mean(dim=0)
    delta = fresh - mean
    spread = ((x - fresh) ** 2).mean(dim=0)
    share = count / total
    var = (1.0 - share) * variance + share * spread + share * (1.0 - share) * delta**2
    return mean + share * delta, var


def description(network: Network) -> dict[str, object]:
    """The metadata for running the graph: frames per step, and the initial state."""
    step = Step(network)
    state = [
        {"name": slot.name, "shape": list(slot.shape), "fill": slot.fill}
        for slot in slots(max(step.taps), len(step.taps))
    ]
    return {"first_frames": 2 * FIRST + 1, "step_frames": 2 * BLOCK, "state": state}


def write_step(network: Network, path: Path, small: bool = True) -> None:
    """Exports one step of a network in eval mode, by default with compact weights."""
    assert network.voice is not None
    step = Step(network).eval()
    taps = len(step.taps)
    names = [slot.name for slot in slots(max(step.taps), taps)]
    example = (
        torch.zeros(1, 2 * BLOCK, N_MELS),
        *network.voice.unknown(1),
        *initial(max(step.taps), taps),
    )
    grown = path.with_suffix(".float32.onnx")
    with warnings.catch_warnings():
        # The tracing exporter needs no further package and writes plain operators.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            step,
            example,
            grown,
            opset_version=OPSET,
            input_names=[INPUT, BASELINE, SECONDS, *names],
            output_names=[OUTPUT, SPEECH, EMBEDDING, *(NEXT + name for name in names)],
            dynamic_axes={INPUT: {1: "time"}, "mel": {2: "tail"}, f"{NEXT}mel": {2: "next_tail"}},
            dynamo=False,
        )
    model = onnx.load(grown)
    grown.unlink()
    if small:
        compact(model.graph)
    onnx.save(model, path)


def compact(graph: onnx.GraphProto) -> None:
    """Stores large weights in few bits; arithmetic stays in float32.

    The first layer and the positions have 16 bits, since everything after them amplifies their
    error; the other layers have 8 and a scale per output. Plain operators restore them, and an
    engine folds these into constants when it loads the file. So the engines agree, which they do
    not where activations are rounded too.
    """
    read = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    large = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    large = {name: value for name, value in large.items() if value.size >= WIDTH * WIDTH}
    layers = [name for name in read if name in large]
    looked_up = [n.input[0] for n in graph.node if n.op_type == "Gather" and n.input[0] in large]
    half = {*layers[:LAYER_PRODUCTS], *looked_up}
    kept = [t for t in graph.initializer if t.name not in {*layers, *looked_up}]
    restored = []
    for name in dict.fromkeys([*layers, *looked_up]):
        weights, stored = large[name], f"{name}.stored"
        if name in half:
            kept.append(numpy_helper.from_array(weights.astype(np.float16), stored))
            restored.append(onnx.helper.make_node("Cast", [stored], [name], to=FLOAT))
            continue
        scale = (np.abs(weights).max(axis=0, keepdims=True) / 127.0).astype(np.float32)
        rounded = np.round(weights / np.maximum(scale, 1e-12)).astype(np.int8)
        kept.append(numpy_helper.from_array(rounded, stored))
        kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
        restored.append(onnx.helper.make_node("Cast", [stored], [f"{name}.whole"], to=FLOAT))
        restored.append(onnx.helper.make_node("Mul", [f"{name}.whole", f"{name}.scale"], [name]))
    nodes = [*restored, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
