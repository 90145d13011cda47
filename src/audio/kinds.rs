//! Names of formats that are recognized but not supported, for messages.

use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AC3, CODEC_ID_AC4, CODEC_ID_ATRAC1, CODEC_ID_ATRAC3, CODEC_ID_COOK, CODEC_ID_DCA,
    CODEC_ID_EAC3, CODEC_ID_MONKEYS_AUDIO, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MUSEPACK,
    CODEC_ID_OPUS, CODEC_ID_SIPR, CODEC_ID_SPEEX, CODEC_ID_TRUEHD, CODEC_ID_TTA, CODEC_ID_WAVPACK,
    CODEC_ID_WMA,
};
use symphonia::core::codecs::audio::{AudioCodecId, CODEC_ID_NULL_AUDIO};

/// Bytes from the start of a file that identify its format.
pub(super) const HEAD_BYTES: usize = 512;

/// Bytes from one packet of an MPEG transport stream to the next.
const TRANSPORT_PACKET_BYTES: usize = 188;

/// MP2 outside its standard, or unknown to its reader.
const UNSUITABLE_MP2: &str = "MP2 with a bit rate that does not suit its channels";
const FREE_BIT_RATE: &str = "MPEG audio with a free bit rate";

/// The name of a container or codec that no reader supports, from its first bytes.
pub(super) fn unread(head: &[u8]) -> Option<String> {
    const MAGICS: [(&[u8], &str); 21] = [
        (b"#!AMR-WB", "AMR-WB"),
        (b"#!AMR", "AMR-NB"),
        (b"#!SILK_V3", "SILK"),
        (b"\x02#!SILK_V3", "SILK"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF, as WMA is"),
        (b"FLV\x01", "FLV"),
        (b"\x00\x00\x01\xba", "MPEG program stream"),
        (b"MAC ", "Monkey's Audio"),
        (b"wvpk", "WavPack"),
        (b"TTA1", "TTA"),
        (b"MPCK", "Musepack"),
        (b"MP+", "Musepack"),
        (b".RMF", "RealMedia"),
        (b"\x7f\xfe\x80\x01", "DTS"),
        (b"MThd", "MIDI, which contains no sound"),
        (b"Creative Voice File", "VOC"),
        (b"nut/multimedia container", "NUT"),
        (b".SoX", "SoX"),
        (b"XoS.", "SoX"),
        (b"FWS", "Flash"),
        (b"CWS", "Flash"),
    ];
    // 11 bits of synchronization.
    if matches!(head, [0x56, second, ..] if second & 0xe0 == 0xe0) {
        return Some("AAC in LATM".into());
    }
    if let Some((_, name)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some((*name).into());
    }
    if head.starts_with(b"\x0b\x77") {
        // The version of the bit stream; AC-3 has one up to 10.
        let extended = head.get(5).is_some_and(|byte| byte >> 3 > 10);
        return Some(if extended { "E-AC-3" } else { "AC-3" }.into());
    }
    let form = head.get(8..12).unwrap_or_default();
    match head.get(..4)? {
        b"RIFF" if form == b"AVI " => return Some("AVI".into()),
        b"RIFF" if form.len() == 4 && form != b"WAVE" => {
            return Some(format!("`{}` in RIFF", form.escape_ascii()));
        }
        b"FORM" if form == b"8SVX" => return Some("8SVX".into()),
        b"FORM" if form.len() == 4 && form != b"AIFF" && form != b"AIFC" => {
            return Some(format!("`{}` in IFF", form.escape_ascii()));
        }
        b"caff" => return in_caf(head),
        b"OggS" => return in_ogg(head),
        _ => {}
    }
    let old_movie = matches!(head.get(4..8)?, b"mdat" | b"wide" | b"pnot");
    if old_movie {
        return Some("QuickTime without a file type".into());
    }
    // Recorders and cameras put four bytes of time stamp before each packet.
    let transport = |first: usize, distance: usize| {
        let mut packets = head.iter().skip(first).step_by(distance);
        packets.len() > 1 && packets.all(|&byte| byte == 0x47)
    };
    (transport(0, TRANSPORT_PACKET_BYTES) || transport(4, TRANSPORT_PACKET_BYTES + 4))
        .then(|| "MPEG-TS".into())
}

/// Whether a supported format begins like this, so that a failure means damage.
pub(super) fn known(head: &[u8]) -> bool {
    match head {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] | [0x1a, 0x45, 0xdf, 0xa3, ..] => true,
        head => ["OggS", "fLaC", "FORM", "caff", "RIFF", "ID3"]
            .iter()
            .any(|magic| head.starts_with(magic.as_bytes())),
    }
}

