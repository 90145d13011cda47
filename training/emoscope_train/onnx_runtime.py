"""Runs a model file in ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .contract import INPUT, OUTPUT


def session(path: Path) -> onnxruntime.InferenceSession:
    """The model on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_onnx(runtime: onnxruntime.InferenceSession, mfcc: NDArray[Any]) -> NDArray[Any]:
    """Logits of one window, [labels]."""
    (logits,) = runtime.run([OUTPUT], {INPUT: np.asarray(mfcc, dtype=np.float32)[None]})
    return np.asarray(logits)[0]
