//! The table: message and exit code of each kind.

/// The expected result of a kind.
pub enum Fate {
    /// One utterance, at the start of the speech, in a recording of that length.
    Whole(f64, f64),
    /// A number of utterances in a recording of that length.
    Utterances(usize, f64),
    /// The same, and words on standard error.
    Noted(usize, f64, &'static str),
    /// Up to its end, and exit code 1 with these words.
    Cut(f64, &'static str),
    /// Nothing, and exit code 1 with these words.
    Refused(&'static str),
}

use Fate::{Cut, Noted, Refused, Utterances, Whole};

/// Start of the speech in `speech-16k.wav`, and the length of the file, in seconds.
pub const START: f64 = 0.272;
pub const LENGTH: f64 = 3.858;
/// Tolerance for frames that an encoder adds at both ends, and for rounded timestamps.
pub const CLOSE: f64 = 0.09;
/// Length in ADTS at 44.1 kHz and at 22.05 kHz: 168 and 85 frames.
const AAC: f64 = 168.0 * 1024.0 / 44_100.0;
const AAC_22: f64 = 85.0 * 1024.0 / 22_050.0;
/// An ADPCM file ends with a whole block.
const BLOCK: f64 = 0.2;

const UNFINISHED: &str = "has a header that was never completed";

/// Name of each file that `tests/data/kinds.py` makes, and its result.
pub const KINDS: [(&str, Fate); 232] = [
    // Live-written: no length is known, and nothing is missing.
    ("whole.webm", Whole(START, LENGTH)),
    ("browser.webm", Whole(START, LENGTH)),
    ("pipe.webm", Whole(START, LENGTH)),
    ("pipe.mkv", Whole(START, LENGTH)),
    ("4.weba", Whole(START, LENGTH)),
    ("live.flac", Whole(START, LENGTH)),
    ("live.ogg", Whole(START, LENGTH)),
    ("live.aiff", Noted(1, LENGTH, UNFINISHED)),
    ("live.au", Whole(START, LENGTH)),
    ("live-x.caf", Whole(START, LENGTH)),
    ("live-ulaw.caf", Whole(START, LENGTH)),
    // Remuxed.
    ("x.opus", Whole(START, LENGTH)),
    ("remuxed.opus", Whole(START, LENGTH)),
    ("remuxed.mka", Whole(START, LENGTH)),
    ("remuxed.mp4", Whole(START, LENGTH)),
    ("remuxed.caf", Whole(START, LENGTH)),
    // Headers that were never completed.
    ("riff0.wav", Noted(1, LENGTH, UNFINISHED)),
    ("riff36.wav", Noted(1, LENGTH, UNFINISHED)),
    ("riffwhole.wav", Noted(1, LENGTH, UNFINISHED)),
    ("avaudiofile.wav", Noted(1, LENGTH, UNFINISHED)),
    ("first-block.wav", Noted(1, LENGTH, UNFINISHED)),
    ("killed.au", Noted(1, LENGTH, UNFINISHED)),
    ("killed.aiff", Noted(1, LENGTH, UNFINISHED)),
    // Lengths that are too large, and data after the samples.
    ("plus44.wav", Whole(START, LENGTH)),
    ("sector.wav", Whole(START, LENGTH)),
    ("odd.wav", Whole(START, LENGTH)),
    ("tagged.wav", Whole(START, LENGTH)),
    ("whole.au", Whole(START, LENGTH)),
    ("x.aiff", Whole(START, LENGTH)),
    ("x.caf", Whole(START, LENGTH)),
    ("ulaw.caf", Whole(START, LENGTH)),
    ("no-samples.wav", Refused("holds a header but no samples")),
    // Telephony.
    ("pcm_mulaw.wav", Whole(START, LENGTH)),
    ("pcm_alaw.wav", Whole(START, LENGTH)),
    ("adpcm_ima_wav.wav", Utterances(1, LENGTH + BLOCK)),
    ("adpcm_ms.wav", Utterances(1, LENGTH + BLOCK)),
    ("pipe-pcm_mulaw.wav", Whole(START, LENGTH)),
    ("pipe-pcm_alaw.wav", Whole(START, LENGTH)),
    ("pipe-adpcm_ima_wav.wav", Utterances(1, LENGTH + BLOCK)),
    ("pipe-adpcm_ms.wav", Utterances(1, LENGTH + BLOCK)),
    ("mulaw.au", Whole(START, LENGTH)),
    // MP3.
    ("bare.mp3", Whole(START, LENGTH)),
    ("cover.mp3", Whole(START, LENGTH)),
    ("cover.flac", Whole(START, LENGTH)),
    ("cover.m4a", Whole(START, LENGTH)),
    ("joined.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-covers.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-stereo.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-untagged.mp3", Utterances(2, 2.0 * LENGTH)),
    ("joined-rates.mp3", Utterances(2, 2.0 * LENGTH)),
    ("mp3.wav", Whole(START, LENGTH)),
    ("x.mp2", Whole(START, LENGTH)),
    // AAC and MP4.
    ("lc.m4a", Whole(START, LENGTH)),
    ("he-implicit.m4a", Whole(START, LENGTH)),
    ("he-explicit.m4a", Whole(START, LENGTH)),
    ("opus.mp4", Whole(START, LENGTH)),
    ("opus-frag.mp4", Whole(START, LENGTH)),
    ("frag.mp4", Whole(START, LENGTH)),
    ("a.m4a", Whole(START, LENGTH)),
    ("b.m4a", Whole(START, LENGTH)),
    ("2.3gp", Whole(START, LENGTH)),
    ("3.m4v", Whole(START, LENGTH)),
    ("trimmed.m4a", Whole(0.0, LENGTH - 1.0)),
    // Edit lists of several parts, and fragments with their own times.
    ("pause.m4a", Utterances(2, 2.0 + LENGTH)),
    ("late-pause.m4a", Utterances(2, 6.0 + LENGTH)),
    ("rounded.m4a", Utterances(2, 2.0 + LENGTH)),
    ("cut-out.m4a", Whole(START, LENGTH - 1.0)),
    ("repeated.m4a", Noted(1, LENGTH, "repeats parts")),
    ("late-pieces.mp4", Whole(2.02, 6.1)),
    ("hole-pieces.mp4", Utterances(1, 6.1)),
    ("hundred.mp4", Whole(100.0 + START, 104.06)),
    // The times of the container.
    ("late.mp4", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.mov", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.mkv", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.mka", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.weba", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late.opus", Whole(4.0 + START, 4.0 + LENGTH)),
    ("late-opus.mp4", Whole(4.0 + START, 4.0 + LENGTH)),
    ("hole.mka", Utterances(2, 2.0 + LENGTH)),
    ("hole.m4a", Utterances(2, 2.0 + LENGTH)),
    ("hole.weba", Utterances(2, 2.0 + LENGTH)),
    ("hole.opus", Utterances(2, 2.0 + LENGTH)),
    ("hole.ogg", Utterances(2, 2.0 + LENGTH)),
    // Channels and tracks.
    ("twin.wav", Whole(START, LENGTH)),
    (
        "inverted.wav",
        Noted(1, LENGTH, "the channels cancel each other"),
    ),
    (
        "near.wav",
        Noted(1, LENGTH, "the channels cancel each other"),
    ),
    ("dead.wav", Noted(1, LENGTH, "only channel 1 carries sound")),
    (
        "two-tracks.mkv",
        Noted(1, LENGTH, "holds 2 audio tracks; track 2 was read"),
    ),
    ("lfe.wav", Noted(1, LENGTH, "only channel 4 carries sound")),
    // Ogg: several in one file, without an end, with padding of more than a packet.
    ("chained.opus", Utterances(2, 2.0 * LENGTH)),
    ("no-end.opus", Whole(START, LENGTH)),
    ("trim-end.opus", Whole(START, LENGTH)),
    ("flac.ogg", Whole(START, LENGTH)),
    // Layouts that few writers use.
    ("chapters.mkv", Whole(START, LENGTH)),
    ("pipe-chapters.mkv", Whole(START, LENGTH)),
    ("chapters.m4b", Whole(START, LENGTH)),
    ("sidx.mp4", Whole(START, LENGTH)),
    ("pcm_s24be.mov", Whole(START, LENGTH)),
    ("pcm_s24le.mov", Whole(START, LENGTH)),
    ("pcm_f32be.mov", Whole(START, LENGTH)),
    ("rf64.wav", Whole(START, LENGTH)),
    ("bw64.wav", Whole(START, LENGTH)),
    ("sowt.aifc", Whole(START, LENGTH)),
    ("samples-first.aiff", Whole(START, LENGTH)),
    ("alac.caf", Whole(START, LENGTH)),
    ("unknown.flac", Whole(START, LENGTH)),
    ("garbage.aac", Whole(START, LENGTH)),
    ("rifx.wav", Whole(START, LENGTH)),
    // Behind a tag.
    ("tag-speech.wav", Whole(START, LENGTH)),
    ("tag-mp3.wav", Whole(START, LENGTH)),
    ("tag-rf64.wav", Whole(START, LENGTH)),
    ("tag-x.aiff", Whole(START, LENGTH)),
    ("tag-x.caf", Whole(START, LENGTH)),
    ("tag-alac.caf", Whole(START, LENGTH)),
    ("tag-whole.au", Whole(START, LENGTH)),
    ("tag-cover.flac", Whole(START, LENGTH)),
    ("tag-x.opus", Whole(START, LENGTH)),
    ("tag-live.ogg", Whole(START, LENGTH)),
    ("tag-b.m4a", Whole(START, LENGTH)),
    ("tag-frag.mp4", Whole(START, LENGTH)),
    ("tag-chapters.mkv", Whole(START, LENGTH)),
    ("tag-whole.webm", Whole(START, LENGTH)),
    (
        "tag-cut.wav",
        Cut(1.93, "is cut off: only 1.93 s of 3.86 s"),
    ),
    ("tag-alone.wav", Refused("holds a header but no samples")),
    // WAV in chunks.
    ("two-data.wav", Whole(START, LENGTH)),
    ("five-data.wav", Whole(START, LENGTH)),
    (
        "cut-data.wav",
        Cut(2.89, "is cut off: only 2.89 s of 3.86 s"),
    ),
    ("zero-first.wav", Whole(START, LENGTH)),
    ("zero-list.wav", Whole(START, LENGTH)),
    ("junk.wav", Whole(START, LENGTH)),
    ("junk-text.wav", Whole(START, LENGTH)),
    ("junk-x.aiff", Whole(START, LENGTH)),
    ("junk-x.caf", Whole(START, LENGTH)),
    ("junk-whole.au", Whole(START, LENGTH)),
    ("junk-x.w64", Whole(START, LENGTH)),
    ("joined.wav", Utterances(2, 2.0 * LENGTH)),
    (
        "joined-rate.wav",
        Noted(1, LENGTH, "is followed by another recording"),
    ),
    ("pad.wav", Whole(START, LENGTH)),
    ("no-pad.wav", Whole(START, LENGTH)),
    ("garbage-pad.wav", Whole(START, LENGTH)),
    ("odd-data.wav", Whole(START, LENGTH)),
    ("odd-no-pad.wav", Whole(START, LENGTH)),
    ("bext.wav", Whole(START, LENGTH)),
    ("u8.wav", Whole(START, LENGTH)),
    ("pcm_s24le.wav", Whole(START, LENGTH)),
    ("pcm_s32le.wav", Whole(START, LENGTH)),
    ("pcm_f32le.wav", Whole(START, LENGTH)),
    ("pcm_f64le.wav", Whole(START, LENGTH)),
    ("24-in-32.wav", Whole(START, LENGTH)),
    ("six.wav", Noted(1, LENGTH, "only channel 3 carries sound")),
    (
        "eight.wav",
        Noted(1, LENGTH, "only channel 7 carries sound"),
    ),
    ("x.w64", Whole(START, LENGTH)),
    ("pipe.w64", Whole(START, LENGTH)),
    ("cut.w64", Cut(1.93, "is cut off")),
    // Opus of several streams, and codecs of WAV in Matroska.
    ("six.opus", Noted(1, LENGTH, "only channel 3 carries sound")),
    ("six.mka", Noted(1, LENGTH, "only channel 3 carries sound")),
    ("six.weba", Noted(1, LENGTH, "only channel 3 carries sound")),
    (
        "six-opus.mp4",
        Noted(1, LENGTH, "only channel 3 carries sound"),
    ),
    (
        "eight.opus",
        Noted(1, LENGTH, "only channel 7 carries sound"),
    ),
    ("discrete.mka", Whole(START, LENGTH)),
    (
        "discrete.opus",
        Refused("(Opus with channel mapping 255 in Ogg)"),
    ),
    ("pcm_u8.mkv", Whole(START, LENGTH)),
    ("pcm_mulaw.mkv", Whole(START, LENGTH)),
    ("pcm_alaw.mkv", Whole(START, LENGTH)),
    ("pcm_s24le.mkv", Whole(START, LENGTH)),
    ("pcm_f32le.mkv", Whole(START, LENGTH)),
    ("pcm_s16be.mkv", Whole(START, LENGTH)),
    ("adpcm.mkv", Utterances(1, LENGTH + CLOSE)),
    ("adpcm-ima.mkv", Utterances(1, LENGTH + CLOSE)),
    ("pcm_mulaw.mov", Whole(START, LENGTH)),
    ("stream-mulaw.mov", Whole(START, LENGTH)),
    ("pcm_alaw.mov", Whole(START, LENGTH)),
    // NIST SPHERE.
    ("x.sph", Whole(START, LENGTH)),
    ("big.sph", Whole(START, LENGTH)),
    ("mulaw.sph", Whole(START, LENGTH)),
    ("alaw.sph", Whole(START, LENGTH)),
    ("sphere.wav", Whole(START, LENGTH)),
    ("cut.sph", Cut(1.93, "is cut off: only 1.93 s of 3.86 s")),
    ("shorten.sph", Refused("(Shorten in SPHERE)")),
    ("mp2.mkv", Whole(START, LENGTH)),
    (
        "mp2-fast.mkv",
        Refused("(MP2 with a bit rate that does not suit its channels)"),
    ),
    (
        "fast.mp2",
        Refused("(MP2 with a bit rate that does not suit its channels)"),
    ),
    (
        "six.m4a",
        Refused("(AAC with more than two channels, or of a rare kind, in isomp4)"),
    ),
    ("x.loas", Refused("(AAC in LATM)")),
    ("x.voc", Refused("(VOC)")),
    ("s8.mov", Refused("(PCM of a rare size in MP4)")),
    ("free.mp3", Refused("(MPEG audio with a free bit rate)")),
    (
        "four.aac",
        Refused("(AAC with a channel layout of its own, in aac)"),
    ),
    ("vorbis.mp4", Refused("(Vorbis in MP4)")),
    ("x.eac3", Refused("(E-AC-3)")),
    ("yamaha.wav", Refused("(Yamaha ADPCM in WAV)")),
    ("pictures.ogv", Refused("holds no audio track")),
    ("version.opus", Refused("(Opus of version 16 in Ogg)")),
    ("webp.wav", Refused("(`WEBP` in RIFF)")),
    ("maud.iff", Refused("(`MAUD` in IFF)")),
    ("pointer.wav", Refused("is a pointer of Git LFS")),
    (
        "longer.mkv",
        Noted(1, LENGTH, "holds 2 audio tracks; track 1 was read"),
    ),
    // FLAC files in one.
    ("joined.flac", Utterances(3, 3.0 * LENGTH)),
    ("joined-stereo.flac", Utterances(2, 2.0 * LENGTH)),
    ("tag-joined.flac", Utterances(2, 2.0 * LENGTH)),
    ("id3v1.flac", Whole(START, LENGTH)),
    ("joined-rates.flac", Utterances(2, 2.0 * LENGTH)),
    ("joined-rates.ogg", Utterances(2, 2.0 * LENGTH)),
    ("joined.aac", Utterances(2, 2.0 * AAC)),
    ("joined-rates.aac", Utterances(2, AAC + AAC_22)),
    ("joined-stereo.aac", Utterances(2, 2.0 * AAC)),
    ("tag-joined.aac", Utterances(3, 2.0 * AAC + AAC_22)),
    // An edit list that leaves out more than the first frames of an encoder.
    ("slow.m4a", Whole(START, LENGTH)),
    // Damage that ends the reading.
    ("early-end.webm", Cut(1.97, "is cut off: only 1.9")),
    ("pieces.mp4", Whole(START, LENGTH)),
    ("cut-pieces.mp4", Cut(2.67, "is cut off")),
    // Times of a broadcast and of a calendar.
    ("hours.mkv", Whole(7200.0 + START, 7200.0 + LENGTH)),
    ("hours.mp4", Whole(7200.0 + START, 7200.0 + LENGTH)),
    ("hours.opus", Whole(7200.0 + START, 7200.0 + LENGTH)),
    ("day.mka", Whole(90_000.0 + START, 90_000.0 + LENGTH)),
    ("calendar.mka", Noted(1, LENGTH, "those of a calendar")),
    (
        "leap.mka",
        Noted(1, LENGTH, "leap by more than a day after 1 s"),
    ),
    // Truncated: more than a packet of the announced length is missing.
    ("cut.wav", Cut(1.93, "is cut off: only 1.93 s of 3.86 s")),
    ("cut.webm", Cut(2.19, "is cut off")),
    ("cut.m4a", Cut(2.25, "is cut off")),
    ("cut.mp3", Cut(2.30, "is cut off")),
    // Recognised, but not supported.
    ("gsm.wav", Refused("(GSM 06.10 in WAV)")),
    ("g722.wav", Refused("(G.722 in WAV)")),
    ("g726.wav", Refused("(G.726 or G.721 in WAV)")),
    ("ima4.aifc", Refused("(IMA ADPCM in AIFF)")),
    ("ima4.caf", Refused("(IMA ADPCM in CAF)")),
    ("speex.ogg", Refused("(Speex in Ogg)")),
    ("ac3.mp4", Refused("(AC-3 in MP4)")),
    ("ac3.mkv", Refused("(AC-3 in Matroska)")),
    ("amr.3gp", Refused("(AMR-NB in MP4)")),
    ("x.amr", Refused("(AMR-NB)")),
    ("tv.ts", Refused("(MPEG-TS)")),
];
