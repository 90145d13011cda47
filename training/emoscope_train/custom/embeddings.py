"""Embeddings of all clips, computed once and cached, so an interrupted run resumes."""

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ..data.corpora import Clip
from ..errors import CorpusError
from ..export.onnx_runtime import embed, session
from ..features.audio import read_audio
from ..features.augment import Augmentation, augmented
from ..features.cache import speech_bounds
from ..features.duplicates import alike, fingerprint
from ..features.frontend import FRAMES_PER_SECOND, FRONTEND, SAMPLE_RATE, log_mel, to_mfcc
from ..features.windows import LONGEST, SHORTEST, opening, seconds_of
from ..files import write_arrays
from ..model.baseline import Embeddings
from ..progress import bar
from ..training.enrolment import Versions
from .clips import NAMED

# Must change whenever the computation changes.
RECIPE = 1
# Augmented training windows per clip besides its first one: at random positions.
CHANGED = 3
# Fewest frames of 10 ms of a usable clip.
LEAST = 10


@dataclass
class Embedded:
    """Every clip in several versions; the first is its clean first window."""

    versions: Versions
    # Logit of speech, of the clean version.
    speech: NDArray[np.float32]
    # Fingerprints that detect copies.
    prints: NDArray[np.float32]
    frames: NDArray[np.int64]

    def of(self, places: NDArray[np.int64]) -> "Embedded":
        """A selection of clips."""
        versions = Versions(self.versions.embeddings[places], self.versions.seconds[places])
        return Embedded(versions, self.speech[places], self.prints[places], self.frames[places])

    def copies(self) -> list[tuple[int, int]]:
        """Groups of indices of clips that are the same recording."""
        return alike(self.prints, self.frames)


def embed_clips(clips: list[Clip], base: Path, work: Path, threads: int) -> Embedded:
    """Embeds all clips; results of earlier runs are read from `work`.

    Raises `CorpusError` with every recording that cannot be used.
    """
    seal = hashlib.sha256(base.read_bytes())
    seal.update(json.dumps([RECIPE, CHANGED, FRONTEND]).encode())
    folder = work / "own" / seal.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    kept = [folder / f"{key(clip)}.npz" for clip in clips]
    missing = [place for place, path in enumerate(kept) if not path.is_file()]
    if 0 < len(missing) < len(clips):
        print(f"{len(clips) - len(missing)} of {len(clips)} clips are embedded already")
    local = threading.local()

    def one(place: int) -> None:
        if not hasattr(local, "runtime"):
            local.runtime = session(base)
        write_arrays(kept[place], embed_clip(clips[place], local.runtime))

    failed = []
    pool = ThreadPoolExecutor(threads)
    try:
        jobs = [pool.submit(one, place) for place in missing]
        for job in bar(as_completed(jobs), "embedding", " clips", len(jobs)):
            if isinstance(error := job.exception(), CorpusError):
                failed.append(str(error))
            elif error:
                raise error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if failed:
        raise CorpusError(unusable(failed))
    return together([load(path) for path in kept])


def key(clip: Clip) -> str:
    """The cache key, from the file and its time span."""
    status = Path(clip.path).stat()
    seal = hashlib.sha256(f"{clip.path}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    if clip.span:
        seal.update(f"\0{clip.span}".encode())
    return seal.hexdigest()[:32]


def unusable(failed: list[str]) -> str:
    """One message about all unusable recordings."""
    shown = "\n  ".join(sorted(failed)[:NAMED])
    more = f"\n  and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
    return (
        f"{len(failed)} recordings cannot be used:\n  {shown}{more}\n"
        "Take them out, or convert them, for example: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav. "
        "The others are kept."
    )


def embed_clip(clip: Clip, runtime: onnxruntime.InferenceSession) -> dict[str, NDArray[Any]]:
    """The cached values of one clip."""
    path = clip.path
    samples = read_audio(Path(path))
    if clip.span:
        start, end = (round(seconds * SAMPLE_RATE) for seconds in clip.span)
        samples = samples[start:end]
        path = f"{path} from {clip.span[0]:g} to {clip.span[1]:g} s"
    if not np.all(np.isfinite(samples)) or not np.any(samples):
        raise CorpusError(f"{path} holds nothing but silence")
    decibels = log_mel(samples).astype(np.float32)
    start, end = speech_bounds(decibels)
    spoken = decibels[start:end]
    if len(spoken) < LEAST:
        raise CorpusError(f"{path} is too short: {len(spoken) / FRAMES_PER_SECOND:g} s of sound")
    # By content, not by path: a copied folder gives the same model.
    seed = int.from_bytes(hashlib.sha256(samples.tobytes()).digest()[:8], "big")
    rng = np.random.default_rng(seed)
    pieces = [opening(spoken)]
    for _ in range(CHANGED):
        frames = min(len(spoken), int(rng.integers(SHORTEST, LONGEST + 1)))
        pieces.append(augmented(spoken, frames, [], Augmentation(), rng))
    embedded, speech = embed(runtime, [to_mfcc(piece) for piece in pieces])
    return {
        "embeddings": embedded,
        "seconds": seconds_of(pieces),
        "speech": speech[0],
        "print": fingerprint(spoken),
        "frames": np.asarray(len(spoken)),
    }


def load(path: Path) -> dict[str, NDArray[Any]]:
    """The cached values of one clip."""
    with np.load(path) as status:
        return dict(status)


def together(rows: list[Any]) -> Embedded:
    def column(name: str) -> NDArray[Any]:
        return np.stack([row[name] for row in rows])

    embeddings: Embeddings = column("embeddings")
    return Embedded(
        Versions(embeddings, column("seconds")),
        column("speech"),
        column("print"),
        column("frames"),
    )
