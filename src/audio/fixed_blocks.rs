//! Recordings with a short header followed by samples, or by blocks of fixed size.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::chunks::{self, Next};
use super::codec;
use super::extent::{Extent, Trailer, UNKNOWN_FROM_BYTES};
use super::guard::guard;
use super::media::Media;
use super::raw::{BLOCK_FRAMES, FrameReader, RawFormat};
use super::source::{DecodeError, Note, Source, Spec};

/// Largest first block of a recorder, in bytes.
const MAX_FIRST_BLOCK_BYTES: u64 = 1 << 20;

/// The bytes of a recording: a file, or a stream that cannot be rewound.
pub(super) enum ByteSource {
    File(BufReader<Media>),
    Stream(Box<dyn Read + Send>),
}

impl Read for ByteSource {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Stream(stream) => stream.read(out),
        }
    }
}

impl ByteSource {
    /// Fills `bytes`; a header that ends too soon has no samples.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        self.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DecodeError::NoSamples,
            _ => DecodeError::Read(error),
        })
    }

    /// Skips bytes of the header.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), DecodeError> {
        let skipped = io::copy(&mut Read::take(&mut *self, count), &mut io::sink());
        if skipped.map_err(DecodeError::Read)? < count {
            return Err(DecodeError::NoSamples);
        }
        Ok(())
    }

    /// Goes to a byte of the header; `at` is where it is now.
    pub(super) fn go_to(&mut self, byte: u64, at: u64) -> Result<(), DecodeError> {
        match self {
            _ if byte == at => Ok(()),
            Self::File(file) => file
                .seek(SeekFrom::Start(byte))
                .map(drop)
                .map_err(DecodeError::Read),
            Self::Stream(_) => Err(DecodeError::NeedsFile),
        }
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Bytes of a file after position `at`; `None` for a stream.
    pub(super) fn behind(&self, at: u64) -> Option<u64> {
        match self {
            Self::Stream(_) => None,
            Self::File(file) => Some(file.get_ref().there().saturating_sub(at)),
        }
    }
}

/// How the samples are coded.
pub(super) enum Coding {
    /// Each sample by itself.
    Samples(RawFormat),
    /// In blocks of `bytes` bytes with `frames` frames each.
    Blocks {
        decoder: Box<dyn AudioDecoder>,
        bytes: usize,
        frames: u64,
    },
}

impl Coding {
    /// Bytes and frames of the smallest unit that is decoded at once.
    pub(super) fn unit(&self, channels: u16) -> (u64, u64) {
        match self {
            Self::Samples(format) => (format.bytes() as u64 * u64::from(channels), 1),
            Self::Blocks { bytes, frames, .. } => (*bytes as u64, *frames),
        }
    }

    fn decode(&mut self, bytes: &[u8], channels: u16, out: &mut Vec<f32>) -> u64 {
        match self {
            Self::Samples(format) => {
                format.decode(bytes, out);
                0
            }
            Self::Blocks {
                decoder,
                bytes: size,
                frames,
            } => {
                let mut damaged = 0;
                for block in bytes.chunks_exact(*size) {
                    let packet = Packet::new(0, Timestamp::ZERO, Duration::new(*frames), block);
                    if let Ok(buffer) = guard(|| decoder.decode(&packet)) {
                        codec::append(&buffer, channels, out);
                    } else {
                        damaged += 1;
                        let samples = *frames as usize * usize::from(channels);
                        out.resize(out.len() + samples, 0.0);
                    }
                }
                damaged
            }
        }
    }
}

/// A recording that is read from its samples.
pub(super) struct FixedBlocks {
    bytes: FrameReader<ByteSource>,
    coding: Coding,
    spec: Spec,
    extent: Extent,
    /// Frames in all, where known.
    frames: Option<u64>,
    position: u64,
    /// Frames of the next block before the target of the seek.
    skip: u64,
    /// What may follow the declared bytes of a stream.
    trailer: &'static Trailer,
    /// The format chunk of a WAV, whose samples may be in several chunks.
    format: Option<chunks::Format>,
    damaged: u64,
    told: bool,
}

impl FixedBlocks {
    /// Reads from `input`, which is positioned at the first sample.
    pub(super) fn new(
        input: ByteSource,
        coding: Coding,
        spec: Spec,
        extent: Extent,
        trailer: &'static Trailer,
    ) -> Result<Self, DecodeError> {
        let (bytes, per_unit) = coding.unit(spec.channels);
        let frames = extent.bytes.map(|all| all / bytes.max(1) * per_unit);
        let exact = extent.frames.zip(frames);
        // A frame count is used where it only trims the last block.
        let frames = match exact {
            Some((exact, all)) if exact <= all && all - exact < per_unit => Some(exact),
            _ => frames,
        };
        if frames == Some(0) {
            return Err(DecodeError::NoSamples);
        }
        let most = (BLOCK_FRAMES as u64 / per_unit).max(1);
        Ok(Self {
            bytes: FrameReader::new(input, bytes as usize, most as usize),
            coding,
            spec,
            extent,
            frames,
            position: 0,
            skip: 0,
            trailer,
            format: None,
            damaged: 0,
            told: false,
        })
    }

