"""The program on whole recordings: clips joined with pauses, and audio without speech.

The clips are the test side of a split, and the model was trained without them.
"""

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from ..config import Config
from ..data import corpora, splits
from ..data.corpora import Clip, stable_hash
from ..data.labels import LABELS
from ..errors import UserError
from ..export import binary
from ..features.audio import read_audio
from ..features.channels import levelled
from ..features.frontend import SAMPLE_RATE
from ..files import write_json
from ..runs import Run

# Clips of one speaker in a joined recording, and most recordings per corpus.
JOINED, RECORDINGS = 12, 12
PAUSE_S = (0.8, 1.6)
# The background under everything, below the loud parts of speech.
BACKGROUND_DB = -45.0
SPEECH_DB = -23.0
# Household noise under everything, below speech.
NOISE_DB = -10.0
# Start offsets in seconds that shift the block boundaries; the shortest pause is longer.
SKIPPED_S = (0.0, 0.0054, 0.0117)
ONSETS_S = (0.75, 1.0, 1.5, 2.0, 3.0)
CALM = {"neutral", "uncertain"}


@dataclass
class Placed:
    """A clip in a joined recording, in seconds."""

    clip: Clip
    start_s: float
    end_s: float


def joined(
    clips: list[Clip],
    data: Path,
    rng: np.random.Generator,
    noise: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float32], list[Placed]]:
    """One recording of the clips with pauses over a faint background, or over noise."""
    pieces, placed, at = [], [], 0
    for clip in clips:
        pause = np.zeros(int(rng.uniform(*PAUSE_S) * SAMPLE_RATE))
        speech = levelled(read_audio(data / clip.path).astype(np.float64), SPEECH_DB)
        at += len(pause)
        placed.append(Placed(clip, at / SAMPLE_RATE, (at + len(speech)) / SAMPLE_RATE))
        at += len(speech)
        pieces += [pause, speech]
    whole = np.concatenate([*pieces, np.zeros(SAMPLE_RATE)])
    level = 10.0 ** ((SPEECH_DB + BACKGROUND_DB) / 20.0)
    whole += rng.normal(0.0, level, len(whole))
    if noise is not None:
        whole += np.resize(levelled(noise, SPEECH_DB + NOISE_DB), len(whole))
    return np.clip(whole, -1.0, 1.0).astype(np.float32), placed


def recordings(clips: list[Clip], one_mood: bool = False) -> list[list[Clip]]:
    """Clips of one speaker in a fixed random order, some recordings per corpus.

    Mixed emotions, or one emotion.
    """

    def belongs(clip: Clip) -> tuple[str, str]:
        return clip.speaker, clip.label if one_mood else ""

    out: list[list[Clip]] = []
    for corpus in dict.fromkeys(clip.corpus for clip in clips):
        mine: list[list[Clip]] = []
        for key in sorted({belongs(c) for c in clips if c.corpus == corpus}):
            voice = [c for c in clips if belongs(c) == key]
            voice.sort(key=lambda clip: stable_hash(clip.path))
            mine += [voice[i : i + JOINED] for i in range(0, len(voice), JOINED)]
        out += sorted(mine, key=lambda group: stable_hash(group[0].path))[:RECORDINGS]
    return out


