#!/usr/bin/env python3
"""Makes the recordings of the tests and the bundled demonstration.

Nothing in them is a person's voice: espeak-ng speaks every sentence, and the noise below it is
computed. Needs numpy, espeak-ng and ffmpeg (with libvorbis, libmp3lame and libopus). The committed
files were made with espeak-ng 1.51, ffmpeg 5.1.9 and numpy 2.4.6; `--check` says whether the same
bytes are made again; other versions may differ.
"""

import argparse
import io
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent.parent / "src" / "cli" / "demo.ogg"
RATE = 16_000
PEAK = 0.5  # -6 dBFS
FLOOR = 10 ** (-72 / 20)  # rms of the noise below the voice

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A sentence and how it is spoken: words a minute, pitch 0-99, range in %, peak in dBFS."""

    text: str
    voice: str = "en-us"
    speed: int = 160
    pitch: int = 50
    range: int = 100
    peak_db: float = -6.0


SPEECH = Line("The train leaves at seven, and nobody has the tickets.", "en-gb+f3", 165)
TWO = (
    Line("We should be there before noon.", "en-us+m3", 165, 45),
    Line("Look, it really works!", "en-us+f2", 180, 75, 200),
)
# A call with a speaker on each channel, each line with its start in seconds. Twice both speak at
# the same time; once the speaker who started later ends first.
CALL = (
    (
        (
            0.5,
            Line("Good morning and welcome to the ticket office of the railway.", "en-us+m3", 140),
        ),
        (9.0, Line("Please tell me the number of the train.", "en-us+m3", 140, 45)),
    ),
    (
        (1.9, Line("Hello?", "en-us+f2", 150, 80, 200, -6)),
        (5.0, Line("I have told you this three times already!", "en-us+f2", 185, 80, 220, -3)),
        (10.6, Line("Nobody listens to me, nobody, and the train has left!", "en-us+f2", 190, 80)),
    ),
)
CALL_S = 15.0
# Only the prosody differs; the predicted emotion depends on the model.
SCENES = (
    Line("The report has nine pages, and the second one is a map.", "en-us+m3", 160, 42, 70, -9),
    Line("No! I told you twice, and you did it again!", "en-gb+m7", 205, 62, 220, -3),
    Line("It rained the whole day. Nobody came, and nobody called.", "en-us+f3", 112, 28, 30, -12),
    Line("They said yes! We are going to the sea tomorrow!", "en-us+f2", 190, 82, 240, -5),
    Line("Ist da jemand? Ich habe etwas auf der Treppe gehört.", "de+f4", 200, 90, 60, -9),
    Line("What? You have been here all this time?", "en-gb+f5", 170, 92, 260, -5),
    Line("Otra vez lo mismo. Qué asco, de verdad.", "es+m4", 140, 30, 140, -7),
    Line("Le magasin ouvre à neuf heures, sauf le dimanche.", "fr-fr+m2", 160, 50, 90, -8),
    Line("You never listen! Put it down, now!", "en-us+f3", 210, 70, 230, -3),
    Line("I miss the old house, and the garden behind it.", "en-gb+m3", 118, 25, 40, -11),
    Line("Che bello! Non ci credo, abbiamo vinto!", "it+f2", 195, 85, 240, -4),
    Line("The next stop is the central station.", "en-us+m3", 165, 45, 80, -8),
)


def run(*command: str | Path, feed: bytes = b"") -> bytes:
    """A program's standard output; prints its errors and raises where it fails."""
    try:
        done = subprocess.run(
            [str(c) for c in command], input=feed, capture_output=True, check=False
        )
    except FileNotFoundError:
        sys.exit(f"{command[0]} is missing")
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def speak(line: Line) -> Samples:
    """A sentence at 16 kHz without silence at its ends, at the peak of its line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        text = f'<speak><prosody range="{line.range}%">{line.text}</prosody></speak>'
        run(
            *("espeak-ng", "-m", "-b", "1", "-v", line.voice, "-s", str(line.speed)),
            *("-p", str(line.pitch), "-w", path, text),
        )
        raw = run(
            *("ffmpeg", "-v", "error", "-i", path, "-af", "aresample=dither_method=none"),
            *("-ar", str(RATE), "-ac", "1", "-f", "f32le", "-"),
        )
    samples = np.frombuffer(raw, "<f4").astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 1e-3 * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    return samples * (10 ** (line.peak_db / 20) / np.abs(samples).max())


def pink(count: int, seed: int) -> Samples:
    """Pink noise (equal power in every octave), rms 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, count)
    return noise / np.sqrt(np.mean(noise**2))