    /// Allows a stream to continue in further chunks of samples of the same format.
    /// `empty` says that the first one declares no bytes: either its length is unknown,
    /// or the next chunk follows.
    pub(super) fn in_chunks(
        mut self,
        format: chunks::Format,
        empty: bool,
    ) -> Result<Self, DecodeError> {
        self.format = Some(format);
        let streamed = matches!(self.bytes.input, ByteSource::Stream(_));
        if empty && streamed && self.trailer.begins(self.bytes.peek(8)?) {
            self.extent.bytes = Some(0);
            self.frames = Some(0);
        }
        Ok(self)
    }

    fn seconds(&self, frames: u64) -> f64 {
        frames as f64 / f64::from(self.spec.sample_rate)
    }

    /// Whether a stream continues after its declared length.
    fn continues(&mut self) -> Result<bool, DecodeError> {
        if !matches!(self.bytes.input, ByteSource::Stream(_)) {
            return Ok(false);
        }
        match self.format {
            Some(format) => self.next_chunk(format),
            None => self.was_first_block(),
        }
    }

    /// Whether the declared length was only that of a recorder's first block.
    fn was_first_block(&mut self) -> Result<bool, DecodeError> {
        let first = self.extent.bytes;
        let Some(first) = first.filter(|&bytes| bytes <= MAX_FIRST_BLOCK_BYTES) else {
            return Ok(false);
        };
        if self.trailer.begins(self.bytes.peek(8)?) {
            return Ok(false);
        }
        // As in a file: less than was declared is something else.
        let least = (first as usize + 1).max(8);
        if self.bytes.peek(least)?.len() < least {
            return Ok(false);
        }
        self.frames = None;
        self.extent.promised = None;
        self.extent.unfinished = true;
        Ok(true)
    }

    /// Whether the next chunk of samples of a stream was found.
    fn next_chunk(&mut self, format: chunks::Format) -> Result<bool, DecodeError> {
        let declared = self.extent.bytes.unwrap_or(0);
        let (size, per_unit) = self.coding.unit(self.spec.channels);
        // A part of a frame, and the byte that pads an odd length.
        self.bytes.pass(declared % size)?;
        let odd = declared % 2 == 1;
        match chunks::next(&mut self.bytes, &format, odd, self.trailer)? {
            Next::Samples(length) => {
                let length = Some(length).filter(|&length| length < UNKNOWN_FROM_BYTES);
                let frames = length.map(|length| length / size * per_unit);
                self.frames = frames.map(|frames| self.position + frames);
                self.extent.bytes = length;
                let before = self.position / per_unit * size;
                self.extent.promised = length.map(|length| before + length);
                Ok(true)
            }
            Next::Another => {
                self.extent.another = true;
                Ok(false)
            }
            Next::Unknown => self.was_first_block(),
            Next::End => Ok(false),
        }
    }

    /// Reports an end that is more than a block earlier than declared.
    fn end(&mut self) -> Result<bool, DecodeError> {
        if self.position == 0 {
            return Err(DecodeError::NoSamples);
        }
        let (bytes, per_unit) = self.coding.unit(self.spec.channels);
        let promised = self.extent.promised.unwrap_or(0) / bytes.max(1) * per_unit;
        let missing = promised.saturating_sub(self.position);
        if missing > (BLOCK_FRAMES as u64).max(per_unit) && !self.told {
            self.told = true;
            return Err(DecodeError::Truncated {
                read_s: self.seconds(self.position),
                total_s: self.seconds(promised),
            });
        }
        Ok(false)
    }
}

impl Source for FixedBlocks {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn total_s(&self) -> Option<f64> {
        self.frames.map(|frames| self.seconds(frames))
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let channels = self.spec.channels;
        let (size, per_unit) = self.coding.unit(channels);
        let left = self.frames.map_or(u64::MAX, |all| all - self.position);
        let most = (BLOCK_FRAMES as u64 / per_unit).max(1);
        let units = left.div_ceil(per_unit).min(most);
        let bytes = self.bytes.next(units as usize)?;
        if bytes.is_empty() {
            if left == 0 && self.continues()? {
                return self.read(out);
            }
            return self.end();
        }
        let frames = bytes.len() as u64 / size * per_unit - self.skip;
        let start = out.len();
        self.damaged += self.coding.decode(bytes, channels, out);
        out.drain(start..start + self.skip as usize * usize::from(channels));
        self.skip = 0;
        let frames = frames.min(left);
        out.truncate(start + frames as usize * usize::from(channels));
        self.position += frames;
        Ok(true)
    }

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        let ByteSource::File(file) = &mut self.bytes.input else {
            return Err(DecodeError::CannotSeek);
        };
        let wanted = (seconds.max(0.0) * f64::from(self.spec.sample_rate)).round() as u64;
        let frame = wanted.min(self.frames.unwrap_or(u64::MAX));
        let (size, per_unit) = self.coding.unit(self.spec.channels);
        let byte = (frame / per_unit)
            .checked_mul(size)
            .and_then(|at| at.checked_add(self.extent.data));
        file.seek(SeekFrom::Start(byte.unwrap_or(u64::MAX / 2)))
            .map_err(DecodeError::Read)?;
        self.bytes.restart();
        self.position = frame;
        self.skip = frame % per_unit;
        Ok(self.seconds(frame))
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }

    fn notes(&self) -> Vec<Note> {
        let unfinished = self.extent.unfinished.then_some(Note::Unfinished);
        let another = self.extent.another.then_some(Note::Another);
        unfinished.into_iter().chain(another).collect()
    }
}
