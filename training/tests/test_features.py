"""The feature cache: an interrupted run resumes and ends like an uninterrupted one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from emoscope_train.data import corpora
from emoscope_train.features import cache


def test_complete_clips_are_not_computed_again(
    toy_corpus: Callable[..., Path], tmp_path: Path
) -> None:
    data = toy_corpus(2, 3)
    clips = corpora.read(data)
    whole = cache.cached(clips, data, tmp_path / "whole", workers=1)
    (folder,) = (tmp_path / "whole" / "features").iterdir()
    lengths = list(json.loads((folder / "index.json").read_text(encoding="utf-8")).values())
    frames = (folder / "frames.f16").read_bytes()
    broken = tmp_path / "broken" / "features" / folder.name
    broken.mkdir(parents=True)
    # Two clips are complete, the first is marked; half of a third and half its line were written.
    marked = np.frombuffer(frames, np.float16).copy()
    marked[0] = 99.0
    kept = 2 * cache.N_MELS * sum(lengths[:2])
    (broken / "frames.f16").write_bytes(marked.tobytes()[: kept + 1001])
    (broken / "journal").write_text(f"{lengths[0]}\n{lengths[1]}\n1", encoding="utf-8")
    repeated = cache.cached(clips, data, tmp_path / "broken", workers=1)
    assert repeated.lengths == whole.lengths
    assert repeated.frames[0, 0] == 99.0
    np.testing.assert_array_equal(repeated.frames[1:], whole.frames[1:])
    assert not (broken / "journal").exists()
