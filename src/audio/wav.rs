//! WAV with samples as they are: the one format whose lies have to be seen through.
//!
//! Headers of pipes and of recorders that were stopped hard claim nothing, or
//! 2 or 4 GiB; beyond 4 GiB the length wraps around; a copy may be cut short.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::raw::{BLOCK_FRAMES, FrameReader, RawFormat};
use super::source::{DecodeError, Source, Spec};

/// Lengths from here on stand for "unknown" where the bytes are not there.
const UNKNOWN: u64 = 0x7fff_0000;
/// The format tags of plain integers, floats, and "see the extension".
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// The bytes of a WAV: a file, or a stream that passes once.
pub(super) enum Input {
    File(BufReader<File>),
    Stream(Box<dyn Read + Send>),
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Stream(stream) => stream.read(out),
        }
    }
}

pub(super) struct Wav {
    bytes: FrameReader<Input>,
    format: RawFormat,
    spec: Spec,
    frame: u64,
    /// Where the samples begin in the file.
    data: u64,
    /// Frames that are there; of a stream those that it claims, if any.
    frames: Option<u64>,
    /// Frames that the header claims, where that is believed.
    claimed: Option<u64>,
    position: u64,
    truncated: bool,
    told: bool,
}

impl Wav {
    /// Reads the header; `None` where another reader has to take the file,
    /// which is only asked of files.
    pub(super) fn open(mut input: Input) -> Result<Option<Self>, DecodeError> {
        let header = Header::read(&mut input)?;
        let Some(format) = header.format.samples() else {
            return match input {
                Input::File(_) => Ok(None),
                Input::Stream(_) => Err(DecodeError::UnsupportedCodec(format!(
                    "WAV format {:#06x} on a stream",
                    header.format.tag
                ))),
            };
        };
        let spec = Spec::checked(header.format.rate, header.format.channels.into())?;
        let frame = format.bytes() as u64 * u64::from(spec.channels);
        let (bytes, claimed) = match &mut input {
            Input::Stream(_) => {
                let known = header.length > 0 && header.length < UNKNOWN;
                (known.then_some(header.length), known)
            }
            Input::File(file) => {
                let there = file.get_ref().metadata().map_err(DecodeError::Read)?.len();
                let there = there.saturating_sub(header.data);
                let (bytes, claimed) = header.believe(there);
                (Some(bytes), claimed)
            }
        };
        let wav = Self {
            bytes: FrameReader::new(input, frame as usize),
            format,
            spec,
            frame,
            data: header.data,
            frames: bytes.map(|bytes| bytes.div_euclid(frame)),
            claimed: claimed.then_some(header.length / frame),
            position: 0,
            truncated: bytes.is_some_and(|bytes| bytes % frame != 0),
            told: false,
        };
        if wav.frames == Some(0) {
            return Err(DecodeError::NoSamples);
        }
        Ok(Some(wav))
    }

    fn seconds(&self, frames: u64) -> f64 {
        frames as f64 / f64::from(self.spec.sample_rate)
    }

    /// The end: as claimed, a little cut, or far too early.
    fn end(&mut self) -> Result<bool, DecodeError> {
        self.truncated |= self.bytes.cut();
        let missing = self.claimed.unwrap_or(0).saturating_sub(self.position);
        self.truncated |= missing > 0;
        if self.position == 0 {
            return Err(DecodeError::NoSamples);
        }
        if missing > BLOCK_FRAMES as u64 && !self.told {
            self.told = true;
            return Err(DecodeError::Truncated {
                heard_s: self.seconds(self.position),
                total_s: self.seconds(self.position + missing),
            });
        }
        Ok(false)
    }
}