/// The codec of a WAV, or of a Matroska track with the same format, from its format tag.
pub(super) fn in_wav(tag: u16, bits: u16, container: &str) -> String {
    let rare = |name| match container {
        "WAV" => format!("{name} of a rare layout in WAV"),
        container => format!("{name} in {container}"),
    };
    let name = match tag {
        0x01 => return format!("PCM of {bits} bits in {container}"),
        0x03 => return format!("floating point of {bits} bits in {container}"),
        0x02 => return rare("Microsoft ADPCM"),
        0x11 => return rare("IMA ADPCM"),
        0x10 => "OKI ADPCM",
        0x14 | 0x40 | 0x45 | 0x64 | 0x85 => "G.726 or G.721",
        0x17 => "Dialogic ADPCM",
        0x20 => "Yamaha ADPCM",
        0x22 => "DSP Group TrueSpeech",
        0x31 | 0x32 => "GSM 06.10",
        0x38 => "AMR-NB",
        0x42 | 0x111 => "G.723.1",
        0x65 | 0x28e | 0x28f => "G.722",
        0x83 | 0x133 => "G.729",
        0x92 | 0x2000 => "AC-3",
        0xff | 0x1600 | 0x1602 | 0x1610 | 0xa106 => "AAC",
        0x160..=0x163 => "Windows Media Audio",
        0x270 => "ATRAC3",
        0x674f..=0x6751 | 0x676f..=0x6771 => "Vorbis",
        0xa109 => "Speex",
        0xf1ac => "FLAC",
        tag => return format!("format {tag:#06x} in {container}"),
    };
    format!("{name} in {container}")
}

/// The codec of an AU file, from its encoding number.
pub(super) fn in_au(encoding: u32) -> String {
    match encoding {
        23 => "G.721 in AU".into(),
        24 => "G.722 in AU".into(),
        25 | 26 => "G.723 in AU".into(),
        other => format!("encoding {other} in AU"),
    }
}

/// The codec of an MP4 track, from its four-letter code, and its MPEG-4 object type if it
/// has one.
pub(super) fn in_mp4(format: [u8; 4], object: Option<u8>) -> String {
    let name = match &format {
        b"mp4a" if object == Some(0xdd) => "Vorbis",
        b"mp4a" if object == Some(0xe1) => "QCELP",
        b"mp4a" if matches!(object, Some(0x69 | 0x6b)) => "MPEG audio",
        b"mp4a" if object == Some(0xa5) => "AC-3",
        b"mp4a" if object == Some(0xa6) => "E-AC-3",
        b"mp4a" if matches!(object, Some(0xa9..=0xac)) => "DTS",
        b"mp4a" => "AAC",
        b"samr" => "AMR-NB",
        b"sawb" | b"sawp" => "AMR-WB",
        b"sqcp" | b"Qclp" => "QCELP",
        b"sevc" => "EVRC",
        b"agsm" => "GSM 06.10",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"dtsc" | b"dtse" | b"dtsh" | b"dtsl" => "DTS",
        b"ima4" => "IMA ADPCM",
        b"ulaw" => "mu-law",
        b"alaw" => "A-law",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"enca" => "encrypted audio",
        b"drms" => "audio with copy protection",
        b"mha1" | b"mhm1" => "MPEG-H",
        other => return format!("`{}` in MP4", other.escape_ascii()),
    };
    format!("{name} in MP4")
}

/// What a Matroska track holds, by the name of its codec there.
pub(super) fn in_matroska(codec: &str, bits: u16) -> String {
    let name = match codec.split('/').next().unwrap_or(codec) {
        "A_AC3" => "AC-3",
        "A_EAC3" => "E-AC-3",
        "A_DTS" => "DTS",
        "A_TRUEHD" => "TrueHD",
        "A_WAVPACK4" => "WavPack",
        "A_TTA1" => "TTA",
        "A_REAL" => "RealAudio",
        "A_MS" => "a codec of Windows",
        "A_PCM" => return format!("PCM of {bits} bits in Matroska"),
        "A_MPC" => "Musepack",
        "A_ATRAC" => "ATRAC",
        "A_QUICKTIME" => "a codec of QuickTime",
        _ => codec,
    };
    format!("{name} in Matroska")
}

/// The name of MPEG audio that its reader refuses, from its first frame.
pub(super) fn mpeg(head: &[u8]) -> Option<&'static str> {
    match *head {
        // Layers 2 and 3 with a bit rate of 0.
        [0xff, second, third, ..]
            if second & 0xe0 == 0xe0 && matches!(second & 6, 2 | 4) && third >> 4 == 0 =>
        {
            Some(FREE_BIT_RATE)
        }
        [0xff, second, ..] if second & 0xf6 == 0xf4 => Some(UNSUITABLE_MP2),
        _ => None,
    }
}

/// Whether a file is what Git leaves in place of a recording that was not fetched.
pub(super) fn is_pointer(head: &[u8]) -> bool {
    head.starts_with(b"version https://git-lfs.github.com/")
}

