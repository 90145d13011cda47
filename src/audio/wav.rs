//! WAV headers, and which of their declared lengths are true.
//!
//! The header of a pipe or of a killed recorder declares 0 bytes, the first block, or
//! 2 or 4 GiB. Beyond 4 GiB the length wraps around. Some writers count the header or a
//! pad byte, and a copy may be truncated.

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS, CODEC_ID_MP2, CODEC_ID_MP3, CODEC_ID_PCM_ALAW,
    CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64LE, CODEC_ID_PCM_MULAW, CODEC_ID_PCM_S16LE,
    CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32LE, CODEC_ID_PCM_U8,
};

use super::adpcm::{IMA_HEAD, MICROSOFT_HEAD};
use super::chunks;
use super::codec;
use super::extent::{Extent, Trailer};
use super::fixed_blocks::{ByteSource, Coding, FixedBlocks};
use super::kinds;
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
const CHUNKS: &[&[u8; 4]] = &[
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"cue ", b"smpl", b"fact", b"JUNK", b"junk",
    b"PAD ", b"PEAK", b"cart", b"axml", b"inst", b"note", b"labl", b"adtl", b"minf", b"elm1",
    b"regn", b"umid", b"afsp", b"_PMX", b"levl", b"DISP", b"acid", b"RIFF", b"data", b"fmt ",
    b"chna", b"plst", b"ltxt", b"strc", b"FLLR", b"SyLp", b"ResU", b"LGWV", b"AFAn", b"ds64",
];
pub(super) const TRAILER: Trailer = Trailer {
    chunks: CHUNKS,
    big_endian: false,
};
const BIG_ENDIAN_TRAILER: Trailer = Trailer {
    chunks: CHUNKS,
    big_endian: true,
};

/// The content of a WAV.
pub(super) enum Wav {
    /// Samples, or blocks of them.
    Samples(Box<FixedBlocks>),
    /// A stream of MPEG frames: the input is positioned at its first byte, `data` bytes
    /// from the start.
    Mpeg { input: ByteSource, data: u64 },
}

/// Whether a file begins like a WAV.
pub(super) fn is_wav(head: &[u8]) -> bool {
    let magic = matches!(head.get(..4), Some(b"RIFF" | b"RF64" | b"BW64" | b"RIFX"));
    magic && head.get(8..12) == Some(b"WAVE")
}

/// Reads the header.
pub(super) fn open(mut input: ByteSource) -> Result<Wav, DecodeError> {
    let header = Header::read(&mut input)?;
    samples(input, &header)
}

/// Opens the samples behind a header, where the input is positioned.
pub(super) fn samples(mut input: ByteSource, header: &Header) -> Result<Wav, DecodeError> {
    if MPEG.contains(&header.format.tag) {
        let data = header.data;
        return Ok(Wav::Mpeg { input, data });
    }
    let spec = Spec::checked(header.format.rate, header.format.channels.into())?;
    let coding = header.format.coding()?;
    let trailer = if header.format.big_endian {
        &BIG_ENDIAN_TRAILER
    } else {
        &TRAILER
    };
    let (data, length) = (header.data, header.length);
    let mut extent = Extent {
        frames: header.frames,
        ..Extent::new(&mut input, data, length, trailer)?
    };
    if let Some(chunk) = &header.chunk {
        let (unit, _) = coding.unit(spec.channels);
        chunks::join(&mut input, &mut extent, length, unit, chunk, trailer)?;
    }
    let samples = FixedBlocks::new(input, coding, spec, extent, trailer)?;
    Ok(Wav::Samples(Box::new(match header.chunk {
        Some(chunk) => samples.in_chunks(chunk, length == 0)?,
        None => samples,
    })))
}

pub(super) struct Format {
    big_endian: bool,
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    bits: u16,
}

impl Format {
    /// Parses the content of a format chunk.
    pub(super) fn parse(chunk: &[u8], big_endian: bool) -> Option<Self> {
        let short = |at: usize| {
            let bytes = [*chunk.get(at)?, *chunk.get(at + 1)?];
            Some(if big_endian {
                u16::from_be_bytes(bytes)
            } else {
                u16::from_le_bytes(bytes)
            })
        };
        let (first, second) = (u32::from(short(4)?), u32::from(short(6)?));
        let rate = if big_endian {
            first << 16 | second
        } else {
            second << 16 | first
        };
        let tag = match short(0)? {
            // The first two bytes of the sub-format's GUID are the actual tag.
            EXTENSIBLE => short(24)?,
            tag => tag,
        };
        Some(Self {
            big_endian,
            tag,
            channels: short(2)?,
            rate,
            block: short(12)?,
            bits: short(14)?,
        })
    }

    /// Codec and container, for a message.
    pub(super) fn name(&self, container: &str) -> String {
        kinds::in_wav(self.tag, self.bits, container)
    }

