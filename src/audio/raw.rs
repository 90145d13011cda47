//! Samples without a header.

use std::io::{ErrorKind, Read};

use clap::ValueEnum;

use super::source::{DecodeError, Note, Source, Spec};

/// Most frames that one call of `read` returns.
pub(super) const BLOCK_FRAMES: usize = 4096;

/// The encoding of samples in a byte stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum RawFormat {
    /// 8 bits, unsigned.
    #[value(name = "u8")]
    U8,
    /// 8 bits, signed.
    #[value(name = "s8")]
    S8,
    /// 16 bits, little-endian.
    #[value(name = "s16le")]
    S16Le,
    /// 16 bits, big-endian.
    #[value(name = "s16be")]
    S16Be,
    /// 24 bits in three bytes, little-endian.
    #[value(name = "s24le")]
    S24Le,
    /// 24 bits in three bytes, big-endian.
    #[value(name = "s24be")]
    S24Be,
    /// 32 bits, little-endian.
    #[value(name = "s32le")]
    S32Le,
    /// 32 bits, big-endian.
    #[value(name = "s32be")]
    S32Be,
    /// Single precision, little-endian.
    #[value(name = "f32le")]
    F32Le,
    /// Single precision, big-endian.
    #[value(name = "f32be")]
    F32Be,
    /// Double precision, little-endian.
    #[value(name = "f64le")]
    F64Le,
    /// Double precision, big-endian.
    #[value(name = "f64be")]
    F64Be,
    /// G.711 µ-law, 8 bits.
    #[value(name = "mulaw")]
    MuLaw,
    /// G.711 A-law, 8 bits.
    #[value(name = "alaw")]
    ALaw,
}

impl RawFormat {
    /// Every format.
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Bytes of one sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::S8 | Self::MuLaw | Self::ALaw => 1,
            Self::S16Le | Self::S16Be => 2,
            Self::S24Le | Self::S24Be => 3,
            Self::S32Le | Self::S32Be | Self::F32Le | Self::F32Be => 4,
            Self::F64Le | Self::F64Be => 8,
        }
    }

    /// Appends the samples in `bytes`; full scale becomes 1.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f32>, f: impl Fn([u8; N]) -> f32) {
            out.extend(bytes.as_chunks::<N>().0.iter().map(|&sample| f(sample)));
        }
        // Integers scale by a power of two, which loses nothing up to 24 bits.
        let s16 = |x: i16| f32::from(x) / 32_768.0;
        let s32 = |x: i32| x as f32 / 2_147_483_648.0;
        match self {
            Self::U8 => each(bytes, out, |[x]| (f32::from(x) - 128.0) / 128.0),
            Self::S8 => each(bytes, out, |x| f32::from(i8::from_le_bytes(x)) / 128.0),
            Self::S16Le => each(bytes, out, |x| s16(i16::from_le_bytes(x))),
            Self::S16Be => each(bytes, out, |x| s16(i16::from_be_bytes(x))),
            Self::S24Le => each(bytes, out, |[a, b, c]| {
                s32(i32::from_le_bytes([0, a, b, c]))
            }),
            Self::S24Be => each(bytes, out, |[a, b, c]| {
                s32(i32::from_be_bytes([a, b, c, 0]))
            }),
            Self::S32Le => each(bytes, out, |x| s32(i32::from_le_bytes(x))),
            Self::S32Be => each(bytes, out, |x| s32(i32::from_be_bytes(x))),
            Self::F32Le => each(bytes, out, f32::from_le_bytes),
            Self::F32Be => each(bytes, out, f32::from_be_bytes),
            Self::F64Le => each(bytes, out, |x| f64::from_le_bytes(x) as f32),
            Self::F64Be => each(bytes, out, |x| f64::from_be_bytes(x) as f32),
            Self::MuLaw => each(bytes, out, |[x]| s16(mu_law(x))),
            Self::ALaw => each(bytes, out, |[x]| s16(a_law(x))),
        }
    }
}

