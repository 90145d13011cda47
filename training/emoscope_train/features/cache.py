"""Log-mel of every clip, computed once and kept in the work folder.

float16 stores a level to 0.06 dB, enough for training; parity is checked without this cache.
"""

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.corpora import Clip, stable_hash
from ..errors import CorpusError, UserError
from ..files import write_json
from ..progress import bar
from . import channels, rooms
from .audio import read_audio
from .frontend import FRONTEND, N_MELS, log_mel

VERSION = 1
CLEAN, ROOM, ROOM_ALONE = "clean", "room", "room-alone"
TRIM_DB = 35.0
FRAME_BYTES = 2 * N_MELS
Decibels = NDArray[np.float32]


@dataclass
class FeatureSet:
    """Features of many clips in one array on disk."""

    frames: NDArray[np.float16]
    offsets: dict[str, int]
    lengths: dict[str, int]

    def whole(self, path: str) -> Decibels:
        """Every frame of a clip in dB."""
        start = self.offsets[path]
        return np.asarray(self.frames[start : start + self.lengths[path]], dtype=np.float32)

    def trimmed(self, path: str) -> Decibels:
        """Without the silence before and after."""
        whole = self.whole(path)
        start, end = speech_bounds(whole)
        return whole[start:end]


def frame_level(decibels: NDArray[np.floating]) -> NDArray[np.float64]:
    """Level of each frame in dB, summed over the bands."""
    return np.asarray(10.0 * np.log10(np.sum(10.0 ** (decibels.astype(np.float64) / 10.0), axis=1)))


def speech_bounds(decibels: Decibels) -> tuple[int, int]:
    """First and one past the last frame within 35 dB of the loud frames."""
    level = frame_level(decibels)
    loud = np.flatnonzero(level >= np.percentile(level, 95) - TRIM_DB)
    return int(loud[0]), int(loud[-1]) + 1


def spoken_frames(samples: NDArray[np.floating]) -> tuple[int, int]:
    """`speech_bounds` of samples at 16 kHz."""
    return speech_bounds(log_mel(samples).astype(np.float32))


def _compute(job: tuple[str, str, str]) -> NDArray[np.float16]:
    data, path, version = job
    samples = read_audio(Path(data) / path).astype(np.float64)
    rng = np.random.default_rng(stable_hash(path))
    if version == ROOM:
        samples = rooms.second_version(samples, _responses(data), rng)
    elif version == ROOM_ALONE:
        samples = rooms.through_room(samples, _responses(data), rng)
    elif version != CLEAN:
        samples = channels.CHANNELS[version](samples)
    return log_mel(samples).astype(np.float16)


_RESPONSES: dict[str, list[rooms.Signal]] = {}


def _responses(data: str) -> list[rooms.Signal]:
    if data not in _RESPONSES:
        _RESPONSES[data] = rooms.measured(Path(data))
    return _RESPONSES[data]


def index(clips: list[Clip], data: Path, work: Path, version: str = CLEAN) -> Path:
    """The file that lists the features of `clips`; it exists once all are computed."""
    paths = sorted({clip.path for clip in clips})
    return work / "features" / _key(paths, data, version) / "index.json"


def cached(
    clips: list[Clip], data: Path, work: Path, version: str = CLEAN, workers: int = 2
) -> FeatureSet:
    """The features of `clips`; missing ones are computed."""
    paths = sorted({clip.path for clip in clips})
    complete = index(clips, data, work, version)
    folder = complete.parent
    if not complete.is_file():
        _build(paths, data, folder, version, workers)
    lengths = json.loads(complete.read_text(encoding="utf-8"))
    if list(lengths) != paths:
        raise UserError(f"{folder} is of other clips; delete it")
    ends = np.cumsum([0, *lengths.values()])
    frames = np.memmap(folder / "frames.f16", np.float16, "r", shape=(int(ends[-1]), N_MELS))
    offsets = dict(zip(lengths, (int(end) for end in ends), strict=False))
    return FeatureSet(frames, offsets, lengths)


def _key(paths: list[str], data: Path, version: str) -> str:
    seal = hashlib.sha256(json.dumps([VERSION, FRONTEND, version]).encode())
    for path in paths:
        try:
            size = (data / path).stat().st_size
        except OSError as error:
            raise CorpusError(f"{data / path} is in the manifest but not on disk") from error
        seal.update(f"{path}\0{size}\0".encode())
    return f"{version}-{seal.hexdigest()[:16]}"


def _build(paths: list[str], data: Path, folder: Path, version: str, workers: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    store, journal = folder / "frames.f16", folder / "journal"
    # Complete clips of an interrupted run are kept.
    done = _whole(store, journal)
    lengths = dict(zip(paths, done, strict=False))
    jobs = [(str(data), path, version) for path in paths[len(done) :]]
    with (
        store.open("ab") as out,
        journal.open("a", encoding="utf-8") as lines,
        ProcessPoolExecutor(workers) as pool,
    ):
        out.truncate(sum(done) * FRAME_BYTES)
        computed = pool.map(_compute, jobs, chunksize=32)
        shown = bar(computed, f"features, {version}", " clips", len(jobs))
        try:
            for path, frames in zip(paths[len(done) :], shown, strict=True):
                out.write(frames.tobytes())
                out.flush()
                lines.write(f"{len(frames)}\n")
                lines.flush()
                lengths[path] = len(frames)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    # Written last: a folder without it is incomplete.
    write_json(folder / "index.json", lengths)
    journal.unlink()


def _whole(store: Path, journal: Path) -> list[int]:
    """Frames of each clip that is complete in the store."""
    if not store.is_file() or not journal.is_file():
        return []
    text = journal.read_text(encoding="utf-8")
    # A line without a line break may contain a truncated number.
    lengths = [int(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    room = store.stat().st_size // FRAME_BYTES
    while sum(lengths) > room:
        lengths.pop()
    journal.write_text("".join(f"{length}\n" for length in lengths), encoding="utf-8")
    return lengths
