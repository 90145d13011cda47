"""Makes a folder of recordings from many programs and devices: live-written, unfinished, padded,
shifted, joined, and in supported and unsupported codecs.

    python3 tests/data/kinds.py FOLDER

All hold the voice of `speech-16k.wav`. ffmpeg writes them; what no encoder writes (headers of
recorders that were stopped, of browsers, of HE-AAC) is made from its files byte by byte. A file
whose encoder is missing is left out. Prints the name of each file that was made.
"""

import random
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SPEECH = HERE / "speech-16k.wav"
TOP = Path(sys.argv[1])
UNKNOWN = b"\x01" + b"\xff" * 7  # an unknown length in EBML


def ff(name: str, *options: str, source: Path | str = SPEECH) -> bytes:
    """Converts the speech to `name` with ffmpeg; writes nothing where it lacks the encoder."""
    path = TOP / name
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-bitexact", "-i", source]
    done = subprocess.run([*command, *options, path], capture_output=True, check=False)
    if done.returncode:
        path.unlink(missing_ok=True)
        print(f"{name} left out: {done.stderr.decode(errors='replace').strip()}", file=sys.stderr)
        return b""
    return path.read_bytes()


def piped(name: str, *options: str) -> None:
    """The same through a pipe, where no header can be completed."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-bitexact", "-i", SPEECH, *options, "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode == 0:
        (TOP / name).write_bytes(done.stdout)


def put(name: str, data: bytes) -> None:
    """Writes bytes to a file."""
    (TOP / name).write_bytes(data)


def vint(data: bytes, at: int, keep: bool) -> tuple[int, int]:
    """An EBML number and its length; `keep` keeps the length marker, as in identifiers."""
    length = 9 - data[at].bit_length()
    value = data[at] if keep else data[at] & (0xFF >> length)
    for byte in data[at + 1 : at + length]:
        value = value << 8 | byte
    return value, length


def as_a_browser(data: bytes) -> bytes:
    """A WebM as MediaRecorder writes it: segment and clusters of unknown length, no index."""
    out, at = bytearray(), 0
    while at < len(data):
        kind, head = vint(data, at, keep=True)
        size, width = vint(data, at + head, keep=False)
        if kind in (0x18538067, 0x1F43B675):
            out += data[at : at + head] + UNKNOWN
            at += head + width
            continue
        if kind not in (0x114D9B74, 0xEC, 0x1254C367, 0x1C53BB6B):
            out += data[at : at + head + width + size]
        at += head + width + size
    return bytes(out)


def matroska() -> None:
    """Live-written and remuxed Matroska."""
    opus = ("-ar", "48000", "-c:a", "libopus")
    whole = ff("whole.webm", *opus, "-cluster_time_limit", "500")
    if whole:
        put("browser.webm", as_a_browser(whole))
        ff("4.weba", "-f", "webm", "-c", "copy", source=TOP / "whole.webm")
        ff("remuxed.opus", "-c", "copy", source=TOP / "whole.webm")
        put("cut.webm", whole[: len(whole) * 6 // 10])
        put("browser-cut.webm", as_a_browser(whole)[: len(whole) * 9 // 10])
    piped("pipe.webm", *opus, "-f", "webm")
    piped("pipe.mkv", "-ar", "44100", "-c:a", "aac", "-f", "matroska")
    if ff("x.opus", *opus):
        for name in ("remuxed.mka", "remuxed.mp4", "remuxed.caf"):
            ff(name, "-c", "copy", source=TOP / "x.opus")


def wav(data: bytes, riff: int, length: int, before: bytes = b"", after: bytes = b"") -> bytes:
    """A 16 kHz WAV with any lengths in its header."""
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    head = b"RIFF" + struct.pack("<I", riff) + b"WAVE" + before + form
    return head + b"data" + struct.pack("<I", length) + data + after


def headers() -> None:
    """PCM after headers that were never completed, or with lengths that are too large."""
    pcm = SPEECH.read_bytes()[44:]
    size = len(pcm)
    junk = b"JUNK" + struct.pack("<I", 4044) + b"\0" * 4044
    chunk = (
        b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf59.27.100\0"
    )
    put("riff0.wav", wav(pcm, 0, 0))
    put("riff36.wav", wav(pcm, 36, 0))
    put("avaudiofile.wav", wav(pcm, 4088, 0, before=junk))
    put("riffwhole.wav", wav(pcm, 36 + size, 0))
    put("first-block.wav", wav(pcm, 36 + 4096, 4096))
    put("plus44.wav", wav(pcm, 36 + size, size + 44))
    put("sector.wav", wav(pcm, 36 + size, (size + 4095) // 4096 * 4096))
    put("odd.wav", wav(pcm + b"\0", 37 + size, size + 1))
    put("tagged.wav", wav(pcm, 36 + size + len(chunk), size, after=chunk))
    put("no-samples.wav", wav(b"", 36 + len(chunk), 0, after=chunk))
    put("cut.wav", wav(pcm, 36 + size, size)[: 44 + size // 2])
    for name, data in (("live.au", 0xFFFFFFFF), ("killed.au", 0), ("whole.au", size)):
        swapped = bytes(byte for at in range(0, size, 2) for byte in (pcm[at + 1], pcm[at]))
        put(name, b".snd" + struct.pack(">IIIII", 24, data, 3, 16000, 1) + swapped)
    whole = ff("x.aiff", "-c:a", "pcm_s16be")
    killed = bytearray(whole)
    struct.pack_into(">I", killed, 4, 46)
    struct.pack_into(">I", killed, whole.find(b"COMM") + 10, 0)
    struct.pack_into(">I", killed, whole.find(b"SSND") + 4, 8)
    put("killed.aiff", bytes(killed))
    for name in ("x.caf", "ulaw.caf"):
        whole = bytearray(ff(name, "-c:a", "pcm_mulaw" if name[0] == "u" else "pcm_s16le"))
        at = whole.find(b"data") + 4
        struct.pack_into(">q", whole, at, -1)
        put(f"live-{name}", bytes(whole))
    piped("live.flac", "-f", "flac")
    piped("live.ogg", "-c:a", "libvorbis", "-f", "ogg")
    piped("live.aiff", "-f", "aiff")


def telephone() -> None:
    """Codecs of telephony in WAV, whole and from a pipe."""
    for codec in ("pcm_mulaw", "pcm_alaw", "adpcm_ima_wav", "adpcm_ms"):
        ff(f"{codec}.wav", "-ar", "8000", "-c:a", codec)
        piped(f"pipe-{codec}.wav", "-ar", "8000", "-c:a", codec, "-f", "wav")
    ff("mulaw.au", "-ar", "8000", "-c:a", "pcm_mulaw")
    ff("raw.ul", "-ar", "8000", "-f", "mulaw")
    ff("raw.al", "-ar", "8000", "-f", "alaw")


def mp3(name: str, *options: str) -> bytes:
    """An MP3."""
    return ff(name, "-c:a", "libmp3lame", "-b:a", "64k", *options)


def id3(size: int) -> bytes:
    """An ID3 tag with a picture of a given size in bytes."""
    picture = random.Random(size).randbytes(size).replace(b"\xff", b"\xff\0")
    body = b"\0image/jpeg\0\x03\0\xff\xd8\xff\xe0" + picture
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    length = len(frame)
    seven = bytes(length >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + seven + frame


def mpeg() -> None:
    """MP3 with a large picture, joined, in WAV."""
    bare = mp3("bare.mp3", "-ar", "44100", "-id3v2_version", "0")
    stereo = mp3("stereo.mp3", "-ar", "44100", "-ac", "2")
    other = mp3("other.mp3", "-ar", "22050")
    untagged = mp3("untagged.mp3", "-ar", "44100", "-write_xing", "0", "-id3v2_version", "0")
    put("cover.mp3", id3(1_500_000) + bare)
    put("joined.mp3", bare + bare)
    put("joined-covers.mp3", id3(90_000) + bare + b"TAG" + b"\0" * 125 + id3(90_000) + bare)
    put("joined-stereo.mp3", bare + stereo)
    put("joined-untagged.mp3", untagged + untagged)
    put("joined-rates.mp3", bare + other)
    put("cut.mp3", bare[: len(bare) * 6 // 10])
    ff("mp3.wav", "-c:a", "libmp3lame", "-ar", "44100", "-f", "wav")
    ff("x.mp2", "-c:a", "mp2", "-ar", "44100", "-b:a", "64k")
    picture = ff(
        "cover.jpg", "-f", "lavfi", "-i", "color=s=16x16:d=1", "-map", "1", "-frames:v", "1"
    )
    if picture:
        # The picture grows at its end, which no decoder reads.
        put("cover.jpg", picture + random.Random(1).randbytes(1_500_000))
        for name in ("cover.flac", "cover.m4a"):
            options = ("-i", TOP / "cover.jpg", "-map", "0", "-map", "1", "-c:v", "copy")
            ff(name, *map(str, options), "-disposition:v", "attached_pic")
        (TOP / "cover.jpg").unlink()


def bits(*fields: tuple[int, int]) -> bytes:
    """Five bytes of numbers, each with its width."""
    text = "".join(f"{value:0{width}b}" for value, width in fields).ljust(40, "0")
    return int(text, 2).to_bytes(5)


def he_aac() -> None:
    """AAC in the frame of HE-AAC: the core at half the rate, 2048 output frames a packet."""
    plain = ff("lc.m4a", "-ar", "22050", "-c:a", "aac")
    lc = bits((2, 5), (7, 4), (1, 4), (0, 3), (0x2B7, 11), (5, 5), (0, 1))
    at = plain.find(lc)
    kinds = {
        "implicit": bits((2, 5), (7, 4), (1, 4), (0, 3), (0x2B7, 11), (5, 5), (1, 1), (4, 4)),
        "explicit": bits((5, 5), (7, 4), (1, 4), (4, 4), (2, 5), (0, 3)),
    }
    for name, config in kinds.items():
        data = bytearray(plain)
        data[at : at + 5] = config
        struct.pack_into(">I", data, data.find(b"mp4a") + 28, 44100 << 16)
        clock = data.find(b"mdhd") + 16
        length = struct.unpack_from(">I", data, clock + 4)[0]
        struct.pack_into(">II", data, clock, 44100, 2 * length)
        table = data.find(b"stts")
        for entry in range(struct.unpack_from(">I", data, table + 8)[0]):
            place = table + 12 + 8 * entry
            count, ticks = struct.unpack_from(">II", data, place)
            struct.pack_into(">II", data, place, count, 2 * ticks)
        put(f"he-{name}.m4a", bytes(data))


def mp4() -> None:
    """Opus in MP4, fragments, edit lists, and an index at either end."""
    ff("opus.mp4", "-ar", "48000", "-c:a", "libopus", "-strict", "-2")
    aac = ("-ar", "44100", "-c:a", "aac")
    fragments = ("-movflags", "frag_keyframe+empty_moov", "-f", "mp4")
    piped("frag.mp4", *aac, *fragments)
    piped("opus-frag.mp4", "-ar", "48000", "-c:a", "libopus", "-strict", "-2", *fragments)
    ff("a.m4a", *aac)
    ff("2.3gp", *aac)
    ff("3.m4v", *aac)
    b = ff("b.m4a", *aac, "-movflags", "faststart")
    put("cut.m4a", b[: len(b) * 6 // 10])
    ff("trimmed.m4a", "-ss", "1", "-c", "copy", source=TOP / "a.m4a")


def with_edits(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    """An MP4, whose index comes last, with another edit list: milliseconds, and the first tick of
    the track or -1 for a pause."""
    entries = b"".join(struct.pack(">IiI", length, media, 1 << 16) for length, media in edits)
    new = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    out = bytearray(data)
    at = out.find(b"elst") - 4
    old = struct.unpack_from(">I", out, at)[0]
    for kind in (b"moov", b"trak", b"edts"):
        place = out.find(kind) - 4
        struct.pack_into(">I", out, place, struct.unpack_from(">I", out, place)[0] + len(new) - old)
    out[at : at + old] = new
    return bytes(out)


def parts() -> None:
    """MP4 whose edit list has several parts, and fragments that begin late or have a hole."""
    whole = (TOP / "a.m4a").read_bytes()
    second, end = 44100, 2858
    put("pause.m4a", with_edits(whole, [(1000, 0), (2000, -1), (end, second)]))
    put("late-pause.m4a", with_edits(whole, [(4000, -1), (1000, 0), (2000, -1), (end, second)]))
    # The first part is said to be half a millisecond longer than it is.
    put("rounded.m4a", with_edits(whole, [(1000, 0), (2000, -1), (end, second - 22)]))
    put("cut-out.m4a", with_edits(whole, [(1000, 0), (1858, 2 * second)]))
    put("repeated.m4a", with_edits(whole, [(3858, 0), (3858, 0)]))
    dash = TOP / "dash"
    dash.mkdir(exist_ok=True)
    pieces = ("-af", "apad=whole_dur=8", "-ar", "44100", "-c:a", "aac", "-f", "dash")
    if ff("dash/all.mpd", *pieces, "-seg_duration", "1"):
        begin = (dash / "init-stream0.m4s").read_bytes()
        chunk = {n: (dash / f"chunk-stream0-0000{n}.m4s").read_bytes() for n in range(1, 9)}
        put("late-pieces.mp4", begin + b"".join(chunk[n] for n in (3, 4, 5, 6)))
        put("hole-pieces.mp4", begin + b"".join(chunk[n] for n in (1, 2, 5, 6)))
        hours = bytearray(begin + b"".join(chunk[n] for n in (1, 2, 3, 4)))
        at = 0
        while (at := hours.find(b"tfdt", at + 4)) > 0:
            time = struct.unpack_from(">Q", hours, at + 8)[0]
            struct.pack_into(">Q", hours, at + 8, time + 100 * second)
        put("hundred.mp4", bytes(hours))
    for path in dash.iterdir():
        path.unlink()
    dash.rmdir()


def times() -> None:
    """Audio that begins later than the film, and with a hole in it."""
    film = ("-f", "lavfi", "-i", "testsrc=d=9:s=96x64:r=10", "-map", "1", "-map", "0")
    shapes = ("-c:v", "mpeg4", "-c:a", "copy")
    for name in ("late.mp4", "late.mkv", "late.mov"):
        late = ("-itsoffset", "4", "-i", str(TOP / "a.m4a"))
        picture = ("-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-c:a", "copy")
        command = [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-y",
            *film[:4],
            *late,
            *picture,
            TOP / name,
        ]
        subprocess.run(list(map(str, command)), check=False)
    for name in ("late.opus", "late.mka", "late.weba", "late-opus.mp4"):
        late = ("-itsoffset", "4", "-i", str(TOP / "x.opus"), "-c", "copy", str(TOP / name))
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *late], check=False)
    # Two seconds are missing after the first.
    hole = ("-af", "asetpts='if(gt(T,1.0),PTS+2/TB,PTS)'")
    for name in ("hole.mka", "hole.m4a", "hole.weba", "hole.opus", "hole.ogg"):
        codec = (
            ("-ar", "48000", "-c:a", "libopus")
            if name in ("hole.weba", "hole.opus")
            else ("-ar", "44100", "-c:a", "libvorbis" if name == "hole.ogg" else "aac")
        )
        more = ("-f", "webm") if name == "hole.weba" else ()
        ff(name, *hole, *codec, *more)
    ff(
        "two-tracks.mkv",
        "-i",
        str(HERE / "silence.wav"),
        "-map",
        "1",
        "-map",
        "0",
        "-c:a",
        "flac",
        "-disposition:a:1",
        "default",
        "-disposition:a:0",
        "0",
    )
    ff("film.mp4", *film, *shapes[:2], "-c:a", "aac")


def channels() -> None:
    """Stereo that cancels, and one dead channel."""
    for name, right in (
        ("inverted", "-1*c0"),
        ("near", "-0.97*c0"),
        ("dead", "0*c0"),
        ("twin", "c0"),
    ):
        ff(f"{name}.wav", "-af", f"pan=stereo|c0=c0|c1={right}")


def unread() -> None:
    """Formats that are recognised but not supported."""
    ff("gsm.wav", "-ar", "8000", "-c:a", "libgsm_ms")
    ff("g722.wav", "-c:a", "g722", "-f", "wav")
    ff("g726.wav", "-ar", "8000", "-c:a", "g726", "-f", "wav")
    ff("ima4.aifc", "-c:a", "adpcm_ima_qt", "-f", "aiff")
    ff("ima4.caf", "-c:a", "adpcm_ima_qt", "-f", "caf")
    ff("speex.ogg", "-c:a", "libspeex")
    ff("ac3.mkv", "-ar", "44100", "-c:a", "ac3")
    ff("ac3.mp4", "-ar", "44100", "-c:a", "ac3")
    ff("x.ac3", "-ar", "44100", "-c:a", "ac3")
    ff("adpcm.mkv", "-c:a", "adpcm_ms")
    ff("film.avi", "-c:a", "pcm_s16le")
    ff("tv.ts", "-ar", "44100", "-c:a", "aac")
    ff("x.flv", "-ar", "44100", "-c:a", "aac")
    ff("x.wma", "-ar", "44100", "-c:a", "wmav2")
    ff("x.wv", "-c:a", "wavpack")
    ff("x.tta", "-c:a", "tta")
    ff("x.mpg", "-ar", "44100", "-c:a", "mp2")
    put("x.amr", b"#!AMR\n" + b"\x3c" + bytes(31))
    mp4a = ff("x.m4b", "-ar", "44100", "-c:a", "aac")
    put("amr.3gp", mp4a.replace(b"mp4a", b"samr"))
    put("text.mp3", b"# Not a recording, though its name says so.\n" * 20)


def ogg_pages(data: bytes) -> list[bytearray]:
    """The pages of an Ogg file."""
    pages, at = [], 0
    while at < len(data):
        count = data[at + 26]
        end = at + 27 + count + sum(data[at + 27 : at + 27 + count])
        pages.append(bytearray(data[at:end]))
        at = end
    return pages


def sealed(page: bytearray) -> bytes:
    """A page with its checksum."""
    page[22:26] = bytes(4)
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ (0x04C11DB7 if total >> 31 else 0)) & 0xFFFFFFFF
    page[22:26] = struct.pack("<I", total)
    return bytes(page)


def ogg() -> None:
    """Ogg without an end, with a trimmed one, and several in one file."""
    whole = (TOP / "x.opus").read_bytes()
    put("chained.opus", whole + whole)
    pages = ogg_pages(whole)
    end = struct.unpack_from("<q", pages[-1], 6)[0]
    # Ten milliseconds earlier than libopus ends: the last packet is padding alone.
    struct.pack_into("<q", pages[-1], 6, end - 480)
    put("trim-end.opus", b"".join(map(sealed, pages)))
    pages = ogg_pages(whole)
    pages[-1][5] &= ~4
    put("no-end.opus", b"".join(map(sealed, pages)))
    ff("flac.ogg", "-c:a", "flac", "-f", "ogg")


def rare() -> None:
    """Layouts that few writers use."""
    about = TOP / "chapters.txt"
    chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=one\n"
    about.write_text(";FFMETADATA1\n" + chapter)
    chapters = ("-i", str(about), "-map_metadata", "1", "-ar", "44100", "-c:a", "aac")
    ff("chapters.mkv", *chapters)
    ff("chapters.m4b", *chapters, "-f", "mp4")
    piped("pipe-chapters.mkv", *chapters, "-f", "matroska")
    about.unlink()
    for codec in ("pcm_s24be", "pcm_s24le", "pcm_f32be", "pcm_alaw"):
        ff(f"{codec}.mov", "-c:a", codec)
    ff("sidx.mp4", "-ar", "44100", "-c:a", "aac", "-movflags", "dash+global_sidx")
    ff("rf64.wav", "-rf64", "always")
    ff("sowt.aifc", "-c:a", "pcm_s16le", "-f", "aiff")
    ff("alac.caf", "-c:a", "alac")
    rf64 = (TOP / "rf64.wav").read_bytes()
    put("bw64.wav", b"BW64" + rf64[4:])
    pcm = SPEECH.read_bytes()[44:]
    swapped = bytearray(pcm)
    swapped[::2], swapped[1::2] = pcm[1::2], pcm[::2]
    form = struct.pack(">IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    data = b"WAVEfmt " + form + b"data" + struct.pack(">I", len(pcm)) + swapped
    put("rifx.wav", b"RIFX" + struct.pack(">I", len(data)) + data)
    rate = bytes.fromhex("400cfa00000000000000")
    common = b"COMM" + struct.pack(">IhIh", 18, 1, len(pcm) // 2, 16) + rate
    sound = b"SSND" + struct.pack(">III", 8 + len(pcm), 0, 0) + swapped
    data = b"AIFF" + sound + common
    put("samples-first.aiff", b"FORM" + struct.pack(">I", len(data)) + data)
    flac = bytearray((TOP / "live.flac").read_bytes())
    flac[21] &= 0xF0
    flac[22:26] = bytes(4)
    put("unknown.flac", bytes(flac))
    adts = ff("x.aac", "-ar", "44100", "-c:a", "aac")
    put("garbage.aac", b"\x11" * 777 + adts)
    # Six channels, of which the one for low frequencies has the voice.
    frames = (bytes(6) + pcm[at : at + 2] + bytes(4) for at in range(0, len(pcm), 2))
    six = b"".join(frames)
    form = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 6, 16000, 192000, 12, 16)
    data = b"WAVE" + form + b"data" + struct.pack("<I", len(six)) + six
    put("lfe.wav", b"RIFF" + struct.pack("<I", len(data)) + data)


MAKERS = (
    matroska,
    headers,
    telephone,
    mpeg,
    he_aac,
    mp4,
    parts,
    times,
    channels,
    unread,
    ogg,
    rare,
)


def main() -> int:
    """Writes the folder."""
    TOP.mkdir(parents=True, exist_ok=True)
    for make in MAKERS:
        make()
    for path in sorted(TOP.iterdir()):
        print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
