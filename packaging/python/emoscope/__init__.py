"""Which emotion a voice expresses, as listeners would perceive it.

``analyze`` analyzes recordings, ``stream`` reads a microphone or a recording. Both run the
program ``emoscope`` that is installed with this package; no other package is needed. With ONNX
Runtime (``pip install 'emoscope[fast]'``) the program is several times faster.
"""

from emoscope._analyze import Failure, Utterance, Utterances, analyze
from emoscope._program import EmoscopeError, EmoscopeWarning, find_program
from emoscope._stream import stream
from emoscope.events import Event

__all__ = [
    "EmoscopeError",
    "EmoscopeWarning",
    "Event",
    "Failure",
    "Utterance",
    "Utterances",
    "analyze",
    "find_program",
    "stream",
]
