"""Speech is separated from other sounds, also in unseen rooms."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train.model.heads import SpeechHead
from emoscope_train.model.network import Network
from emoscope_train.training.speech_head import fit_speech, logits_of

pytestmark = pytest.mark.torch
WIDTH = 16


def rooms(rng: np.random.Generator, count: int, clips: int) -> np.ndarray:
    """Speech: the first numbers are high, the next ones encode the room."""
    found = rng.normal(size=(count, clips, 1, WIDTH)).astype(np.float32)
    found[..., :4] += 3.0
    found[..., 4:] += rng.normal(0.0, 1.0, (count, 1, 1, WIDTH - 4))
    return found


def test_speech_in_an_unseen_room_is_kept() -> None:
    rng = np.random.default_rng(0)
    known, strange = rooms(rng, 6, 200), rooms(rng, 40, 50)
    names = [f"room {room}" for room in range(6) for _ in range(200)]
    sounds = rng.normal(size=(600, WIDTH)).astype(np.float32)
    sounds[:, :4] -= 3.0
    head = SpeechHead(WIDTH)
    fit_speech(head, known.reshape(1200, 1, WIDTH), names, sounds[:400], 1)
    kept = np.mean(logits_of(head, strange.reshape(-1, WIDTH)) >= 0.0)
    refused = np.mean(logits_of(head, sounds[400:]) < 0.0)
    assert kept > 0.95, kept
    assert refused > 0.8, refused


def test_the_last_blocks_are_not_used() -> None:
    torch.manual_seed(0)
    network = Network().eval()
    head = network.with_voice()
    mfcc = 20.0 * torch.randn(2, 40, 80)
    with torch.inference_mode():
        _, before, embedding = network(mfcc, *head.unknown(2))
        for block in network.backbone.features[max(network.speech_taps) + 1 :]:
            for weights in block.parameters():
                weights.mul_(1.5)
        _, after, other = network(mfcc, *head.unknown(2))
    assert not torch.equal(embedding, other)
    torch.testing.assert_close(after, before, atol=0.0, rtol=0.0)
