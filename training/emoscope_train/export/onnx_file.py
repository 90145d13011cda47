"""Writes the model file: the weights and all metadata for the program, in one ONNX file."""

import copy
import warnings
from pathlib import Path

import onnx
import torch

from ..features.frontend import N_MELS
from ..files import replacing
from ..model.network import Network, foldable_head
from ..model.whisper import WhisperEncoder
from . import stream_graph
from .model_spec import BASELINE, EMBEDDING, INPUT, OPSET, OUTPUT, SECONDS, SPEECH, Metadata


def for_export(network: Network) -> Network:
    """A copy in eval mode: batch norm folded into the head, without dropout."""
    still = copy.deepcopy(network).to(memory_format=torch.contiguous_format).eval()
    still.head = foldable_head(still)
    still.norm = torch.nn.Identity()  # type: ignore[assignment]
    return still.eval()


def write_graph(network: Network, path: Path) -> None:
    """Exports the graph alone, with dynamic batch and time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs, outputs = [INPUT], [OUTPUT]
    example: tuple[torch.Tensor, ...] = (torch.zeros(2, 100, N_MELS),)
    if network.voice is not None:
        inputs, outputs = [INPUT, BASELINE, SECONDS], [OUTPUT, SPEECH, EMBEDDING]
        example = (*example, *network.voice.unknown(2))
    axes = {name: {0: "batch"} for name in inputs + outputs}
    axes[INPUT][1] = "time"
    with warnings.catch_warnings():
        # The tracing exporter needs no further package and writes plain operators.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            for_export(network),
            example,
            path,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            dynamo=False,
        )


def write_onnx(network: Network, name: str, metadata: Metadata, path: Path) -> None:
    """The graph with its name and the metadata; for the speech backbone, one streaming step."""
    with replacing(path) as part:
        if isinstance(network.backbone, WhisperEncoder):
            metadata.stream = stream_graph.description(network)
            stream_graph.write_step(for_export(network), part)
        else:
            write_graph(network, part)
        model = onnx.load(part)
        model.graph.name = f"emoscope-{name}"
        del model.metadata_props[:]
        for key, value in metadata.properties().items():
            entry = model.metadata_props.add()
            entry.key, entry.value = key, value
        onnx.checker.check_model(model)
        onnx.save(model, part)
