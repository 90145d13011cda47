//! Sun's AU (`.au`, `.snd`): a short header, big-endian samples or G.711.

use super::extent::{Extent, Trailer};
use super::fixed_blocks::{ByteSource, Coding, FixedBlocks};
use super::kinds;
use super::raw::RawFormat;
use super::source::{DecodeError, Spec};

/// Bytes of the header before its free text.
const HEADER_BYTES: u64 = 24;
/// Nothing follows the samples.
const TRAILER: Trailer = Trailer {
    chunks: &[],
    big_endian: true,
};

/// Whether a file begins like an AU.
pub(super) fn is_au(head: &[u8]) -> bool {
    head.starts_with(b".snd")
}

/// Reads the header.
pub(super) fn open(mut input: ByteSource) -> Result<FixedBlocks, DecodeError> {
    let header: [u8; HEADER_BYTES as usize] = input.array()?;
    let word = |at: usize| {
        let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        u32::from_be_bytes(bytes)
    };
    let [data, length, encoding, rate, channels] = [4, 8, 12, 16, 20].map(word);
    let text = u64::from(data).checked_sub(HEADER_BYTES);
    let text = text.ok_or_else(|| DecodeError::Damaged("its header has no end".into()))?;
    input.skip(text)?;
    let format = match encoding {
        1 => RawFormat::MuLaw,
        2 => RawFormat::S8,
        3 => RawFormat::S16Be,
        4 => RawFormat::S24Be,
        5 => RawFormat::S32Be,
        6 => RawFormat::F32Be,
        7 => RawFormat::F64Be,
        27 => RawFormat::ALaw,
        other => return Err(DecodeError::UnsupportedCodec(kinds::in_au(other))),
    };
    let spec = Spec::checked(rate, usize::try_from(channels).unwrap_or(usize::MAX))?;
    let extent = Extent::new(&mut input, data.into(), length.into(), &TRAILER)?;
    FixedBlocks::new(input, Coding::Samples(format), spec, extent, &TRAILER)
}
