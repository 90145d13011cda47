"""Runs `emoscope analyze` over an archive on a Ray cluster, one task per shard.

    python scripts/ray_analyze.py ARCHIVE OUTPUT --shards 64 --address auto

ARCHIVE, OUTPUT and the program need the same paths on every machine. If a machine fails, its shards
restart elsewhere and skip what is complete. After Ctrl-C, the same command does so too.
"""

import argparse
import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path

import ray


def die_with_parent() -> None:
    """Ends the program with its worker, so that no two programs write one shard."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def analyze(
    program: str, archive: str, output: str, shard: int, shards: int, cores: int, more: list[str]
) -> tuple[int, int, str]:
    """Runs one shard; returns its number, the exit code and the messages."""
    folder = Path(output) / f"shard-{shard:05d}-of-{shards:05d}"
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(program, "analyze", archive, "--format", "parquet", "--output", str(folder)),
            *("--shard", f"{shard}/{shards}", "--resume", "--quiet", "--jobs", str(cores), *more),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        preexec_fn=die_with_parent,
    )
    if done.returncode not in (0, 1):
        # 0: success; 1: some recordings could not be read, and a retry would not help.
        raise RuntimeError(f"shard {shard}: exit code {done.returncode}: {done.stdout.strip()}")
    return shard, done.returncode, done.stdout


def main() -> int:
    """Returns 0, or 1 if a recording or a shard failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", help="folder with the recordings")
    parser.add_argument("output", help="folder for the Parquet parts")
    parser.add_argument("--shards", type=int, default=64, help="number of shards (%(default)s)")
    parser.add_argument("--cores", type=int, default=1, help="cores per shard (%(default)s)")
    parser.add_argument(
        "--address", help="address of a running cluster; default: this machine alone"
    )
    parser.add_argument("--emoscope", default="emoscope", help="the program (%(default)s)")
    parser.add_argument(
        "more", nargs="*", help="options of analyze after --, for example -- --model FILE"
    )
    asked = parser.parse_args()
    ray.init(address=asked.address, log_to_driver=False)
    # Retry without limit if a machine fails, but not if the program itself fails.
    run_shard = ray.remote(num_cpus=asked.cores, max_retries=-1)(analyze)
    paths = (str(Path(asked.archive).absolute()), str(Path(asked.output).absolute()))
    waiting = [
        run_shard.remote(asked.emoscope, *paths, number, asked.shards, asked.cores, asked.more)
        for number in range(1, asked.shards + 1)
    ]
    begin, failed = time.monotonic(), 0
    while waiting:
        ready, waiting = ray.wait(waiting, num_returns=1)
        try:
            _, code, said = ray.get(ready[0])
            failed += code != 0
            print(said, end="", file=sys.stderr)
        except ray.exceptions.RayTaskError as error:
            failed += 1
            print(f"ray_analyze: {error.cause}", file=sys.stderr)
        done = asked.shards - len(waiting)
        left = (time.monotonic() - begin) / done * len(waiting) / 60.0
        print(f"{done} of {asked.shards} shards, about {left:.1f} minutes left", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
