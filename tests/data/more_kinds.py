"""Adds to the folder of `kinds.py`: files behind tags, WAV in chunks, Opus of several streams,
late clocks.

    python3 tests/data/kinds.py FOLDER
    python3 tests/data/more_kinds.py FOLDER

The second reads what the first made. A file whose encoder is missing is left out.
"""

import struct
import subprocess
import sys

from kinds import SPEECH, TOP, ff, id3, ogg_pages, piped, put, sealed

# MP3 without any tag.
BARE = ("-c:a", "libmp3lame", "-id3v2_version", "0", "-write_xing", "0")


def tag(size: int) -> bytes:
    """A tag that says how long it is: a name, then zeros."""
    body = b"TIT2" + struct.pack(">I", 2) + b"\0\0\0x" + bytes(size)
    seven = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + seven + body


def behind_tags() -> None:
    """Every container behind a tag, as tools for music write it before anything."""
    for name in ("x.aiff", "x.caf", "alac.caf", "whole.au", "cover.flac", "x.opus", "live.ogg"):
        put(f"tag-{name}", tag(70_000) + (TOP / name).read_bytes())
    for name in ("b.m4a", "frag.mp4", "chapters.mkv", "whole.webm", "mp3.wav", "rf64.wav"):
        put(f"tag-{name}", tag(300) + id3(2000) + (TOP / name).read_bytes())
    speech = SPEECH.read_bytes()
    put("tag-speech.wav", tag(70_000) + speech)
    put("tag-cut.wav", tag(99) + (TOP / "cut.wav").read_bytes())
    put("tag-alone.wav", tag(99))


def chunk(name: bytes, body: bytes, pad: bytes = b"\0") -> bytes:
    """A RIFF chunk; a `pad` byte follows an odd length."""
    return name + struct.pack("<I", len(body)) + body + pad * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    """A WAV of these chunks."""
    data = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(data)) + data


