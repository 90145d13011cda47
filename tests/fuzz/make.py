"""Makes the smallest valid model, the seed for the fuzzing of models.

It multiplies the mean of the features by zero, so its output is constant.
Needs onnx and numpy.
"""

import json
import re
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

HERE = Path(__file__).resolve().parent
LABELS = ["calm", "loud"]


def frontend() -> dict[str, object]:
    """The `frontend` entry, taken from the model inside the program."""
    model = (HERE.parents[1] / "models/small/model.onnx").read_bytes()
    found = re.search(rb'\{"sample_rate": 16000[^}]*\}', model)
    assert found, "the model inside the program has no frontend entry"
    said: dict[str, object] = json.loads(found[0])
    return said


graph = helper.make_graph(
    [
        helper.make_node("ReduceMean", ["mfcc"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "weight"], ["logits"]),
    ],
    "tiny",
    [helper.make_tensor_value_info("mfcc", TensorProto.FLOAT, ["batch", "time", 80])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(LABELS)])],
    [numpy_helper.from_array(np.zeros((80, len(LABELS)), np.float32), "weight")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
entries = {
    "labels": LABELS,
    "frontend": frontend(),
    "window": {"min_s": 0.75, "max_s": 3.0, "hop_s": 0.25},
    "temperature": 1.0,
    "thresholds": {"certain": 0.5, "margin": 0.1},
    "affect": {"calm": [0.2, -0.5], "loud": [-0.2, 0.5]},
    "colors": {"loud": "red"},
    "version": "1",
    "training_data": [{"corpus": "none"}],
    "licences": ["none"],
}
helper.set_model_props(model, {key: json.dumps(value) for key, value in entries.items()})
save(model, HERE / "seeds/model/tiny.onnx")
