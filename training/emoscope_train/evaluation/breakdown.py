"""Figures of one test by corpus, by what is known of the voice, by condition, by sentence."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..data.labels import LABELS
from ..export.model_spec import Calibration
from ..features import cache, channels
from ..features.augment import with_noise
from ..features.cache import Decibels
from ..features.windows import opening, seconds_of
from ..model.baseline import Baselines, Embeddings, gathered, of_everybody
from ..model.network import Network
from ..numeric import softmax
from . import metrics
from .inference import asked, judged, logits_of

# Speech of the voice that is known before a clip is judged, in seconds.
KNOWN_SECONDS = (0.0, 5.0, 15.0, 60.0)
# What of a voice is known, besides any of it: its neutral clips before all others, or only clips
# that express what is judged.
NEUTRAL_FIRST, ALIKE = "neutral first", "alike"
# Seconds that a folder's voices together weigh against the voice itself, as in the binary.
FOLDER_S = 3.0
NOISE_SNRS_DB = (20.0, 10.0, 5.0)
ROOM_SNR_DB = 10.0
MUSIC, MUSIC_SNR_DB = "music", 10.0
CONDITIONS = {cache.ROOM: "a room and a bad channel", cache.ROOM_ALONE: "a room"}


class Test:
    """One network and the clips that it is tested on."""

    def __init__(self, network: Network, calibration: Calibration, clips: list[Clip]) -> None:
        self.network, self.calibration, self.clips = network, calibration, clips
        self.truth = np.asarray([LABELS.index(clip.label) for clip in clips], dtype=np.int64)
        self.corpora = np.asarray([clip.corpus for clip in clips])
        self.last: tuple[list[Decibels], tuple[Embeddings, NDArray[np.float32]]] | None = None

    def chances(
        self, pieces: list[Decibels], known_s: float = 0.0, kind: str = ""
    ) -> NDArray[np.float64]:
        """Probabilities as the binary would give them, so much of each voice being known.

        What is known are other clips of the voice, whatever they express, or of a kind.
        """
        if self.network.voice is None:
            return softmax(logits_of(self.network, pieces), self.calibration.temperature)
        known = gathered(
            self.embeddings(pieces),
            seconds_of(pieces),
            [clip.speaker + (f"/{clip.label}" if kind == ALIKE else "") for clip in self.clips],
            known_s,
            np.random.default_rng(0),
            self.truth == LABELS.index("neutral") if kind == NEUTRAL_FIRST else None,
        )
        return self.against(pieces, known)

    def in_folder(self, pieces: list[Decibels]) -> NDArray[np.float64]:
        """Probabilities as the binary would give them for a folder of these clips."""
        return self.against(
            pieces, of_everybody(self.embeddings(pieces), seconds_of(pieces), FOLDER_S)
        )

    def against(self, pieces: list[Decibels], known: Baselines) -> NDArray[np.float64]:
        """Probabilities beside what is known."""
        assert self.network.voice is not None
        logits = judged(self.network.voice, self.embeddings(pieces), known)
        return softmax(logits, self.calibration.temperature)

    def embeddings(self, pieces: list[Decibels]) -> Embeddings:
        """Of the pieces."""
        return self.asked(pieces)[0]

    def asked(self, pieces: list[Decibels]) -> tuple[Embeddings, NDArray[np.float32]]:
        """Embeddings and logits of speech, once for as long as the same pieces are asked for."""
        if self.last is None or self.last[0] is not pieces:
            self.last = (pieces, asked(self.network, pieces))
        return self.last[1]

    def by_sex(self, chances: NDArray[np.float64]) -> dict[str, dict[str, float]]:
        """Figures of women's and men's voices, where the corpus tells."""
        known = np.asarray([bool(clip.sex) for clip in self.clips])
        sexes = np.asarray([clip.sex for clip in self.clips])[known]
        return metrics.by_group(chances[known], self.truth[known], sexes)

    def spread(self, chances: NDArray[np.float64]) -> dict[str, float]:
        """How far speakers lie apart."""
        speakers = np.asarray([clip.speaker for clip in self.clips])
        return metrics.spread(chances, self.truth, speakers)

    def summary(self, chances: NDArray[np.float64]) -> dict[str, float]:
        """Accuracy, UAR and ECE over all clips, and the mean of the corpora's UARs."""
        by_corpus = [
            metrics.uar(chances[self.corpora == name], self.truth[self.corpora == name])
            for name in np.unique(self.corpora)
        ]
        mean = round(float(np.mean(by_corpus)), 4)
        return metrics.summary(chances, self.truth) | {"mean_corpus_uar": mean}


