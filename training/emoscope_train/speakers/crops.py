"""What the last layer is trained on: the network's statistics of crops of every corpus, kept once.

Everything before the last layer stays as published, so its output for a crop never changes. Each
clip gives two crops: a clean one, and one in a room, through a channel and mostly with noise.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip, stable_hash
from ..features import rooms
from ..features.audio import read_audio
from ..features.cache import spoken_frames
from ..features.channels import levelled
from ..features.frontend import FRAMES_PER_SECOND
from ..files import write_arrays
from ..progress import bar
from .bands import bands
from .spec import CONTEXT, SEGMENT

if TYPE_CHECKING:
    from .network import SpeakerNetwork

SEED = 27
# Lengths of crops in seconds: as short as the shortest window of the program. Longer ones are
# easy, and take longer.
SHORTEST_S, LONGEST_S = 0.75, 2.0
# Clips of a speaker: few of many speakers, many of few.
CLIPS, CLIPS_OF_MANY, MANY = 40, 20, 40
# A speaker with a single clip cannot show how a voice varies.
LEAST_CLIPS = 2
# Share of the second crops with noise, and the range of speech over noise in dB.
NOISY, OVER_NOISE_DB = 0.7, (5.0, 25.0)
# Corpora without emotion labels whose speakers are known.
UNLABELLED = ("plain",)
# Laughs, coughs and the like, each by some person, and sounds that nobody makes.
SOUNDS, NOISE = "nonverbal", "noise"
# One person of SOUNDS in so many is in conversations, and only the model that ships is trained on
# their sounds.
IN_CONVERSATIONS = 2
# Crops of equal length in one pass through the network.
BATCH = 16

Bands = NDArray[np.float32]


@dataclass
class Statistics:
    """One row per crop, with the speaker as `CORPUS/SPEAKER`."""

    # The input of the last layer [rows, 1024].
    values: NDArray[np.float32]
    corpora: NDArray[np.str_]
    speakers: NDArray[np.str_]
    clips: NDArray[np.str_]
    # Whether the crop is unchanged.
    clean: NDArray[np.bool_]

    def rows(self, chosen: NDArray[np.bool_]) -> "Statistics":
        """Those rows alone."""
        return Statistics(**{field.name: getattr(self, field.name)[chosen] for field in FIELDS})

    def without(self, corpus: str) -> "Statistics":
        """The rows of all other corpora."""
        return self.rows(self.corpora != corpus)

    def of_several(self) -> "Statistics":
        """The rows of speakers with at least LEAST_CLIPS clips."""
        pairs = {*zip(self.speakers, self.clips, strict=True)}
        count = Counter(speaker for speaker, _ in pairs)
        return self.rows(np.array([count[name] >= LEAST_CLIPS for name in self.speakers], bool))


FIELDS = fields(Statistics)


def chosen(known: list[Clip]) -> list[Clip]:
    """Some clips of each speaker of the labelled corpora and UNLABELLED, equal in every run.

    Corpora with a single speaker are excluded.
    """
    labelled = {clip.corpus for clip in known if clip.label} | {*UNLABELLED}
    voices: dict[str, dict[str, list[Clip]]] = {}
    for clip in sorted(known, key=lambda clip: stable_hash(f"{SEED}{clip.path}")):
        if clip.corpus in labelled:
            voices.setdefault(clip.corpus, {}).setdefault(clip.speaker, []).append(clip)
    out = []
    for _, mine in sorted(voices.items()):
        most = CLIPS_OF_MANY if len(mine) > MANY else CLIPS
        if len(mine) > 1:
            out += [clip for _, spoken in sorted(mine.items()) for clip in spoken[:most]]
    return out


def other_sounds(known: list[Clip]) -> list[Clip]:
    """The clips of SOUNDS and NOISE."""
    found = [clip for clip in known if clip.corpus in (SOUNDS, NOISE)]
    return sorted(found, key=lambda clip: clip.path)


def in_conversations(speaker: str) -> bool:
    """Whether the sounds of a person of SOUNDS are in conversations."""
    return stable_hash(f"{SEED}{speaker}") % IN_CONVERSATIONS == 0


@dataclass
class Sounds:
    """The corpora's folder, with the rooms and noises for second crops."""

    data: Path
    responses: list[rooms.Signal]
    noises: list[str]

    @classmethod
    def read(cls, data: Path, known: list[Clip]) -> "Sounds":
        noises = sorted(clip.path for clip in known if clip.corpus == NOISE)
        return cls(data, rooms.measured(data), noises)

    def changed(self, signal: rooms.Signal, rng: np.random.Generator) -> rooms.Signal:
        """The signal in a room, through a channel, and with a share of NOISY with noise."""
        changed = rooms.second_version(signal, self.responses, rng)
        if not self.noises or rng.random() >= NOISY:
            return changed
        noise = read_audio(self.data / self.noises[rng.integers(len(self.noises))])
        level = 10.0 * np.log10(np.mean(changed**2) + 1e-12) - rng.uniform(*OVER_NOISE_DB)
        noise = np.resize(levelled(noise.astype(np.float64), level), len(changed))
        return np.asarray(changed + noise)

    def crops(self, clip: Clip) -> list[Bands]:
        """A clean and a changed crop [frames, 80]; none if the speech is too short."""
        samples = read_audio(self.data / clip.path).astype(np.float64)
        start, end = spoken_frames(samples)
        shortest, longest = (int(s * FRAMES_PER_SECOND) for s in (SHORTEST_S, LONGEST_S))
        if end - start < shortest:
            return []
        rng = np.random.default_rng([SEED, stable_hash(clip.path) % 2**32])
        out = []
        for version in (samples, self.changed(samples, rng)):
            length = int(rng.integers(shortest, min(end - start, longest) + 1))
            first = int(rng.integers(start, end - length + 1))
            out.append(bands(version)[first : first + length])
        return out


