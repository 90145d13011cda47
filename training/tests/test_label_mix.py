"""The label mix of a voice head, fitted on synthetic voices with known effects."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from emoscope_train.data.corpora import Clip
from emoscope_train.model.heads import VoiceHead
from emoscope_train.training.label_mix import fit_label_mix

pytestmark = pytest.mark.torch
WIDTH, LABELS, CLIPS = 16, 7, 40


def voices() -> tuple[VoiceHead, np.ndarray, np.ndarray, list[Clip]]:
    """A head, its clips, the effects that made them, and who speaks: 30 voices with 40 clips."""
    rng = np.random.default_rng(5)
    head = VoiceHead(WIDTH).eval()
    with torch.no_grad():
        # The first seven values tell the label.
        head.head.weight.copy_(torch.eye(LABELS, WIDTH) * 3.0)
        head.head.bias.zero_()
    effects = np.zeros((LABELS, WIDTH))
    effects[:, LABELS:] = rng.normal(size=(LABELS, WIDTH - LABELS))
    spoken, clips = [], []
    for voice in range(30):
        # Values that only tell the voice apart, and others that follow the label.
        offset = np.concatenate([np.zeros(LABELS), rng.normal(size=WIDTH - LABELS)])
        labels = np.eye(LABELS)[rng.integers(0, LABELS, CLIPS)]
        part = np.zeros((CLIPS, WIDTH))
        part[:, :LABELS] = 2.0 * labels + 0.1 * rng.normal(size=(CLIPS, LABELS))
        with torch.no_grad():
            logits = head.head(torch.from_numpy(part).float()).double().numpy()
        found = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        spoken.append(part + offset + (found - found.mean()) @ effects)
        clips += [clip(f"made_{voice}") for _ in range(CLIPS)]
    return head, np.concatenate(spoken).astype(np.float32), effects, clips


def clip(speaker: str) -> Clip:
    """A clip of a speaker; nothing else of it matters."""
    values = {"corpus": "made", "speaker": speaker}
    return Clip(
        **{name: values.get(name, "") for name in Clip.__dataclass_fields__}  # type: ignore[arg-type]
    )


def test_the_effects_of_the_labels_are_found_whatever_the_voices_are() -> None:
    head, spoken, effects, clips = voices()
    fit_label_mix(head, spoken, clips)
    assert head.effects is not None
    assert head.usual is not None
    # Probabilities add up to 1, so only differences of effects are defined.
    found = head.effects.numpy()[:, LABELS:]
    wanted = effects[:, LABELS:]
    gap = (found - found.mean(axis=0)) - (wanted - wanted.mean(axis=0))
    assert np.abs(gap).max() < 0.15
    assert head.usual.numpy().sum() == pytest.approx(1.0, abs=1e-5)
