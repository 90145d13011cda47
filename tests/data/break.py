"""Makes a folder of some hundred broken recordings, the same ones every time.

    python3 tests/data/break.py FOLDER

Prints the names that a walk for audio must find, one per line: `whole` or `broken`, a tab,
the path. `broken` ones may still contain decodable audio.
"""

import os
import random
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
HUGE = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)


def chunk(name: bytes, body: bytes, length: int | None = None) -> bytes:
    """A RIFF chunk with any stated length."""
    size = len(body) if length is None else length
    return name + struct.pack("<I", size & 0xFFFFFFFF) + body


def wav(
    body: bytes,
    *,
    code: int = 1,
    channels: int = 1,
    rate: int = 16000,
    bits: int = 16,
    align: int | None = None,
    data_length: int | None = None,
    riff_length: int | None = None,
    before: bytes = b"",
) -> bytes:
    """A WAV file in which any field may be wrong."""
    align = channels * bits // 8 if align is None else align
    fmt = struct.pack(
        "<HHIIHH", code, channels, rate, rate * align & 0xFFFFFFFF, align & 0xFFFF, bits
    )
    inside = b"WAVE" + chunk(b"fmt ", fmt) + before + chunk(b"data", body, data_length)
    return chunk(b"RIFF", inside, riff_length)


def lies(body: bytes) -> dict[str, bytes]:
    """Headers with impossible values."""
    files = {}
    for value in HUGE:
        files[f"riff-{value:x}.wav"] = wav(body, riff_length=value)
        files[f"data-{value:x}.wav"] = wav(body, data_length=value)
        files[f"rate-{value:x}.wav"] = wav(body, rate=value)
        files[f"list-{value:x}.wav"] = wav(body, before=chunk(b"LIST", b"INFO", value))
        files[f"fact-{value:x}.wav"] = wav(body, before=chunk(b"fact", b"\0" * 4, value))
        files[f"align-{value:x}.wav"] = wav(body, align=value)
        files[f"riff-{value:x}.aiff"] = b"FORM" + struct.pack(">I", value) + b"AIFFCOMM" + body
    for channels in (0, 3, 64, 65, 255, 65535):
        files[f"channels-{channels}.wav"] = wav(body, channels=channels)
    for bits in (0, 1, 7, 12, 33, 64, 255, 65535):
        files[f"bits-{bits}.wav"] = wav(body, bits=bits)
    for code in (0, 2, 3, 6, 17, 0x55, 0xFFFE, 0xFFFF):
        files[f"code-{code:x}.wav"] = wav(body, code=code)
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 1 << 63, 1 << 63, 1 << 63, 0xFFFFFFFF))
    files["rf64-huge.wav"] = b"RF64" + wav(body, data_length=0xFFFFFFFF, before=ds64)[4:]
    files["no-fmt.wav"] = chunk(b"RIFF", b"WAVE" + chunk(b"data", body))
    files["two-fmt.wav"] = wav(body, before=chunk(b"fmt ", b"\xff" * 16))
    return files


def numbers() -> dict[str, bytes]:
    """NaN and infinite samples, and no samples."""
    odd = (float("nan"), float("inf"), float("-inf"), 3e38, -3e38, 1e-45)
    singles = struct.pack("<6f", *odd) * 3000
    doubles = struct.pack("<6d", *odd[:3], 1e308, -1e308, 5e-324) * 3000
    return {
        "odd-singles.wav": wav(singles, code=3, bits=32),
        "odd-doubles.wav": wav(doubles, code=3, bits=64),
        "full-scale.wav": wav(b"\xff\x7f\x00\x80" * 8000),
    }


def deep() -> dict[str, bytes]:
    """Deeply nested metadata, and very large metadata."""
    nested = b"x"
    boxes = b"x"
    for _ in range(3000):
        nested = chunk(b"LIST", b"adtl" + nested)
        boxes = struct.pack(">I", len(boxes) + 8) + b"moov" + boxes
    kind = struct.pack(">I", 16) + b"ftypM4A \0\0\0\0"
    ebml = bytes.fromhex("1a45dfa3") + b"\x01" + b"\xff" * 7
    tag = b"ID3\x04\0\0\x7f\x7f\x7f\x7f"
    flac = b"fLaC" + b"\0\0\0\x22" + b"\0" * 34
    return {
        "deep.wav": wav(b"\0" * 32000, before=nested),
        "many.wav": wav(b"\0" * 32000, before=chunk(b"junk", b"") * 50000),
        "deep.m4a": kind + boxes,
        "box-huge.m4a": kind + b"\0\0\0\x01moov" + b"\xff" * 8 + b"\0" * 999,
        "box-zero.m4a": kind + b"\0\0\0\0moov" + b"\0" * 999,
        "deep.mka": ebml * 500,
        "tag-huge.mp3": tag + b"\0" * 999,
        "tags.mp3": (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10) * 2000,
        "block-huge.flac": flac + b"\x84\xff\xff\xff" + b"\0" * 999,
        "blocks.flac": flac + b"\x01\0\0\0" * 50000,
        "pages.ogg": (b"OggS\0\2" + b"\0" * 20 + b"\xff" + b"\xff" * 255) * 40,
    }


def cuts_and_flips() -> dict[str, bytes]:
    """Truncations at the bytes of the header, and flipped bits, of every format."""
    files = {}
    chance = random.Random(7)
    seeds = {
        "speech-16k.wav": range(46),
        "speech-48k-stereo.flac": range(0, 92, 3),
        "speech-44k1.mp3": range(0, 60, 5),
        "speech.opus": range(0, 128, 5),
        "speech.m4a": range(0, 64, 3),
    }
    for name, ends in seeds.items():
        whole = (HERE / name).read_bytes()
        stem, suffix = name.rsplit(".", 1)
        for end in ends:
            files[f"{stem}-cut-{end:03}.{suffix}"] = whole[:end]
        for number in range(14):
            hurt = bytearray(whole[:20000])
            for _ in range(1 + number // 4):
                reach = len(hurt) if number % 2 else 128
                hurt[chance.randrange(reach)] ^= 1 << chance.randrange(8)
            files[f"{stem}-flip-{number:02}.{suffix}"] = bytes(hurt)
    return files


def main() -> int:
    """Writes the folder."""
    top = Path(sys.argv[1])
    top.mkdir(parents=True)
    speech = (HERE / "speech-16k.wav").read_bytes()
    body = speech[44 : 44 + 32000]
    broken = cuts_and_flips() | lies(body) | numbers() | deep()
    for name, data in broken.items():
        (top / name).write_bytes(data)
        print(f"broken\t{name}")
    # Intact files before, between and after them: they must be decoded.
    for name in ("00.wav", "m.wav", "zz.wav"):
        (top / name).write_bytes(speech)
        print(f"whole\t{name}")
    (top / "not a folder").mkdir()
    os.symlink("..", top / "not a folder" / "loop")
    print("broken\tnot a folder/loop")
    os.symlink("self.wav", top / "self.wav")
    print("broken\tself.wav")
    os.symlink("nowhere.wav", top / "dangling.wav")
    print("broken\tdangling.wav")
    locked = top / "locked"
    locked.mkdir()
    (locked / "inside.wav").write_bytes(speech)
    locked.chmod(0)
    # File permissions do not stop root.
    print("whole\tlocked/inside.wav" if os.access(locked, os.R_OK) else "broken\tlocked")
    os.mkfifo(top / "pipe.wav")  # not a file: a walk leaves it alone, and must not wait for it
    return 0


if __name__ == "__main__":
    sys.exit(main())
