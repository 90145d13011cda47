"""Live outputs (socket, FIFO, OSC), read by independent programs."""

import json
import os
import select
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, TOP
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

VOICE = TOP / "tests" / "data" / "two-utterances.wav"

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(home: dict[str, str]) -> Iterator[Start]:
    """Starts the program on a recording of five seconds, in real time."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str | Path, speed: str = "2") -> "subprocess.Popen[str]":
        command = [BINARY, "replay", str(VOICE), "--jsonl", "--speed", speed]
        started.append(
            subprocess.Popen(
                [*command, *map(str, arguments)],
                env=home,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def wait_for(path: Path) -> None:
    """Waits until the program has made a file."""
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """A reader of a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as reader:
        reader.settimeout(20)
        reader.connect(str(path))
        yield reader


def events(text: str) -> list[dict[str, Any]]:
    """One JSON object per line."""
    return [json.loads(line) for line in text.splitlines()]


def everything(reader: socket.socket) -> str:
    """All data until the other side closes."""
    with reader.makefile(encoding="utf-8") as lines:
        return lines.read()


def private(path: Path) -> bool:
    """Whether only the owner can use it."""
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_gives_every_reader_the_lines(start: Start, tmp_path: Path) -> None:
    """Each gets the header and all later lines, up to the summary; then the socket is removed."""
    path = tmp_path / "voice.sock"
    process = start("--socket", path)
    wait_for(path)
    assert private(path)
    with connected(path) as first, connected(path) as second:
        first_lines = second_lines = ""

        def read_first() -> None:
            nonlocal first_lines
            first_lines = everything(first)

        reading = threading.Thread(target=read_first)
        reading.start()
        second_lines = everything(second)
        reading.join()
    printed = process.communicate()[0]
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
    printed_lines = printed.splitlines()
    for lines in (first_lines.splitlines(), second_lines.splitlines()):
        assert lines[0] == printed_lines[0]
        assert lines[1:] == printed_lines[-len(lines[1:]) :]
        assert events(lines[-1])[0]["type"] == "session_end"
        assert (
            sum(event.get("trigger") == "speech_ended" for event in events("\n".join(lines))) == 2
        )


def test_a_reader_that_stalls_or_leaves_does_not_affect_others(
    start: Start, tmp_path: Path
) -> None:
    """The session continues with a reader that never reads and one that left."""
    path = tmp_path / "voice.sock"
    process = start("--socket", path, "--loop", speed="max")
    wait_for(path)
    with connected(path) as asleep, connected(path) as awake:
        with connected(path):
            pass
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        threading.Thread(target=lambda: [None for _ in process.stdout or ()], daemon=True).start()
        dropped = select.poll()
        dropped.register(asleep, select.POLLHUP)
        seen = 0
        with awake.makefile(encoding="utf-8") as lines:
            began = time.monotonic()
            for line in lines:
                seen += "speech_ended" in line
                passed = time.monotonic() - began
                # On a busy machine it takes longer until the buffer of the other is full.
                if passed > 4 and seen > 10 and dropped.poll(0):
                    break
                assert passed < 60
        # The reader was dropped: only what the pipe had buffered arrives.
        assert "session_end" not in everything(asleep)[-200:] or process.poll() is None
    process.terminate()
    process.wait(20)
    assert list(tmp_path.iterdir()) == []


def test_a_fifo_is_created_private_and_removed(start: Start, tmp_path: Path) -> None:
    """Its reader gets the header and all later lines."""
    path = tmp_path / "voice"
    process = start("--fifo", path)
    wait_for(path)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert private(path)
    lines = events(path.read_text())
    assert lines[0]["type"] == "session_start"
    assert lines[-1]["type"] == "session_end"
    assert process.wait(20) == 0
    assert not path.exists()


def test_an_existing_fifo_is_kept(start: Start, tmp_path: Path) -> None:
    """Without a reader the program does not wait."""
    path = tmp_path / "voice"
    os.mkfifo(path)
    process = start("--fifo", path, speed="max")
    assert "session_end" in process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert path.exists()


Messages = list[tuple[str, tuple[Any, ...]]]


@contextmanager
def osc_listener() -> Iterator[tuple[int, Messages]]:
    """A port where python-osc listens, and what it receives."""
    received: Messages = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: received.append((address, values)))
    with BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], received
        time.sleep(0.5)
        server.shutdown()


