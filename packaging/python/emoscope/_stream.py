"""Events in real time."""

import os
from collections.abc import Generator
from typing import Literal

from emoscope._program import options, run
from emoscope.events import Event


def stream(
    *,
    device: str | int | None = None,
    path: str | os.PathLike[str] | None = None,
    channel: str | int | None = None,
    seconds: float | None = None,
    speed: float | None = None,
    model: str | os.PathLike[str] | None = None,
    engine: Literal["auto", "onnxruntime", "builtin"] | None = None,
    profile: str | None = None,
    certain: float | None = None,
) -> Generator[Event, None, None]:
    """Reads a microphone or a recording, and yields events.

    Closing the generator, or leaving a ``for`` loop that holds the only reference to it, ends the
    program. ``contextlib.closing`` does it at a known place.

    Args:
        device: the input, as ``emoscope devices`` lists it: its number, id or name. The default
            input where neither ``device`` nor ``path`` is given.
        path: a recording instead of an input.
        channel: ``"mix"``, ``"left"``, ``"right"``, a number from 1, or ``"each"`` for every
            channel by itself; default the mix.
        seconds: end after this much audio of an input.
        speed: 0.25 to 8 times real time, for a recording; default as fast as possible.
        model: a model file (ONNX) instead of the built-in one.
        engine: the inference engine; default the fastest one that is installed.
        profile: start with this profile, stored by ``emoscope calibrate``.
        certain: the smallest probability of a label, 0 to 1.

    Yields:
        Events in the order of the audio: dictionaries, told apart by ``event["type"]``. The first
        is ``session_start``, the last ``session_end``.

    Raises:
        ValueError: arguments that exclude each other.
        EmoscopeError: the input cannot be opened or read, or the program fails.
    """
    if path is not None and (device is not None or seconds is not None):
        raise ValueError("device and seconds are for inputs; leave them out with path")
    if path is None and speed is not None:
        raise ValueError("speed is for recordings; give path")
    shared = options(channel=channel, model=model, engine=engine, profile=profile, certain=certain)
    if path is None:
        return run(["live", "--jsonl", *options(device=device, seconds=seconds), *shared])
    arguments = ["replay", "--jsonl", *options(speed=speed), *shared, "--", os.fspath(path)]
    return run(arguments)