    /// The parameters of its codec without rate and channels; `None` for blocks.
    pub(super) fn params(&self) -> Option<AudioCodecParameters> {
        let codec = match self.samples() {
            _ if self.tag == MPEG[0] => CODEC_ID_MP2,
            _ if self.tag == MPEG[1] => CODEC_ID_MP3,
            Some(RawFormat::U8) => CODEC_ID_PCM_U8,
            Some(RawFormat::S16Le) => CODEC_ID_PCM_S16LE,
            Some(RawFormat::S24Le) => CODEC_ID_PCM_S24LE,
            Some(RawFormat::S32Le) => CODEC_ID_PCM_S32LE,
            Some(RawFormat::F32Le) => CODEC_ID_PCM_F32LE,
            Some(RawFormat::F64Le) => CODEC_ID_PCM_F64LE,
            Some(RawFormat::ALaw) => CODEC_ID_PCM_ALAW,
            Some(RawFormat::MuLaw) => CODEC_ID_PCM_MULAW,
            _ => return None,
        };
        let mut params = AudioCodecParameters::new();
        params.for_codec(codec);
        Some(params)
    }

    fn coding(&self) -> Result<Coding, DecodeError> {
        if let Some(format) = self.samples() {
            return Ok(Coding::Samples(format));
        }
        let unread = || DecodeError::UnsupportedCodec(self.name("WAV"));
        let params = self.blocks().ok_or_else(unread)?;
        Ok(Coding::Blocks {
            decoder: codec::decoder(&params).map_err(|_| unread())?,
            bytes: self.block.into(),
            frames: params.frames_per_block.unwrap_or(0),
        })
    }

    /// The parameters of ADPCM in blocks.
    pub(super) fn blocks(&self) -> Option<AudioCodecParameters> {
        let (codec, (head, extra)) = match self.tag {
            _ if self.big_endian => return None,
            ADPCM_MS => (CODEC_ID_ADPCM_MS, MICROSOFT_HEAD),
            ADPCM_IMA => (CODEC_ID_ADPCM_IMA_WAV, IMA_HEAD),
            _ => return None,
        };
        let layout = match self.channels {
            1 => CHANNEL_LAYOUT_MONO,
            2 => CHANNEL_LAYOUT_STEREO,
            _ => return None,
        };
        let body = self.block.checked_sub(head * self.channels);
        let body = body.filter(|&body| body > 0 && self.bits == 4)?;
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
        Some(params)
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
            (PCM, 2) if self.big_endian => Some(RawFormat::S16Be),
            (PCM, 3) if self.big_endian => Some(RawFormat::S24Be),
            (PCM, 4) if self.big_endian => Some(RawFormat::S32Be),
            (FLOAT, 4) if self.big_endian => Some(RawFormat::F32Be),
            (FLOAT, 8) if self.big_endian => Some(RawFormat::F64Be),
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

pub(super) struct Header {
    pub(super) format: Format,
    /// The start of the format chunk, where further chunks of samples may follow.
    pub(super) chunk: Option<chunks::Format>,
    /// Where the samples begin, and their declared length in bytes.
    pub(super) data: u64,
    pub(super) length: u64,
    /// Frames of a `fact` chunk.
    pub(super) frames: Option<u64>,
}

/// The message for a file without a format.
pub(super) fn without_format() -> DecodeError {
    DecodeError::Damaged("no `fmt ` chunk before its data".into())
}

impl Header {
    fn read(input: &mut ByteSource) -> Result<Self, DecodeError> {
        let big_endian = input.array::<12>()?.starts_with(b"RIFX");
        let word = |bytes| {
            if big_endian {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            }
        };
        let (mut at, mut odd) = (12, false);
        let (mut format, mut wide, mut frames) = (None, None, None);
        loop {
            let (chunk, padded) = next(input, odd)?;
            let [name @ .., a, b, c, d] = chunk;
            let length = u64::from(word([a, b, c, d]));
            at += 8 + u64::from(padded);
            let mut head = 0;
            match &name {
                b"data" => {
                    let (format, chunk) = format.ok_or_else(without_format)?;
                    return Ok(Self {
                        format,
                        chunk: Some(chunk),
                        data: at,
                        length: wide.filter(|_| length == 0xffff_ffff).unwrap_or(length),
                        frames,
                    });
                }
                b"fmt " => {
                    let mut bytes = [0; 40];
                    head = length.min(40);
                    input.fill(&mut bytes[..head as usize])?;
                    let start = bytes.first_chunk().copied();
                    format = Format::parse(&bytes[..head as usize], big_endian).zip(start);
                }
                b"fact" if length >= 4 => {
                    head = 4;
                    let count = u64::from(word(input.array()?));
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
            input.skip(length - head)?;
            at += length;
            odd = length % 2 == 1;
        }
    }
}

/// Name and length of the next chunk, and whether a pad byte precedes it.
fn next(input: &mut ByteSource, odd: bool) -> Result<([u8; 8], bool), DecodeError> {
    if !odd {
        return Ok((input.array()?, false));
    }
    let head: [u8; 8] = input.array()?;
    // Some writers leave the byte out.
    if TRAILER.begins(&head) {
        return Ok((head, false));
    }
    let mut chunk = [0; 8];
    chunk[..7].copy_from_slice(&head[1..]);
    input.fill(&mut chunk[7..])?;
    Ok((chunk, true))
}
