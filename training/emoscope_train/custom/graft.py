"""Adds a new head to a model file, whose backbone and own head stay unchanged."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.utils
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..errors import UserError
from ..export.model_spec import BASELINE, EMBEDDING, OUTPUT, SECONDS, SPEECH, Metadata
from ..files import replacing
from ..model.baseline import (
    FULL_VARIANCE,
    LIMIT,
    LOW_VARIANCE,
    PRIOR_S,
    VARIANCE_FLOOR,
    Baselines,
    Embeddings,
    baseline_weight,
)

# Name of the base model's logits in the new graph.
BASE_LOGITS = "own/base_logits"
# Of the nodes that have any.
OPTIONS: dict[str, dict[str, Any]] = {"Gather": {"axis": 1}, "ReduceMean": {"axes": [1]}}


@dataclass
class Head:
    """Logits from an embedding relative to its speaker, and from the base model's logits.

    `weight` is [labels, width], `base_weight` is [labels, base labels], `bias` is [labels].
    """

    weight: NDArray[np.float32]
    base_weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def classify(
        self, own: NDArray[np.float32], base_logits: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Logits [clips, labels]."""
        logits = own @ self.weight.T + base_logits @ self.base_weight.T + self.bias
        return np.asarray(logits, dtype=np.float64)


def relative(embeddings: Embeddings, known: Baselines) -> NDArray[np.float32]:
    """Embeddings relative to the speaker's mean and spread."""
    share = baseline_weight(known)
    variance = share * known.statistics[:, 1] + (1.0 - share)
    own = (embeddings - share * known.statistics[:, 0]) / np.sqrt(variance + VARIANCE_FLOOR)
    return np.clip(own, -LIMIT, LIMIT).astype(np.float32)


class BaseModel:
    """A model file to which a head can be added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.model = onnx.load(path)
        except Exception as error:
            raise UserError(f"cannot read the base model {path}: {error}") from error
        graph = self.model.graph
        have = {value.name for value in [*graph.input, *graph.output]}
        if missing := {BASELINE, SECONDS, OUTPUT, EMBEDDING, SPEECH} - have:
            raise UserError(
                f"{path} is no base model, because it lacks {', '.join(sorted(missing))}; "
                "models/voices/model.onnx has all"
            )
        between = onnx.utils.Extractor(self.model)
        head = between.extract_model([EMBEDDING, BASELINE, SECONDS], [OUTPUT])
        # A streaming model takes one window at a time; its head takes any batch.
        del head.graph.value_info[:]
        for value in [*head.graph.input, *head.graph.output]:
            value.type.tensor_type.shape.dim[0].dim_param = "batch"
        self.head = onnxruntime.InferenceSession(
            head.SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def base_logits(self, embeddings: Embeddings, known: Baselines) -> NDArray[np.float32]:
        """Logits of the model's own head."""
        given = {EMBEDDING: embeddings, BASELINE: known.statistics, SECONDS: known.seconds}
        (logits,) = self.head.run([OUTPUT], given)
        return np.asarray(logits)

    def entry(self, key: str) -> str:
        """One entry of the metadata; JSON, or empty."""
        values = [entry.value for entry in self.model.metadata_props if entry.key == key]
        return values[0] if values else ""

    def graft(self, head: Head, name: str, metadata: Metadata, path: Path) -> None:
        """Writes the model with the head."""
        out = copy.deepcopy(self.model)
        graph = out.graph
        for node in graph.node:
            for names in (node.input, node.output):
                for place, value in enumerate(names):
                    if value == OUTPUT:
                        names[place] = BASE_LOGITS
        nodes, weights = head_nodes(head)
        graph.node.extend(nodes)
        graph.initializer.extend(weights)
        batch = input_batch(graph)
        logits = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [batch, len(head.bias)])
        outputs = [logits, *(value for value in graph.output if value.name != OUTPUT)]
        outputs = copy.deepcopy(outputs)
        del graph.output[:]
        graph.output.extend(outputs)
        graph.name = f"emoscope-{name}"
        del out.metadata_props[:]
        for key, value in metadata.properties().items():
            entry = out.metadata_props.add()
            entry.key, entry.value = key, value
        onnx.checker.check_model(out)
        with replacing(path) as part:
            onnx.save(out, part)


def input_batch(graph: onnx.GraphProto) -> int | str:
    """The batch size of the seconds of a baseline: a name, or 1 in a streaming model."""
    (dim,) = [value.type.tensor_type.shape.dim[0] for value in graph.input if value.name == SECONDS]
    return dim.dim_param or dim.dim_value


def head_nodes(head: Head) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """`relative` and `Head.classify` as a graph."""
    weights: dict[str, NDArray[Any]] = {
        "prior_s": np.asarray([PRIOR_S], np.float32),
        "low_variance": np.asarray([LOW_VARIANCE], np.float32),
        "range": np.asarray([FULL_VARIANCE - LOW_VARIANCE], np.float32),
        "nothing": np.asarray(0.0, np.float32),
        "whole": np.asarray(1.0, np.float32),
        "one": np.asarray([1.0], np.float32),
        "floor": np.asarray([VARIANCE_FLOOR], np.float32),
        "low": np.asarray(-LIMIT, np.float32),
        "high": np.asarray(LIMIT, np.float32),
        "mean_row": np.asarray(0, np.int64),
        "variance_row": np.asarray(1, np.int64),
        "weight": head.weight.T.astype(np.float32),
        "base_weight": head.base_weight.T.astype(np.float32),
        "bias": head.bias.astype(np.float32),
    }
    steps = [
        ("Add", [SECONDS, "prior_s"], "total_s"),
        ("Div", [SECONDS, "total_s"], "baseline_share"),
        ("Gather", [BASELINE, "mean_row"], "mean"),
        ("Gather", [BASELINE, "variance_row"], "variance"),
        ("ReduceMean", ["variance"], "mean_variance"),
        ("Sub", ["mean_variance", "low_variance"], "above"),
        ("Div", ["above", "range"], "varied"),
        ("Clip", ["varied", "nothing", "whole"], "trust"),
        ("Mul", ["trust", "baseline_share"], "share"),
        ("Sub", ["one", "share"], "rest"),
        ("Mul", ["share", "mean"], "known_mean"),
        ("Mul", ["share", "variance"], "known_variance"),
        ("Add", ["known_variance", "rest"], "shrunk"),
        ("Add", ["shrunk", "floor"], "floored"),
        ("Sqrt", ["floored"], "spread"),
        ("Sub", [EMBEDDING, "known_mean"], "centred"),
        ("Div", ["centred", "spread"], "scaled"),
        ("Clip", ["scaled", "low", "high"], "relative"),
        ("MatMul", ["relative", "weight"], "from_embedding"),
        ("MatMul", ["base_logits", "base_weight"], "known"),
        ("Add", ["from_embedding", "known"], "both"),
        ("Add", ["both", "bias"], OUTPUT),
    ]
    outside = {SECONDS, BASELINE, EMBEDDING, OUTPUT}

    def full(name: str) -> str:
        return name if name in outside else f"own/{name}"

    nodes = []
    for operator, inputs, output in steps:
        options: dict[str, Any] = OPTIONS.get(operator, {})
        names = [full(name) for name in inputs]
        nodes.append(helper.make_node(operator, names, [full(output)], full(output), **options))
    return nodes, [numpy_helper.from_array(value, full(key)) for key, value in weights.items()]