def chunks() -> None:
    """WAV whose samples are in several chunks, joined, and with rare chunks and formats."""
    pcm = SPEECH.read_bytes()[44:]
    half = len(pcm) // 4 * 2
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16))
    text = chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 5) + b"sox 1")
    first, second = chunk(b"data", pcm[:half]), chunk(b"data", pcm[half:])
    put("two-data.wav", riff(form, first, text, second, text))
    put("five-data.wav", riff(form, chunk(b"data", b""), first, *[chunk(b"data", b"")] * 2, second))
    put("cut-data.wav", riff(form, first, text, second)[: -half // 2])
    put("zero-first.wav", riff(form, chunk(b"data", b""), chunk(b"data", pcm)))
    put("zero-list.wav", riff(form, chunk(b"data", b""), text, chunk(b"data", pcm)))
    whole = riff(form, chunk(b"data", pcm))
    put("joined.wav", whole + whole)
    put("joined-rate.wav", whole + (TOP / "pcm_mulaw.wav").read_bytes())
    odd = b"INFOISFT" + struct.pack("<I", 3) + b"sox"
    put("pad.wav", riff(chunk(b"LIST", odd), form, chunk(b"JUNK", b"x"), chunk(b"data", pcm)))
    put("no-pad.wav", riff(chunk(b"LIST", odd, b""), form, chunk(b"data", pcm)))
    put("garbage-pad.wav", riff(chunk(b"LIST", odd, b"\xff"), form, chunk(b"data", pcm)))
    ff("u8.wav", "-c:a", "pcm_u8")
    u8 = (TOP / "u8.wav").read_bytes()
    u8, form8 = (
        u8[u8.find(b"data") + 8 :],
        chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 16000, 16000, 1, 8)),
    )
    put("odd-data.wav", riff(form8, chunk(b"data", u8[:30001]), text, chunk(b"data", u8[30001:])))
    put("odd-no-pad.wav", riff(form8, chunk(b"data", u8[:30001], b""), chunk(b"data", u8[30001:])))
    ff("bext.wav", "-write_bext", "1", "-metadata", "description=x", "-write_peak", "on")
    for codec in ("pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"):
        ff(f"{codec}.wav", "-c:a", codec)
    # 24 bits in four bytes, as some sound cards deliver them.
    wide = b"".join(b"\0\0" + pcm[at : at + 2] for at in range(0, len(pcm), 2))
    form24 = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16000, 64000, 4, 32, 22, 24, 4)
    guid = bytes.fromhex("0100000000001000800000aa00389b71")
    put("24-in-32.wav", riff(chunk(b"fmt ", form24 + guid), chunk(b"data", wide)))
    ff("six.wav", "-af", "pan=5.1|FC=c0", "-c:a", "pcm_s24le")
    ff("eight.wav", "-af", "pan=7.1|SL=c0", "-c:a", "pcm_s16le")
    ff("x.w64", "-f", "w64")
    piped("pipe.w64", "-f", "w64")
    put("cut.w64", (TOP / "x.w64").read_bytes()[: len(pcm) // 2])


def junk() -> None:
    """Bytes behind the samples that are neither samples nor chunks."""
    for name in ("x.aiff", "x.caf", "whole.au", "x.w64"):
        put(f"junk-{name}", (TOP / name).read_bytes() + b"\xabjunk" * 400)
    speech = SPEECH.read_bytes()
    put("junk.wav", speech + b"\xabjunk" * 400)
    put("junk-text.wav", speech + b"<html>no sound</html>" * 50)


def sphere(name: str, samples: bytes, coding: str, width: int, order: str, count: int) -> None:
    """A NIST SPHERE file: text lines of a fixed length, then samples."""
    lines = (
        f"sample_count -i {count}",
        f"sample_n_bytes -i {width}",
        "channel_count -i 1",
        f"sample_byte_format -s{len(order)} {order}",
        "sample_rate -i 16000",
        f"sample_coding -s{len(coding)} {coding}",
        "end_head",
    )
    head = "NIST_1A\n   1024\n" + "".join(f"{line}\n" for line in lines)
    put(name, head.encode().ljust(1024) + samples)


def spheres() -> None:
    """Corpora of speech: samples in both orders, G.711, and what is packed."""
    pcm = SPEECH.read_bytes()[44:]
    count = len(pcm) // 2
    swapped = bytearray(pcm)
    swapped[::2], swapped[1::2] = pcm[1::2], pcm[::2]
    sphere("x.sph", pcm, "pcm", 2, "01", count)
    sphere("big.sph", bytes(swapped), "pcm", 2, "10", count)
    sphere("cut.sph", pcm[: len(pcm) // 2], "pcm", 2, "01", count)
    sphere("shorten.sph", pcm, "pcm,embedded-shorten-v2.00", 2, "01", count)
    for law in ("mulaw", "alaw"):
        coded = ff(f"{law}.raw", "-c:a", f"pcm_{law}", "-f", law)
        sphere(f"{law}.sph", coded, "ulaw" if law == "mulaw" else law, 1, "1", count)
    put("sphere.wav", (TOP / "x.sph").read_bytes())


def surround() -> None:
    """Opus of several streams, and codecs of WAV in Matroska."""
    six = ("-ar", "48000", "-af", "pan=5.1|FC=c0", "-c:a", "libopus", "-mapping_family", "1")
    if ff("six.opus", *six):
        for name in ("six.mka", "six-opus.mp4", "six.weba"):
            more = ("-f", "webm") if name == "six.weba" else ()
            ff(name, "-c", "copy", "-strict", "-2", *more, source=TOP / "six.opus")
    eight = ("-ar", "48000", "-af", "pan=7.1|SL=c0", "-c:a", "libopus", "-mapping_family", "1")
    ff("eight.opus", *eight)
    ff("discrete.opus", "-ar", "48000", "-c:a", "libopus", "-mapping_family", "255")
    ff("discrete.mka", "-ar", "48000", "-c:a", "libopus", "-mapping_family", "255")
    for codec in ("pcm_u8", "pcm_mulaw", "pcm_alaw", "pcm_s24le", "pcm_f32le", "pcm_s16be"):
        ff(f"{codec}.mkv", "-c:a", codec)
    ff("adpcm-ima.mkv", "-c:a", "adpcm_ima_wav")
    ff("pcm_mulaw.mov", "-ar", "8000", "-c:a", "pcm_mulaw")
    ff("stream-mulaw.mov", "-ar", "8000", "-c:a", "pcm_mulaw", "-movflags", "faststart")
    ff("mp2.mkv", "-ar", "44100", "-c:a", "mp2", "-b:a", "64k")
    ff("mp2-fast.mkv", "-ar", "44100", "-c:a", "mp2", "-b:a", "384k")


def late() -> None:
    """Starts of a broadcast and of a calendar, and a leap."""
    for name, seconds, source in (
        ("hours.mkv", 7200, "a.m4a"),
        ("hours.mp4", 7200, "a.m4a"),
        ("hours.opus", 7200, "remuxed.mka"),
        ("day.mka", 90_000, "a.m4a"),
        ("calendar.mka", 1_700_000_000, "a.m4a"),
    ):
        begin = ("-itsoffset", str(seconds), "-i", str(TOP / source), "-c", "copy", str(TOP / name))
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *begin], check=False)
    leap = ("-af", "asetpts='if(gt(T,1.0),PTS+200000/TB,PTS)'")
    ff("leap.mka", *leap, "-ar", "44100", "-c:a", "aac")
    # A page is missing: damage, where a hole of timestamps alone is a gap.
    pages = ogg_pages((TOP / "x.opus").read_bytes())
    put("lost-page.opus", b"".join(map(bytes, pages[:3] + pages[4:])))


def damage() -> None:
    """Damage that ends the reading of a container, and names of what is not read."""
    webm = (TOP / "whole.webm").read_bytes()
    places = [at for at in range(len(webm)) if webm[at : at + 4] == b"\x1f\x43\xb6\x75"]
    if len(places) > 5:
        at = places[4]
        rest = struct.pack(">Q", (1 << 56) + len(webm) - at - 9)
        put("early-end.webm", webm[:at] + b"\xec" + rest + webm[at + 9 :])
    frag = ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000", "-f", "mp4")
    piped("pieces.mp4", "-ar", "44100", "-c:a", "aac", *frag)
    pieces = (TOP / "pieces.mp4").read_bytes()
    put("cut-pieces.mp4", pieces[: len(pieces) * 7 // 10])
    ff("six.m4a", "-ar", "44100", "-af", "pan=5.1|FC=c0", "-c:a", "aac", "-movflags", "faststart")
    ff("fast.mp2", "-ar", "44100", "-c:a", "mp2", "-b:a", "384k")
    ff("x.loas", "-ar", "44100", "-c:a", "aac", "-f", "latm")
    ff("x.voc")
    ff("s8.mov", "-c:a", "pcm_s8")


def more_names() -> None:
    """Several FLAC, Ogg or AAC files in one, and names of what is not read."""
    aac = ff("part.aac", "-ar", "44100", "-c:a", "aac")
    half = ff("half.aac", "-ar", "22050", "-c:a", "aac")
    two = ff("two.aac", "-ar", "44100", "-ac", "2", "-c:a", "aac")
    put("joined.aac", aac + aac)
    put("joined-rates.aac", aac + half)
    put("joined-stereo.aac", two + aac)
    put("tag-joined.aac", tag(300) + half + tag(300) + aac + tag(300) + two)
    vorbis = ("-c:a", "libvorbis")
    ogg = ff("part.ogg", "-ar", "44100", *vorbis)
    put("joined-rates.ogg", ogg + ff("half.ogg", "-ar", "22050", *vorbis))
    flac = ff("x.flac", "-c:a", "flac")
    stereo = ff("stereo.flac", "-ac", "2", "-c:a", "flac")
    put("joined.flac", flac * 3)
    put("joined-stereo.flac", stereo + flac)
    put("joined-rates.flac", flac + ff("44100.flac", "-ar", "44100", "-c:a", "flac"))
    put("tag-joined.flac", tag(300) + flac + flac)
    put("id3v1.flac", flac + b"TAG" + bytes(125))
    free = bytearray(ff("c48.mp3", "-ar", "48000", "-b:a", "64k", "-reservoir", "0", *BARE))
    for at in range(0, len(free) - 3, 192):
        free[at + 2] &= 0x0F
    put("free.mp3", bytes(free))
    ff("four.aac", "-ar", "44100", "-af", "pan=quad|c0=c0|c1=c0|c2=c0|c3=c0", "-c:a", "aac")
    ff("vorbis.mp4", "-ar", "44100", "-c:a", "libvorbis", "-strict", "-2")
    ff("x.eac3", "-ar", "48000", "-c:a", "eac3")
    ff("yamaha.wav", "-c:a", "adpcm_yamaha")
    pictures = ("-f", "lavfi", "-i", "testsrc=d=1:s=96x64:r=10", "-map", "1:v")
    ff("pictures.ogv", *pictures, "-c:v", "libtheora")
    head = ogg_pages((TOP / "x.opus").read_bytes())
    head[0][28 + 8] = 16
    put("version.opus", b"".join(map(sealed, head)))
    put("webp.wav", b"RIFF" + struct.pack("<I", 100) + b"WEBPVP8 " + bytes(96))
    put("maud.iff", b"FORM" + struct.pack(">I", 100) + b"MAUDMHDR" + bytes(96))
    put("pointer.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    longer = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=8", "-map", "0", "-map", "1")
    ff("longer.mkv", *longer, "-ar", "48000", "-c:a", "libopus")
    # The edit list leaves out 1024 frames, which are 128 ms here.
    ff("slow.m4a", "-ar", "8000", "-c:a", "aac")


def main() -> int:
    """Writes the files."""
    for make in (behind_tags, chunks, junk, spheres, surround, late, damage, more_names):
        make()
    return 0


if __name__ == "__main__":
    sys.exit(main())
