"""The network: any gain, any length, and the published names."""

import copy
import json
import re
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train.custom import graft
from emoscope_train.errors import UserError
from emoscope_train.evaluation.inference import head_logits
from emoscope_train.export import golden
from emoscope_train.export.model_spec import Metadata, Tuning
from emoscope_train.export.onnx_file import write_graph
from emoscope_train.features.frontend import mfcc
from emoscope_train.model.baseline import Baselines, baseline_weight
from emoscope_train.model.correction import Correction
from emoscope_train.model.heads import VoiceHead
from emoscope_train.model.network import Network, count_parameters, foldable_head, load_pretrained

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    return Network().eval()


@pytest.mark.parametrize("gain_db", [-30.0, -10.0, 10.0])
def test_gain_does_not_matter(network: Network, gain_db: float) -> None:
    sound = golden.voice(120, 200.0, 0.2, 1)
    quiet, loud = (
        torch.tensor(mfcc(sound * gain), dtype=torch.float32)[None]
        for gain in (1.0, 10.0 ** (gain_db / 20.0))
    )
    with torch.inference_mode():
        gap = torch.softmax(network(quiet), 1) - torch.softmax(network(loud), 1)
    assert gap.abs().max() < 1e-3


@pytest.mark.parametrize("frames", [1, 2, 9, 75, 400])
def test_any_length_is_classified(network: Network, frames: int) -> None:
    with torch.inference_mode():
        logits = network(torch.zeros(2, frames, 80))
    assert logits.shape == (2, 7)
    assert torch.isfinite(logits).all()


def test_forward_agrees_with_from_decibels(network: Network) -> None:
    features = torch.tensor(golden.inputs()["rising voice"])[None]
    with torch.inference_mode():
        decibels = features @ network.idct
        torch.testing.assert_close(network(features), network.from_decibels(decibels))


def test_folding_the_norm_changes_nothing(network: Network) -> None:
    torch.nn.init.normal_(network.norm.running_mean)
    torch.nn.init.uniform_(network.norm.running_var, 0.5, 2.0)
    x = torch.randn(5, network.head.in_features)
    with torch.inference_mode():
        folded = foldable_head(network)(x)
        torch.testing.assert_close(folded, network.head(network.norm(x)), atol=1e-5, rtol=1e-5)


def test_it_stays_small(network: Network) -> None:
    assert count_parameters(network) <= 1_000_000


def test_names_are_the_published_ones(network: Network) -> None:
    names = set(network.state_dict())
    for name in (
        "backbone.features.0.0.weight",
        "backbone.features.1.block.1.1.running_var",
        "backbone.features.4.block.2.conc_se_layers.0.fc1.weight",
        "backbone.features.15.block.3.0.weight",
        "backbone.features.16.1.bias",
    ):
        assert name in names


