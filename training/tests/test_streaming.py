"""The program's results on joined recordings are assigned to the right clip."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from emoscope_train.data.corpora import Clip
from emoscope_train.evaluation.streaming import (
    Placed,
    dialogues,
    joined,
    recordings,
    same_label,
    scored,
    summary,
)

LABELS = ("anger", "neutral", "sadness")


def measured(number: int, trigger: str, start: float, end: float, label: str) -> dict[str, Any]:
    return {
        "type": "measurement",
        "utterance": number,
        "trigger": trigger,
        "start_s": start,
        "end_s": end,
        "label": label,
        "probabilities": {name: 0.8 if name == label else 0.1 for name in LABELS},
        "baseline_s": 0.0,
    }


def placed(label: str, start: float, end: float) -> Placed:
    return Placed(Clip("a.wav", "toy", "toy_1", "en", "", label), start, end)


def test_an_utterance_in_a_long_clip_counts_and_a_neighbour_does_not() -> None:
    events = [
        measured(1, "interval", 2.0, 2.75, "sadness"),
        measured(1, "interval", 2.0, 3.0, "anger"),
        measured(1, "speech_ended", 2.0, 3.1, "anger"),
        # Begins at the very end of the second clip and belongs to the third.
        measured(2, "speech_ended", 7.9, 10.0, "neutral"),
    ]
    clips = [placed("anger", 1.0, 4.2), placed("sadness", 5.0, 8.0), placed("neutral", 8.1, 10.0)]
    rows = scored(events, clips)
    assert [row.get("right") for row in rows] == [True, None, True]
    assert rows[0]["first_right_s"] == 1.0
    assert rows[0]["flips"] == 1
    found = summary(rows)
    assert found["heard"] == round(2 / 3, 4)
    assert found["accuracy"] == 1.0
    # The first is called anger to its end; the third has no label before its end.
    assert found["final_differs"] == 0.0


def test_votes_count_only_clips_that_every_run_found() -> None:
    first = [{"final": "anger"}, {"final": "fear"}, {}, {"final": "neutral"}]
    second = [{"final": "anger"}, {"final": "sadness"}, {"final": "fear"}, {"final": "neutral"}]
    assert same_label([first, second, first]) == round(2 / 3, 4)


def test_a_recording_has_one_speaker_and_optionally_one_label() -> None:
    clips = [
        Clip(f"{voice}{label}{n}.wav", "toy", voice, "en", "", label)
        for voice in "ab"
        for label in LABELS
        for n in range(15)
    ]
    for one_mood, moods in ((False, 3), (True, 1)):
        found = recordings(clips, one_mood)
        assert sorted(clip.path for group in found for clip in group) == sorted(
            clip.path for clip in clips
        )
        assert all(len({clip.speaker for clip in group}) == 1 for group in found)
        assert max(len({clip.label for clip in group}) for group in found) == moods


def test_two_speakers_of_one_corpus_take_turns() -> None:
    def group(corpus: str, voice: str) -> list[Clip]:
        return [Clip(f"{voice}{n}.wav", corpus, voice, "en", "", "anger") for n in range(12)]

    groups = [group("toy", "a"), group("toy", "a"), group("toy", "b"), group("other", "c")]
    (only,) = dialogues(groups)
    assert [clip.speaker for clip in only] == ["a", "b"] * 6
    assert len({clip.path for clip in only}) == 12


def test_noise_is_ten_decibels_below_the_speech(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(32_000) * 0.1) * 0.3, 16_000)
    clips = [Clip("a.wav", "toy", "toy_1", "en", "", "anger")]
    samples, (place,) = joined(clips, tmp_path, rng, rng.normal(0.0, 0.02, 5000))
    voiced = samples[int(place.start_s * 16_000) : int(place.end_s * 16_000)]
    pause = samples[: int(place.start_s * 16_000)]
    # Power of speech plus noise over that of the noise.
    ratio = np.mean(voiced.astype(float) ** 2) / np.mean(pause.astype(float) ** 2)
    np.testing.assert_allclose(10.0 * np.log10(ratio - 1.0), 10.0, atol=0.3)
