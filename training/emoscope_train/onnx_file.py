"""Writes the model file: weights and everything that the binary must know, in one ONNX."""

import copy
import warnings
from pathlib import Path

import onnx
import torch

from .contract import INPUT, OPSET, OUTPUT, Metadata
from .frontend import N_MELS
from .model import Network, foldable_head


def for_export(network: Network) -> Network:
    """A copy at rest: batch norm folded into the head, dropout gone."""
    still = copy.deepcopy(network).to(memory_format=torch.contiguous_format).eval()
    still.head = foldable_head(still)
    still.norm = torch.nn.Identity()  # type: ignore[assignment]
    return still.eval()


def write_onnx(network: Network, name: str, metadata: Metadata, path: Path) -> None:
    """Exports with dynamic batch and time, names the graph and adds the metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {INPUT: {0: "batch", 1: "time"}, OUTPUT: {0: "batch"}}
    with warnings.catch_warnings():
        # The tracing exporter needs no further package and writes plain operators.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            for_export(network),
            (torch.zeros(2, 100, N_MELS),),
            path,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes=axes,
            dynamo=False,
        )
    model = onnx.load(path)
    model.graph.name = f"emoscope-{name}"
    del model.metadata_props[:]
    for key, value in metadata.properties().items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.checker.check_model(model)
    onnx.save(model, path)
