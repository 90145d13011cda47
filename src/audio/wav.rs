//! WAV headers, and which of their declared lengths are true.
//!
//! The headers of pipes and of killed recorders declare nothing, their first block, or
//! 2 or 4 GiB. Beyond 4 GiB the length wraps around. Some writers count the header or a
//! pad byte, and a copy may be truncated.

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};

use super::codec;
use super::kinds;
use super::plain::{Coding, Extent, Input, Plain, Trailer};
use super::raw::RawFormat;
use super::source::{DecodeError, Spec};

/// Format tags that are supported.
const PCM: u16 = 1;
const ADPCM_MS: u16 = 2;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const ADPCM_IMA: u16 = 0x11;
/// "See the extension".
const EXTENSIBLE: u16 = 0xfffe;
/// MPEG audio of any layer, which has its own frames.
const MPEG: [u16; 2] = [0x50, 0x55];

/// Chunks that may follow the samples, or another file.
const TRAILER: Trailer = Trailer {
    chunks: &[
        b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"cue ", b"smpl", b"fact", b"JUNK", b"junk",
        b"PAD ", b"PEAK", b"cart", b"axml", b"inst", b"note", b"labl", b"adtl", b"minf", b"elm1",
        b"regn", b"umid", b"afsp", b"_PMX", b"levl", b"DISP", b"acid", b"RIFF",
    ],
    big_endian: false,
};

/// The content of a WAV.
pub(super) enum Wav {
    /// Samples, or blocks of them.
    Plain(Box<Plain>),
    /// A stream of MPEG frames: the input is positioned at its first byte, `data` bytes
    /// from the start.
    Mpeg { input: Input, data: u64 },
}

/// Whether a file begins like a WAV.
pub(super) fn is_wav(head: &[u8]) -> bool {
    matches!(head.get(..4), Some(b"RIFF" | b"RF64" | b"BW64")) && head.get(8..12) == Some(b"WAVE")
}

/// Reads the header.
pub(super) fn open(mut input: Input) -> Result<Wav, DecodeError> {
    let header = Header::read(&mut input)?;
    if MPEG.contains(&header.format.tag) {
        let data = header.data;
        return Ok(Wav::Mpeg { input, data });
    }
    let spec = Spec::checked(header.format.rate, header.format.channels.into())?;
    let coding = header.format.coding()?;
    let extent = Extent {
        frames: header.frames,
        ..Extent::new(&mut input, header.data, header.length, &TRAILER)?
    };
    let plain = Plain::new(input, coding, spec, extent, &TRAILER)?;
    Ok(Wav::Plain(Box::new(plain)))
}

struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    bits: u16,
}

impl Format {
    fn parse(chunk: &[u8]) -> Option<Self> {
        let short = |at: usize| Some(u16::from_le_bytes([*chunk.get(at)?, *chunk.get(at + 1)?]));
        let rate = u32::from(short(4)?) | u32::from(short(6)?) << 16;
        let tag = match short(0)? {
            // The first two bytes of the sub-format's GUID are the actual tag.
            EXTENSIBLE => short(24)?,
            tag => tag,
        };
        Some(Self {
            tag,
            channels: short(2)?,
            rate,
            block: short(12)?,
            bits: short(14)?,
        })
    }

    fn coding(&self) -> Result<Coding, DecodeError> {
        let unread = || DecodeError::UnsupportedCodec(kinds::in_wav(self.tag, self.bits));
        if let Some(format) = self.samples() {
            return Ok(Coding::Samples(format));
        }
        let (codec, head, extra) = match self.tag {
            ADPCM_MS => (CODEC_ID_ADPCM_MS, 7, 2),
            ADPCM_IMA => (CODEC_ID_ADPCM_IMA_WAV, 4, 1),
            _ => return Err(unread()),
        };
        let layout = match self.channels {
            1 => CHANNEL_LAYOUT_MONO,
            2 => CHANNEL_LAYOUT_STEREO,
            _ => return Err(unread()),
        };
        let body = self.block.checked_sub(head * self.channels);
        let Some(body) = body.filter(|&body| body > 0 && self.bits == 4) else {
            return Err(unread());
        };
        // Two samples per byte, plus those in the block header.
        let frames = u64::from(body) * 2 / u64::from(self.channels) + extra;
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(codec)
            .with_sample_rate(self.rate)
            .with_channels(layout)
            .with_bits_per_coded_sample(4)
            .with_max_frames_per_packet(frames)
            .with_frames_per_block(frames);
        Ok(Coding::Blocks {
            decoder: codec::decoder(&params).map_err(|_| unread())?,
            bytes: self.block.into(),
            frames,
        })
    }

    fn samples(&self) -> Option<RawFormat> {
        // The container of a sample may be wider than its bits.
        let stated = self.bits.div_ceil(8);
        let bytes = match self.block.checked_div(self.channels) {
            Some(bytes) if bytes >= stated && self.block == bytes * self.channels => bytes,
            _ => stated,
        };
        match (self.tag, bytes) {
            (PCM, 1) => Some(RawFormat::U8),
            (PCM, 2) => Some(RawFormat::S16Le),
            (PCM, 3) => Some(RawFormat::S24Le),
            (PCM, 4) => Some(RawFormat::S32Le),
            (FLOAT, 4) => Some(RawFormat::F32Le),
            (FLOAT, 8) => Some(RawFormat::F64Le),
            (A_LAW, 1) => Some(RawFormat::ALaw),
            (MU_LAW, 1) => Some(RawFormat::MuLaw),
            _ => None,
        }
    }
}

struct Header {
    format: Format,
    /// Where the samples begin, and their declared length in bytes.
    data: u64,
    length: u64,
    /// Frames of a `fact` chunk.
    frames: Option<u64>,
}

impl Header {
    fn read(input: &mut Input) -> Result<Self, DecodeError> {
        input.array::<12>()?;
        let mut at = 12;
        let (mut format, mut wide, mut frames) = (None, None, None);
        loop {
            let chunk: [u8; 8] = input.array()?;
            let length = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
            at += 8;
            let mut head = 0;
            match &chunk[..4] {
                b"data" => {
                    let damaged = || DecodeError::Damaged("no `fmt ` chunk before its data".into());
                    return Ok(Self {
                        format: format.ok_or_else(damaged)?,
                        data: at,
                        length: wide.filter(|_| length == 0xffff_ffff).unwrap_or(length),
                        frames,
                    });
                }
                b"fmt " => {
                    let mut bytes = [0; 40];
                    head = length.min(40);
                    input.fill(&mut bytes[..head as usize])?;
                    format = Format::parse(&bytes[..head as usize]);
                }
                b"fact" if length >= 4 => {
                    head = 4;
                    let count = u64::from(u32::from_le_bytes(input.array()?));
                    frames = Some(count).filter(|&count| count > 0);
                }
                b"ds64" if length >= 16 => {
                    let sizes: [u8; 16] = input.array()?;
                    head = 16;
                    let (_, data) = sizes.split_at(8);
                    wide = data.try_into().ok().map(u64::from_le_bytes);
                }
                _ => {}
            }
            let rest = length + length % 2 - head;
            input.skip(rest)?;
            at += length + length % 2;
        }
    }
}
