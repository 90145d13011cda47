"""Test figures by corpus, condition and sentence, and of speech detection."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..data.labels import LABELS
from ..features import cache, channels
from ..features.augment import with_noise
from ..features.cache import Decibels, FeatureSet
from ..features.windows import opening
from . import metrics
from .inference import embed_and_detect
from .tested_model import TestedModel

NOISE_SNRS_DB = (20.0, 10.0, 5.0)
ROOM_SNR_DB = 10.0
MUSIC, MUSIC_SNR_DB = "music", 10.0
CONDITIONS = {cache.ROOM: "a room and a bad channel", cache.ROOM_ALONE: "a room"}


def by_corpus(
    test: TestedModel, probabilities: NDArray[np.float64], labels_of_corpus: dict[str, list[str]]
) -> dict[str, Any]:
    """Figures of each corpus with all seven labels, and with only its own labels."""
    out = {}
    for name in np.unique(test.corpora):
        of_corpus = test.corpora == name
        figures = metrics.report(probabilities[of_corpus], test.truth[of_corpus])
        labels = labels_of_corpus.get(str(name), LABELS)
        uar_own_labels = metrics.uar(
            metrics.restricted(probabilities[of_corpus], labels), test.truth[of_corpus]
        )
        figures["labels"] = len(labels)
        figures["uar_own_labels"] = round(uar_own_labels, 4)
        figures["speakers"] = len({c.speaker for c in test.clips if c.corpus == name})
        out[str(name)] = figures
    return out


def conditions(
    test: TestedModel,
    pieces: list[Decibels],
    noises: list[Decibels],
    music: list[Decibels],
    versions: dict[str, list[Decibels]],
) -> dict[str, dict[str, float]]:
    """Figures of the clips with held-out noise and music, in rooms and through channels."""
    rng = np.random.default_rng(0)
    out = {"as recorded": test.summary(test.probabilities(pieces))}
    for snr in NOISE_SNRS_DB if noises else ():
        noisy = [with_noise(p, noises[rng.integers(len(noises))], snr) for p in pieces]
        out[f"noise at {snr:.0f} dB"] = test.summary(test.probabilities(noisy))
    if noises:
        noisy = [
            with_noise(p, noises[rng.integers(len(noises))], ROOM_SNR_DB)
            for p in versions[cache.ROOM_ALONE]
        ]
        key = f"a room, noise at {ROOM_SNR_DB:.0f} dB"
        out[key] = test.summary(test.probabilities(noisy))
    if music:
        mixed = [with_noise(p, music[rng.integers(len(music))], MUSIC_SNR_DB) for p in pieces]
        out[f"music at {MUSIC_SNR_DB:.0f} dB"] = test.summary(test.probabilities(mixed))
    for name, changed in versions.items():
        out[CONDITIONS.get(name, name)] = test.summary(test.probabilities(changed))
    return out


def through_channels(
    clips: list[Clip], room: FeatureSet, data: Path, work: Path
) -> dict[str, list[Decibels]]:
    """First windows of the clips in rooms and through channels."""
    sets = {cache.ROOM: room}
    for version in (cache.ROOM_ALONE, *channels.CHANNELS):
        sets[version] = cache.cached(clips, data, work, version)
    return {
        version: [opening(features.trimmed(clip.path)) for clip in clips]
        for version, features in sets.items()
    }


def sentences(
    test: TestedModel, probabilities: NDArray[np.float64], trained: dict[str, set[str]]
) -> dict[str, dict[str, float]]:
    """Figures of corpora with held-out sentences, by whether the sentence is in training.

    The keys are `heard` and `unheard`.
    """
    seen = np.asarray([clip.text in trained.get(clip.corpus, set()) for clip in test.clips])
    mixed = [name for name in np.unique(test.corpora) if not np.all(seen[test.corpora == name])]
    named = np.asarray([bool(clip.text) for clip in test.clips]) & np.isin(test.corpora, mixed)
    out = {}
    for key, chosen in (("heard", seen & named), ("unheard", ~seen & named)):
        if np.any(chosen):
            out[key] = {
                "clips": int(np.sum(chosen)),
                "accuracy": round(metrics.accuracy(probabilities[chosen], test.truth[chosen]), 4),
                "uar": round(metrics.uar(probabilities[chosen], test.truth[chosen]), 4),
            }
    return out


def speech_detection(
    test: TestedModel, pieces: list[Decibels], sounds: list[Decibels]
) -> dict[str, float | int]:
    """Share of test clips accepted as speech, and of other test sounds rejected."""
    _, other = embed_and_detect(test.network, [opening(sound) for sound in sounds])
    return {
        "sounds": len(sounds),
        "speech_kept": round(float(np.mean(test.speech_logits(pieces) >= 0.0)), 4),
        "sounds_refused": round(float(np.mean(other < 0.0)), 4),
    }
