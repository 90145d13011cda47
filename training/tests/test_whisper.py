"""The speech backbone: it is causal, gain does not matter, and it reads the published weights."""

import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor

from emoscope_train.data.corpora import Clip
from emoscope_train.errors import UserError
from emoscope_train.model import whisper
from emoscope_train.model.network import Network
from emoscope_train.training import loop
from emoscope_train.training.losses import masked_loss
from emoscope_train.training.task import targets_of

pytestmark = pytest.mark.torch
# Encoder frames of the blocks, written down here: the first 0.72 s, then every 0.24 s.
STARTS = [0, *range(36, 3000, 12)]


@pytest.fixture(scope="module")
def encoder() -> whisper.WhisperEncoder:
    torch.manual_seed(0)
    made = whisper.WhisperEncoder(layers=2).eval()
    torch.nn.init.normal_(made.positions, std=0.02)
    return made


def speech(frames: int, seed: int = 1) -> Tensor:
    """Log-mel in dB [1, frames, 80] that gets louder and softer."""
    rng = np.random.default_rng(seed)
    level = 15.0 * np.sin(np.arange(frames) / 17.0)[:, None]
    return torch.tensor(rng.normal(-30.0, 8.0, (frames, 80)) + level, dtype=torch.float32)[None]


def layers(encoder: whisper.WhisperEncoder, decibels: Tensor) -> Tensor:
    """Frames of the last layer before pooling [time, width]."""
    found: list[Tensor] = []
    hook = encoder.layers[-1].register_forward_hook(lambda _, __, out: found.append(out[0]))
    with torch.inference_mode():
        encoder.tapped(encoder.image(decibels), [2])
    hook.remove()
    return found[0]


def block_of(frame: int) -> int:
    return max(block for block, start in enumerate(STARTS) if start <= frame)


def test_the_mask_is_that_of_a_second_implementation() -> None:
    frames = 260
    mask = whisper.attended(torch.arange(frames), torch.arange(frames)).numpy()
    for query in range(frames):
        block = block_of(query)
        first = STARTS[block] - whisper.BACK
        for target in range(frames):
            expected = first <= target < STARTS[block + 1]
            assert mask[query, target] == expected, (query, target)


def test_mel_frames_belong_to_the_block_that_needs_them_first() -> None:
    blocks = whisper.block_of_mel(torch.arange(200)).tolist()
    # Both convolutions have width 3 and are padded on the left alone, the second has a stride of 2:
    # encoder frame n reads mel frames up to 2 n + 2.
    for mel, found in enumerate(blocks):
        needs = [block_of(frame) for frame in range(120) if 2 * frame + 2 >= mel]
        assert found == needs[0], mel


