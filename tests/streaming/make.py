"""Makes the streaming model of the tests, small enough for a second implementation there.

It keeps the number of frames, their sum and the sum of their second differences, so that a frame
too many, too few or in the wrong place changes its outputs. Needs onnx and numpy.
"""

import json
import re
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

HERE = Path(__file__).resolve().parent
LABELS = ["calm", "loud", "tense"]
WIDTH = 4
# Name, shape and value at the start of an utterance. `edge` has one frame then and two later.
STATE = [
    ("position", [1], 0.0),
    ("sum", [1, 80], 0.0),
    ("rough", [1, 1], 0.0),
    ("edge", [1, 1, 80], 0.5),
]


def frontend() -> dict[str, object]:
    """The `frontend` entry, taken from the model inside the program."""
    model = (HERE.parents[1] / "models/small/model.onnx").read_bytes()
    found = re.search(rb'\{"sample_rate": 16000[^}]*\}', model)
    assert found, "the model inside the program has no frontend entry"
    said: dict[str, object] = json.loads(found[0])
    return said


def constant(name: str, values: object, kind: type = np.float32) -> None:
    """Adds a weight."""
    weights.append(numpy_helper.from_array(np.asarray(values, kind), name))


def node(operator: str, inputs: str, output: str, **attributes: object) -> None:
    """Adds a node; names of inputs are separated by spaces."""
    nodes.append(helper.make_node(operator, inputs.split(), [output], **attributes))


def value(name: str, shape: list[int | str]) -> object:
    """An input or output of floats."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


weights, nodes = [], []
coefficients, numbers, labels = np.arange(80)[:, None], np.arange(WIDTH)[:, None], np.arange(3)
constant("of_mean", 0.03 * np.sin(0.7 + coefficients * (labels + 1)) * (coefficients > 0))
constant("of_voice", 0.5 * np.cos(numbers + labels))
constant("of_rough", 0.2 * (labels[None] - 1))
constant("tenth", 0.1)
constant("hundred", 100.0)
constant("prior_s", 6.0)
constant("quiet", 430.0)
for name, number in [("zero", 0), ("one", 1), ("two", 2), ("last", -1), ("last_two", -2)]:
    constant(name, [number], np.int64)
constant("end", [np.iinfo(np.int64).max], np.int64)
constant("width_and_one", [WIDTH + 1], np.int64)
constant("both", [1, 2], np.int64)

node("Shape", "mfcc", "shape")
node("Gather", "shape one", "frames")
node("Cast", "frames", "count", to=TensorProto.FLOAT)
node("Add", "position count", "next_position")
node("ReduceSum", "mfcc one", "step_sum", keepdims=0)
node("Add", "sum step_sum", "next_sum")
node("Div", "next_sum next_position", "mean")

node("Concat", "edge mfcc", "joined", axis=1)
node("Slice", "joined zero last_two one", "before")
node("Slice", "joined one last one", "here")
node("Slice", "joined two end one", "after")
node("Add", "before after", "around")
node("Add", "here here", "twice")
node("Sub", "around twice", "bend")
node("Abs", "bend", "size")
node("ReduceSum", "size both", "step_rough", keepdims=0)
node("Add", "rough step_rough", "next_rough")
node("Slice", "joined last_two end one", "next_edge")

node("Slice", "mean one width_and_one one", "low")
node("Mul", "low tenth", "embedding")
node("Slice", "baseline zero one one", "usual_row")
node("Squeeze", "usual_row one", "usual")
node("Add", "baseline_s prior_s", "weight")
node("Div", "baseline_s weight", "share")
node("Mul", "usual share", "expected")
node("Sub", "embedding expected", "apart")

node("Div", "next_rough next_position", "rough_each")
node("Div", "rough_each hundred", "rough_mean")
node("MatMul", "mean of_mean", "from_mean")
node("MatMul", "apart of_voice", "from_voice")
node("MatMul", "rough_mean of_rough", "from_rough")
node("Add", "from_mean from_voice", "from_both")
node("Add", "from_both from_rough", "logits")

node("Slice", "mean zero one one", "loudness")
node("Add", "loudness quiet", "above")
node("Mul", "above tenth", "speech")

free: dict[str, tuple[list[int | str], list[int | str]]] = {
    "edge": ([1, "before_frames", 80], [1, "after_frames", 80]),
}
inputs = [
    value("mfcc", [1, "time", 80]),
    value("baseline", [1, 2, WIDTH]),
    value("baseline_s", [1, 1]),
    *(value(name, free.get(name, (shape, shape))[0]) for name, shape, _ in STATE),
]
outputs = [
    value("logits", [1, len(LABELS)]),
    value("speech", [1, 1]),
    value("embedding", [1, WIDTH]),
    *(value(f"next_{name}", free.get(name, (shape, shape))[1]) for name, shape, _ in STATE),
]
graph = helper.make_graph(nodes, "streaming", inputs, outputs, weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
entries = {
    "labels": LABELS,
    "frontend": frontend(),
    "window": {"min_s": 0.75, "max_s": 3.0, "hop_s": 0.25},
    "temperature": 1.5,
    "thresholds": {"certain": 0.4, "margin": 0.05},
    "version": "1",
    "training_data": [{"corpus": "none"}],
    "licences": ["none"],
    "stream": {
        "first_frames": 73,
        "step_frames": 24,
        "speech_threshold": 0.5,
        "state": [dict(zip(("name", "shape", "fill"), slot, strict=True)) for slot in STATE],
    },
}
helper.set_model_props(model, {key: json.dumps(value) for key, value in entries.items()})
checker.check_model(model, full_check=True)
save(model, HERE / "model.onnx")