impl Source for Wav {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn total_s(&self) -> Option<f64> {
        self.frames.map(|frames| self.seconds(frames))
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let left = self.frames.map_or(u64::MAX, |all| all - self.position);
        let bytes = self.bytes.next(left.min(BLOCK_FRAMES as u64) as usize)?;
        if bytes.is_empty() {
            return self.end();
        }
        self.format.decode(bytes, out);
        self.position += bytes.len() as u64 / self.frame;
        Ok(true)
    }

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        let Input::File(file) = &mut self.bytes.input else {
            return Err(DecodeError::CannotSeek);
        };
        let wanted = (seconds.max(0.0) * f64::from(self.spec.sample_rate)).round() as u64;
        let frame = wanted.min(self.frames.unwrap_or(u64::MAX));
        let byte = frame
            .checked_mul(self.frame)
            .and_then(|at| at.checked_add(self.data));
        file.seek(SeekFrom::Start(byte.unwrap_or(u64::MAX / 2)))
            .map_err(DecodeError::Read)?;
        self.bytes.restart();
        self.position = frame;
        Ok(self.seconds(frame))
    }

    fn truncated(&self) -> bool {
        self.truncated
    }
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
            // The first two bytes of the sub-format's GUID are the tag proper.
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
            _ => None,
        }
    }
}

struct Header {
    format: Format,
    /// Where the samples begin, and how many bytes they claim to be.
    data: u64,
    length: u64,
    /// Whether the writer never came back to fill in the lengths.
    unfinished: bool,
}

impl Header {
    fn read(input: &mut Input) -> Result<Self, DecodeError> {
        let riff: [u8; 12] = take(input)?;
        let size = u32::from_le_bytes([riff[4], riff[5], riff[6], riff[7]]);
        let mut at = 12;
        let mut format = None;
        let mut wide = None;
        loop {
            let chunk: [u8; 8] = take(input)?;
            let length = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
            at += 8;
            let mut head = 0;
            match &chunk[..4] {
                b"data" => {
                    let format =
                        format.ok_or_else(|| damaged("no `fmt ` chunk before its data"))?;
                    return Ok(Self {
                        format,
                        data: at,
                        length: wide.filter(|_| length == 0xffff_ffff).unwrap_or(length),
                        unfinished: size == 0 || u64::from(size) >= UNKNOWN,
                    });
                }
                b"fmt " => {
                    let mut bytes = [0; 40];
                    head = length.min(40);
                    fill(input, &mut bytes[..head as usize])?;
                    format = Format::parse(&bytes[..head as usize]);
                }
                b"ds64" if length >= 16 => {
                    let sizes: [u8; 16] = take(input)?;
                    head = 16;
                    let (_, data) = sizes.split_at(8);
                    wide = data.try_into().ok().map(u64::from_le_bytes);
                }
                _ => {}
            }
            let rest = length + length % 2 - head;
            let skipped = io::copy(&mut input.take(rest), &mut io::sink());
            if skipped.map_err(DecodeError::Read)? < rest {
                return Err(DecodeError::NoSamples);
            }
            at += length + length % 2;
        }
    }

    /// Of so many bytes that are there, those that are samples, and whether
    /// the claimed length is a true one.
    fn believe(&self, there: u64) -> (u64, bool) {
        match self.length {
            0 if self.unfinished => (there, false),
            length if length <= there => {
                // A 32-bit length that ran over, in a file larger than it can say.
                let wrapped = (there - length) >> 32 << 32;
                (length + wrapped, wrapped == 0)
            }
            length if length >= UNKNOWN => (there, false),
            _ => (there, true),
        }
    }
}

fn damaged(what: &str) -> DecodeError {
    DecodeError::Damaged(what.to_owned())
}

fn take<const N: usize>(input: &mut Input) -> Result<[u8; N], DecodeError> {
    let mut bytes = [0; N];
    fill(input, &mut bytes)?;
    Ok(bytes)
}

fn fill(input: &mut Input, bytes: &mut [u8]) -> Result<(), DecodeError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => DecodeError::NoSamples,
        _ => DecodeError::Read(error),
    })
}
