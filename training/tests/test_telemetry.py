"""ONNX Runtime sends no telemetry from a training."""

import os
import subprocess
import sys
from pathlib import Path


def test_nothing_is_left_in_the_users_cache(tmp_path: Path) -> None:
    # Without the environment, because the library sends no telemetry under many test runners.
    code = "import emoscope_train.export.onnx_runtime"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert done.returncode == 0
    assert not list(tmp_path.iterdir())