/// A µ-law byte as a 16-bit sample, after ITU-T G.711.
fn mu_law(byte: u8) -> i16 {
    const BIAS: i16 = 0x84;
    let byte = !byte;
    let magnitude = (((i16::from(byte & 0x0f) << 3) + BIAS) << (byte >> 4 & 7)) - BIAS;
    if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

/// An A-law byte as a 16-bit sample, after ITU-T G.711.
fn a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let step = i16::from(byte & 0x0f) << 4;
    let magnitude = match byte >> 4 & 7 {
        0 => step + 8,
        segment => (step + 0x108) << (segment - 1),
    };
    if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Raw samples from any reader, as they arrive.
pub struct RawAudio {
    bytes: FrameReader<Box<dyn Read + Send>>,
    format: RawFormat,
    spec: Spec,
}

impl RawAudio {
    /// Reads samples of the format from `input`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Implausible`] for a rate or channels out of range.
    pub fn new(
        input: impl Read + Send + 'static,
        format: RawFormat,
        sample_rate: u32,
        channels: u16,
    ) -> Result<Self, DecodeError> {
        let spec = Spec::checked(sample_rate, usize::from(channels))?;
        let frame = format.bytes() * usize::from(channels);
        Ok(Self {
            bytes: FrameReader::new(Box::new(input), frame, BLOCK_FRAMES),
            format,
            spec,
        })
    }
}

impl Source for RawAudio {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn total_s(&self) -> Option<f64> {
        None
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        let frames = self.bytes.next(BLOCK_FRAMES)?;
        self.format.decode(frames, out);
        Ok(!frames.is_empty())
    }

    fn seek(&mut self, _seconds: f64) -> Result<f64, DecodeError> {
        Err(DecodeError::CannotSeek)
    }

    fn notes(&self) -> Vec<Note> {
        let cut = self.bytes.cut().then_some(Note::CutPacket);
        cut.into_iter().collect()
    }
}

/// Cuts a byte stream into whole frames. Returns what has arrived instead of waiting
/// for a full block.
pub(super) struct FrameReader<R> {
    pub(super) input: R,
    frame: usize,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already returned, and bytes filled.
    start: usize,
    end: usize,
    over: bool,
}

impl<R: Read> FrameReader<R> {
    /// Returns at most `most` frames of `frame` bytes per call.
    pub(super) fn new(input: R, frame: usize, most: usize) -> Self {
        Self {
            input,
            frame: frame.max(1),
            buffer: vec![0; (frame * most).max(64)],
            start: 0,
            end: 0,
            over: false,
        }
    }

    /// At least one frame and at most `max_frames`; empty at the end.
    pub(super) fn next(&mut self, max_frames: usize) -> Result<&[u8], DecodeError> {
        let want = (max_frames.saturating_mul(self.frame)).min(self.buffer.len());
        self.fill(self.frame.min(want), want)?;
        self.start = self.end.min(want) / self.frame * self.frame;
        Ok(&self.buffer[..self.start])
    }

    /// Reads until `least` bytes are there, and no more than `most`.
    fn fill(&mut self, least: usize, most: usize) -> Result<(), DecodeError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < least && !self.over {
            match self.input.read(&mut self.buffer[self.end..most]) {
                Ok(0) => self.over = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(DecodeError::Read(error)),
            }
        }
        Ok(())
    }

    /// The next bytes, which remain unread; fewer than `count` at the end.
    pub(super) fn peek(&mut self, count: usize) -> Result<&[u8], DecodeError> {
        if self.buffer.len() < count {
            self.buffer.resize(count, 0);
        }
        self.fill(count, count)?;
        Ok(&self.buffer[..self.end.min(count)])
    }

    /// Skips bytes that are not samples; fewer at the end.
    pub(super) fn pass(&mut self, count: u64) -> Result<(), DecodeError> {
        let here = (count).min((self.end - self.start) as u64);
        self.start += here as usize;
        let mut rest = Read::take(&mut self.input, count - here);
        let passed = std::io::copy(&mut rest, &mut std::io::sink());
        passed.map(drop).map_err(DecodeError::Read)
    }

    /// Drops what was read ahead, after a seek of the input.
    pub(super) fn restart(&mut self) {
        self.start = 0;
        self.end = 0;
        self.over = false;
    }

    /// Whether the input ended inside a frame.
    pub(super) fn cut(&self) -> bool {
        self.over && self.end > self.start
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn name(format: RawFormat) -> String {
        format.to_possible_value().unwrap().get_name().to_owned()
    }

    #[test]
    fn full_scale_and_zero_of_every_format() {
        let half = |format: RawFormat| {
            let bytes: Vec<u8> = match format {
                RawFormat::U8 => vec![192],
                RawFormat::S8 => vec![64],
                RawFormat::F32Le => 0.5_f32.to_le_bytes().into(),
                RawFormat::F32Be => 0.5_f32.to_be_bytes().into(),
                RawFormat::F64Le => 0.5_f64.to_le_bytes().into(),
                RawFormat::F64Be => 0.5_f64.to_be_bytes().into(),
                _ => {
                    let mut bytes = vec![0; format.bytes()];
                    let name = name(format);
                    let top = if name.ends_with("be") {
                        0
                    } else {
                        format.bytes() - 1
                    };
                    bytes[top] = 0x40;
                    bytes
                }
            };
            let mut out = Vec::new();
            format.decode(&bytes, &mut out);
            out
        };
        for &format in RawFormat::all() {
            // The quantization levels of G.711 do not include 0.5; a test against
            // ffmpeg covers it.
            if !matches!(format, RawFormat::MuLaw | RawFormat::ALaw) {
                assert_eq!(half(format), [0.5], "{format:?}");
            }
        }
    }

    /// Returns one to three bytes at a time.
    struct Drip(Vec<u8>, usize);

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = (self.1 % 3 + 1).min(self.0.len() - self.1).min(out.len());
            out[..count].copy_from_slice(&self.0[self.1..][..count]);
            self.1 += count;
            Ok(count)
        }
    }

    #[test]
    fn frames_stay_whole_however_the_bytes_arrive() {
        let mut bytes: Vec<u8> = (0..1000_i16).flat_map(i16::to_le_bytes).collect();
        bytes.push(1);
        let mut raw = RawAudio::new(Drip(bytes, 0), RawFormat::S16Le, 16_000, 2).unwrap();
        let mut out = Vec::new();
        while raw.read(&mut out).unwrap() {
            assert_eq!(out.len() % 2, 0);
        }
        let expected: Vec<f32> = (0..1000_i16).map(|x| f32::from(x) / 32_768.0).collect();
        assert_eq!(out, expected);
        assert_eq!(raw.notes(), [Note::CutPacket]);
    }
}
