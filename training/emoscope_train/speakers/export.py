"""Writes the speaker model and its golden cases, and compares ONNX Runtime with PyTorch."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from ..export.golden import voice
from ..export.model_spec import OPSET
from ..export.onnx_runtime import session
from ..features.frontend import HOP
from ..files import replacing, write_json, write_text
from . import card
from .bands import N_BANDS, bands
from .last_layer import Tuned, put
from .network import WIDTH, SpeakerNetwork
from .published import weights_file
from .spec import INPUT, KIND, OUTPUT, properties

FLOAT = onnx.TensorProto.FLOAT
# Weights of at least this size are stored in 16 bits; biases and norms are not worth it.
LARGE = 1024
# Decimals of the inputs; rounded first, so that the file contains the exact inputs.
DECIMALS = 4
# In cosine, of ONNX Runtime with weights in 16 bits against PyTorch with 32 bits.
TOLERANCE = 1e-3


def write_model(
    network: SpeakerNetwork, path: Path, mean: list[float], training_data: list[dict[str, Any]]
) -> None:
    """The graph with its metadata; dynamic batch and frames.

    `training_data` has a row for each corpus that the last layer was trained on.
    """
    with replacing(path) as part:
        with warnings.catch_warnings():
            # The tracing exporter needs no further package and writes plain operators.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (torch.zeros(2, 150, N_BANDS),),
                part,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {0: "batch", 1: "frames"}, OUTPUT: {0: "batch"}},
                dynamo=False,
            )
        model = onnx.load(part)
        model.graph.name = f"emoscope-{KIND}"
        halve(model.graph)
        del model.metadata_props[:]
        for key, value in properties(mean, training_data).items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        onnx.checker.check_model(model)
        onnx.save(model, part)


def halve(graph: onnx.GraphProto) -> None:
    """Stores large weights in 16 bits. An engine restores them as constants when it loads."""
    kept, restored = [], []
    for tensor in graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if tensor.data_type != FLOAT or weights.size < LARGE:
            kept.append(tensor)
            continue
        stored = f"{tensor.name}.stored"
        kept.append(numpy_helper.from_array(weights.astype(np.float16), stored))
        restored.append(onnx.helper.make_node("Cast", [stored], [tensor.name], to=FLOAT))
    nodes = [*restored, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)


def sounds() -> dict[str, NDArray[np.float64]]:
    """Named synthetic sounds: a usual window, the shortest, and one over two segments."""
    return {
        "rising voice": voice(150, 220.0, 0.5, 1),
        "low voice, shortest": voice(75, 110.0, -0.3, 2),
        "noise": np.random.default_rng(3).normal(0.0, 0.05, 100 * HOP),
        "high voice, over a segment": voice(260, 280.0, 0.1, 4),
    }


def embed(network: SpeakerNetwork, features: NDArray[Any]) -> NDArray[np.float64]:
    """PyTorch's embedding [192] of one window [frames, 80]."""
    with torch.inference_mode():
        found = network(torch.from_numpy(np.asarray(features, dtype=np.float32))[None])
    return np.asarray(found[0].double().numpy())


def cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Cosine similarity of two embeddings."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def golden(network: SpeakerNetwork) -> list[dict[str, Any]]:
    """Bands of synthetic sounds with their embeddings, and samples with their bands."""
    cases = []
    for name, samples in sounds().items():
        features = np.round(bands(samples), DECIMALS)
        cases.append(
            {
                "name": name,
                "frames": len(features),
                "bands": [round(float(v), DECIMALS) for v in features.ravel()],
                "embedding": [round(float(v), 6) for v in embed(network, features)],
            }
        )
    # Input for testing the filter matrix: pulses excite every bin equally.
    pulses = np.zeros(20 * HOP)
    pulses[5 * HOP :: 4 * HOP + 7] = 0.5
    found = bands(pulses)
    cases.append(
        {
            "name": "pulses",
            "frames": len(found),
            "samples": [float(v) for v in pulses],
            "bands": [round(float(v), DECIMALS) for v in found.ravel()],
        }
    )
    return cases


def gap(model: Path, cases: list[dict[str, Any]]) -> float:
    """Largest distance in cosine between ONNX Runtime and the golden embeddings."""
    runtime = session(model)
    gaps = []
    for case in cases:
        if "embedding" not in case:
            continue
        features = np.asarray(case["bands"], dtype=np.float32).reshape(1, case["frames"], N_BANDS)
        (found,) = runtime.run([OUTPUT], {INPUT: features})
        assert found.shape == (1, WIDTH)
        gaps.append(1.0 - cosine(found[0].astype(np.float64), np.asarray(case["embedding"])))
    return max(gaps)


def load_published() -> SpeakerNetwork:
    """The network with the published weights, in eval mode."""
    network = SpeakerNetwork()
    # A plain state dict: no code in the file is run.
    network.load_state_dict(torch.load(weights_file(), map_location="cpu", weights_only=True))
    return network.eval()


def export(tuned: Tuned, folder: Path) -> int:
    """Writes all files; if ONNX Runtime differs from PyTorch, removes the model and returns 1."""
    network = load_published()
    put(tuned.layer, network)
    model = folder / "model.onnx"
    write_model(network, model, tuned.mean, tuned.training_data)
    cases = golden(network)
    found = gap(model, cases)
    print(f"PyTorch: largest distance in cosine {found:.1e}, allowed {TOLERANCE:.0e}")
    if found > TOLERANCE:
        model.unlink()
        return 1
    write_text(folder / "golden.json", json.dumps({"cases": cases}) + "\n")
    write_json(folder / "mean.json", {"corpora": tuned.corpora, "mean": tuned.mean})
    card.update(folder, "fine_tuned", {"training_data": tuned.training_data})
    print(f"wrote {model} ({model.stat().st_size / 1e6:.1f} MB)")
    return 0
