"""The sampling of an epoch."""

import numpy as np

from emoscope_train.data.corpora import Clip
from emoscope_train.training import sampling


def clip(corpus: str, label: str) -> Clip:
    return Clip("p", corpus, "s", "en", "t", label)


def test_weights_are_one_over_the_root_of_corpus_and_label() -> None:
    clips = [clip("a", "anger")] * 16 + [clip("a", "fear")] * 4 + [clip("b", "anger")] * 4
    probabilities = sampling.draw_probabilities(clips, {"b": 0.5})
    shares = [probabilities[:16].sum(), probabilities[16:20].sum(), probabilities[20:].sum()]
    np.testing.assert_allclose(np.asarray(shares) / shares[2], [4.0, 2.0, 1.0])


def test_masks_follow_the_corpus_and_one_label_competes_with_all() -> None:
    clips = [clip("a", "anger"), clip("plain", "neutral")]
    masks = sampling.label_masks(clips, {"a": ["anger", "sadness"]})
    np.testing.assert_array_equal(np.flatnonzero(masks[0]), [0, 5])
    assert masks[1].all()


def test_no_batch_is_longer_than_any_of_its_clips() -> None:
    lengths = np.asarray([5, 60, 90, 150, 300, 700] * 20)
    probabilities = np.full(len(lengths), 1.0 / len(lengths))
    found = list(sampling.batches(lengths, probabilities, 640, 8, np.random.default_rng(0)))
    assert len(found) == 80
    for batch in found:
        assert len(batch.members) == 8
        assert 1 <= batch.frames <= min(lengths[batch.members])
    assert {batch.frames % 10 for batch in found if batch.frames >= 10} == {0}
    assert max(batch.frames for batch in found) > 250
    assert all(batch.frames <= 400 for batch in found)
