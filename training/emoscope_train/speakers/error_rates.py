"""Equal error rates of the embeddings over corpora, by sex and language.

Each corpus is measured with the model that was trained without it, and with the published one. As
far as known, that was trained on none of these corpora. Clips are as in a conversation: 0.75 to 3 s
of speech, mixed emotions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from ..data import corpora
from ..data.corpora import Clip, stable_hash
from ..export.onnx_runtime import session
from ..features.audio import read_audio
from ..features.cache import spoken_frames
from ..features.frontend import FRAMES_PER_SECOND
from ..progress import bar
from ..runs import fine_tuned, published_speaker_model, speaker_model_without
from .bands import bands
from .spec import INPUT, OUTPUT, WINDOWS

# The four main corpora first; turevdb's words are mostly too short.
MAIN = ("ravdess", "cremad", "emodb", "nemo")
OTHERS = ("ased", "urdu", "emotiontts", "banglaser", "esuem", "emospeech", "baved")
SEED = 27
SHORTEST_S, LONGEST_S = 0.75, 3.0
# Clips of a speaker: few of many speakers, many of few.
CLIPS, CLIPS_OF_FEW, FEW = 12, 30, 20
TOGETHER, DRAWS = 3, 8

Matrix = NDArray[np.float64]


@dataclass
class Voices:
    """Normalised embeddings [clips, 192] of one corpus, with speaker and sex of each."""

    embeddings: Matrix
    speakers: NDArray[np.str_]
    sexes: NDArray[np.str_]


def chosen(clips: list[Clip]) -> list[Clip]:
    """Some clips of each speaker of a corpus, the same in every run."""
    voices: dict[str, list[Clip]] = {}
    for clip in sorted(clips, key=lambda clip: stable_hash(f"{SEED}{clip.path}")):
        voices.setdefault(clip.speaker, []).append(clip)
    most = CLIPS_OF_FEW if len(voices) <= FEW else CLIPS
    return [clip for name in sorted(voices) for clip in voices[name][:most]]


def window(path: Path) -> NDArray[np.float32] | None:
    """Bands of a clip's first LONGEST_S of speech; None if there is less than SHORTEST_S."""
    samples = read_audio(path)
    start, end = spoken_frames(samples)
    if end - start < SHORTEST_S * FRAMES_PER_SECOND:
        return None
    end = min(end, start + int(LONGEST_S * FRAMES_PER_SECOND))
    return bands(samples)[start:end]


def embed(
    models: list[onnxruntime.InferenceSession], clips: list[Clip], data: Path
) -> list[Voices]:
    """The voices of one corpus by each model; speakers with a single clip are excluded."""
    rows, kept = [], []
    for clip in bar(clips, clips[0].corpus, "clip"):
        features = window(data / clip.path)
        if features is None:
            continue
        inputs = {INPUT: features, WINDOWS: np.array([[0, len(features)]], dtype=np.float32)}
        found = [model.run([OUTPUT], inputs)[0][0] for model in models]
        rows.append(np.stack(found).astype(np.float64))
        kept.append(clip)
    speakers = np.array([clip.speaker for clip in kept])
    often = np.array([np.count_nonzero(speakers == name) > 1 for name in speakers])
    sexes = np.array([clip.sex for clip in kept])
    by_model = normalised(np.stack(rows, axis=1))
    return [Voices(mine[often], speakers[often], sexes[often]) for mine in by_model]


