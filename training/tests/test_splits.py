"""No speaker and no recording is on two sides of a split, and the checks can fail."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emoscope_train import runs
from emoscope_train.data import corpora, splits
from emoscope_train.data.corpora import Clip
from emoscope_train.data.splits import ROLES, TEST, TRAIN, VALIDATION
from emoscope_train.errors import CorpusError, UserError
from emoscope_train.export.golden import voice
from emoscope_train.features import cache, duplicates
from emoscope_train.features.audio import read_audio
from emoscope_train.features.cache import FeatureSet
from emoscope_train.features.frontend import SAMPLE_RATE, log_mel


def clip(name: str, speaker: str, corpus: str = "toy", text: str = "t", fold: str = "") -> Clip:
    return Clip(name, corpus, speaker, "en", text, "anger", fold)


def many(corpus: str, speakers: int, texts: int = 1) -> list[Clip]:
    return [
        clip(f"{corpus}{s}_{t}", f"{corpus}_{s}", corpus, f"t{t}")
        for s in range(speakers)
        for t in range(texts)
    ]


def test_every_side_has_speakers_and_none_crosses() -> None:
    clips = many("toy", 3) + many("more", 40, 3)
    found = splits.assign("speakers", clips)
    for corpus in ("toy", "more"):
        assert {found[c.path] for c in clips if c.corpus == corpus} == set(ROLES)
    assert not splits.crossing_speakers(clips, found)


def test_a_corpus_that_is_left_out_is_all_of_the_test() -> None:
    clips = many("nemo", 9, 20) + many("urdu", 12, 3) + many("tess", 2, 30)
    everything = splits.assign("everything", clips)
    assert set(everything.values()) == {TRAIN, VALIDATION}
    held = {c.speaker for c in clips if splits.speakers(clips).get(c.path) == VALIDATION}
    assert held == {c.speaker for c in clips if everything.get(c.path) == VALIDATION}
    for name in ("nemo", "urdu", "tess"):
        found = splits.assign(f"without-{name}", clips)
        tested = {c.path for c in clips if found.get(c.path) == TEST}
        assert tested == {c.path for c in clips if c.corpus == name}
        assert not splits.crossing_speakers(clips, found)


def test_a_split_can_leave_several_corpora_out() -> None:
    clips = many("nemo", 9, 20) + many("urdu", 12, 3) + many("emodb", 10, 4)
    found = splits.assign("without-nemo-urdu", clips)
    for c in clips:
        assert (found.get(c.path) == TEST) == (c.corpus in ("nemo", "urdu"))
    assert not splits.crossing_speakers(clips, found)
    for name in ("without-", "without-nobody", "without-nemo-nobody"):
        with pytest.raises(UserError, match="no split"):
            splits.assign(name, clips)


@pytest.mark.parametrize("corpus", ["cremad", "banglaser", "esuem"])
def test_the_newer_corpora_follow_the_same_rule(corpus: str) -> None:
    clips = [*many(corpus, 40, 3), *many("toy", 40, 3)]
    found = splits.assign("speakers", clips)

    def roles(name: str) -> dict[str, str]:
        """Number of the speaker to role."""
        return {
            c.speaker.removeprefix(f"{name}_"): found[c.path] for c in clips if c.corpus == name
        }

    # Counted as in any corpus of 40 speakers: a fifth tests, three twentieths validate.
    for name in (corpus, "toy"):
        sides = list(roles(name).values())
        assert [sides.count(role) for role in (TEST, VALIDATION, TRAIN)] == [8, 6, 26], name
    # Chosen only by the hash of the name: other speakers change nothing.
    alone = splits.assign("speakers", [c for c in clips if c.corpus == corpus])
    assert {path: found[path] for path in alone} == alone
    left_out = splits.assign(f"without-{corpus}", clips)
    assert {c.corpus for c in clips if left_out.get(c.path) == TEST} == {corpus}


def test_a_planted_speaker_is_caught() -> None:
    clips = [*many("toy", 20), clip("leak", "toy_0")]
    found = splits.speakers(clips)
    found["leak"] = next(role for role in ROLES if role != found["toy0_0"])
    assert splits.crossing_speakers(clips, found) == {"toy_0"}


def test_assign_refuses_a_split_that_leaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        splits.SPLITS, "bad", lambda clips: {c.path: ROLES[i % 3] for i, c in enumerate(clips)}
    )
    with pytest.raises(CorpusError, match="toy_0"):
        splits.assign("bad", [clip("a", "toy_0"), clip("b", "toy_0")])


def test_emodb_is_split_by_speaker_and_not_by_its_folds() -> None:
    clips = [clip(f"{s}{f}", f"emodb_{s}", "emodb", "t", str(f)) for s in range(10) for f in (1, 2)]
    assert not splits.crossing_speakers(clips, splits.assign("speakers", clips))


def test_held_out_sentences_are_only_tested() -> None:
    clips = many("toy", 10, 20)
    found = splits.assign("speakers", clips)
    test_texts = splits.open_texts(clips)
    assert len(test_texts) == 2
    sides = {found[c.path] for c in clips if c.text in test_texts and c.path in found}
    assert sides == {TEST}


def test_one_speaker_of_tess_trains_and_the_other_tests() -> None:
    clips = [
        clip(f"{s}{w}", f"tess_{s}", "tess", f"w{w}") for s in ("OAF", "YAF") for w in range(60)
    ]
    found = splits.assign("oaf-to-yaf", clips)
    sides = {s: {found[c.path] for c in clips if c.speaker == s} for s in ("tess_OAF", "tess_YAF")}
    assert sides == {"tess_OAF": {TRAIN, VALIDATION}, "tess_YAF": {TEST}}


def feature_set(sounds: dict[str, np.ndarray]) -> FeatureSet:
    found = {name: log_mel(x).astype(np.float16) for name, x in sounds.items()}
    lengths = {name: len(x) for name, x in found.items()}
    ends = np.cumsum([0, *lengths.values()])
    return FeatureSet(
        np.concatenate(list(found.values())),
        dict(zip(lengths, map(int, ends), strict=False)),
        lengths,
    )


def test_a_copy_through_another_codec_and_level_is_caught(tmp_path: Path) -> None:
    sounds = {f"s{i}": voice(150 + 3 * i, 150.0 + 25.0 * i, 0.1 * i - 0.3, i) for i in range(6)}
    soundfile.write(tmp_path / "copy.ogg", 0.3 * sounds["s2"], SAMPLE_RATE, format="OGG")
    recoded = read_audio(tmp_path / "copy.ogg").astype(np.float64)
    sounds["copy"] = np.concatenate([np.zeros(800), recoded])
    clips = [clip(name, f"toy_{name}") for name in sounds]
    sides = dict.fromkeys(sounds, TRAIN) | {"copy": TEST}
    found = feature_set(sounds)
    assert [(a.path, b.path) for a, b in duplicates.crossing(clips, sides, found)] == [
        ("s2", "copy")
    ]
    kept = duplicates.without_crossing(clips, sides, found)
    assert kept == {name: side for name, side in sides.items() if name != "s2"}
    assert not duplicates.crossing(clips, kept, found)


def test_two_takes_are_not_copies() -> None:
    sounds = {"a": voice(150, 200.0, 0.3, 1), "b": voice(150, 230.0, 0.1, 2)}
    assert duplicates.pairs([feature_set(sounds).trimmed(name) for name in sounds]) == []


@pytest.mark.skipif("EMOSCOPE_DATA" not in os.environ, reason="EMOSCOPE_DATA names no corpora")
def test_the_corpora_do_not_leak() -> None:
    data, work = runs.data_folder(None), runs.work_folder(None)
    clips = [c for c in corpora.read(data) if c.corpus in corpora.ABOUT]
    clean = cache.cached(clips, data, work)
    spoken = [c for c in clips if c.corpus != "noise"]
    found = duplicates.without_crossing(spoken, splits.assign("speakers", spoken), clean)
    assert {found[c.path] for c in spoken if c.path in found} == set(ROLES)
    assert not splits.crossing_speakers(spoken, found)
    assert not duplicates.crossing(spoken, found, clean)
