"""The program ``emoscope``: where it is, and how its events are read."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import warnings
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO

from emoscope.events import Event

# Seconds that the program has to exit after a request.
_PATIENCE_S = 5.0


class EmoscopeError(Exception):
    """The program is missing, was called wrongly or failed. The text is its message."""


class EmoscopeWarning(UserWarning):
    """A message of the program that did not end it, such as an unreadable recording."""


def find_program() -> str:
    """Path of the program that is installed with this package, else of the one on ``PATH``.

    Raises:
        EmoscopeError: there is none.
    """
    name = "emoscope" + (sysconfig.get_config_var("EXE") or "")
    folders = [
        Path(sysconfig.get_path("scripts")),
        Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))),
        # pip install --target
        Path(__file__).resolve().parents[1] / "bin",
    ]
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise EmoscopeError(
            f"the program emoscope is neither in {folders[0]} nor on PATH; "
            "try: pip install --force-reinstall emoscope"
        )
    return found


def options(**values: object) -> list[str]:
    """Command-line options; those that are ``None`` are omitted."""
    words = []
    for name, value in values.items():
        if value is not None:
            text = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
            words.append(f"--{name.replace('_', '-')}={text}")
    return words


def run(arguments: Sequence[str], *, partial: bool = False) -> Generator[Event, None, None]:
    """Runs the program and yields its events. It ends with the generator.

    Messages of a program that succeeds become an ``EmoscopeWarning``.

    Args:
        arguments: the command and its options.
        partial: exit code 1 is not a failure if an event reports what could not be read.

    Raises:
        EmoscopeError: the program failed. The text is its message.
    """
    # Messages go to a file, because nothing reads a pipe while events are awaited.
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(
            [find_program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        accepted = {0}
        with process.stdout:
            try:
                for line in process.stdout:
                    event: Event = json.loads(line)
                    if partial and event["type"] == "error":
                        accepted.add(1)
                    yield event
                process.wait()
            finally:
                _end(process)
        text = _read(messages)
        if process.returncode not in accepted:
            raise EmoscopeError(text or f"exit code {process.returncode}")
        if text:
            warnings.warn(text, EmoscopeWarning, stacklevel=3)


def _read(messages: IO[bytes]) -> str:
    """The messages of the program, without its name."""
    messages.seek(0)
    lines = messages.read().decode("utf-8", "replace").splitlines()
    return "\n".join(line.removeprefix("emoscope: ") for line in lines)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
