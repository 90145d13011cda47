"""Writes a model's files and proves that every engine answers as PyTorch does."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from . import binary, golden
from .audio import read_audio
from .config import Config
from .contract import Calibration, Metadata
from .frontend import HOP, SAMPLE_RATE, WINDOW, mfcc
from .labels import LABELS
from .model import Network
from .numeric import softmax
from .onnx_file import write_onnx
from .onnx_runtime import run_onnx, session
from .runs import Run
from .train import load_best

# Through the binary's own front end, decoding included.
BINARY_TOLERANCE = 1e-3


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


def binary_gap(network: Network, model: Path, temperature: float, program: Path) -> float:
    """The same for the binary, over utterances that it finds in a synthetic recording."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "voice.wav"
        silence = np.zeros(SAMPLE_RATE)
        speech = golden.voice(260, 180.0, 0.3, 6)
        samples = np.concatenate([silence, speech, silence]).astype(np.float32)
        soundfile.write(sound, samples, SAMPLE_RATE, subtype="FLOAT")
        features = mfcc(read_audio(sound))
        centres = np.arange(len(features)) * HOP / SAMPLE_RATE
        gaps = []
        for event in binary.utterances(program, sound, model):
            start, end = event["start_s"], event["end_s"]
            if end - start > WINDOW["max_s"]:
                continue
            window = features[(centres >= start - 1e-6) & (centres < end - 1e-6)]
            ours = reference(network, window, temperature)
            theirs = np.asarray([event["probabilities"][label] for label in LABELS])
            gaps.append(float(np.abs(ours - theirs).max()))
    if not gaps:
        print(f"{program} judged no whole utterance")
        return float("inf")
    return max(gaps)


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
        checks.append((program.name, binary_gap(network, model, warmth, program), BINARY_TOLERANCE))
    for name, gap, allowed in checks:
        print(f"{name}: largest difference {gap:.1e}, allowed {allowed:.0e}")
    if all(gap <= allowed for _, gap, allowed in checks):
        print(f"wrote {model} ({model.stat().st_size / 1e6:.1f} MB)")
        return 0
    model.unlink()
    cases.unlink()
    return 1
