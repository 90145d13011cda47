//! How many bytes of samples a header declares, and how many are there.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::fixed_blocks::ByteSource;
use super::media::Media;
use super::source::DecodeError;

/// Declared lengths from here on mean "unknown" if the bytes are not there.
pub(super) const UNKNOWN_FROM_BYTES: u64 = 0x7fff_0000;
/// The same for lengths of 64 bits.
const UNKNOWN_64_FROM_BYTES: u64 = 1 << 62;
/// Most chunks that are followed after the samples.
const MOST_CHUNKS: usize = 64;

/// What a header declares about the bytes after it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    /// Where the samples begin in the file.
    pub(super) data: u64,
    /// Bytes of samples: in a file those present, in a stream those declared.
    pub(super) bytes: Option<u64>,
    /// Declared bytes, where that is plausible.
    pub(super) promised: Option<u64>,
    /// Frames, where the last block is not full.
    pub(super) frames: Option<u64>,
    /// Whether the header was never completed.
    pub(super) unfinished: bool,
    /// Whether another recording follows in the same file, which is not read.
    pub(super) another: bool,
}

/// Chunks that may follow the samples of a format.
pub(super) struct Trailer {
    /// Names of its chunks.
    pub(super) chunks: &'static [&'static [u8; 4]],
    /// Whether their lengths are big-endian.
    pub(super) big_endian: bool,
}

impl Trailer {
    pub(super) fn begins(&self, next: &[u8]) -> bool {
        self.chunks.iter().any(|chunk| next.starts_with(*chunk))
    }

    /// Name and length of the chunk that begins with these bytes.
    pub(super) fn head(&self, bytes: &[u8]) -> Option<([u8; 4], u64)> {
        let (name, rest) = bytes.split_first_chunk()?;
        let length = *rest.first_chunk()?;
        let length = if self.big_endian {
            u32::from_be_bytes(length)
        } else {
            u32::from_le_bytes(length)
        };
        Some((*name, length.into()))
    }

    /// Whether chunks follow from byte `at` of a file to its end, `end`; afterwards the
    /// file position is `back`.
    fn follows(
        &self,
        file: &mut BufReader<Media>,
        mut at: u64,
        end: u64,
        back: u64,
    ) -> io::Result<bool> {
        let mut follows = false;
        for number in 0..MOST_CHUNKS {
            let mut chunk = [0; 8];
            file.seek(SeekFrom::Start(at))?;
            if file.read_exact(&mut chunk).is_err() {
                break;
            }
            let Some((name, length)) = self.head(&chunk) else {
                break;
            };
            let printable = name.iter().all(|byte| matches!(byte, 0x20..=0x7e));
            at += 8 + length + length % 2;
            // A known chunk, or a chain of chunks to the very end.
            if number == 0 && self.begins(&chunk) || printable && at.abs_diff(end) <= 1 {
                follows = true;
                break;
            }
            if !printable || at > end {
                break;
            }
        }
        file.seek(SeekFrom::Start(back))?;
        Ok(follows)
    }
}

impl Extent {
    /// Checks a header that declares `length` bytes of samples from byte `data` on,
    /// where the input is positioned.
    pub(super) fn new(
        input: &mut ByteSource,
        data: u64,
        length: u64,
        trailer: &Trailer,
    ) -> Result<Self, DecodeError> {
        let extent = Self {
            data,
            ..Self::default()
        };
        let unknown = UNKNOWN_FROM_BYTES..=u32::MAX.into();
        let believed = Some(length).filter(|&n| n < UNKNOWN_64_FROM_BYTES && !unknown.contains(&n));
        let Some(there) = input.behind(data) else {
            let known = believed.filter(|&length| length > 0);
            return Ok(Self {
                bytes: known,
                promised: known,
                ..extent
            });
        };
        if length > there {
            return Ok(Self {
                bytes: Some(there),
                promised: believed,
                ..extent
            });
        }
        // A 32-bit length that wrapped around, in a file larger than it can express.
        let wrapped = match length {
            0 => 0,
            length => (there - length) >> 32 << 32,
        };
        let bytes = length + wrapped;
        let mut unfinished = there - bytes > bytes;
        if let ByteSource::File(file) = input
            && unfinished
        {
            // Some writers leave out the byte that pads an odd length.
            for behind in [bytes + bytes % 2, bytes] {
                let follows = trailer.follows(file, data + behind, data + there, data);
                unfinished &= !follows.map_err(DecodeError::Read)?;
            }
        }
        Ok(Self {
            bytes: Some(if unfinished { there } else { bytes }),
            unfinished,
            ..extent
        })
    }
}
