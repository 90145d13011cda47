"""Conversations made of corpus clips, with reference turns: WAV, RTTM and a list of turns.

They go to the work folder and nowhere else: corpus clips are never redistributed. Thresholds are
tuned on the corpora of `TUNE`, figures are of those of `TEST`.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from ..data import corpora
from ..data.corpora import Clip, stable_hash
from ..errors import CorpusError
from ..features import rooms
from ..features.audio import read_audio
from ..features.cache import spoken_frames
from ..features.channels import levelled
from ..features.frontend import HOP, SAMPLE_RATE
from ..files import write_json, write_text
from ..progress import bar
from .crops import SOUNDS, in_conversations, other_sounds

TUNE = ("nemo", "emodb", "ased", "turevdb")
TEST = ("ravdess", "cremad", "esuem", "banglaser", "emotiontts")
SETS = {"tune": TUNE, "test": TEST}
SEED = 27
# Conversations per kind and corpus: with pauses for each number of people, and the others.
PAUSES, JOINED, ROOM, ALONE, LAUGHS = 6, 12, 6, 12, 12
MOST_PEOPLE = 4
TURNS_EACH, TURNS_ALONE, CLIPS_ALONE = 5, 8, 10
# One who laughs does so after every second clip. The corpus of such sounds has few of a person, so
# they are those of several.
LAUGH_AFTER = 2
LAUGHTER = (
    "coughing",
    "crying",
    "laughing",
    "moaning",
    "screaming",
    "sighing",
    "sneezing",
    "throat-clearing",
    "yawning",
)
PAUSE_S = (0.2, 2.0)
OVERLAP_S = 0.1
# RMS of speech and its spread over turns, household noise below speech, and a faint hiss, in dB.
SPEECH_DB, SPREAD_DB = -23.0, 2.0
NOISE_DB, HISS_DB = (-35.0, -25.0), -50.0

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Turn:
    """One clip in a conversation, in seconds, without its silence."""

    speaker: str
    start_s: float
    end_s: float
    label: str
    path: str


@dataclass
class Sources:
    """The clips and sounds for the conversations of one corpus."""

    data: Path
    clips: dict[str, list[Clip]]
    laughs: list[Clip]
    noises: list[str]
    responses: list[Samples]

    def speech(self, clip: Clip) -> Samples:
        """The clip without the silence before and after it."""
        samples = read_audio(self.data / clip.path).astype(np.float64)
        start, end = spoken_frames(samples)
        return samples[start * HOP : end * HOP]


def sources(data: Path, corpus: str) -> Sources:
    """The speakers of a corpus with enough clips, and background sounds."""
    known = corpora.read(data)
    voices: dict[str, list[Clip]] = {}
    for clip in known:
        if clip.corpus == corpus and clip.label:
            voices.setdefault(clip.speaker, []).append(clip)
    voices = {name: mine for name, mine in sorted(voices.items()) if len(mine) >= CLIPS_ALONE}
    if len(voices) < MOST_PEOPLE:
        raise CorpusError(f"{corpus} has fewer than {MOST_PEOPLE} speakers with clips enough")
    laughs = [
        clip
        for clip in other_sounds(known)
        if clip.corpus == SOUNDS
        and Path(clip.path).parent.name in LAUGHTER
        and in_conversations(clip.speaker)
    ]
    noises = sorted(clip.path for clip in known if "household" in clip.path)
    return Sources(data, voices, laughs, noises, rooms.measured(data))


def mixed_order(clips: list[Clip], rng: np.random.Generator) -> list[Clip]:
    """Shuffled clips with alternating emotions: neighbours differ as long as several are left."""
    groups: dict[str, list[Clip]] = {}
    for place in rng.permutation(len(clips)):
        groups.setdefault(clips[place].label, []).append(clips[place])
    names = sorted(groups)
    order = [names[place] for place in rng.permutation(len(names))]
    out = []
    while any(groups.values()):
        out += [groups[name].pop() for name in order if groups[name]]
    return out


def speaking_order(people: int, rng: np.random.Generator) -> list[int]:
    """TURNS_EACH turns of each person, who rarely speaks twice in a row."""
    if people == 1:
        return [0] * TURNS_ALONE
    left = [TURNS_EACH] * people
    order: list[int] = []
    while sum(left):
        weights = np.array(left, dtype=np.float64)
        if order and np.count_nonzero(weights) > 1:
            weights[order[-1]] *= 0.2
        order.append(int(rng.choice(people, p=weights / weights.sum())))
        left[order[-1]] -= 1
    return order


def mixed(
    turns: list[Clip], gap_s: Callable[[], float], found: Sources, rng: np.random.Generator
) -> tuple[Samples, list[Turn]]:
    """Concatenates the clips with gaps (negative: overlaps); returns the position of each."""
    at, pieces, truth = SAMPLE_RATE // 2, [], []
    for place, clip in enumerate(turns):
        level = SPEECH_DB + rng.normal(0.0, SPREAD_DB)
        speech = levelled(found.speech(clip), level)
        if place:
            at += int(gap_s() * SAMPLE_RATE)
        pieces.append((at, speech))
        start, end = at / SAMPLE_RATE, (at + len(speech)) / SAMPLE_RATE
        truth.append(Turn(clip.speaker, round(start, 3), round(end, 3), clip.label, clip.path))
        at += len(speech)
    whole = np.zeros(at + SAMPLE_RATE)
    for start, speech in pieces:
        # A fade of 5 ms avoids clicks.
        ramp = np.minimum(1.0, np.arange(len(speech)) / 80.0)
        whole[start : start + len(speech)] += speech * ramp * ramp[::-1]
    return whole, truth


def with_noise(whole: Samples, found: Sources, rng: np.random.Generator) -> Samples:
    """Household noise and hiss under everything."""
    if found.noises:
        noise = read_audio(found.data / found.noises[rng.integers(len(found.noises))])
        level = SPEECH_DB + rng.uniform(*NOISE_DB)
        whole = whole + np.resize(levelled(noise.astype(np.float64), level), len(whole))
    hiss = 10.0 ** ((SPEECH_DB + HISS_DB) / 20.0)
    return np.asarray(whole + rng.normal(0.0, hiss, len(whole)))


def conversation(kind: str, people: int, found: Sources, rng: np.random.Generator) -> list[Clip]:
    """The clips of one conversation in order."""
    names = sorted(found.clips)
    chosen = [names[place] for place in rng.choice(len(names), people, replace=False)]
    spoken = {name: iter(mixed_order(found.clips[name], rng)) for name in chosen}
    if kind in ("alone", "laughs"):
        own = [next(spoken[chosen[0]]) for _ in range(CLIPS_ALONE)]
        return own if kind == "alone" else with_laughs(own, found.laughs, rng)
    order = speaking_order(people, rng)
    return [clip for who in order if (clip := next(spoken[chosen[who]], None))]


def with_laughs(own: list[Clip], laughs: list[Clip], rng: np.random.Generator) -> list[Clip]:
    """The clips of a person, with sounds between them that count as theirs."""
    out = []
    for place, clip in enumerate(own, 1):
        out.append(clip)
        if place % LAUGH_AFTER == 0:
            laugh = laughs[rng.integers(len(laughs))]
            out.append(replace(laugh, speaker=clip.speaker))
    return out


def gaps(kind: str, rng: np.random.Generator) -> Callable[[], float]:
    """Seconds between turns of a kind of conversation."""
    if kind in ("pauses", "alone", "laughs"):
        return lambda: float(rng.uniform(*PAUSE_S))
    return lambda: -OVERLAP_S if rng.random() < 0.5 else 0.0


def plan() -> list[tuple[str, int, int]]:
    """Kind, people and number of every conversation of a corpus."""
    kinds = [("pauses", people, PAUSES) for people in range(1, MOST_PEOPLE + 1)]
    kinds += [("joined", 2, JOINED), ("room", 2, ROOM), ("alone", 1, ALONE), ("laughs", 1, LAUGHS)]
    return [(kind, people, number) for kind, people, count in kinds for number in range(count)]


def make(data: Path, folder: Path, corpus: str) -> None:
    """Writes the conversations of one corpus; existing ones stay."""
    found = sources(data, corpus)
    for kind, people, number in bar(plan(), corpus, "conversation"):
        name = f"{corpus}-{kind}-{people}-{number:02}"
        if (folder / f"{name}.json").is_file():
            continue
        rng = np.random.default_rng([SEED, stable_hash(name) % 2**32])
        clips = conversation(kind, people, found, rng)
        whole, turns = mixed(clips, gaps(kind, rng), found, rng)
        if kind == "room":
            room = found.responses[rng.integers(len(found.responses))]
            wet = scipy.signal.fftconvolve(whole, room)[: len(whole)]
            whole = np.asarray(levelled(wet, 10.0 * np.log10(np.mean(whole**2) + 1e-12)))
        whole = np.clip(with_noise(whole, found, rng), -1.0, 1.0)
        folder.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{name}.wav", whole, SAMPLE_RATE, subtype="PCM_16")
        write_text(folder / f"{name}.rttm", rttm(name, turns))
        entry = {"name": name, "corpus": corpus, "kind": kind, "people": people}
        write_json(folder / f"{name}.json", {**entry, "turns": [asdict(turn) for turn in turns]})


def rttm(name: str, turns: list[Turn]) -> str:
    """The turns as RTTM."""
    return "".join(
        f"SPEAKER {name} 1 {turn.start_s:.3f} {turn.end_s - turn.start_s:.3f} "
        f"<NA> <NA> {turn.speaker} <NA> <NA>\n"
        for turn in turns
    )


def folder_of(work: Path, name: str) -> Path:
    """The folder of a set's conversations."""
    return work / "conversations" / name


def make_all(data: Path, work: Path) -> None:
    """Both sets, corpus by corpus."""
    for name, names in SETS.items():
        for corpus in names:
            make(data, folder_of(work, name), corpus)
