"""The comparison with the binary, tested on right and wrong stand-ins."""

import os
import sys
from pathlib import Path

import pytest

from emoscope_train.errors import UserError
from emoscope_train.export import parity

STAND_IN = """#!{python}
import sys
import numpy as np
sys.path.insert(0, {package!r})
from emoscope_train.features.audio import read_audio
from emoscope_train.features.frontend import mfcc
from pathlib import Path
rows = mfcc(read_audio(Path(sys.argv[2])))
{spoil}
for row in rows:
    print(*row, sep="\\t")
"""


def stand_in(folder: Path, spoil: str) -> Path:
    path = folder / "emoscope"
    package = str(Path(__file__).parents[1])
    path.write_text(
        STAND_IN.format(python=sys.executable, package=package, spoil=spoil), encoding="utf-8"
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: parity.sounds()[name] for name in ("click", "odd length")}
    monkeypatch.setattr(parity, "sounds", lambda: few)


@pytest.mark.usefixtures("sounds")
@pytest.mark.parametrize(
    ("spoil", "status"),
    [("", 0), ("rows[3, 7] += 1e-3", 0), ("rows[3, 7] += 3e-3", 1), ("rows = rows[1:]", 1)],
)
def test_only_a_small_difference_passes(tmp_path: Path, spoil: str, status: int) -> None:
    assert parity.compare(stand_in(tmp_path, spoil), []) == status


@pytest.mark.usefixtures("sounds")
def test_a_binary_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ended with 3"):
        parity.compare(stand_in(tmp_path, "sys.exit(3)"), [])
    with pytest.raises(UserError, match="cannot run"):
        parity.compare(tmp_path / "absent", [])


@pytest.mark.skipif("EMOSCOPE_BIN" not in os.environ, reason="EMOSCOPE_BIN names no binary")
def test_the_binary_computes_the_features_of_librosa() -> None:
    assert parity.compare(Path(os.environ["EMOSCOPE_BIN"]), []) == 0
