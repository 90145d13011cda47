//! Uncompressed AIFF and AIFF-C.

use super::extent::{Extent, Trailer};
use super::fixed_blocks::{ByteSource, Coding, FixedBlocks};
use super::kinds;
use super::raw::RawFormat;
use super::source::{DecodeError, Spec};

/// Chunks that may follow the samples.
const TRAILER: Trailer = Trailer {
    chunks: &[
        b"ID3 ", b"NAME", b"AUTH", b"ANNO", b"COMT", b"MARK", b"INST", b"APPL", b"MIDI", b"AESD",
        b"(c) ", b"CHAN", b"COMM", b"FORM",
    ],
    big_endian: true,
};

/// Whether a file begins as an AIFF does.
pub(super) fn is_aiff(head: &[u8]) -> bool {
    head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"AIFF" | b"AIFC"))
}

/// Reads the header. Its chunks may have any order; a stream needs the samples last.
pub(super) fn open(mut input: ByteSource) -> Result<FixedBlocks, DecodeError> {
    input.array::<12>()?;
    let (mut at, mut common, mut samples) = (12_u64, None, None);
    loop {
        if let Some(((spec, format), (start, length))) = common.zip(samples) {
            input.go_to(start, at)?;
            let [offset @ .., _, _, _, _] = input.array::<8>()?;
            let offset = u64::from(u32::from_be_bytes(offset));
            input.skip(offset)?;
            let data = start + 8 + offset;
            // A length that was unknown to the writer is 0, or counts only the two
            // numbers.
            let claimed = u64::saturating_sub(length, 8 + offset);
            let extent = Extent::new(&mut input, data, claimed, &TRAILER)?;
            return FixedBlocks::new(input, Coding::Samples(format), spec, extent, &TRAILER);
        }
        let [a, b, c, d, length @ ..] = input.array::<8>()?;
        let length = u64::from(u32::from_be_bytes(length));
        at += 8;
        let whole = length + length % 2;
        match &[a, b, c, d] {
            b"SSND" => {
                samples = Some((at, length));
                if common.is_some() {
                    continue;
                }
                input.skip(whole)?;
            }
            b"COMM" if length >= 18 => {
                let mut fields = [0; 22];
                let read = length.min(22);
                input.fill(&mut fields[..read as usize])?;
                common = Some(parse(&fields)?);
                input.skip(whole - read)?;
            }
            _ => input.skip(whole)?,
        }
        at += whole;
    }
}

/// Shape and format of the samples from a `COMM` chunk.
fn parse(fields: &[u8; 22]) -> Result<(Spec, RawFormat), DecodeError> {
    let short = |at: usize| u16::from_be_bytes([fields[at], fields[at + 1]]);
    let (channels, bits) = (short(0), short(6));
    let kind = [fields[18], fields[19], fields[20], fields[21]];
    let format = match (&kind, bits.div_ceil(8)) {
        (b"ulaw" | b"ULAW", _) => RawFormat::MuLaw,
        (b"alaw" | b"ALAW", _) => RawFormat::ALaw,
        (b"fl32" | b"FL32", _) => RawFormat::F32Be,
        (b"fl64" | b"FL64", _) => RawFormat::F64Be,
        (b"sowt" | b"SOWT" | b"23ni", 1) => RawFormat::S8,
        (b"sowt" | b"SOWT", 2) => RawFormat::S16Le,
        (b"sowt" | b"SOWT" | b"23ni", 3) => RawFormat::S24Le,
        (b"sowt" | b"SOWT" | b"23ni", 4) => RawFormat::S32Le,
        (b"raw ", 1) => RawFormat::U8,
        (b"NONE" | b"none" | b"twos" | b"TWOS" | b"in24" | b"in32" | [0, 0, 0, 0], bytes) => {
            match bytes {
                1 => RawFormat::S8,
                2 => RawFormat::S16Be,
                3 => RawFormat::S24Be,
                4 => RawFormat::S32Be,
                _ => return Err(DecodeError::UnsupportedCodec(kinds::in_aiff(kind))),
            }
        }
        _ => return Err(DecodeError::UnsupportedCodec(kinds::in_aiff(kind))),
    };
    // Ten bytes of extended precision: sign and exponent, then the whole mantissa.
    let exponent = i32::from(short(8) & 0x7fff) - 16_383 - 63;
    let mantissa = fields[10..18]
        .iter()
        .fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    let rate = mantissa as f64 * f64::from(exponent).exp2();
    Ok((Spec::checked(rate.round() as u32, channels.into())?, format))
}
