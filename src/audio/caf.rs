//! Uncompressed CAF; `symphonia` reads the compressed ones.

use super::extent::{Extent, Trailer};
use super::fixed_blocks::{ByteSource, Coding, FixedBlocks};
use super::raw::RawFormat;
use super::source::{DecodeError, Spec};

/// Chunks that may follow the samples.
const TRAILER: Trailer = Trailer {
    chunks: &[
        b"info", b"free", b"strg", b"mark", b"uuid", b"peak", b"ovvw", b"midi", b"chan",
    ],
    big_endian: true,
};

/// Sample format of a CAF with this beginning; `None` for another file or codec.
pub(super) fn samples(head: &[u8]) -> Option<RawFormat> {
    if !head.starts_with(b"caff") || head.get(8..12)? != b"desc" {
        return None;
    }
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?))
    };
    let (flags, bits) = (word(32)?, word(48)?);
    let (packet, frames, channels) = (word(36)?, word(40)?, word(44)?);
    let (float, little) = (flags & 1 == 1, flags & 2 == 2);
    if frames != 1 || packet != bits.div_ceil(8).checked_mul(channels)? {
        return None;
    }
    Some(match (head.get(28..32)?, float, bits, little) {
        (b"ulaw", ..) => RawFormat::MuLaw,
        (b"alaw", ..) => RawFormat::ALaw,
        (b"lpcm", true, 32, true) => RawFormat::F32Le,
        (b"lpcm", true, 32, false) => RawFormat::F32Be,
        (b"lpcm", true, 64, true) => RawFormat::F64Le,
        (b"lpcm", true, 64, false) => RawFormat::F64Be,
        (b"lpcm", false, 8, _) => RawFormat::S8,
        (b"lpcm", false, 16, true) => RawFormat::S16Le,
        (b"lpcm", false, 16, false) => RawFormat::S16Be,
        (b"lpcm", false, 24, true) => RawFormat::S24Le,
        (b"lpcm", false, 24, false) => RawFormat::S24Be,
        (b"lpcm", false, 32, true) => RawFormat::S32Le,
        (b"lpcm", false, 32, false) => RawFormat::S32Be,
        _ => return None,
    })
}

/// Reads the header before samples of that format.
pub(super) fn open(mut input: ByteSource, format: RawFormat) -> Result<FixedBlocks, DecodeError> {
    input.array::<8>()?;
    let (mut at, mut spec) = (8_u64, None);
    loop {
        let [a, b, c, d, length @ ..] = input.array::<12>()?;
        let length = i64::from_be_bytes(length);
        at += 12;
        match &[a, b, c, d] {
            b"data" => {
                let damaged = || DecodeError::Damaged("no `desc` chunk before its data".into());
                let spec = spec.ok_or_else(damaged)?;
                // An edit count precedes the samples; a length of -1 is unknown.
                input.array::<4>()?;
                let claimed = u64::try_from(length).map_or(u64::MAX, |n| n.saturating_sub(4));
                let extent = Extent::new(&mut input, at + 4, claimed, &TRAILER)?;
                return FixedBlocks::new(input, Coding::Samples(format), spec, extent, &TRAILER);
            }
            b"desc" if length >= 32 => {
                let fields: [u8; 32] = input.array()?;
                let (rate, rest) = fields.split_at(8);
                let rate = rate.try_into().map_or(0.0, f64::from_be_bytes);
                let channels = [rest[16], rest[17], rest[18], rest[19]];
                let channels = usize::try_from(u32::from_be_bytes(channels)).unwrap_or(usize::MAX);
                spec = Some(Spec::checked(rate.round() as u32, channels)?);
                input.skip(length.cast_unsigned() - 32)?;
            }
            _ => input.skip(length.max(0).cast_unsigned())?,
        }
        at = at.saturating_add_signed(length);
    }
}
