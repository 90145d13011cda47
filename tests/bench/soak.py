"""Runs the dashboard on a virtual microphone for hours and checks memory, losses and the clock.

    python3 tests/bench/soak.py PROGRAM [--minutes N]

The default is two hours. One player loops 20 s of audio, five of them speech, without a pause. Each
utterance thus has a fixed place within the 20 s, which moves if a clock drifts from the audio.
Prints a line per minute, then the checks. The exit code is 1 if a check fails.
"""

import datetime
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from pathlib import Path
from statistics import median

from whole import ROOT, Screen, microphone

CYCLE_S = 20
# Largest relative difference between two clocks.
CLOCKS = 5e-4
RATE = 16000


def cycle() -> bytes:
    """Two utterances and a pause, 16 bits at 16 kHz."""
    with wave.open(str(ROOT / "tests/data/two-utterances.wav")) as file:
        voice = file.readframes(file.getnframes())
    return voice.ljust(2 * CYCLE_S * RATE, b"\0")


def play(player: "subprocess.Popen[bytes]") -> None:
    """Feeds the player until it ends."""
    assert player.stdin is not None
    once = cycle()
    try:
        while True:
            player.stdin.write(once)
    except (BrokenPipeError, OSError, ValueError):
        pass


def quantile(values: list[float], of_100: int) -> float:
    """The given percentile."""
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, len(ordered) * of_100 // 100)]


class Listener(threading.Thread):
    """Reads the events and notes when each measurement arrived."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path = path
        # End of the window since the start of the session, and the delay after it; in seconds.
        self.ages: list[tuple[float, float]] = []
        self.started = 0.0

    def run(self) -> None:
        """Reads until the program ends."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.path))
            with connection.makefile("rb") as lines:
                for line in lines:
                    now, event = time.time(), json.loads(line)
                    if event["type"] == "session_start":
                        begin = datetime.datetime.fromisoformat(event["started_at"])
                        self.started = begin.timestamp()
                    elif event.get("trigger") == "interval":
                        self.ages.append((event["end_s"], now - self.started - event["end_s"]))


def say(text: str) -> None:
    """Prints one line without delay."""
    print(text, flush=True)


def minute(screen: Screen, listener: Listener, begin: float, used: float) -> tuple[float, float]:
    """Waits a minute; returns resident memory in MB and processor time in seconds."""
    before = len(listener.ages)
    screen.read(60)
    memory, now = screen.resident_mb(), screen.processor_s()
    ages = [1e3 * age for _, age in listener.ages[before:]]
    say(
        f"{(time.monotonic() - begin) / 60:6.1f} min  {memory:5.1f} MB  "
        f"{(now - used) / 60:5.2%} of a core  events of the minute after the earliest: "
        f"p50 {quantile(ages, 50) - quantile(ages, 0):.0f} ms, "
        f"p99 {quantile(ages, 99) - quantile(ages, 0):.0f} ms"
    )
    return memory, now


def verdict(
    lines: list[dict[str, object]],
    passed: float,
    memory: list[float],
    came: list[tuple[float, float]],
) -> list[tuple[bool, str]]:
    """Every check, with its result and a message."""

    def of(kind: str) -> list[dict[str, object]]:
        return [line for line in lines if line["type"] == kind]

    end, gaps = lines[-1], of("gap")
    if end["type"] != "session_end":
        return [(False, f"the recording ends with {end['type']}")]
    told = sum(int(str(gap["samples"])) for gap in gaps)
    starts = [float(str(line["start_s"])) for line in of("utterance_start")]
    numbers = [int(str(line["utterance"])) for line in of("utterance_end")]
    # Place of the first utterance within each cycle.
    places = [start % CYCLE_S for start in starts[::2]]
    tenth = max(3, len(places) // 10)
    moved = median(places[-tenth:]) - median(places[:tenth])
    moved = (moved + CYCLE_S / 2) % CYCLE_S - CYCLE_S / 2
    # Delays are measured on the sound server's clock, not on the wall clock.
    drift = float(str(end["duration_s"])) - passed
    ages = [age + at * drift / passed for at, age in came]
    expected = 2 * passed / CYCLE_S
    warm = memory[min(len(memory) - 1, max(1, len(memory) // 10))]
    share = max(1, len(ages) // 10)
    early, late = quantile(ages[:share], 50), quantile(ages[-share:], 50)
    return [
        (end["samples_lost"] == told, f"{end['samples_lost']} samples lost, {told} told in {gaps}"),
        (told == 0, f"{told} samples lost"),
        (
            abs(drift) < 0.5 + CLOCKS * passed,
            f"the clock of the audio at the end is {drift:+.3f} s from the wall's",
        ),
        (abs(moved) < 0.15, f"utterances moved by {moved:+.3f} s within their {CYCLE_S} s"),
        (numbers == list(range(1, len(numbers) + 1)), f"{len(numbers)} utterances in sequence"),
        (abs(len(numbers) - expected) < 4, f"{len(numbers)} utterances of about {expected:.0f}"),
        (starts == sorted(starts), "time only rises"),
        (
            memory[-1] <= warm + 4,
            f"memory {warm:.1f} MB after a tenth, {memory[-1]:.1f} MB at the end",
        ),
        (
            late - early < 0.02,
            f"event after its window, p50: {early * 1e3:.0f} ms in the first tenth, "
            f"{late * 1e3:.0f} ms in the last; p99 of all {quantile(ages, 99) * 1e3:.0f} ms",
        ),
    ]


def soak(program: Path, minutes: int, folder: Path, found: dict[str, str]) -> bool:
    """Runs the session and its checks."""
    words = f"pacat --playback --latency-msec=500 --device=vspk --raw --rate={RATE} --channels=1"
    player = subprocess.Popen(
        words.split(),
        stdin=subprocess.PIPE,
        env=os.environ | found,
    )
    threading.Thread(target=play, args=(player,), daemon=True).start()
    time.sleep(2)
    kept, path = folder / "kept.jsonl", folder / "events.sock"
    command = [str(program), "live", "--device", "VirtualMicrophone"]
    screen = Screen([*command, "--record", str(kept), "--socket", str(path)], found)
    while not path.exists():
        screen.read(0.05)
    listener = Listener(path)
    listener.start()
    begin, used, memory = time.monotonic(), screen.processor_s(), list[float]()
    for _ in range(minutes):
        resident, used = minute(screen, listener, begin, used)
        memory.append(resident)
    passed = time.time() - listener.started
    total = screen.processor_s() / passed
    screen.close()
    player.kill()
    player.wait()
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    say(f"{passed / 3600:.2f} h, {total:.2%} of a core, {len(lines)} event lines")
    parts = verdict(lines, passed, memory, listener.ages)
    for right, text in parts:
        say(f"{'ok    ' if right else 'FAILED'}  {text}")
    return all(right for right, _ in parts)


def main() -> int:
    """Runs if a sound server can be started."""
    minutes = int(sys.argv[sys.argv.index("--minutes") + 1]) if "--minutes" in sys.argv else 120
    with tempfile.TemporaryDirectory() as name, microphone() as found:
        os.environ["XDG_STATE_HOME"] = name
        if found is None:
            say("skipped: no sound server")
            return 0
        return 0 if soak(Path(sys.argv[1]).resolve(), minutes, Path(name), found) else 1


if __name__ == "__main__":
    sys.exit(main())
