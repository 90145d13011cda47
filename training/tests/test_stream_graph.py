"""A stream of steps gives the outputs of the network on all frames at once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train.export import stream_graph
from emoscope_train.export.model_spec import Metadata
from emoscope_train.export.onnx_file import write_onnx
from emoscope_train.export.onnx_runtime import run_onnx, session
from emoscope_train.model.network import Network

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    made = Network((1,), backbone="whisper")
    made.with_voice()
    torch.nn.init.normal_(made.backbone.positions, std=0.02)
    return made.eval()


def no_baseline(network: Network) -> tuple[Any, Any]:
    assert network.voice is not None
    return network.voice.unknown(1)


def features(frames: int) -> np.ndarray:
    """MFCCs [frames, 80] of a level that rises, so that the peak changes from block to block."""
    rng = np.random.default_rng(frames)
    rise = np.linspace(-100.0, 100.0, frames)[:, None] * (np.arange(80) == 0)
    return (rng.normal(0.0, 20.0, (frames, 80)) + rise).astype(np.float32)


def whole(network: Network, mfcc: np.ndarray) -> list[np.ndarray]:
    """Logits, speech logit and embedding of all frames at once."""
    with torch.inference_mode():
        found = network(torch.from_numpy(mfcc)[None], *no_baseline(network))
    return [part[0].numpy() for part in found]


@pytest.mark.parametrize("frames", [3, 60, 73, 97, 211, 480])
@pytest.mark.parametrize("blocks", [1, 3])
def test_steps_give_the_outputs_of_the_whole(network: Network, frames: int, blocks: int) -> None:
    mfcc = features(frames)
    step, begin, size = stream_graph.Step(network), 0, 73
    taps = len(step.taps)
    state = stream_graph.initial(max(step.taps), taps)
    with torch.inference_mode():
        while frames - begin >= 2:
            part = torch.from_numpy(mfcc[begin : begin + size])[None]
            found = step(part, *no_baseline(network), *state)
            state, begin, size = list(found[3:]), begin + size, 24 * blocks
    expected = whole(network, mfcc[: begin or 3])
    for ours, theirs in zip(found[:3], expected, strict=True):
        np.testing.assert_allclose(ours[0].numpy(), theirs, atol=2e-5)


def test_old_evidence_decays(network: Network) -> None:
    """After a change of ten seconds the first ten count less than half."""
    step = stream_graph.Step(network)
    x = torch.ones(12, 512)
    mean, variance = torch.zeros(512), torch.zeros(512)
    for _ in range(2 * stream_graph.MEMORY // 12):
        known = torch.tensor(float(stream_graph.MEMORY))
        mean, variance = stream_graph.merged(x, torch.tensor(12.0), mean, variance, known)
    assert 0.8 < mean[0] < 1.0
    assert step.taps == (1, 2)


def test_the_file_runs_in_steps(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    write_onnx(network, "toy", Metadata(), path)
    assert path.stat().st_size < 20e6
    mfcc = features(300)
    found = run_onnx(session(path), mfcc)
    # The weights have 8 bits.
    np.testing.assert_allclose(found, whole(network, mfcc)[0], atol=0.02)
    assert np.abs(found).max() > 0.1