@pytest.mark.parametrize("block", [0, 1, 4])
def test_later_frames_do_not_change_earlier_blocks(
    encoder: whisper.WhisperEncoder, block: int
) -> None:
    end = STARTS[block + 1]
    whole = speech(300)
    other = whole.clone()
    # Louder than all before, and a different sound.
    needed = 2 * end + 1
    other[:, needed:] = speech(300, 2)[:, needed:] + 25.0
    one, two = layers(encoder, whole), layers(encoder, other)
    torch.testing.assert_close(one[:end], two[:end], atol=1e-4, rtol=1e-4)
    assert (one[end:] - two[end:]).abs().max() > 1e-2
    # The same holds where the recording just ends.
    short = layers(encoder, whole[:, :needed])
    torch.testing.assert_close(short[:end], one[:end], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("gain_db", [-40.0, 20.0])
def test_gain_does_not_matter(gain_db: float) -> None:
    torch.manual_seed(0)
    network = Network((1, 3), backbone="whisper").eval()
    with torch.inference_mode():
        plain = network.from_decibels(speech(150))
        louder = network.from_decibels(speech(150) + gain_db)
    torch.testing.assert_close(plain, louder, atol=1e-4, rtol=1e-4)


def test_the_floor_lies_eighty_decibels_below_the_loudest(
    encoder: whisper.WhisperEncoder,
) -> None:
    decibels = torch.full((1, 10, 80), -200.0)
    decibels[0, 3, 5] = -20.0
    image = encoder.image(decibels)
    assert image.shape == (1, 80, 10)
    assert image[0, 5, 3].item() == pytest.approx((1.5 + 4.0) / 4.0)
    assert image[0, 0, 0].item() == pytest.approx((1.5 - 8.0 + 4.0) / 4.0)


def test_pooling_is_mean_and_deviation(encoder: whisper.WhisperEncoder) -> None:
    frames = layers(encoder, speech(90))
    with torch.inference_mode():
        found = encoder.tapped(encoder.image(speech(90)), [2])[2][0]
    expected = torch.cat([frames.mean(0), torch.sqrt(frames.var(0, correction=0) + 1e-5)])
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def file_of(variables: dict[str, np.ndarray]) -> bytes:
    """A model file as CTranslate2 writes it, byte by byte."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}
    out = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, value in variables.items():
        out += text(name) + struct.pack("<B", value.ndim)
        out += b"".join(struct.pack("<I", size) for size in value.shape)
        out += struct.pack("<BI", kinds[value.dtype.name], value.nbytes) + value.tobytes()
    return out


def test_the_weights_file_is_read_as_written() -> None:
    rng = np.random.default_rng(0)
    wanted = {
        "encoder/conv1/weight": rng.normal(size=(2, 3, 4)).astype(np.float16),
        "scale": np.float32(0.5) * np.ones(1, np.float32),
        "ids": np.arange(-3, 3, dtype=np.int8),
    }
    found = whisper.variables(file_of(wanted))
    assert list(found) == list(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "PARTS", {"no_such_package_here": "data/model.bin"})
    with pytest.raises(UserError, match=r"no_such_package_here.*requirements-whisper\.txt"):
        whisper.weights_file()


def test_the_published_weights_fit() -> None:
    missing = [name for name in whisper.PARTS if whisper.importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed (training/requirements-whisper.txt)")
    encoder = whisper.WhisperEncoder()
    assert whisper.load_published(encoder) == whisper.SHA256
    # The published positions are sines and cosines (Vaswani et al., 2017).
    rates = np.exp(-np.log(10_000.0) / 255.0 * np.arange(256))
    angles = np.arange(1500)[:, None] * rates
    expected = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    np.testing.assert_allclose(encoder.positions.numpy(), expected, atol=2e-3)


def test_a_state_dict_has_the_names_that_runs_keep() -> None:
    names = set(Network((3,), backbone="whisper").state_dict())
    for name in ("backbone.layers.0.qkv.weight", "backbone.conv1.weight", "backbone.positions"):
        assert name in names


def test_only_the_layers_are_fine_tuned(encoder: whisper.WhisperEncoder) -> None:
    trained = {id(parameter) for parameter in encoder.trained()}
    for name, parameter in encoder.named_parameters():
        assert (id(parameter) in trained) == name.startswith("layers."), name
        assert parameter.requires_grad == (id(parameter) in trained), name


def test_a_moved_batch_is_classified_and_the_offset_restored() -> None:
    torch.manual_seed(0)
    network = Network((1,), backbone="whisper").eval()
    torch.nn.init.normal_(network.backbone.positions)
    rng = np.random.default_rng(0)
    with torch.inference_mode():
        before = network.from_decibels(speech(100))
        loop.move(network, 1.0, rng)
        moved = network.from_decibels(speech(100))
        loop.move(network, 0.0, rng)
        after = network.from_decibels(speech(100))
    assert (before - moved).abs().max() > 1e-4
    torch.testing.assert_close(before, after)


def test_votes_are_half_of_the_target() -> None:
    votes = (0.5, 0.0, 0.25, 0.0, 0.25, 0.0, 0.0)
    clips = [
        Clip("a.wav", "cremad", "s", "en", "", "anger", votes=votes),
        Clip("b.wav", "tess", "s", "en", "", "surprise"),
    ]
    targets = targets_of(clips, np.asarray([0, 6]))
    np.testing.assert_allclose(targets[0], [0.75, 0.0, 0.125, 0.0, 0.125, 0.0, 0.0])
    np.testing.assert_allclose(targets[1], [0.0] * 6 + [1.0])
    np.testing.assert_allclose(targets.sum(axis=1), 1.0)
    # The loss is the cross-entropy with these shares.
    logits = torch.tensor([[2.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0]])
    every = torch.ones(1, 7, dtype=torch.bool)
    loss = masked_loss(logits, torch.from_numpy(targets[:1]), every, 0.0, 0.0)
    expected = -(torch.log_softmax(logits, 1) * torch.from_numpy(targets[:1])).sum()
    assert loss.item() == pytest.approx(expected.item())


def test_a_file_with_other_weights_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "other_weights"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "model.bin").write_bytes(file_of({"a": np.zeros(3, np.float32)}))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(whisper, "PARTS", {"other_weights": "model.bin"})
    with pytest.raises(UserError, match="not the published Whisper base"):
        whisper.weights_file()