def of_network(network: "SpeakerNetwork", crops: list[Bands]) -> NDArray[np.float32]:
    """The statistics of each crop [crops, 1024]; crops of equal length share a batch."""
    import torch

    places: dict[int, list[int]] = {}
    for place, crop in enumerate(crops):
        places.setdefault(len(crop), []).append(place)
    out: dict[int, NDArray[np.float32]] = {}
    with torch.inference_mode():
        for same in places.values():
            for begin in range(0, len(same), BATCH):
                batch = same[begin : begin + BATCH]
                stacked = torch.from_numpy(np.stack([crops[place] for place in batch]))
                found = network.statistics_of(stacked).numpy()
                out |= dict(zip(batch, found, strict=True))
    return np.stack([out[place] for place in range(len(crops))])


def collect(
    network: "SpeakerNetwork", clips: list[Clip], known: list[Clip], data: Path
) -> Statistics:
    """The statistics of the clips, corpus by corpus."""
    sounds = Sounds.read(data, known)
    values, origin = [], []
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        crops: list[Bands] = []
        for clip in bar([clip for clip in clips if clip.corpus == corpus], corpus, "clip"):
            found = sounds.crops(clip)
            crops += found
            for clean in (True, False)[: len(found)]:
                origin.append((corpus, f"{corpus}/{clip.speaker}", clip.path, clean))
        if crops:
            values.append(of_network(network, crops))
        print(f"{corpus:12} {len(crops):5} crops", flush=True)
    corpora, speakers, paths, clean_rows = map(np.array, zip(*origin, strict=True))
    return Statistics(np.concatenate(values), corpora, speakers, paths, clean_rows)


def key(clips: list[Clip]) -> str:
    """A hash of the clips and of the constants."""
    constants = [SEED, SHORTEST_S, LONGEST_S, NOISY, OVER_NOISE_DB, LEAST_CLIPS, SEGMENT, CONTEXT]
    text = json.dumps([constants, [clip.path for clip in clips]])
    return hashlib.sha256(text.encode()).hexdigest()


def collected(
    network: "SpeakerNetwork", clips: list[Clip], known: list[Clip], data: Path, path: Path
) -> Statistics:
    """Reads `path`; collects and writes it first if it is missing or of other clips."""
    if path.is_file():
        with np.load(path) as kept:
            if str(kept["key"]) == key(clips):
                return Statistics(**{field.name: kept[field.name] for field in FIELDS})
    found = collect(network, clips, known, data)
    write_arrays(path, {"key": np.array(key(clips)), **vars(found)})
    return found
