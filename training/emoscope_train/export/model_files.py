"""Writes a model's files and checks that every engine gives the answers of PyTorch."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import Config
from ..model.network import Network
from ..numeric import softmax
from ..runs import Run
from ..training.calibration import calibration_of
from ..training.checkpoints import load_best
from . import binary, golden
from .model_spec import Metadata, Tuning, VoiceChange
from .onnx_file import write_onnx
from .onnx_runtime import run_onnx, session


def reference(
    network: Network, features: NDArray[Any], temperature: float, settled: bool = False
) -> NDArray[np.float64]:
    """PyTorch's probabilities of one window, without a baseline or with the golden one."""
    mfcc = torch.from_numpy(features.astype(np.float32))[None]
    with torch.inference_mode():
        if network.voice is None:
            logits = network(mfcc)
        else:
            known, length = golden.baseline(network.width)
            voice = (torch.from_numpy(known)[None], torch.tensor([[length]]))
            logits, _, _ = network(mfcc, *(voice if settled else network.voice.unknown(1)))
    return softmax(logits[0].double().numpy(), temperature)


def onnx_gap(network: Network, model: Path, temperature: float) -> float:
    """Largest difference in probability over the golden cases."""
    runtime = session(model)
    known, length = golden.baseline(network.width)
    gaps = []
    for case in golden.inputs().values():
        found = {False: run_onnx(runtime, case)}
        if network.voice is not None:
            found[True] = run_onnx(runtime, case, known, length)
        for settled, logits in found.items():
            ours = reference(network, case, temperature, settled)
            gaps.append(np.abs(softmax(logits, temperature) - ours).max())
    return float(max(gaps))


def export(config: Config, split: str, work: Path, folder: Path, program: Path | None) -> int:
    """Exit status 1, and no file left, when an engine differs."""
    run = Run(work, config.name, split)
    network = load_best(run)
    calibration = calibration_of(config, work, split)
    metadata = Metadata(calibration, run.read(run.facts)["training_data"])
    if network.voice is not None:
        metadata.tuning = Tuning()
    if run.change.is_file():
        metadata.voice_change = VoiceChange(**run.read(run.change))
    model, cases = folder / "model.onnx", folder / "golden.json"
    write_onnx(network, config.name, metadata, model)
    warmth = calibration.temperature
    answers = {}
    for name, case in golden.inputs().items():
        answers[name] = {"probabilities": reference(network, case, warmth)}
        if network.voice is not None:
            settled = reference(network, case, warmth, settled=True)
            answers[name]["settled_probabilities"] = settled
    golden.write(cases, answers, network.width)
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