def normalised(rows: Matrix) -> Matrix:
    """Each row with length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def equal_error_rate(same: Matrix, other: Matrix) -> float:
    """Error rate at the threshold where both kinds of error are equally frequent."""
    scores = np.concatenate([same, other])
    truth = np.concatenate([np.ones(len(same)), np.zeros(len(other))])
    order = np.argsort(scores, kind="stable")
    missed = np.cumsum(truth[order]) / len(same)
    accepted = 1.0 - np.cumsum(1.0 - truth[order]) / len(other)
    place = int(np.argmin(np.abs(missed - accepted)))
    return float((missed[place] + accepted[place]) / 2.0)


def of_pairs(embeddings: Matrix, speakers: NDArray[np.str_]) -> float | None:
    """Equal error rate over all pairs of rows; None without pairs of both kinds."""
    one, two = np.triu_indices(len(speakers), 1)
    scores = (embeddings @ embeddings.T)[one, two]
    same = speakers[one] == speakers[two]
    if same.all() or not same.any():
        return None
    return equal_error_rate(scores[same], scores[~same])


def together(voices: Voices) -> float | None:
    """Equal error rate of means over TOGETHER clips of a speaker; mean over random groupings."""
    rng = np.random.default_rng(SEED)
    rates = []
    for _ in range(DRAWS):
        rows, names = [], []
        for name in np.unique(voices.speakers):
            mine = rng.permutation(np.flatnonzero(voices.speakers == name))
            for begin in range(0, len(mine) - TOGETHER + 1, TOGETHER):
                rows.append(voices.embeddings[mine[begin : begin + TOGETHER]].mean(axis=0))
                names.append(name)
        if not rows:
            return None
        rate = of_pairs(normalised(np.stack(rows)), np.array(names))
        if rate is None:
            return None
        rates.append(rate)
    return float(np.mean(rates))


def rates(voices: Voices) -> dict[str, Any]:
    """Every figure of one corpus."""
    by_sex: dict[str, float | None] = {}
    for sex in ("f", "m"):
        mine = voices.sexes == sex
        by_sex[sex] = of_pairs(voices.embeddings[mine], voices.speakers[mine])
    known = [rate for rate in by_sex.values() if rate is not None]
    return {
        "clips": len(voices.speakers),
        "speakers": len(np.unique(voices.speakers)),
        "single": of_pairs(voices.embeddings, voices.speakers),
        "three": together(voices),
        "one_sex": float(np.mean(known)) if known else None,
        "by_sex": by_sex,
    }


def published_rates(voices: Voices) -> dict[str, float | None]:
    """The figures of the published network that stand beside the others."""
    return {
        "single": of_pairs(voices.embeddings, voices.speakers),
        "three": together(voices),
    }


def measure(work: Path, data: Path) -> dict[str, Any]:
    """Figures by corpus and language, and the mean of the main ones; prints a line for each."""
    published, known = session(fine_tuned(published_speaker_model(work))), corpora.read(data)
    by_corpus: dict[str, dict[str, Any]] = {}
    for corpus in (*MAIN, *OTHERS):
        mine = [clip for clip in known if clip.corpus == corpus]
        if not mine:
            continue
        model = session(fine_tuned(speaker_model_without(work, corpus)))
        voices, before = embed([model, published], chosen(mine), data)
        found = {**rates(voices), "published": published_rates(before)}
        by_corpus[corpus] = {"language": mine[0].language, **found}
        print(f"{corpus:12} {line(found)}", flush=True)
    main = [by_corpus[corpus] for corpus in MAIN if corpus in by_corpus]
    mean: dict[str, Any] = {key: mean_of(main, key) for key in ("single", "three", "one_sex")}
    before_all = [row["published"] for row in main]
    mean["published"] = {key: mean_of(before_all, key) for key in ("single", "three")}
    print(f"{'mean of four':12} {line(mean)}")
    languages = sorted({row["language"] for row in by_corpus.values()})
    by_language = {
        language: mean_of([r for r in by_corpus.values() if r["language"] == language], "single")
        for language in languages
    }
    sexes = [row["by_sex"] for row in by_corpus.values()]
    by_sex = {sex: mean_of(sexes, sex) for sex in ("f", "m")}
    return {
        "seed": SEED,
        "seconds": [SHORTEST_S, LONGEST_S],
        "by_corpus": by_corpus,
        "mean": {"corpora": list(MAIN), **mean},
        "by_language": by_language,
        "by_sex": by_sex,
    }


def mean_of(rows: list[dict[str, Any]], key: str) -> float | None:
    """Mean over the rows that have the key."""
    found = [row[key] for row in rows if row[key] is not None]
    return float(np.mean(found)) if found else None


def line(found: dict[str, Any]) -> str:
    """In percent: single clips, three together, one sex; then the first two as published."""
    cells = [found[key] for key in ("single", "three", "one_sex")]
    cells += [found["published"][key] for key in ("single", "three")]
    return "  ".join("   -" if cell is None else f"{100 * cell:4.1f}" for cell in cells)