def dialogues(groups: list[list[Clip]]) -> list[list[Clip]]:
    """Two speakers of one corpus in turn, with half of the clips of each recording."""
    out = []
    for first, second in itertools.pairwise(groups):
        if first[0].corpus == second[0].corpus and first[0].speaker != second[0].speaker:
            turns = zip(first[: JOINED // 2], second[: JOINED // 2], strict=False)
            out.append([clip for turn in turns for clip in turn])
    return out


def scored(events: list[Any], placed: list[Placed]) -> list[dict[str, Any]]:
    """The result for each clip, by the utterance that overlaps it most."""
    measured = [e for e in events if e["type"] == "measurement"]
    whole = binary.utterances(events)
    rows = []
    for place in placed:
        row: dict[str, Any] = {"label": place.clip.label, "corpus": place.clip.corpus}
        rows.append(row)
        overlap = [min(e["end_s"], place.end_s) - max(e["start_s"], place.start_s) for e in whole]
        if not overlap:
            continue
        final = whole[int(np.argmax(overlap))]
        # A clip may be one word in three seconds of street noise, so find the word.
        if max(overlap) < 0.5 * (final["end_s"] - final["start_s"]):
            continue
        onset = final["start_s"]
        windows = [
            e
            for e in measured
            if e["trigger"] == "interval" and e["utterance"] == final["utterance"]
        ]
        labels = [(e["end_s"] - onset, e["label"]) for e in windows]
        named = [(s, label) for s, label in labels if label != "uncertain"]
        pairs = itertools.pairwise(named)
        row |= {
            "right": binary.best(final) == place.clip.label,
            "final": final["label"],
            "last_named": named[-1][1] if named else None,
            "seconds": final["end_s"] - onset,
            "baseline_s": final.get("baseline_s", 0.0),
            "by_second": {
                s: binary.best(min(windows, key=lambda e: abs(e["end_s"] - onset - s)))
                == place.clip.label
                for s in ONSETS_S
                if windows and final["end_s"] - onset >= s
            },
            "first_s": labels[0][0] if labels else None,
            "first_named_s": named[0][0] if named else None,
            "first_right_s": next((s for s, label in named if label == place.clip.label), None),
            "flips": sum(a[1] != b[1] for a, b in pairs),
        }
    return rows


def share(values: list[bool]) -> float | None:
    """Share of true values."""
    return round(float(np.mean(values)), 4) if values else None


def middle(values: list[float]) -> float | None:
    """Median."""
    return round(float(np.median(values)), 2) if values else None


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures over all clips of all recordings."""
    detected = [row for row in rows if "right" in row]
    recall = [
        float(np.mean([row["right"] for row in detected if row["label"] == label]))
        for label in sorted({row["label"] for row in detected})
    ]
    minutes = sum(row["seconds"] for row in detected) / 60.0

    def seconds(key: str) -> list[float]:
        return [row[key] for row in detected if row[key] is not None]

    return {
        "clips": len(rows),
        "heard": round(len(detected) / len(rows), 4),
        "accuracy": share([row["right"] for row in detected]),
        "uar": round(float(np.mean(recall)), 4),
        "by_second": {
            str(s): share([row["by_second"][s] for row in detected if s in row["by_second"]])
            for s in ONSETS_S
        },
        "first_judgement_s": middle(seconds("first_s")),
        "first_named_s": middle(seconds("first_named_s")),
        "first_right_s": middle(seconds("first_right_s")),
        # Utterances whose final label differs from the last one during the utterance.
        "final_differs": share(
            [row["final"] != row["last_named"] for row in detected if row["last_named"]]
        ),
        "flips_per_minute": round(sum(row["flips"] for row in detected) / minutes, 2),
    }


def streamed(
    groups: list[list[Clip]],
    data: Path,
    program: Path,
    model: Path,
    noises: list[Clip] | None = None,
) -> dict[str, Any]:
    """Runs the program on a recording of each group, each with the next noise."""
    return summary(clip_rows(groups, data, program, model, noises))


def clip_rows(
    groups: list[list[Clip]],
    data: Path,
    program: Path,
    model: Path,
    noises: list[Clip] | None = None,
    skipped_s: float = 0.0,
) -> list[dict[str, Any]]:
    """The result for each clip; the program gets the recordings without their first seconds."""
    rng = np.random.default_rng(0)
    sounds = [read_audio(data / clip.path).astype(np.float64) for clip in noises or []]
    with tempfile.TemporaryDirectory() as folder:
        places = {}
        for number, group in enumerate(groups):
            noise = sounds[number % len(sounds)] if sounds else None
            samples, placed = joined(group, data, rng, noise)
            path = Path(folder) / f"{number:03d}.wav"
            samples = samples[int(skipped_s * SAMPLE_RATE) :]
            for place in placed:
                place.start_s -= skipped_s
                place.end_s -= skipped_s
            soundfile.write(path, samples, SAMPLE_RATE, subtype="PCM_16")
            places[str(path)] = placed
        events = binary.analyze(program, model, [Path(name) for name in places])
        return [row for name, placed in places.items() for row in scored(events[name], placed)]


def same_label(listeners: list[list[dict[str, Any]]]) -> float | None:
    """Share of clips that were found with every start offset and got the same final label."""
    return share(
        [
            len({row["final"] for row in rows}) == 1
            for rows in zip(*listeners, strict=True)
            if all("final" in row for row in rows)
        ]
    )


def alone(clips: list[Clip], data: Path, program: Path, model: Path) -> float | None:
    """Accuracy on single clips; one without an utterance counts as wrong."""
    predicted = binary.predicted_labels(program, model, [data / clip.path for clip in clips])
    return share([label == clip.label for label, clip in zip(predicted, clips, strict=True)])


def alarms(sounds: list[Clip], data: Path, program: Path, model: Path) -> dict[str, Any]:
    """Utterances with a label other than neutral and uncertain, per ten minutes."""
    if not sounds:
        return {}
    events = binary.analyze(program, model, [data / clip.path for clip in sounds])
    seconds, loud, units = 0.0, 0, 0
    for file in events.values():
        ends = [event for event in file if event["type"] == "session_end"]
        seconds += sum(event["duration_s"] for event in ends)
        units += sum(event["utterances"] for event in ends)
        loud += len(
            {
                event["utterance"]
                for event in file
                if event["type"] == "measurement" and event["label"] not in CALM
            }
        )
    return {
        "minutes": round(seconds / 60.0, 1),
        "utterances_per_10_min": round(units / seconds * 600.0, 2),
        "labelled_per_10_min": round(loud / seconds * 600.0, 2),
    }


def read_speech(clips: list[Clip], data: Path, program: Path, model: Path) -> dict[str, Any]:
    """Plain reading: the share of utterances with the label anger or fear."""
    events = binary.analyze(program, model, [data / clip.path for clip in clips])
    labels = [event["label"] for file in events.values() for event in binary.utterances(file)]
    return {
        "utterances": len(labels),
        "anger_or_fear": share([label in {"anger", "fear"} for label in labels]),
        "neutral_or_uncertain": share([label in CALM for label in labels]),
        "calls": {label: labels.count(label) for label in [*LABELS, "uncertain"]},
    }


def test_side(clips: list[Clip]) -> dict[str, list[Clip]]:
    """Sounds by corpus that the split `speakers` keeps for the test."""
    roles = splits.sounds(clips)
    out: dict[str, list[Clip]] = {}
    for clip in clips:
        if roles[clip.path] == splits.TEST:
            out.setdefault(clip.corpus, []).append(clip)
    return out


def measure(config: Config, data: Path, work: Path, program: Path) -> dict[str, Any]:
    """Every figure of the binary on whole recordings; kept for `evaluate`."""
    run = Run(work, config.name, "speakers")
    model = run.exported
    if not model.is_file():
        raise UserError(f"{model} is missing; `reproduce` with --emoscope exports it")
    clips = config.data.named(corpora.read(data))
    chosen = config.data.select(clips)
    roles = splits.assign("speakers", chosen)
    tested = [clip for clip in chosen if roles.get(clip.path) == splits.TEST]
    neutral_reading = [clip for clip in tested if clip.corpus in config.data.neutral]
    acted = [clip for clip in tested if clip.corpus not in config.data.neutral]
    groups = recordings(acted)
    turns = dialogues(groups)
    moods = recordings(acted, one_mood=True)
    kept = test_side(config.data.select_noise(clips))
    noises = [clip for name in config.data.noise for clip in kept.get(name, [])]
    listeners = [clip_rows(groups, data, program, model, skipped_s=s) for s in SKIPPED_S]
    figures = {
        "joined": summary(listeners[0]),
        "same_label": same_label(listeners),
        "alone": alone([c for g in groups for c in g], data, program, model),
        "in_noise": streamed(groups, data, program, model, noises) if noises else None,
        "in_one_mood": streamed(moods, data, program, model),
        "in_turns": streamed(turns, data, program, model) if turns else None,
        "without_speech": {
            name: alarms(sounds, data, program, model)
            for name, sounds in test_side(config.data.select_sounds(clips)).items()
        },
        "read_speech": read_speech(neutral_reading, data, program, model)
        if neutral_reading
        else None,
    }
    write_json(run.streaming, figures)
    return figures
