"""An archive on two workers, one of which is killed midway: no result is lost or duplicated.

Then the same recordings through Ray Data, on the remaining worker.

python tests/e2e/ray_cluster.py target/debug/emoscope
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow.dataset
import ray
from ray.cluster_utils import Cluster

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
COPIES, SHARES, LIMIT_S = 60, 6, 900


def rows(folder: Path) -> Counter[tuple[object, ...]]:
    """Every utterance of every part, and how often."""
    table = pyarrow.dataset.dataset(folder, format="parquet", exclude_invalid_files=False)
    names = ["file", "utterance", "start_s", "end_s", "label", "confidence"]
    return Counter(tuple(row[name] for name in names) for row in table.to_table().to_pylist())


def whole(folder: Path) -> int:
    """Parts that are there."""
    return len(list(folder.rglob("*.parquet")))


def of_events(program: Path, archive: Path) -> Counter[tuple[object, ...]]:
    """Every utterance of the event lines."""
    command = [program, "analyze", archive, "--format", "jsonl", "--quiet", "--baseline", "none"]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    events = [event for event in map(json.loads, lines) if event.get("trigger") == "speech_ended"]
    return Counter(
        (event["file"], event["start_s"], event["label"], event["confidence"]) for event in events
    )


def through_ray_data(program: Path, archive: Path, address: str) -> None:
    """The function of `scripts/ray_data.py`: the same utterances, and a row for a broken file."""
    sys.path += [str(ROOT / "scripts"), str(ROOT / "packaging" / "python")]
    from ray_data import utterances

    environment = {
        "PYTHONPATH": os.pathsep.join(sys.path[-2:]),
        "PATH": os.pathsep.join([str(program.parent), os.environ["PATH"]]),
    }
    ray.init(address=address, runtime_env={"env_vars": environment}, log_to_driver=False)
    shutil.copy(DATA / "broken" / "text.wav", archive / "broken.wav")
    paths = [{"path": str(path)} for path in sorted(archive.iterdir())]
    recordings = ray.data.from_items(paths)
    table = recordings.map_batches(utterances, batch_format="pyarrow", batch_size=16)
    found = table.take_all()
    ray.shutdown()
    errors = [row["file"] for row in found if row["error"] is not None]
    names = ("file", "start_s", "label", "confidence")
    counted = Counter(tuple(row[name] for name in names) for row in found if row["error"] is None)
    print(f"Ray Data: {counted.total()} utterances, {len(errors)} recording that cannot be read")
    assert errors == [str(archive / "broken.wav")]
    assert counted == of_events(program, archive)


def main(program: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        archive, alone, spread = (Path(place) / name for name in ("archive", "alone", "spread"))
        archive.mkdir()
        for number in range(COPIES):
            shutil.copy(DATA / "two-utterances.wav", archive / f"{number:03d}.wav")
        shutil.copy(DATA / "speech-44k1.mp3", archive / "other.mp3")
        once = [str(program), "analyze", str(archive), "--format", "parquet", "--quiet"]
        subprocess.run([*once, "--output", str(alone)], check=True)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        try:
            victim, _ = (cluster.add_node(num_cpus=1) for _ in range(2))
            script = ROOT / "scripts" / "ray_analyze.py"
            command = [sys.executable, script, archive, spread, "--shards", SHARES]
            command += ["--address", cluster.address, "--emoscope", program]
            with subprocess.Popen(list(map(str, command))) as driver:
                begin = time.monotonic()
                while whole(spread) == 0 and driver.poll() is None:
                    assert time.monotonic() - begin < LIMIT_S, "no part was written"
                    time.sleep(0.02)
                before = whole(spread)
                cluster.remove_node(victim, allow_graceful=False)
                assert driver.poll() is None, "it ended before a worker could be killed"
                assert driver.wait(LIMIT_S) == 0
            through_ray_data(program, archive, cluster.address)
        finally:
            cluster.shutdown()
        wanted, found = rows(alone), rows(spread)
        double = [row for row, count in found.items() if count > wanted[row]]
        lost = wanted - found
        print(
            f"{len(wanted)} utterances of {COPIES + 1} recordings; a worker was killed after "
            f"{before} of {whole(spread)} parts; {len(lost)} lost, {len(double)} double"
        )
        assert wanted
        assert not lost
        assert not double


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
