"""What the last layer of the speaker network is trained on."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import speaker_statistics

from emoscope_train.data.corpora import Clip
from emoscope_train.export.golden import voice
from emoscope_train.features import rooms
from emoscope_train.speakers.crops import Sounds, chosen


def clips(corpus: str, speakers: int, each: int, label: str = "anger") -> list[Clip]:
    return [
        Clip(f"{corpus}/{who}_{n}.wav", corpus, f"s{who}", "en", str(n), label)
        for who in range(speakers)
        for n in range(each)
    ]


def test_clips_are_of_labelled_corpora_with_several_speakers() -> None:
    known = [
        *clips("few", 3, 50),
        *clips("many", 41, 25),
        *clips("plain", 2, 2, label=""),
        *clips("noise", 2, 2, label=""),
        *clips("single", 1, 9),
    ]
    found = chosen(known)
    count = {name: sum(clip.corpus == name for clip in found) for name in ("few", "many", "plain")}
    assert count == {"few": 3 * 40, "many": 41 * 20, "plain": 4}
    assert len(found) == sum(count.values())
    assert chosen(known[::-1]) == found


def test_crops_have_their_length_and_repeat(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "long.wav", voice(320, 200.0, 0.2, 1), 16_000)
    soundfile.write(tmp_path / "short.wav", voice(60, 200.0, 0.2, 1), 16_000)
    soundfile.write(tmp_path / "hum.wav", 0.1 * rng.standard_normal(8_000), 16_000)
    sounds = Sounds(tmp_path, [], ["hum.wav"])
    long, short = (Clip(f"{name}.wav", "x", "s", "en", "", "") for name in ("long", "short"))
    clean, changed = sounds.crops(long)
    for crop in (clean, changed):
        assert 75 <= len(crop) <= 200
        assert crop.shape[1] == 80
    again = sounds.crops(long)
    np.testing.assert_array_equal(again[0], clean)
    np.testing.assert_array_equal(again[1], changed)
    assert sounds.crops(short) == []


def test_noise_has_the_level_below_speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "hum.wav", 0.1 * rng.standard_normal(8_000), 16_000)
    monkeypatch.setattr(rooms, "second_version", lambda signal, responses, rng: signal)
    sounds = Sounds(tmp_path, [], ["hum.wav"])
    speech = np.sin(np.arange(32_000) / 7.0)
    ratios = []
    for seed in range(200):
        added = sounds.changed(speech, np.random.default_rng(seed)) - speech
        if added.any():
            ratios.append(10.0 * np.log10(np.mean(speech**2) / np.mean(added**2)))
    assert 0.6 < len(ratios) / 200 < 0.8
    assert 4.5 < min(ratios) < 7.0
    assert 23.0 < max(ratios) < 25.5


def test_a_corpus_left_out_has_no_row() -> None:
    rows = speaker_statistics("ab", 3, 2)
    kept = rows.without("a")
    assert 0 < len(kept.values) < len(rows.values)
    for names in (kept.corpora, kept.speakers, kept.clips):
        assert all(name.startswith("b") for name in names)
    # Both crops of a clip stay together, and the values still belong to their names.
    assert (np.unique(kept.clips, return_counts=True)[1] == 2).all()
    np.testing.assert_array_equal(kept.values, rows.values[rows.corpora == "b"])


def test_speakers_with_a_single_clip_are_excluded() -> None:
    rows = speaker_statistics("a", 3, 2)
    lone = (rows.speakers == "a/1") & (rows.clips == "a/1_0.wav")
    kept = rows.rows(~lone).of_several()
    assert {*kept.speakers} == {"a/0", "a/2"}
