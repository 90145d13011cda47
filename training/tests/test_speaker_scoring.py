"""Scores of conversations: cases with obvious results, and pyannote's reading."""

import json
from pathlib import Path

import numpy as np
import pytest

from emoscope_train import runs
from emoscope_train.data.corpora import Clip
from emoscope_train.errors import UserError
from emoscope_train.speakers import card, evaluate
from emoscope_train.speakers.conversations import Turn, rttm, speaking_order, with_laughs
from emoscope_train.speakers.error_rates import equal_error_rate, of_pairs
from emoscope_train.speakers.scoring import Segment, diarization_error, score, segments

FOLDER = Path(__file__).parents[2] / "models" / "speakers"


def turns() -> list[Turn]:
    """Two speakers in turn, 2 s each, with a second in between."""
    return [
        Turn("anna" if n % 2 == 0 else "ben", 3.0 * n, 3.0 * n + 2.0, "anger", "x")
        for n in range(8)
    ]


def told(names: str, label: str = "anger") -> list[Segment]:
    return [
        Segment(turn.start_s, turn.end_s, name, label)
        for turn, name in zip(turns(), names, strict=True)
    ]


def test_names_do_not_matter() -> None:
    found = score(turns(), told("BABABABA"))
    assert found.right_s == pytest.approx(found.truth_s) == pytest.approx(8.0)
    assert (found.speakers, found.people, found.emotions_right) == (2, 2, 8)


def test_one_speaker_for_two_people_is_half_right() -> None:
    found = score(turns(), told("AAAAAAAA"))
    assert found.right_s == pytest.approx(0.5 * found.truth_s)
    assert found.speakers == 1


def test_the_first_two_turns_of_each_speaker_do_not_count() -> None:
    assert score(turns(), told("AAAAABAB")).right_s == pytest.approx(8.0)
    assert score(turns(), told("ABABABAA")).right_s == pytest.approx(6.0)


def test_speech_that_is_not_found_is_no_wrong_speaker() -> None:
    found = score(turns(), told("ABABABAB")[:6])
    assert found.right_s == pytest.approx(found.found_s) == pytest.approx(4.0)
    assert found.truth_s == pytest.approx(8.0)
    assert found.emotions_right == 6


def test_events_become_segments_and_heal() -> None:
    events = [
        {"type": "utterance_end", "utterance": 1, "start_s": 0.0, "end_s": 1.0, "speaker": "A"},
        {
            "type": "measurement",
            "trigger": "speech_ended",
            "utterance": 2,
            "probabilities": {"anger": 0.2, "fear": 0.8},
        },
        {"type": "utterance_end", "utterance": 2, "start_s": 2.0, "end_s": 3.0, "speaker": "B"},
        {"type": "speakers", "at_s": 3.0, "changed": [{"utterance": 2, "speaker": "A"}]},
    ]
    assert segments(events) == [Segment(0.0, 1.0, "A"), Segment(2.0, 3.0, "A", "fear")]
    assert segments(events, healed=False)[1].speaker == "B"


def test_diarization_error_of_a_clear_case() -> None:
    pytest.importorskip("pyannote.metrics")
    assert diarization_error([(turns(), told("ABABABAB"))]) == pytest.approx(0.0)
    assert diarization_error([(turns(), told("AAAAAAAA"))]) == pytest.approx(0.5)
    # 0.1 s too early at every border lies within the collar of 0.125 s on either side.
    early = [Segment(max(0.0, s.start_s - 0.1), s.end_s - 0.1, s.speaker) for s in told("ABABABAB")]
    assert diarization_error([(turns(), early)]) == pytest.approx(0.0, abs=1e-9)


def test_rttm_is_read_back_by_pyannote(tmp_path: Path) -> None:
    util = pytest.importorskip("pyannote.database.util")
    path = tmp_path / "talk.rttm"
    path.write_text(rttm("talk", turns()), encoding="utf-8")
    found = util.load_rttm(path)["talk"]
    assert sorted(found.labels()) == ["anna", "ben"]
    assert found.get_timeline().duration() == pytest.approx(16.0)