def test_osc_matches_the_lines(start: Start) -> None:
    """Received by python-osc."""
    with osc_listener() as (port, received):
        printed, _ = start("--osc", str(port)).communicate(timeout=60)
    lines = events(printed)
    measured = [line for line in lines if line["type"] == "measurement"]
    windows = [m for m in measured if m["trigger"] == "interval"]
    wholes = [m for m in measured if m["trigger"] == "speech_ended"]

    def told(address: str) -> list[tuple[Any, ...]]:
        return [values for where, values in received if where == address]

    assert told("/emoscope/labels") == [tuple(lines[0]["labels"])]
    voices = [int(line["active"]) for line in lines if line["type"] == "voice"]
    assert told("/emoscope/voice") == [(active,) for active in voices]
    assert [name for name, _ in told("/emoscope/label")] == [m["label"] for m in windows]
    places = [(["uncertain", *lines[0]["labels"]].index(m["label"]),) for m in windows]
    assert told("/emoscope/number") == places
    confidences = [m["confidence"] for m in windows]
    assert [v[0] for v in told("/emoscope/confidence")] == pytest.approx(confidences, abs=1e-6)
    for label in lines[0]["labels"]:
        shares = [m["probabilities"][label] for m in windows]
        assert [v[0] for v in told(f"/emoscope/probability/{label}")] == pytest.approx(
            shares, abs=1e-6
        )
    arousal = [m["arousal"] for m in windows]
    assert [v[0] for v in told("/emoscope/arousal")] == pytest.approx(arousal, abs=1e-6)
    for values, whole in zip(told("/emoscope/utterance"), wholes, strict=True):
        assert values[0] == whole["label"]
        expected = [whole["confidence"], whole["start_s"], whole["end_s"]]
        assert list(values[1:]) == pytest.approx(expected, abs=1e-5)


def test_osc_as_an_avatar_reads_it(start: Start) -> None:
    """A host name, another prefix, numbers only; the labels are repeated for late readers."""
    with osc_listener() as (port, received):
        target, prefix = f"localhost:{port}", "/avatar/parameters/"
        process = start("--osc", target, "--osc-prefix", prefix, "--loop", speed="1")
        deadline = time.monotonic() + 40
        while [address for address, _ in received].count("/avatar/parameters/labels") < 4:
            assert time.monotonic() < deadline, received
            time.sleep(0.1)
        process.terminate()
        process.communicate(timeout=20)
    assert all(address.startswith("/avatar/parameters/") for address, _ in received)
    for name, kind in [
        ("voice", int),
        ("number", int),
        ("confidence", float),
        ("probability/anger", float),
        ("arousal", float),
        ("valence", float),
    ]:
        values = [values for address, values in received if address.endswith(f"/parameters/{name}")]
        assert values, name
        assert all([type(value) for value in some] == [kind] for some in values), name


@pytest.mark.parametrize(
    "options",
    [
        ("--osc", "0"),
        ("--osc", "70000"),
        ("--osc", ":9000"),
        ("--osc", "host:"),
        ("--osc-prefix", "/a"),
        ("--osc", "9000", "--osc-prefix", "avatar"),
        ("--osc", "9000", "--osc-prefix", "/a b"),
        ("--osc", "9000", "--osc-prefix", "/a/*"),
    ],
)
def test_a_wrong_osc_address_is_a_usage_error(start: Start, options: tuple[str, ...]) -> None:
    """Reported before playback starts."""
    process = start(*options)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert "--osc" in said


def test_a_path_in_use_is_kept(start: Start, tmp_path: Path) -> None:
    """A file that is no socket, a socket in use; a stale socket is replaced."""
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    used = tmp_path / "used.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(used))
        other.listen()
        for option, path, word in [
            ("--socket", file, "another kind of file"),
            ("--fifo", file, "another kind of file"),
            ("--socket", used, "in use by another program"),
            ("--socket", tmp_path / "no" / "folder", "No such file"),
        ]:
            process = start(option, path, speed="max")
            _, said = process.communicate(timeout=60)
            assert process.returncode == 1
            assert word in said
            assert str(path) in said
    assert file.read_text() == "mine"
    process = start("--socket", used, speed="max")
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert not used.exists()
