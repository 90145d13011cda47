"""Writes a model's files and proves that every engine answers as PyTorch does."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from . import binary, golden
from .config import Config
from .contract import Calibration, Metadata
from .model import Network
from .numeric import softmax
from .onnx_file import write_onnx
from .onnx_runtime import run_onnx, session
from .runs import Run
from .train import load_best


def reference(network: Network, features: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    """PyTorch's probabilities of one window."""
    with torch.inference_mode():
        logits = network(torch.from_numpy(features.astype(np.float32))[None])[0]
    return softmax(logits.double().numpy(), temperature)


def onnx_gap(network: Network, model: Path, temperature: float) -> float:
    """Largest difference in probability over the golden cases."""
    runtime = session(model)
    gaps = [
        np.abs(
            softmax(run_onnx(runtime, case), temperature) - reference(network, case, temperature)
        ).max()
        for case in golden.inputs().values()
    ]
    return float(max(gaps))


def export(config: Config, run: Run, folder: Path, program: Path | None) -> int:
    """Exit status 1, and no file left, when an engine differs."""
    network = load_best(run)
    calibration = Calibration(**run.read(run.calibration))
    metadata = Metadata(calibration, run.read(run.facts)["training_data"])
    model, cases = folder / "model.onnx", folder / "golden.json"
    write_onnx(network, config.name, metadata, model)
    warmth = calibration.temperature
    golden.write(cases, {n: reference(network, x, warmth) for n, x in golden.inputs().items()})
    checks = [("ONNX Runtime", onnx_gap(network, model, warmth), golden.TOLERANCE)]
    if program:
        gap = binary.gap(lambda window: reference(network, window, warmth), model, program)
        checks.append((program.name, gap, binary.TOLERANCE))
    for name, gap, allowed in checks:
        print(f"{name}: largest difference {gap:.1e}, allowed {allowed:.0e}")
    if all(gap <= allowed for _, gap, allowed in checks):
        print(f"wrote {model} ({model.stat().st_size / 1e6:.1f} MB)")
        return 0
    model.unlink()
    cases.unlink()
    return 1
