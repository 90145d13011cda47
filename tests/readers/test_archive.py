"""The recipe for Slurm, as its tasks run it."""

import os
import shutil
import subprocess
from pathlib import Path

import pyarrow.dataset
import pytest
from conftest import BINARY, TOP, Emoscope

SCRIPT = TOP / "scripts" / "slurm_analyze.sh"
SHARDS = 3


def task(
    number: int, archive: Path, output: Path, home: dict[str, str], *more: str
) -> subprocess.CompletedProcess[str]:
    """One task of an array, with the environment that Slurm gives it."""
    slurm = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_CPUS_PER_TASK": "1", "EMOSCOPE": BINARY}
    return subprocess.run(
        [SCRIPT, archive, output, str(SHARDS), *more],
        env={**home, **slurm},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Enough recordings for every shard."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for number in range(9):
        shutil.copy(TOP / "tests" / "data" / "two-utterances.wav", folder / f"{number}.wav")
    return folder


def rows(folder: Path) -> list[tuple[str, int, float, str]]:
    """The utterances of all parts."""
    table = pyarrow.dataset.dataset(folder, format="parquet", exclude_invalid_files=False)
    names = ["file", "utterance", "confidence", "label"]
    return sorted(tuple(row[name] for name in names) for row in table.to_table().to_pylist())


def test_the_tasks_of_an_array_cover_the_archive(
    archive: Path, tmp_path: Path, home: dict[str, str], emoscope: Emoscope
) -> None:
    """Every utterance once, as one run gives them; a task that is run again changes nothing."""
    together, alone = tmp_path / "together", tmp_path / "alone"
    for number in [*range(1, SHARDS + 1), 2]:
        done = task(number, archive, together, home)
        assert done.returncode == 0, done.stderr
    emoscope("analyze", archive, "--quiet", "--format", "parquet", "--output", alone)
    assert len(list(together.iterdir())) == SHARDS
    assert rows(together) == rows(alone)
    assert len(rows(alone)) == 18


def test_a_task_beyond_the_shards_is_refused(
    archive: Path, tmp_path: Path, home: dict[str, str]
) -> None:
    """An array larger than the number of shards is a mistake."""
    done = task(SHARDS + 1, archive, tmp_path / "out", home)
    assert done.returncode == 2
    assert "the shards are 1 to 3" in done.stderr
    assert not (tmp_path / "out").exists()
    assert os.access(SCRIPT, os.X_OK)
