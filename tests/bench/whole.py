"""Measures the whole program: processor time, memory, time to the first picture.

    python3 tests/bench/whole.py PROGRAM [--long] [--curve FILE.svg]

Processor time is user and system time of the child process. Each figure is printed with its
required and its desired value. `--long` adds ten hours of audio and 10,000 files; `--curve` draws
cost and memory against both.
"""

import array
import os
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from statistics import median

import curve

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def speech() -> bytes:
    """5.4 s of speech, 16 bits at 16 kHz."""
    with wave.open(str(ROOT / "tests/data/two-utterances.wav")) as file:
        return file.readframes(file.getnframes())


def write(path: Path, seconds: int, rate: int = 16000) -> Path:
    """A WAV file of repeated speech; other rates raise its pitch."""
    once = speech()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        left = seconds * rate * 2
        while left > 0:
            file.writeframesraw(once[:left])
            left -= len(once)
    return path


def cost(*command: str | Path, threads: int = 1) -> tuple[float, float, float]:
    """Processor seconds, peak memory in MB and wall seconds of a command."""
    begin = time.monotonic()
    child = subprocess.Popen(
        [*(str(word) for word in command), "--jobs", str(threads)],
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, time.monotonic() - begin


def say(what: str, value: str, must: str = "", aim: str = "") -> None:
    """One line of the table."""
    print(f"| {what} | {value} | {must} | {aim} |", flush=True)


def lengths(program: Path, folder: Path, long: bool) -> list[curve.Point]:
    """Cost and memory against the length of a recording."""
    points = []
    for minutes in (1, 10, 60) + ((600,) if long else ()):
        file = write(folder / "long.wav", minutes * 60)
        cpu, memory, _ = cost(program, "analyze", file, "--format", "csv", "--quiet")
        points.append(curve.Point(minutes, cpu, memory))
        each = f"{cpu:.2f} s, {cpu / minutes * 1e3:.0f} ms a minute, {memory:.1f} MB"
        say(
            f"`analyze`, {minutes} min of speech",
            each,
            "linear; the same memory, below 130 MB",
            "100 MB",
        )
    file.unlink()
    return points


def counts(program: Path, folder: Path, long: bool) -> list[curve.Point]:
    """Cost and memory against the number of recordings, of many lengths."""
    chance = random.Random(1)
    many = folder / "many"
    many.mkdir()
    voice = array.array("h", speech())
    made, first, points = 0, 0.0, []
    for number in (1, 10, 100, 1000) + ((10_000,) if long else ()):
        while made < number:
            start = chance.randrange(len(voice) // 2)
            part = voice[start : start + chance.randrange(8000, 40000)]
            with wave.open(str(many / f"{made:05}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(16000)
                file.writeframes(part.tobytes())
            made += 1
        cpu, memory, _ = cost(program, "analyze", many, "--format", "csv", "--quiet")
        points.append(curve.Point(number, cpu, memory))
        first = memory if number <= 100 else first
        each = f"{cpu:.2f} s, {cpu / number * 1e3:.1f} ms a file, {memory:.1f} MB"
        each += f" ({memory - first:+.1f})"
        say(f"`analyze`, {number} files of 0.5 to 2.5 s", each, "linear; 10,000 files add 5 MB")
    pairs = []
    for _ in range(3):
        one = cost(program, "analyze", many, "--format", "csv", "--quiet", threads=1)[2]
        pairs.append(
            one / cost(program, "analyze", many, "--format", "csv", "--quiet", threads=2)[2]
        )
    say("two cores against one, wall time", f"{max(pairs):.2f} (median {median(pairs):.2f})", "1.9")
    return points


@contextmanager
def microphone() -> Iterator[dict[str, str] | None]:
    """A virtual microphone, or None without a sound server."""
    with tempfile.TemporaryDirectory() as folder:
        script = ROOT / "tests/e2e/virtual-mic.sh"
        place = {"VMIC_DIR": folder, "VMIC_CHANNELS": "2"}
        started = subprocess.run(
            ["bash", script, "start"], env=os.environ | place, capture_output=True, text=True
        )
        words = [word for word in started.stdout.split() if "=" in word]
        if started.returncode:
            yield None
            return
        try:
            yield place | dict(word.split("=", 1) for word in words)
        finally:
            subprocess.run(["bash", script, "stop"], env=os.environ | place, check=False)


class Screen:
    """The program in a terminal of 100 x 30."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.begin = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            variables = os.environ | {"TERM": "xterm-256color"} | environment
            try:
                os.execve(command[0], command, variables)
            finally:
                # The child of a failed start must not clean up what the parent uses.
                os._exit(127)
        ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.bytes = 0

    def read(self, seconds: float, until: bytes | None = None) -> bool:
        """Reads what is drawn; returns whether `until` was among it."""
        end, seen = time.monotonic() + seconds, b""
        while (left := end - time.monotonic()) > 0:
            if select.select([self.terminal], [], [], left)[0]:
                try:
                    part = os.read(self.terminal, 1 << 16)
                except OSError:  # the program has ended
                    return False
                self.bytes += len(part)
                seen = (seen + part)[-20000:]
                if until and until in seen:
                    return True
        return False

    def processor_s(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def wakes(self) -> dict[str, int]:
        """How often each thread has gone to sleep so far, by name."""
        found: dict[str, int] = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            text = (task / "status").read_text()
            name = re.search(r"Name:\s+(.+)", text)[1]
            slept = int(re.search(r"voluntary_ctxt_switches:\s+(\d+)", text)[1])
            found[name] = found.get(name, 0) + slept
        return found

    def resident_mb(self) -> float:
        """Resident memory."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024

    def close(self) -> None:
        """Ends the program."""
        os.kill(self.pid, signal.SIGTERM)
        self.read(0.3)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def first_picture(command: list[str], environment: dict[str, str]) -> float:
    """Seconds until the screen shows the program's name."""
    screen = Screen(command, environment)
    assert screen.read(10, b"emoscope"), "no picture"
    took = time.monotonic() - screen.begin
    screen.close()
    return took


def live(program: Path, folder: Path) -> None:
    """The dashboard on a microphone, silent and speaking."""
    with microphone() as found:
        if found is None:
            say("the dashboard on a microphone", "not measured: no sound server")
            return
        command = [str(program), "live", "--device", "VirtualMicrophone"]
        times = sorted(first_picture(command, found) * 1e3 for _ in range(7))
        say("first picture", f"{times[0]:.0f} ms (median {median(times):.0f})", "250 ms", "120 ms")
        file = write(folder / "talk.wav", 40)
        for what, must, aim in (("silence", "1 %", "0.5 %"), ("speech", "4 %", "2 %")):
            screen = Screen(command, found)
            screen.read(2)
            player = None
            if what == "speech":
                player = subprocess.Popen(
                    ["paplay", "--latency-msec=20", "--device=vspk", file], env=os.environ | found
                )
                screen.read(2)
            before, drawn, slept = screen.processor_s(), screen.bytes, screen.wakes()
            screen.read(20)
            wakes = {
                name: (count - slept.get(name, 0)) / 20 for name, count in screen.wakes().items()
            }
            used = (screen.processor_s() - before) / 20
            memory = screen.resident_mb()
            screen.close()
            if player:
                player.kill()
                player.wait()
            each = f"{used:.1%} of a core, {(screen.bytes - drawn) / 20e3:.1f} kB/s drawn"
            say(f"the dashboard, {what}", each, must, aim)
            each = ", ".join(f"{name} {rate:.0f}" for name, rate in wakes.items() if rate >= 1)
            say(f"wake-ups a second by thread, {what}", each)
            say(f"resident memory, {what}", f"{memory:.1f} MB", "130 MB", "100 MB")


def main() -> int:
    """Measures and prints."""
    program, long = Path(sys.argv[1]).resolve(), "--long" in sys.argv
    print("| what | measured | must | aim |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        live(program, folder)
        minutes = lengths(program, folder, long)
        files = counts(program, folder, long)
    if "--curve" in sys.argv:
        picture = curve.picture(("minutes of speech", minutes), ("files of 0.5 to 2.5 s", files))
        Path(sys.argv[sys.argv.index("--curve") + 1]).write_text(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
