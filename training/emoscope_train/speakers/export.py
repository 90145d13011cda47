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
from .spec import INPUT, KIND, OUTPUT, WINDOWS, properties

FLOAT = onnx.TensorProto.FLOAT
# Weights of at least this size are stored in 16 bits; biases and norms are not worth it.
LARGE = 1024
# Decimals of the inputs; rounded first, so that the file contains the exact inputs.
DECIMALS = 4
# In cosine, of ONNX Runtime with weights in 16 bits against PyTorch with 32 bits.
TOLERANCE = 1e-3


def write_model(
    network: SpeakerNetwork,
    path: Path,
    learned: dict[str, Any],
    training_data: list[dict[str, Any]],
) -> None:
    """The graph with its metadata; any number of frames and windows.

    `learned` has the constants of the program that are learned, and `training_data` a row for
    each corpus that the last layer was trained on.
    """
    with replacing(path) as part:
        with warnings.catch_warnings():
            # The tracing exporter needs no further package and writes plain operators.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (torch.zeros(150, N_BANDS), torch.tensor([[0.0, 100.0], [75.0, 150.0]])),
                part,
                opset_version=OPSET,
                input_names=[INPUT, WINDOWS],
                output_names=[OUTPUT],
                dynamic_axes={INPUT: {0: "frames"}, WINDOWS: {0: "n"}, OUTPUT: {0: "n"}},
                dynamo=False,
            )
        model = onnx.load(part)
        model.graph.name = f"emoscope-{KIND}"
        halve(model.graph)
        del model.metadata_props[:]
        for key, value in properties(learned, training_data).items():
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


def sounds() -> dict[str, tuple[NDArray[np.float64], list[list[int]]]]:
    """Named synthetic sounds with their windows: a usual one, the shortest, and several."""
    return {
        "rising voice": (voice(150, 220.0, 0.5, 1), [[0, 150]]),
        "low voice, shortest": (voice(75, 110.0, -0.3, 2), [[0, 75]]),
        "noise": (np.random.default_rng(3).normal(0.0, 0.05, 100 * HOP), [[0, 100]]),
        "high voice, over a segment": (
            voice(260, 280.0, 0.1, 4),
            [[0, 100], [75, 175], [150, 250], [161, 260]],
        ),
    }


def embed(
    network: SpeakerNetwork, features: NDArray[Any], windows: list[list[int]]
) -> NDArray[np.float64]:
    """PyTorch's embeddings [windows, 192] of windows of `features` [frames, 80]."""
    bands = torch.from_numpy(np.asarray(features, dtype=np.float32))
    with torch.inference_mode():
        found = network(bands, torch.tensor(windows, dtype=torch.float32))
    return np.asarray(found.double().numpy())


def cosine(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Cosine similarity of two embeddings."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def golden(network: SpeakerNetwork) -> list[dict[str, Any]]:
    """Bands of synthetic sounds with their embeddings, and samples with their bands."""
    cases = []
    for name, (samples, windows) in sounds().items():
        features = np.round(bands(samples), DECIMALS)
        found = embed(network, features, windows)
        cases.append(
            {
                "name": name,
                "frames": len(features),
                "bands": [round(float(v), DECIMALS) for v in features.ravel()],
                "windows": windows,
                "embeddings": [[round(float(v), 6) for v in row] for row in found],
            }
        )
    # Input for testing the filter matrix: pulses excite every bin equally.
    pulses = np.zeros(20 * HOP)
    pulses[5 * HOP :: 4 * HOP + 7] = 0.5
    features = bands(pulses)
    cases.append(
        {
            "name": "pulses",
            "frames": len(features),
            "samples": [float(v) for v in pulses],
            "bands": [round(float(v), DECIMALS) for v in features.ravel()],
        }
    )
    return cases


def gap(model: Path, cases: list[dict[str, Any]]) -> float:
    """Largest distance in cosine between ONNX Runtime and the golden embeddings."""
    runtime = session(model)
    gaps = []
    for case in cases:
        if "windows" not in case:
            continue
        features = np.asarray(case["bands"], dtype=np.float32).reshape(case["frames"], N_BANDS)
        windows = np.asarray(case["windows"], dtype=np.float32)
        (found,) = runtime.run([OUTPUT], {INPUT: features, WINDOWS: windows})
        assert found.shape == (len(windows), WIDTH)
        pairs = zip(found.astype(np.float64), np.asarray(case["embeddings"]), strict=True)
        gaps += [1.0 - cosine(*pair) for pair in pairs]
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
    write_model(network, model, tuned.tuning, tuned.training_data)
    cases = golden(network)
    found = gap(model, cases)
    print(f"PyTorch: largest distance in cosine {found:.1e}, allowed {TOLERANCE:.0e}")
    if found > TOLERANCE:
        model.unlink()
        return 1
    write_text(folder / "golden.json", json.dumps({"cases": cases}) + "\n")
    write_json(folder / "tuning.json", {"corpora": tuned.corpora, **tuned.tuning})
    facts = {"training_data": tuned.training_data, "taken_for_speech": tuned.taken_for_speech}
    card.update(folder, "fine_tuned", facts)
    print(f"wrote {model} ({model.stat().st_size / 1e6:.1f} MB)")
    return 0
