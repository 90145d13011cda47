"""The models in this repository satisfy their model spec."""

import json
import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from emoscope_train import __version__
from emoscope_train.data.labels import LABELS
from emoscope_train.export import binary, golden
from emoscope_train.export.onnx_runtime import run_onnx, session
from emoscope_train.features.frontend import FRONTEND, WINDOW
from emoscope_train.numeric import softmax
from emoscope_train.reporting import card

MODELS = Path(__file__).parents[2] / "models"
# The speaker model has its own tests.
FOLDERS = sorted(
    path.parent for path in MODELS.glob("*/model.onnx") if path.parent.name != "speakers"
)
GAIN = np.sqrt(80.0)

pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def metadata(folder: Path) -> dict:
    model = onnx.load(folder / "model.onnx")
    return {entry.key: json.loads(entry.value) for entry in model.metadata_props}


def test_metadata_is_complete(folder: Path) -> None:
    found = metadata(folder)
    assert found["labels"] == LABELS
    assert found["frontend"] == FRONTEND
    assert found["window"] == WINDOW
    assert found["version"] == __version__
    assert 0.1 < found["temperature"] < 10.0
    assert 0.0 <= found["thresholds"]["certain"] <= 1.0
    assert 0.0 <= found["thresholds"]["margin"] <= 1.0
    for row in found["training_data"]:
        assert set(row) == {"corpus", "language", "clips", "speakers", "licence"}
    assert found["licences"] == sorted({row["licence"] for row in found["training_data"]})


def test_graph_is_named_and_dynamic(folder: Path) -> None:
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model)
    assert model.graph.name == f"emoscope-{folder.name}"
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    names = [[value.name for value in side] for side in (model.graph.input, model.graph.output)]
    if stream := metadata(folder).get("stream"):
        # A step of a stream also takes its state, and gives the next one back.
        state = [slot["name"] for slot in stream["state"]]
        assert names[0][-len(state) :] == state
        assert names[1][-len(state) :] == [f"next_{name}" for name in state]
        names = [side[: -len(state)] for side in names]
    with_voice = [["mfcc", "baseline", "baseline_s"], ["logits", "speech", "embedding"]]
    # Two speakers are too few to learn a voice head.
    assert names == ([["mfcc"], ["logits"]] if folder.name == "tess" else with_voice)
    into = model.graph.input[0]
    shape = [d.dim_param or d.dim_value for d in into.type.tensor_type.shape.dim]
    assert shape == [1 if stream else "batch", "time", 80]
    assert (folder / "model.onnx").stat().st_size < 20e6


def test_golden_cases_are_reproduced(folder: Path) -> None:
    runtime, warmth = session(folder / "model.onnx"), metadata(folder)["temperature"]
    cases = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) >= 3
    for case in cases:
        mfcc = np.asarray(case["mfcc"]).reshape(case["frames"], 80)
        answer = softmax(run_onnx(runtime, mfcc), warmth)
        np.testing.assert_allclose(answer, case["probabilities"], atol=golden.TOLERANCE)
        if settled := case.get("settled_probabilities"):
            width = runtime.get_inputs()[1].shape[2]
            answer = softmax(run_onnx(runtime, mfcc, *golden.baseline(width)), warmth)
            np.testing.assert_allclose(answer, settled, atol=golden.TOLERANCE)


def test_gain_does_not_matter(folder: Path) -> None:
    runtime = session(folder / "model.onnx")
    case = golden.inputs()["rising voice"]
    usual = softmax(run_onnx(runtime, case))
    for gain_db in (-30.0, -10.0, 10.0):
        louder = case.copy()
        # A gain adds the same to every band: only the first coefficient changes.
        louder[:, 0] += gain_db * GAIN
        np.testing.assert_allclose(softmax(run_onnx(runtime, louder)), usual, atol=1e-3)


@pytest.mark.parametrize("frames", [1, 2, 5, 75, 401])
def test_any_length_is_classified(folder: Path, frames: int) -> None:
    if "stream" in metadata(folder) and frames < 3:
        pytest.skip("the first step of a stream takes three frames")
    logits = run_onnx(session(folder / "model.onnx"), np.zeros((frames, 80)))
    assert logits.shape == (7,)
    assert np.all(np.isfinite(logits))


def test_card_is_rendered_from_the_metrics(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert (folder / "card.md").read_text(encoding="utf-8") == card.render(metrics)
    shipped = metrics["shipped"] or next(iter(metrics["splits"].values()))
    found = metadata(folder)
    assert found["training_data"] == shipped["facts"]["training_data"]
    assert found["temperature"] == shipped["calibration"]["temperature"]
    assert found["thresholds"]["certain"] == shipped["calibration"]["certain"]


def test_figures_are_small(folder: Path) -> None:
    figures = list((folder / "figures").glob("*.png"))
    assert figures
    assert all(path.stat().st_size < 100_000 for path in figures)


@pytest.mark.skipif("EMOSCOPE_BIN" not in os.environ, reason="EMOSCOPE_BIN names no binary")
def test_the_binary_agrees_with_onnx_runtime(folder: Path) -> None:
    model, program = folder / "model.onnx", Path(os.environ["EMOSCOPE_BIN"])
    runtime, warmth = session(model), metadata(folder)["temperature"]
    gap = binary.gap(lambda window: softmax(run_onnx(runtime, window), warmth), model, program)
    assert gap <= binary.TOLERANCE
