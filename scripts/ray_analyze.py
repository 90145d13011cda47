"""Runs `emoscope analyze` over an archive on a Ray cluster, a task per share of the recordings.

    python scripts/ray_analyze.py ARCHIVE OUTPUT --shards 64 --address auto

ARCHIVE, OUTPUT and the program are the same paths on every machine. A share whose machine dies is
begun again elsewhere and goes on where its parts end; so does the same command after Ctrl-C.
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
    """A worker that is killed takes its program along, or a share would be written twice."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def analyze(
    program: str, archive: str, output: str, shard: int, shards: int, cores: int, more: list[str]
) -> tuple[int, int, str]:
    """One share: its number, exit code and what was said. A part is there whole or not at all."""
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
        # 0: all judged; 1: some recordings could not be read, which another try does not mend.
        raise RuntimeError(f"share {shard}: exit code {done.returncode}: {done.stdout.strip()}")
    return shard, done.returncode, done.stdout


def main() -> int:
    """Exit code 0, or 1 where a recording or a share failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", help="folder of the recordings")
    parser.add_argument("output", help="folder of the Parquet parts")
    parser.add_argument("--shards", type=int, default=64, help="shares (%(default)s)")
    parser.add_argument("--cores", type=int, default=1, help="cores of a share (%(default)s)")
    parser.add_argument("--address", help="of a running cluster; this machine alone without it")
    parser.add_argument("--emoscope", default="emoscope", help="the program (%(default)s)")
    parser.add_argument("more", nargs="*", help="after --: options of analyze, as --model FILE")
    asked = parser.parse_args()
    ray.init(address=asked.address, log_to_driver=False)
    # For ever where a machine dies; not where the program itself fails.
    share = ray.remote(num_cpus=asked.cores, max_retries=-1)(analyze)
    paths = (str(Path(asked.archive).absolute()), str(Path(asked.output).absolute()))
    waiting = [
        share.remote(asked.emoscope, *paths, number, asked.shards, asked.cores, asked.more)
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
        print(f"{done} of {asked.shards} shares, about {left:.1f} minutes left", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
