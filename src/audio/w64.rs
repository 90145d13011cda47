//! Headers of Sony Wave64: a WAV with lengths of 64 bits.

use super::fixed_blocks::ByteSource;
use super::source::DecodeError;
use super::wav::{self, Format, Header, Wav};

/// Bytes of a chunk's name and length; the length counts them.
const HEAD_BYTES: u64 = 24;
/// Chunks begin at multiples of this.
const ALIGNMENT_BYTES: u64 = 8;

/// Whether a file begins like a Wave64.
pub(super) fn is_w64(head: &[u8]) -> bool {
    head.starts_with(b"riff\x2e\x91\xcf\x11") && head.get(24..28) == Some(b"wave")
}

/// Reads the header.
pub(super) fn open(mut input: ByteSource) -> Result<Wav, DecodeError> {
    input.array::<40>()?;
    let (mut at, mut format, mut frames) = (40, None, None);
    loop {
        let chunk: [u8; HEAD_BYTES as usize] = input.array()?;
        let (name, length) = chunk.split_at(16);
        let length = length.try_into().map_or(0, u64::from_le_bytes);
        let damaged = || DecodeError::Damaged("a chunk is shorter than its head".into());
        let length = length.checked_sub(HEAD_BYTES).ok_or_else(damaged)?;
        at += HEAD_BYTES;
        let mut head = 0;
        match name.first_chunk() {
            Some(b"data") => {
                let header = Header {
                    format: format.ok_or_else(wav::without_format)?,
                    chunk: None,
                    data: at,
                    length,
                    frames,
                };
                return wav::samples(input, &header);
            }
            Some(b"fmt ") => {
                let mut bytes = [0; 40];
                head = length.min(40);
                input.fill(&mut bytes[..head as usize])?;
                format = Format::parse(&bytes[..head as usize], false);
            }
            Some(b"fact") if length >= 8 => {
                head = 8;
                let count = u64::from_le_bytes(input.array()?);
                frames = Some(count).filter(|&count| count > 0);
            }
            _ => {}
        }
        let whole = length.checked_next_multiple_of(ALIGNMENT_BYTES);
        let whole = whole.ok_or(DecodeError::NoSamples)?;
        input.skip(whole - head)?;
        at = at.saturating_add(whole);
    }
}
