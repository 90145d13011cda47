"""Writes a model's files and compares every engine with PyTorch."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..config import Config
from ..model.network import Network
from ..model.whisper import WhisperEncoder
from ..numeric import softmax
from ..runs import Run
from ..training.calibration import calibration_of
from ..training.checkpoints import load_best
from . import binary, golden
from .model_spec import Metadata, Tuning, VoiceChange
from .onnx_file import write_onnx
from .onnx_runtime import run_onnx, session


def reference(
    network: Network, features: NDArray[Any], temperature: float, enrolled: bool = False
) -> NDArray[np.float64]:
    """PyTorch's probabilities of one window, without a baseline or with the golden one."""
    mfcc = torch.from_numpy(features.astype(np.float32))[None]
    with torch.inference_mode():
        if network.voice is None:
            logits = network(mfcc)
        else:
            known, length = golden.baseline(network.width)
            voice = (torch.from_numpy(known)[None], torch.tensor([[length]]))
            logits, _, _ = network(mfcc, *(voice if enrolled else network.voice.unknown(1)))
    return softmax(logits[0].double().numpy(), temperature)


def onnx_gap(network: Network, model: Path, temperature: float) -> float:
    """Largest difference in probability over the golden cases."""
    runtime = session(model)
    known, length = golden.baseline(network.width)
    gaps = []
    for case in golden.inputs().values():
        logits_by = {False: run_onnx(runtime, case)}
        if network.voice is not None:
            logits_by[True] = run_onnx(runtime, case, known, length)
        for enrolled, logits in logits_by.items():
            ours = reference(network, case, temperature, enrolled)
            gaps.append(np.abs(softmax(logits, temperature) - ours).max())
    return float(max(gaps))


def export(config: Config, split: str, work: Path, folder: Path, program: Path | None) -> int:
    """Writes all files; if an engine differs, removes them and returns exit status 1."""
    run = Run(work, config.name, split)
    network = load_best(run)
    calibration = calibration_of(config, work, split)
    if calibration.correction and network.voice:
        network.voice.correct(calibration.correction)
    metadata = Metadata(calibration, run.read(run.facts)["training_data"])
    if network.voice is not None:
        metadata.tuning = Tuning()
    if run.change.is_file():
        metadata.voice_change = VoiceChange(**run.read(run.change))
    model, cases = folder / "model.onnx", folder / "golden.json"
    write_onnx(network, config.name, metadata, model)
    warmth = calibration.temperature
    compact = isinstance(network.backbone, WhisperEncoder)
    runtime = session(model)

    def answer(features: NDArray[Any], enrolled: bool = False) -> NDArray[np.float64]:
        # The reference is the file's graph, because compact weights change the results slightly.
        if not compact:
            return reference(network, features, warmth, enrolled)
        known = golden.baseline(network.width) if enrolled else ()
        return softmax(run_onnx(runtime, features, *known), warmth)

    answers = {}
    for name, case in golden.inputs().items():
        answers[name] = {"probabilities": answer(case)}
        if network.voice is not None:
            answers[name]["settled_probabilities"] = answer(case, enrolled=True)
    golden.write(cases, answers, network.width)
    allowed = golden.COMPACT_TOLERANCE if compact else golden.TOLERANCE
    checks = [("PyTorch", onnx_gap(network, model, warmth), allowed)]
    if program:
        gap = binary.gap(answer, model, program)
        checks.append((program.name, gap, binary.TOLERANCE))
    for name, gap, allowed in checks:
        print(f"{name}: largest difference {gap:.1e}, allowed {allowed:.0e}")
    if all(gap <= allowed for _, gap, allowed in checks):
        print(f"wrote {model} ({model.stat().st_size / 1e6:.1f} MB)")
        return 0
    model.unlink()
    cases.unlink()
    return 1