def test_equal_error_rate_of_known_scores() -> None:
    same, other = np.array([0.9, 0.8, 0.7, 0.2]), np.array([0.1, 0.0, -0.1, 0.75])
    assert equal_error_rate(same, other) == pytest.approx(0.25)
    assert equal_error_rate(same[:3], other[:3]) == 0.0
    apart = np.repeat(np.eye(3), 2, axis=0)
    assert of_pairs(apart, np.array(list("aabbcc"))) == 0.0
    assert of_pairs(apart, np.array(list("aaaaaa"))) is None


def test_every_speaker_gets_the_same_number_of_turns() -> None:
    order = speaking_order(4, np.random.default_rng(1))
    assert [order.count(person) for person in range(4)] == [5] * 4
    assert order == speaking_order(4, np.random.default_rng(1))


def test_one_who_laughs_does_so_between_their_clips() -> None:
    own = [Clip(f"nemo/{n}.opus", "nemo", "anna", "pl", str(n), "anger") for n in range(10)]
    laughs = [Clip(f"nonverbal/laughing/{n}.opus", "nonverbal", "x", "-", "", "") for n in range(9)]
    found = with_laughs(own, laughs, np.random.default_rng(1))
    assert [clip for clip in found if clip.corpus == "nemo"] == own
    assert [place for place, clip in enumerate(found) if clip.corpus != "nemo"] == [2, 5, 8, 11, 14]
    assert {clip.speaker for clip in found} == {"anna"}


def test_card_is_rendered_from_the_metrics() -> None:
    metrics = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
    assert (FOLDER / "card.md").read_text(encoding="utf-8") == card.render(metrics)
    assert "biometric" in card.render(metrics)


def test_a_conversation_gets_the_model_without_its_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@" >> "$0.log"\n', encoding="utf-8")
    program.chmod(0o755)
    folder = tmp_path / "conversations" / "test"
    folder.mkdir(parents=True)
    for corpus in ("ravdess", "cremad"):
        name = f"{corpus}-pauses-1-00"
        (folder / f"{name}.wav").touch()
        entry: dict[str, object] = {
            "name": name,
            "corpus": corpus,
            "kind": "pauses",
            "people": 1,
            "turns": [],
        }
        (folder / f"{name}.json").write_text(json.dumps(entry), encoding="utf-8")
    with pytest.raises(UserError, match="fine-tune"):
        evaluate.measure(program, tmp_path, "test", 1)
    for corpus in ("ravdess", "cremad"):
        model = runs.speaker_model_without(tmp_path, corpus)
        model.parent.mkdir(parents=True)
        model.touch()
    for name in ("figures", "cost"):
        monkeypatch.setattr(evaluate, name, lambda found: {"count": len(found)})
    evaluate.measure(program, tmp_path, "test", 1)
    lines = (tmp_path / "program.log").read_text(encoding="utf-8").splitlines()
    models = [line.partition(" --speaker-model ")[2] for line in lines]
    # Whole, live, and with one speaker, which needs no model.
    cremad, ravdess = (
        str(runs.speaker_model_without(tmp_path, name)) for name in ("cremad", "ravdess")
    )
    assert models == [cremad, cremad, "", ravdess, ravdess, ""]


def test_the_card_shows_the_published_figures_and_the_training_data() -> None:
    row: dict[str, object] = {"single": 0.25, "three": 0.15, "one_sex": None}
    row |= {"published": {"single": 0.345, "three": 0.123}}
    about = {"language": "pl", "speakers": 9, "by_sex": {"f": None, "m": None}}
    rates = {
        "seconds": [0.75, 3.0],
        "by_corpus": {"nemo": row | about},
        "mean": row | {"corpora": ["nemo"]},
        "by_language": {"pl": 0.25},
        "by_sex": {"f": None, "m": None},
    }
    data = {"corpus": "nemo", "language": "pl", "clips": 7, "speakers": 2, "licence": "CC BY 4.0"}
    tuned = {"training_data": [data], "taken_for_speech": {"speech": 0.954, "nonverbal": 0.097}}
    text = card.render({"version": "1", "fine_tuned": tuned, "error_rates": rates})
    assert "| nonverbal | 9.7 % |" in text
    assert "| nemo | nEMO, Polish, acted | pl | 7 | 2 | CC BY 4.0 |" in text
    assert "| nemo (pl) | 9 | 25.0 % | 34.5 % | 15.0 % | 12.3 % | - |" in text
    assert "| mean of nemo |  | 25.0 % | 34.5 % | 15.0 % | 12.3 % | - |" in text
    assert "published ones" in text
