"""Runs a model file in ONNX Runtime."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .model_spec import BASELINE, EMBEDDING, INPUT, NEXT, OUTPUT, SECONDS, SPEECH


def session(path: Path) -> onnxruntime.InferenceSession:
    """The model on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_onnx(
    runtime: onnxruntime.InferenceSession,
    mfcc: NDArray[Any],
    baseline: NDArray[Any] | None = None,
    seconds: float = 0.0,
) -> NDArray[Any]:
    """Logits of one window, [labels], without a baseline or with the given one."""
    (logits,) = outputs(runtime, [OUTPUT], mfcc, baseline, seconds)
    return np.asarray(logits)[0]


def outputs(
    runtime: onnxruntime.InferenceSession,
    names: list[str],
    mfcc: NDArray[Any],
    baseline: NDArray[Any] | None = None,
    seconds: float = 0.0,
) -> list[NDArray[Any]]:
    """The named outputs for one window [time, 80], each with a batch of 1.

    A streaming model processes the window in its steps.
    """
    inputs: dict[str, NDArray[Any]] = {INPUT: np.asarray(mfcc, dtype=np.float32)[None]}
    shapes = {entry.name: entry.shape for entry in runtime.get_inputs()}
    if BASELINE in shapes:
        empty = np.zeros(shapes[BASELINE][1:])
        inputs[BASELINE] = np.asarray(empty if baseline is None else baseline, np.float32)[None]
        inputs[SECONDS] = np.asarray([[seconds]], dtype=np.float32)
    stream = runtime.get_modelmeta().custom_metadata_map.get("stream")
    if stream:
        return run_steps(runtime, names, inputs, json.loads(stream))
    return list(runtime.run(names, inputs))


def run_steps(
    runtime: onnxruntime.InferenceSession,
    names: list[str],
    inputs: dict[str, NDArray[Any]],
    stream: dict[str, Any],
) -> list[NDArray[Any]]:
    """The named outputs after the last step of 2 or more frames; a step of one frame is skipped."""
    mfcc = inputs[INPUT]
    state = {
        slot["name"]: np.full(slot["shape"], slot["fill"], np.float32) for slot in stream["state"]
    }
    begin = 0
    outputs: list[NDArray[Any]] = []
    while mfcc.shape[1] - begin >= 2:
        frames = stream["step_frames"] if begin else stream["first_frames"]
        given = {**inputs, **state, INPUT: mfcc[:, begin : begin + frames]}
        outputs = runtime.run([*names, *(NEXT + name for name in state)], given)
        state = dict(zip(state, outputs[len(names) :], strict=True))
        begin += frames
    return outputs[: len(names)]


def embed(
    runtime: onnxruntime.InferenceSession, windows: Iterable[NDArray[Any]]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Embeddings [windows, width] and logits of speech [windows]."""
    rows = [outputs(runtime, [EMBEDDING, SPEECH], window) for window in windows]
    embedded, speech = (
        np.concatenate(column).astype(np.float32) for column in zip(*rows, strict=True)
    )
    return embedded, speech[:, 0]
