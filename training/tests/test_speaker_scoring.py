"""Scores of conversations: cases with obvious results, and pyannote's reading."""

import json
from pathlib import Path

import numpy as np
import pytest

from emoscope_train.speakers import card
from emoscope_train.speakers.conversations import Turn, rttm, speaking_order
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


def test_card_is_rendered_from_the_metrics() -> None:
    metrics = json.loads((FOLDER / "metrics.json").read_text(encoding="utf-8"))
    assert (FOLDER / "card.md").read_text(encoding="utf-8") == card.render(metrics)
    assert "biometric" in card.render(metrics)
