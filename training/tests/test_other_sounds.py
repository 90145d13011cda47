"""Speech told from other sounds by embeddings."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from conftest import STATISTICS, speaker_statistics

from emoscope_train.data.corpora import Clip
from emoscope_train.speakers import other_sounds
from emoscope_train.speakers.crops import NOISE, SOUNDS, Statistics, in_conversations
from emoscope_train.speakers.crops import other_sounds as clips_of_sounds
from emoscope_train.speakers.fine_tune import without_conversations
from emoscope_train.speakers.last_layer import Layer
from emoscope_train.speakers.network import WIDTH
from emoscope_train.speakers.other_sounds import SpeechOdds, fit_odds, of_layer, unseen

pytestmark = pytest.mark.torch


def some_layer() -> Layer:
    noise = torch.randn(WIDTH, STATISTICS, generator=torch.Generator().manual_seed(2))
    return Layer(noise / STATISTICS**0.5, torch.zeros(WIDTH))


def embedded(count: int, direction: int, seed: int) -> np.ndarray:
    rows = 0.2 * np.random.default_rng(seed).standard_normal((count, 24))
    rows[:, direction] += 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sounds(corpus: str, shift: float) -> Statistics:
    """Rows that differ from those of voices in one statistic."""
    rows = speaker_statistics("x", 12, 4, seed=5)
    values = rows.values.copy()
    values[:, STATISTICS - 1] += shift
    return dataclasses.replace(rows, values=values, corpora=np.full(len(values), corpus))


def test_unseen_rows_of_both_kinds_are_told_apart() -> None:
    odds = fit_odds(embedded(300, 0, 1), embedded(60, 1, 2))
    assert odds.are_speech(embedded(200, 0, 3)).mean() > 0.98
    assert odds.are_speech(embedded(200, 1, 4)).mean() < 0.05


def test_both_kinds_count_the_same() -> None:
    speech, few = embedded(100, 0, 1), embedded(20, 1, 2)
    once, often = fit_odds(speech, few), fit_odds(np.tile(speech, (5, 1)), few)
    np.testing.assert_allclose(once.weights, often.weights, atol=2e-3)
    assert once == fit_odds(speech, few)


def test_without_sounds_everything_is_speech() -> None:
    rows = embedded(9, 0, 1)
    assert fit_odds(rows, rows[:0]) == SpeechOdds([], 0.0)
    assert SpeechOdds([], 0.0).are_speech(rows).all()
    assert of_layer(speaker_statistics("a", 2, 2), None, some_layer()).weights == []


def test_each_share_is_of_rows_that_were_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    speech = speaker_statistics("abcdef", 4, 3)
    both = [sounds(SOUNDS, 30.0), sounds(NOISE, 30.0)]
    joined = Statistics(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in both])
            for field in dataclasses.fields(Statistics)
        }
    )
    seen = []
    fitted = other_sounds.fit_odds

    def noted(one: np.ndarray, other: np.ndarray) -> SpeechOdds:
        seen.append((len(one), len(other)))
        return fitted(one, other)

    monkeypatch.setattr(other_sounds, "fit_odds", noted)
    shares = unseen(speech, joined, some_layer())
    assert [*shares] == ["speech", SOUNDS, NOISE]
    assert shares["speech"] > 0.95
    assert shares[SOUNDS] < 0.05
    assert shares[NOISE] < 0.05
    # The folds together leave out each row once; noise is in none of them.
    folds, whole = seen[:-1], seen[-1]
    assert whole == (len(speech.values), len(both[0].values))
    for kind in (0, 1):
        assert sum(whole[kind] - fold[kind] for fold in folds) == whole[kind]


def test_people_whose_laughs_are_in_conversations_are_left_out() -> None:
    rows = sounds(SOUNDS, 0.0)
    names = np.array([f"{SOUNDS}/{place}" for place in range(len(rows.values))])
    kept = without_conversations(dataclasses.replace(rows, speakers=names))
    assert kept is not None
    left = {name for name in names if not in_conversations(name.partition("/")[2])}
    assert {*kept.speakers} == left
    assert 0.3 < len(left) / len(names) < 0.7
    assert without_conversations(None) is None


def test_clips_of_sounds_are_those_of_two_corpora() -> None:
    corpora = (SOUNDS, "nemo", NOISE, "plain", SOUNDS)
    known = [
        Clip(f"{corpus}/{place}.opus", corpus, "s", "-", "", "")
        for place, corpus in enumerate(corpora)
    ]
    found = clips_of_sounds(known)
    assert [clip.corpus for clip in found] == [NOISE, SOUNDS, SOUNDS]
    assert clips_of_sounds(known[::-1]) == found