/// Whether all streams of an Ogg file are pictures, texts or indices.
pub(super) fn only_pictures(head: &[u8]) -> bool {
    const OTHERS: [&[u8]; 7] = [
        b"\x80theora",
        b"fishead\0",
        b"BBCD\0",
        b"OVP80",
        b"\x01video",
        b"\x80kate",
        b"CMML",
    ];
    let (mut at, mut streams) = (0, 0);
    while let Some(page) = head.get(at..).filter(|page| page.starts_with(b"OggS")) {
        let (Some(flags), Some(&count)) = (page.get(5), page.get(26)) else {
            break;
        };
        if flags & 2 == 0 {
            break;
        }
        let first = 27 + usize::from(count);
        let body = page.get(first..).unwrap_or_default();
        if !OTHERS.iter().any(|magic| body.starts_with(magic)) {
            return false;
        }
        streams += 1;
        let sizes = page.get(27..first).unwrap_or_default();
        at += first + sizes.iter().map(|&size| usize::from(size)).sum::<usize>();
    }
    streams > 0
}

/// The name of the feature that a decoder rejects with this error, unless it is damage.
pub(super) fn unsupported_layout(error: &str) -> Option<&'static str> {
    Some(match error {
        _ if error.starts_with("mpa: invalid Layer 2 bitrate") => UNSUITABLE_MP2,
        "mpa: free bit-rate is not supported" => FREE_BIT_RATE,
        "isomp4: invalid pcm sample size" => "PCM of a rare size in MP4",
        "aac: channels or channel layout is required" => "AAC with a channel layout of its own",
        "aac: aac too complex" => "AAC with more than two channels, or of a rare kind",
        _ if error.starts_with("opus: unsupported number of channels") => {
            "Opus with several channels in one stream"
        }
        _ => return None,
    })
}

/// The name of a codec.
pub(super) fn codec(codec: AudioCodecId) -> String {
    let name = match codec {
        CODEC_ID_NULL_AUDIO => "an unknown codec",
        CODEC_ID_AC3 => "AC-3",
        CODEC_ID_EAC3 => "E-AC-3",
        CODEC_ID_AC4 => "AC-4",
        CODEC_ID_TRUEHD => "TrueHD",
        CODEC_ID_DCA => "DTS",
        CODEC_ID_MP1 | CODEC_ID_MP2 => "MPEG audio, layer 1 or 2",
        CODEC_ID_OPUS => "Opus",
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_MUSEPACK => "Musepack",
        CODEC_ID_WAVPACK => "WavPack",
        CODEC_ID_TTA => "TTA",
        CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        CODEC_ID_ATRAC1 | CODEC_ID_ATRAC3 => "ATRAC",
        CODEC_ID_COOK | CODEC_ID_SIPR => "RealAudio",
        CODEC_ID_WMA => "Windows Media Audio",
        other => return format!("codec {other}"),
    };
    name.into()
}

/// The codec of an AIFF-C file, from its four-letter code.
pub(super) fn in_aiff(kind: [u8; 4]) -> String {
    match &kind {
        b"ima4" => "IMA ADPCM in AIFF".into(),
        b"GSM " | b"agsm" => "GSM 06.10 in AIFF".into(),
        b"G722" => "G.722 in AIFF".into(),
        b"MAC3" | b"MAC6" => "MACE in AIFF".into(),
        b"QDM2" | b"QDMC" => "QDesign Music in AIFF".into(),
        other => format!("`{}` in AIFF", other.escape_ascii()),
    }
}

fn in_caf(head: &[u8]) -> Option<String> {
    let desc = head.get(8..12)? == b"desc";
    let kind: [u8; 4] = head.get(28..32)?.try_into().ok()?;
    let name = match &kind {
        _ if !desc => return None,
        b"ima4" => "IMA ADPCM",
        b"AMRN" | b"samr" => "AMR-NB",
        b"AMRW" | b"sawb" => "AMR-WB",
        b"agsm" => "GSM 06.10",
        b"MAC3" | b"MAC6" => "MACE",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"Qclp" => "QCELP",
        b"ilbc" => "iLBC",
        b"ac-3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"aach" | b"aacp" => "HE-AAC",
        b"aacl" | b"aace" | b"aacf" => "AAC-LD or AAC-ELD",
        b"usac" => "xHE-AAC",
        _ => return None,
    };
    Some(format!("{name} in CAF"))
}

fn in_ogg(head: &[u8]) -> Option<String> {
    let segments = usize::from(*head.get(26)?);
    let first = head.get(27 + segments..)?;
    let name = match first {
        first if first.starts_with(b"Speex   ") => "Speex",
        first if first.starts_with(b"CELT    ") => "CELT",
        first if first.starts_with(b"OpusHead") => {
            let version = first.get(8)?;
            // The lower half is for versions that older readers can read.
            if version >> 4 > 0 {
                return Some(format!("Opus of version {version} in Ogg"));
            }
            let family = first.get(18).filter(|&&family| family > 1)?;
            return Some(format!("Opus with channel mapping {family} in Ogg"));
        }
        first if first.starts_with(b"PCM     ") => "OggPCM",
        _ => return None,
    };
    Some(format!("{name} in Ogg"))
}