def by_corpus(
    test: Test, chances: NDArray[np.float64], have: dict[str, list[str]]
) -> dict[str, Any]:
    """Each corpus: all seven labels open, and as if only its own could be answered."""
    out = {}
    for name in np.unique(test.corpora):
        mine = test.corpora == name
        found = metrics.report(chances[mine], test.truth[mine])
        labels = have.get(str(name), LABELS)
        own = metrics.uar(metrics.restricted(chances[mine], labels), test.truth[mine])
        found["labels"] = len(labels)
        found["uar_own_labels"] = round(own, 4)
        found["speakers"] = len({c.speaker for c in test.clips if c.corpus == name})
        out[str(name)] = found
    return out


def by_known_seconds(
    test: Test, pieces: list[Decibels], have: dict[str, list[str]]
) -> dict[str, dict[str, float]]:
    """The same clips with nothing and with more and more of the voice known."""
    out = {}
    for known_s in KNOWN_SECONDS:
        for kind in ("", NEUTRAL_FIRST, ALIKE) if known_s else ("",):
            key = f"{known_s:.0f} s" + (f", {kind}" if kind else "")
            out[key] = known_row(test, test.chances(pieces, known_s, kind), have)
    return out


def known_row(
    test: Test, chances: NDArray[np.float64], have: dict[str, list[str]]
) -> dict[str, float]:
    """Figures with all seven labels open, and with each corpus's own."""
    own = [
        metrics.uar(
            metrics.restricted(chances[test.corpora == name], have.get(str(name), LABELS)),
            test.truth[test.corpora == name],
        )
        for name in np.unique(test.corpora)
    ]
    return test.summary(chances) | {"uar_own_labels": round(float(np.mean(own)), 4)}


def conditions(
    test: Test,
    pieces: list[Decibels],
    noises: list[Decibels],
    music: list[Decibels],
    versions: dict[str, list[Decibels]],
) -> dict[str, dict[str, float]]:
    """The same clips over held-out noise and music, in rooms and through channels."""
    rng = np.random.default_rng(0)
    out = {"as recorded": test.summary(test.chances(pieces))}
    for snr in NOISE_SNRS_DB if noises else ():
        noisy = [with_noise(p, noises[rng.integers(len(noises))], snr) for p in pieces]
        out[f"noise at {snr:.0f} dB"] = test.summary(test.chances(noisy))
    if noises:
        noisy = [
            with_noise(p, noises[rng.integers(len(noises))], ROOM_SNR_DB)
            for p in versions[cache.ROOM_ALONE]
        ]
        out[f"a room, noise at {ROOM_SNR_DB:.0f} dB"] = test.summary(test.chances(noisy))
    if music:
        over = [with_noise(p, music[rng.integers(len(music))], MUSIC_SNR_DB) for p in pieces]
        out[f"music at {MUSIC_SNR_DB:.0f} dB"] = test.summary(test.chances(over))
    for name, heard in versions.items():
        out[CONDITIONS.get(name, name)] = test.summary(test.chances(heard))
    return out


def heard_through(
    clips: list[Clip], spoken: list[Clip], data: Path, work: Path
) -> dict[str, list[Decibels]]:
    """Openings of the clips in rooms and through channels."""
    # Training has computed this one for all that is spoken.
    sets = {cache.ROOM: cache.cached(spoken, data, work, cache.ROOM)}
    for version in (cache.ROOM_ALONE, *channels.CHANNELS):
        sets[version] = cache.cached(clips, data, work, version)
    return {
        version: [opening(heard.trimmed(clip.path)) for clip in clips]
        for version, heard in sets.items()
    }


def sentences(
    test: Test, chances: NDArray[np.float64], learned: dict[str, set[str]]
) -> dict[str, dict[str, float]]:
    """Test clips of the corpora with held-out sentences: the words heard in training or not."""
    heard = np.asarray([clip.text in learned.get(clip.corpus, set()) for clip in test.clips])
    mixed = [name for name in np.unique(test.corpora) if not np.all(heard[test.corpora == name])]
    named = np.asarray([bool(clip.text) for clip in test.clips]) & np.isin(test.corpora, mixed)
    out = {}
    for key, chosen in (("heard", heard & named), ("unheard", ~heard & named)):
        if np.any(chosen):
            out[key] = {
                "clips": int(np.sum(chosen)),
                "accuracy": round(metrics.accuracy(chances[chosen], test.truth[chosen]), 4),
                "uar": round(metrics.uar(chances[chosen], test.truth[chosen]), 4),
            }
    return out


def speech_told(
    test: Test, pieces: list[Decibels], sounds: list[Decibels]
) -> dict[str, float | int]:
    """Speech taken for speech, and other sounds of the test side for none."""
    _, spoken = test.asked(pieces)
    _, other = asked(test.network, [opening(sound) for sound in sounds])
    return {
        "sounds": len(sounds),
        "speech_kept": round(float(np.mean(spoken >= 0.0)), 4),
        "sounds_refused": round(float(np.mean(other < 0.0)), 4),
    }
