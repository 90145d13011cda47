"""Training of the last layer of the speaker network, and the models without a corpus."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx
from conftest import STATISTICS, speaker_statistics

from emoscope_train import runs
from emoscope_train.data import corpora
from emoscope_train.errors import UserError
from emoscope_train.export.onnx_runtime import session
from emoscope_train.speakers import error_rates, export, fine_tune, last_layer
from emoscope_train.speakers.crops import Statistics
from emoscope_train.speakers.error_rates import of_pairs
from emoscope_train.speakers.last_layer import Layer, Tuned, between, fit, layer_of, put
from emoscope_train.speakers.network import WIDTH, Segments, SpeakerNetwork, statistics_within

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_layer, "STEPS", 100)
    monkeypatch.setattr(last_layer, "BATCH", 64)


def some_network() -> SpeakerNetwork:
    """Random weights, with a norm of the last layer that does something."""
    torch.manual_seed(1)
    network = SpeakerNetwork().eval()
    _, norm = last_layer.parts(network)
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    return network


def some_layer() -> Layer:
    noise = torch.randn(WIDTH, STATISTICS, generator=torch.Generator().manual_seed(2))
    return Layer(noise / STATISTICS**0.5, torch.zeros(WIDTH))


def whole(network: SpeakerNetwork, features: Any) -> Any:
    """The embeddings of recordings [n, frames, 80], each as one window."""
    window = torch.tensor([[0.0, features.shape[1]]])
    return torch.cat([network(bands, window) for bands in features])


def error(rows: Statistics, layer: Layer) -> float:
    rate = of_pairs(last_layer.embeddings(rows, layer), rows.speakers)
    assert rate is not None
    return rate


def test_the_folded_layer_gives_the_networks_embedding() -> None:
    network, features = some_network(), torch.randn(2, 90, 80)
    with torch.no_grad():
        embedding, values = whole(network, features), network.statistics_of(features)
        folded = layer_of(network)
        np.testing.assert_allclose(values @ folded.weight.T + folded.bias, embedding, atol=1e-4)


def test_a_layer_is_written_back_exactly() -> None:
    network, features, layer = some_network(), torch.randn(2, 90, 80), some_layer()
    layer.bias.normal_()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    put(layer, network)
    with torch.no_grad():
        values = network.statistics_of(features)
        np.testing.assert_allclose(
            whole(network, features), values @ layer.weight.T + layer.bias, atol=1e-4
        )
    changed = {
        name for name, value in network.state_dict().items() if not torch.equal(value, before[name])
    }
    dense = "xvector.dense"
    assert changed == {f"{dense}.linear.weight", f"{dense}.nonlinear.batchnorm.running_mean"}


@pytest.mark.parametrize("steps", [1, 9, 10, 38, 50, 147])
def test_every_step_has_a_mask_from_the_second_around_its_segment(steps: int) -> None:
    weights, members = (part.numpy() for part in Segments.over(steps))
    assert (members.sum(axis=0) == 1.0).all()
    for segment, (near, own) in enumerate(zip(weights.T, members, strict=True)):
        assert np.flatnonzero(own).tolist() == [*range(10 * segment, min(10 * segment + 10, steps))]
        expected = np.zeros(steps)
        expected[max(0, 10 * segment - 20) : 10 * segment + 30] = 1.0
        np.testing.assert_allclose(near, expected / expected.sum(), atol=1e-6)


def test_statistics_of_windows_are_mean_and_deviation_of_their_steps() -> None:
    steps = 5.0 + torch.randn(7, 200)
    # Frames; a step covers two.
    windows = [[0, 400], [0, 100], [31, 130], [301, 400]]
    found = statistics_within(steps, torch.tensor(windows, dtype=torch.float32))
    for row, (start, end) in zip(found, windows, strict=True):
        inside = steps[:, -(-start // 2) : -(-end // 2)]
        expected = torch.cat([inside.mean(dim=1), inside.std(dim=1)])
        torch.testing.assert_close(row, expected, atol=1e-4, rtol=1e-4)


def test_unseen_speakers_are_told_apart_better_after_training() -> None:
    rows, others = speaker_statistics("ab", 12, 6), speaker_statistics("c", 12, 6, seed=2)
    start = some_layer()
    layer = fit(rows, start)
    before, after = error(others, start), error(others, layer)
    assert before > 0.3
    assert after < 0.7 * before


def test_the_layer_lies_between_the_published_and_the_trained_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = torch.randn(4, STATISTICS, generator=torch.Generator().manual_seed(3))
    one, two = some_layer(), Layer(-some_layer().weight, torch.ones(WIDTH))
    for share, at_one, at_two in ((0.0, 1.0, 0.0), (0.25, 0.75, 0.25), (1.0, 0.0, 1.0)):
        monkeypatch.setattr(last_layer, "SHARE", share)
        layer = between(one, two)
        expected = at_one * (values @ one.weight.T) + at_two * (values @ two.weight.T + 1.0)
        np.testing.assert_allclose(values @ layer.weight.T + layer.bias, expected, atol=1e-4)


def test_the_same_rows_give_the_same_layer() -> None:
    rows, start = speaker_statistics("ab", 4, 3), some_layer()
    kept = start.weight.clone()
    one, two = fit(rows, start), fit(rows, start)
    assert torch.equal(one.weight, two.weight)
    assert torch.equal(one.bias, two.bias)
    assert not torch.equal(one.weight, kept)
    assert torch.equal(start.weight, kept)


def test_a_corpus_left_out_has_no_effect() -> None:
    rows, start = speaker_statistics("abc", 4, 3), some_layer()
    other = dataclasses.replace(rows, values=rows.values.copy())
    other.values[rows.corpora == "b"] += 3.0
    one, two = (fit(some.without("b"), start) for some in (rows, other))
    assert torch.equal(one.weight, two.weight)
    means = [last_layer.mean_embedding(some.without("b"), one) for some in (rows, other)]
    assert means[0] == means[1]
    assert not torch.equal(fit(rows, start).weight, fit(other, start).weight)


def test_speakers_of_other_corpora_are_no_rivals() -> None:
    # With one speaker per corpus, nothing competes, so nothing is learned.
    rows, start = speaker_statistics("abc", 1, 4), some_layer()
    np.testing.assert_allclose(fit(rows, start).weight, start.weight, atol=1e-6)


def test_the_mean_counts_each_corpus_once_and_clean_crops_alone() -> None:
    rows, layer = speaker_statistics("ab", 2, 3), some_layer()
    more = speaker_statistics("b", 2, 3)
    joined = Statistics(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in (rows, more)])
            for field in dataclasses.fields(Statistics)
        }
    )
    joined.values[~joined.clean] = 7.0
    expected = []
    for name in "ab":
        chosen = joined.values[(joined.corpora == name) & joined.clean]
        found = chosen @ layer.weight.numpy().T
        expected.append((found / np.linalg.norm(found, axis=1, keepdims=True)).mean(axis=0))
    mean = last_layer.mean_embedding(joined, layer)
    np.testing.assert_allclose(mean, np.mean(expected, axis=0), atol=1e-4)


def test_rows_are_drawn_by_the_root_of_the_size() -> None:
    rows = speaker_statistics("ab", 4, 4)
    keep = (rows.corpora == "a") | (rows.speakers == "b/0")
    rows = rows.rows(keep)
    chances = last_layer.chances(rows)
    assert chances.sum() == pytest.approx(1.0)
    a, b = (chances[rows.corpora == name].sum() for name in "ab")
    assert a / b == pytest.approx(2.0)


@pytest.fixture
def two_corpora(toy_corpus: Callable[..., Path]) -> Path:
    """A data folder whose clips are of nemo and emodb in equal parts."""
    data = toy_corpus(speakers=6, clips=4)
    manifest = data / "manifest.csv"
    lines = manifest.read_text(encoding="utf-8").splitlines()
    for place, line in enumerate(lines):
        corpus = "nemo" if place % 2 else "emodb"
        lines[place] = line.replace(",toy,", f",{corpus},")
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return data


def test_models_without_a_corpus_and_the_one_that_ships(
    two_corpora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, folder = tmp_path / "work", tmp_path / "models"
    monkeypatch.setattr(last_layer, "STEPS", 2)
    for module in (export, fine_tune):
        monkeypatch.setattr(module, "load_published", some_network)
    with pytest.raises(UserError, match="fine-tune"):
        error_rates.measure(work, two_corpora)
    fine_tune.fine_tune(two_corpora, work)

    def said(path: Path) -> dict:
        return {e.key: json.loads(e.value) for e in onnx.load(path).metadata_props}

    def origin(path: Path) -> dict:
        found = said(path)
        assert len(found["tuning"]["mean"]) == WIDTH
        assert found["tuning"]["speech"] == []
        return found["origin"]

    for corpus, other in (("nemo", "emodb"), ("emodb", "nemo")):
        path = runs.speaker_model_without(work, corpus)
        assert origin(path)["fine_tuned"]["corpora"] == [other]
    published = runs.published_speaker_model(work)
    assert "fine_tuned" not in origin(published)
    assert said(published)["licence"] == "Apache-2.0"

    tuned = Tuned.load(runs.last_speaker_layer(work))
    assert sorted(tuned.corpora) == ["emodb", "nemo"]
    assert export.export(tuned, folder) == 0
    assert origin(folder / "model.onnx")["fine_tuned"]["corpora"] == tuned.corpora
    # That of emodb, then that of nemo.
    terms = "Apache-2.0; last layer: CC BY-NC-SA 4.0, CC0 1.0"
    assert said(folder / "model.onnx")["licence"] == terms
    tuning = json.loads((folder / "tuning.json").read_text(encoding="utf-8"))
    assert tuning == {"corpora": tuned.corpora, **tuned.tuning}
    assert "Berlin Database" in (folder / "card.md").read_text(encoding="utf-8")

    # The model without a corpus has the layer that was trained without it.
    statistics = np.load(runs.speaker_folder(work) / "statistics.npz")
    assert {*statistics["corpora"]} == {"emodb", "nemo"}
    features = np.random.default_rng(5).normal(size=(90, 80)).astype(np.float32)
    network = some_network()
    known = corpora.read(two_corpora)
    rows = Statistics(**{f.name: statistics[f.name] for f in dataclasses.fields(Statistics)})
    start = layer_of(network)
    without = fine_tune.trained(rows.without("nemo"), None, known, start)
    shared = between(start, fit(rows.without("nemo"), start))
    assert torch.equal(without.layer.weight, shared.weight)
    put(without.layer, network)
    runtime = session(runs.speaker_model_without(work, "nemo"))
    ends = np.array([[0, 90]], dtype=np.float32)
    (found,) = runtime.run(["embedding"], {"bands": features, "windows": ends})
    assert export.cosine(found[0], export.embed(network, features, [[0, 90]])[0]) > 1.0 - 1e-3

    figures = error_rates.measure(work, two_corpora)
    assert {*figures["by_corpus"]} == {"emodb", "nemo"}
    for row in (*figures["by_corpus"].values(), figures["mean"]):
        assert {*row["published"]} == {"single", "three"}
