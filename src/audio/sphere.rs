//! NIST SPHERE (`.sph`, also `.wav` of older corpora): a header of text lines, then
//! samples or G.711.

use super::extent::{Extent, Trailer};
use super::fixed_blocks::{ByteSource, Coding, FixedBlocks};
use super::raw::RawFormat;
use super::source::{DecodeError, Spec};

/// First line; the second one gives the length of the header.
const MAGIC: &[u8] = b"NIST_1A\n";
/// Bytes of the first two lines.
const START_BYTES: usize = 16;
/// Longest header.
const MAX_HEADER_BYTES: u64 = 1 << 20;
/// Nothing follows the samples.
const TRAILER: Trailer = Trailer {
    chunks: &[],
    big_endian: false,
};

/// Whether a file begins like a SPHERE file.
pub(super) fn is_sphere(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Reads the header.
pub(super) fn open(mut input: ByteSource) -> Result<FixedBlocks, DecodeError> {
    let start: [u8; START_BYTES] = input.array()?;
    let length = std::str::from_utf8(&start[MAGIC.len()..]).ok();
    let length: Option<u64> = length.and_then(|length| length.trim().parse().ok());
    let length = length
        .filter(|length| (START_BYTES as u64..=MAX_HEADER_BYTES).contains(length))
        .ok_or_else(|| DecodeError::Damaged("its header has no length".into()))?;
    let mut text = vec![0; length as usize - START_BYTES];
    input.fill(&mut text)?;
    let header = Header(String::from_utf8_lossy(&text).into_owned());
    let missing = |field: &str| DecodeError::Damaged(format!("no `{field}` in its header"));
    let number = |field: &str| header.number(field).ok_or_else(|| missing(field));
    let rate = number("sample_rate")?;
    let channels = header.number("channel_count").unwrap_or(1);
    let format = header.format()?;
    let spec = Spec::checked(
        u32::try_from(rate).unwrap_or(u32::MAX),
        usize::try_from(channels).unwrap_or(usize::MAX),
    )?;
    // Without a count, everything behind the header is samples.
    let frame = format.bytes() as u64 * u64::from(spec.channels);
    let count = header.number("sample_count");
    let bytes = count.map_or(u64::MAX, |count| count.saturating_mul(frame));
    let extent = Extent::new(&mut input, length, bytes, &TRAILER)?;
    FixedBlocks::new(input, Coding::Samples(format), spec, extent, &TRAILER)
}

/// The lines after the first two: a name, a type and a value each.
struct Header(String);

impl Header {
    fn field(&self, name: &str) -> Option<&str> {
        let lines = self.0.lines().take_while(|line| line.trim() != "end_head");
        lines.into_iter().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some(name)).then_some(())?;
            words.nth(1)
        })
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.parse().ok()
    }

    fn format(&self) -> Result<RawFormat, DecodeError> {
        let coding = self.field("sample_coding").unwrap_or("pcm");
        let bytes = self.number("sample_n_bytes");
        let big_endian = self.field("sample_byte_format") == Some("10");
        Ok(match (coding, bytes) {
            ("pcm", Some(1)) => RawFormat::S8,
            ("pcm", Some(2) | None) if big_endian => RawFormat::S16Be,
            ("pcm", Some(2) | None) => RawFormat::S16Le,
            ("pcm", Some(3)) if big_endian => RawFormat::S24Be,
            ("pcm", Some(3)) => RawFormat::S24Le,
            ("pcm", Some(4)) if big_endian => RawFormat::S32Be,
            ("pcm", Some(4)) => RawFormat::S32Le,
            ("ulaw" | "mu-law", _) => RawFormat::MuLaw,
            ("alaw", _) => RawFormat::ALaw,
            (coding, _) => return Err(DecodeError::UnsupportedCodec(named(coding))),
        })
    }
}

/// The coding, for a message.
fn named(coding: &str) -> String {
    let coding: String = coding.chars().filter(|c| !c.is_control()).collect();
    let coding = if coding.contains("shorten") {
        "Shorten".into()
    } else {
        format!("`{coding}`")
    };
    format!("{coding} in SPHERE")
}