def test_another_file_is_refused(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    torch.save({"backbone.features.0.0.weight": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="not the published mn04"):
        load_pretrained(network, path)


def test_level_is_taken_over_the_window(network: Network) -> None:
    decibels = torch.tensor(np.full((1, 10, 80), -300.0), dtype=torch.float32)
    decibels[:, :5] = 20.0
    image = network.image(decibels)
    # Half the frames are 3 dB above the mean; the others lie on the floor.
    matrix, vector = network.backbone.bands, network.backbone.offset
    expected = 3.0103 * matrix.sum(0) + vector
    torch.testing.assert_close(image[0, 0, :, 0], expected, atol=1e-4, rtol=1e-4)
    floor = -60.0 * matrix.sum(0) + vector
    torch.testing.assert_close(image[0, 0, :, 9], floor, atol=1e-4, rtol=1e-4)


@pytest.fixture
def head() -> VoiceHead:
    torch.manual_seed(1)
    head = VoiceHead(12)
    torch.nn.init.normal_(head.settled.weight)
    return head.eval()


def test_an_unseen_voice_is_relative_to_the_prior(head: VoiceHead) -> None:
    embedding = torch.randn(3, 12)
    nothing, no_seconds = head.unknown(3)
    other = torch.rand(3, 2, 12)
    with torch.inference_mode():
        cold = head.classify(embedding, nothing, no_seconds)
        torch.testing.assert_close(cold, head.classify(embedding, other, no_seconds))
        known = head.classify(embedding, other, torch.full((3, 1), 60.0))
    assert (cold - known).abs().max() > 1e-2


def test_the_baseline_normalises_shift_and_scale(head: VoiceHead) -> None:
    embedding = 0.5 * torch.randn(4, 12)
    shift, scale = torch.randn(12), torch.rand(12) + 0.5
    plain = torch.stack([torch.zeros(12), torch.ones(12)]).expand(4, 2, -1)
    moved = torch.stack([shift, scale**2]).expand(4, 2, -1)
    long = torch.full((4, 1), 1e6)
    with torch.inference_mode():
        one = head.classify(embedding, plain, long)
        two = head.classify(embedding * scale + shift, moved, long)
    torch.testing.assert_close(one, two, atol=2e-2, rtol=2e-2)


def test_a_low_variance_baseline_has_little_weight(head: VoiceHead) -> None:
    embedding = 0.5 * torch.randn(4, 12)
    mean, long = embedding.mean(dim=0), torch.full((4, 1), 60.0)
    moved = []
    for variance in (0.05, 0.2, 0.6):
        known = torch.stack([mean, torch.full((12,), variance)]).expand(4, 2, -1)
        with torch.inference_mode():
            cold = head.classify(embedding, *head.unknown(4))
            moved.append(float((head.classify(embedding, known, long) - cold).abs().mean()))
    assert moved[0] < 1e-5
    assert moved[0] < moved[1] < moved[2]


def test_the_numpy_implementation_gives_the_same_weight(head: VoiceHead) -> None:
    embedding, known = torch.randn(6, 12), torch.rand(6, 2, 12)
    known[:, 1] *= torch.linspace(0.1, 1.6, 6)[:, None]
    seconds = torch.linspace(0.0, 60.0, 6)[:, None]
    with torch.inference_mode():
        torch.nn.init.zeros_(head.settled.weight)
        found = head.classify(embedding, known, seconds)
        own = graft.relative(embedding.numpy(), Baselines(known.numpy(), seconds.numpy()))
        expected = head.head(torch.from_numpy(own))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_the_file_names_the_constants_of_its_graph(head: VoiceHead) -> None:
    """A second implementation of the voice head, from the constants that the program reads."""
    tuning = json.loads(Metadata(tuning=Tuning()).properties()["tuning"])
    embedding, known = 4.0 * torch.randn(6, 12), torch.rand(6, 2, 12) + 0.6
    seconds = torch.linspace(0.0, 60.0, 6)[:, None]
    share = seconds / (seconds + tuning["prior_s"])
    spread = torch.sqrt(share * known[:, 1] + 1.0 - share + 1e-3)
    limit = tuning["deviation_limit"]
    relative = torch.clamp((embedding - share * known[:, 0]) / spread, -limit, limit)
    with torch.inference_mode():
        expected = head.head(relative) + share * head.settled(relative)
        found = head.classify(embedding, known, seconds)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.fixture
def mixed() -> VoiceHead:
    """A head with a label mix, on blocks of 12 values."""
    torch.manual_seed(2)
    head = VoiceHead(12)
    torch.nn.init.normal_(head.settled.weight)
    usual = torch.softmax(torch.randn(7), dim=0)
    head.add_label_mix(torch.randn(7, 12), usual)
    return head.eval()


def test_a_label_mix_adds_the_probabilities_without_a_baseline(mixed: VoiceHead) -> None:
    pooled = torch.randn(5, 12)
    with torch.inference_mode():
        embedding = mixed.embed(pooled)
        cold = torch.softmax(mixed.classify(embedding, *mixed.unknown(5)), dim=1)
    assert embedding.shape == (5, mixed.width) == (5, 19)
    torch.testing.assert_close(embedding[:, :12], pooled)
    torch.testing.assert_close(embedding[:, 12:], cold, atol=1e-2, rtol=1e-2)


def test_the_more_emotions_a_voice_shows_the_more_its_variance_weighs(mixed: VoiceHead) -> None:
    known = torch.rand(1, 2, 19)
    weights = []
    for diversity in (0.02, 0.09, 0.4):
        known[:, 1, 12:] = diversity / 7
        mean, variance = mixed.weights(known, torch.tensor([[54.0]]))
        torch.testing.assert_close(mean, torch.tensor([[0.9]]))
        weights.append(float(variance))
    assert weights == pytest.approx([0.0, 0.45, 0.9], abs=1e-6)


def test_the_only_emotion_of_a_voice_does_not_become_its_reference(mixed: VoiceHead) -> None:
    """The mean of a voice that is always angry contains the effect of anger, which is removed."""
    assert mixed.effects is not None
    assert mixed.usual is not None
    pooled, voice, anger = 0.3 * torch.randn(5, 12), 0.3 * torch.randn(12), torch.eye(7)[0]
    shown = torch.stack([mixed.usual, anger])
    known = torch.zeros(2, 2, 19)
    known[:, 0, :12] = voice + (shown - mixed.usual) @ mixed.effects
    known[:, 0, 12:] = shown
    with torch.inference_mode():
        embedding = mixed.embed(pooled + voice)
        answers = [
            mixed.classify(embedding, one.expand(5, 2, 19), torch.full((5, 1), 60.0))
            for one in known
        ]
    torch.testing.assert_close(answers[0], answers[1], atol=1e-4, rtol=1e-4)


def test_a_second_implementation_of_the_label_mix_gives_the_same_logits(mixed: VoiceHead) -> None:
    tuning = json.loads(Metadata(tuning=Tuning()).properties()["tuning"])
    assert mixed.effects is not None
    assert mixed.usual is not None
    w, b, settled, effects, usual = (
        value.detach().double().numpy()
        for value in (
            mixed.head.weight,
            mixed.head.bias,
            mixed.settled.weight,
            mixed.effects,
            mixed.usual,
        )
    )
    known, seconds = 0.6 * torch.rand(8, 2, 19), torch.linspace(0.0, 60.0, 8)[:, None]
    known[:, 1, 12:] *= torch.linspace(0.0, 0.15, 8)[:, None]
    with torch.inference_mode():
        embedding = mixed.embed(2.0 * torch.randn(8, 12))
        found = mixed.classify(embedding, known, seconds).numpy()
    limit = tuning["deviation_limit"]
    for place in range(8):
        spoken = float(seconds[place, 0])
        share = spoken / (spoken + tuning["prior_s"])
        mean, variance = known[place].double().numpy()
        diverse = share * min(max((variance[12:].sum() - 0.05) / (0.13 - 0.05), 0.0), 1.0)
        own = embedding[place, :12].double().numpy() - share * mean[:12]
        own += (share - diverse) * effects.T @ (mean[12:] - usual)
        own /= np.sqrt(diverse * variance[:12] + 1.0 - diverse + 1e-3)
        own = np.clip(own, -limit, limit)
        np.testing.assert_allclose(found[place], w @ own + b + share * settled @ own, atol=1e-4)


def test_the_program_reads_every_constant() -> None:
    """The keys of `tuning` are the fields of the program's struct, and its defaults the same."""
    source = Path(__file__).parents[2] / "crates/emoscope-core/src/model_spec/tuning.rs"
    if not source.is_file():
        pytest.skip(f"no {source.name} in this checkout")
    text = source.read_text(encoding="utf-8")
    defaults = text[text.index("impl Default") :]
    found = dict(re.findall(r"^ +(\w+): ([0-9.]+),$", defaults, re.MULTILINE))
    assert {key: float(value) for key, value in found.items()} == asdict(Tuning())


def test_with_a_voice_head_it_also_returns_speech_and_embedding(network: Network) -> None:
    voiced = copy.deepcopy(network)
    head = voiced.with_voice()
    with torch.inference_mode():
        logits, speech, embedding = voiced(torch.zeros(2, 40, 80), *head.unknown(2))
    assert (logits.shape, speech.shape) == ((2, 7), (2, 1))
    assert embedding.shape == (2, voiced.width)


def test_a_voice_head_may_use_other_blocks_than_the_plain_one(
    network: Network, tmp_path: Path
) -> None:
    voiced = copy.deepcopy(network)
    head = voiced.with_voice(taps=(3, 5))
    torch.nn.init.normal_(head.mean)
    mfcc = torch.randn(1, 60, 80)
    tracks = {}
    for tap in (3, 5):
        voiced.backbone.features[tap].register_forward_hook(
            lambda _, __, out, tap=tap: tracks.update({tap: out.mean(dim=2)})
        )
    with torch.inference_mode():
        voiced.independent_logits(voiced.pooled(voiced.image(mfcc @ voiced.idct)))
        _, _, embedding = voiced(mfcc, *head.unknown(1))
    pooled = []
    for tap in (3, 5):
        spread = torch.sqrt(tracks[tap].var(dim=2, correction=0) + 1e-5)
        pooled += [tracks[tap].mean(dim=2), spread]
    expected = (torch.cat(pooled, dim=1) - head.mean) / head.spread
    torch.testing.assert_close(embedding, expected, atol=1e-3, rtol=1e-3)
    # Layers without a head are not in the file.
    write_graph(voiced, tmp_path / "some.onnx")
    write_graph(network, tmp_path / "all.onnx")
    sizes = [(tmp_path / name).stat().st_size for name in ("some.onnx", "all.onnx")]
    assert sizes[0] < 0.6 * sizes[1]


def test_the_head_corrects_as_the_fit_did() -> None:
    torch.manual_seed(0)
    head = VoiceHead(8).eval()
    torch.nn.init.normal_(head.settled.weight)
    known = Baselines(
        np.abs(np.random.default_rng(0).normal(0.5, 0.3, (5, 2, 8))).astype(np.float32),
        np.asarray([[0.0], [3.0], [8.0], [60.0], [600.0]], np.float32),
    )
    spoken = np.random.default_rng(1).normal(size=(5, 8)).astype(np.float32)
    raw = head_logits(head, spoken, known)
    correction = Correction((1.5, 0.7), ([0.1 * k for k in range(7)], [-0.2 * k for k in range(7)]))
    head.correct(correction)
    weight = baseline_weight(known)[:, 0].astype(np.float64)
    wanted = correction.applied(raw, weight)
    np.testing.assert_allclose(head_logits(head, spoken, known), wanted, atol=1e-5)