def scene(lines: tuple[Line, ...], pauses: tuple[float, ...], seed: int) -> Samples:
    """Sentences with pauses in seconds before, between and after, over the noise floor."""
    silence = [np.zeros(round(pause * RATE)) for pause in pauses]
    pieces = [silence[0]]
    for number, line in enumerate(lines):
        pieces += [speak(line), silence[(number + 1) % len(silence)]]
    samples = np.concatenate(pieces)
    return samples + FLOOR * pink(len(samples), seed)


def call() -> Samples:
    """The channels of a call, side by side."""
    channels = np.zeros((round(CALL_S * RATE), len(CALL)))
    for number, lines in enumerate(CALL):
        for begin_s, line in lines:
            voice, begin = speak(line), round(begin_s * RATE)
            channels[begin : begin + len(voice), number] += voice
        channels[:, number] += FLOOR * pink(len(channels), 5 + number)
    return channels


def to_wav(samples: Samples) -> bytes:
    """16 kHz, 16 bit; mono, or channels side by side."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def encode(data: bytes, suffix: str, *options: str, layout: tuple[str, ...] = ()) -> bytes:
    """The output of ffmpeg for a WAV file or raw samples, without dates and versions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out.{suffix}"
        exact = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
        run("ffmpeg", "-v", "error", *layout, "-i", "-", *options, *exact, path, feed=data)
        return path.read_bytes()


def sounds() -> dict[Path, bytes]:
    """Every file with its bytes."""
    speech = to_wav(scene((SPEECH,), (0.3, 0.4), 1))
    time = np.arange(RATE) / RATE
    stereo = ("-af", "pan=stereo|c0=c0|c1=0*c0", "-ar", "48000", "-sample_fmt", "s16")
    nan = np.full(1000, np.nan, "<f4").tobytes()
    flac = encode(speech, "flac", *stereo, "-compression_level", "12")
    files = {
        "speech-16k.wav": speech,
        "speech-48k-stereo.flac": flac,  # the voice on the left only
        "speech-44k1.mp3": encode(speech, "mp3", "-ar", "44100", "-b:a", "48k"),
        "speech.opus": encode(speech, "opus", "-b:a", "24k"),
        "speech.m4a": encode(speech, "m4a", "-ar", "44100", "-b:a", "40k"),
        "speech-8k.wav": encode(speech, "wav", "-ar", "8000", "-c:a", "pcm_mulaw"),
        "two-utterances.wav": to_wav(scene(TWO, (0.4, 1.5, 0.6), 2)),
        "call.flac": encode(
            to_wav(call()), "flac", "-ar", "8000", "-sample_fmt", "s16", "-compression_level", "12"
        ),
        "silence.wav": to_wav(np.zeros(RATE)),
        "tone.wav": to_wav(PEAK * np.sin(2 * np.pi * 440.0 * time)),
        "noise.wav": to_wav(0.1 * pink(RATE, 3)),
        "broken/empty.wav": b"",
        "broken/header-only.wav": to_wav(np.zeros(0)),
        "broken/one-sample.wav": to_wav(np.array([PEAK])),
        "broken/text.wav": b"This is not a recording.\n",
        "broken/truncated.flac": flac[:8000],
        "broken/nan.wav": encode(
            nan, "wav", "-c:a", "copy", layout=("-f", "f32le", "-ar", str(RATE))
        ),
    }
    made = {HERE / name: data for name, data in files.items()}
    demo = to_wav(scene(SCENES, (0.8, 1.1, 1.6, 0.9, 1.4), 4))
    made[DEMO] = encode(demo, "ogg", "-c:a", "libvorbis", "-q:a", "3")
    return made


def main() -> int:
    """Writes the files, or compares them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, name what differs")
    check = parser.parse_args().check
    differing = 0
    for path, data in sounds().items():
        same = path.is_file() and path.read_bytes() == data
        differing += not same
        print(f"{len(data):8d}  {path.name}{'' if same else '  differs' if check else '  written'}")
        if not check and not same:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return int(check and differing > 0)


if __name__ == "__main__":
    sys.exit(main())
