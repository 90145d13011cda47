"""Shared by the peers: reads the audio and measures rounds in processor time."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def audio():  # type: ignore[no-untyped-def] # numpy is not imported yet
    """The recording, 16 kHz mono."""
    import soundfile

    samples, rate = soundfile.read(sys.argv[1], dtype="float32")
    assert rate == 16000, rate
    return samples


def windows() -> list[tuple[int, int]]:
    """Spans that emoscope measured in the recording, in samples."""
    lines = [json.loads(line) for line in Path(sys.argv[2]).read_text().splitlines()]
    spans = [(line["start_s"], line["end_s"]) for line in lines if line["type"] == "measurement"]
    # A model's longest window is 4 s; a longer span is classified in windows that tile it.
    return [(round(max(start, end - 4.0) * 16000), round(end * 16000)) for start, end in spans]


def serve(**tasks: Callable[[], object]) -> None:
    """Runs the tasks named on standard input; answers with seconds of processor time."""
    for task in tasks.values():
        task()
    print("ready", flush=True)
    for line in sys.stdin:
        task = tasks[line.strip()]
        begin = time.process_time()
        task()
        print(time.process_time() - begin, flush=True)
