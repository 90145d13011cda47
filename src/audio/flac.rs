//! FLAC files that follow each other in one file or stream. Their reader knows only the
//! first, and would take the bytes of the others for damage. It would also lose the last
//! frame before an `ID3v1` tag.

use std::io::{Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of [`is_start`].
pub(super) const START_BYTES: usize = 8;
/// Bytes of an `ID3v1` tag.
pub(super) const TAG_BYTES: usize = 128;
/// Bytes that a stream is read by.
const BLOCK_BYTES: usize = 32 << 10;

/// Whether a file begins as FLAC does.
pub(super) fn is_flac(head: &[u8]) -> bool {
    head.starts_with(b"fLaC")
}

/// Whether these are the magic and the head of the first block, which always describes
/// the stream in 34 bytes.
fn is_start(bytes: &[u8]) -> bool {
    matches!(bytes, [b'f', b'L', b'a', b'C', 0 | 0x80, 0, 0, 34])
}

/// Length of the `ID3v1` tag that ends a file with these last bytes; 0 without one.
pub(super) fn tag_length(tail: &[u8]) -> usize {
    let tag = tail.last_chunk::<TAG_BYTES>();
    tag.filter(|tag| tag.starts_with(b"TAG"))
        .map_or(0, |tag| tag.len())
}

/// Values of [`NextFile`] that are no position.
const UNKNOWN: u64 = 0;
const NONE: u64 = u64::MAX;

/// The position of the next FLAC file, once it was found.
#[derive(Debug, Clone, Default)]
pub(super) struct NextFile(Arc<AtomicU64>);

impl NextFile {
    /// In bytes from the start of the file before it.
    pub(super) fn position(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&at| at != UNKNOWN && at != NONE)
    }

    /// Whether it is not known yet if a file follows.
    pub(super) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed) == UNKNOWN
    }

    /// Searches all of `file`, which begins at position 0. A reader that jumps needs it:
    /// it could miss the next file, or land behind it.
    ///
    /// # Errors
    ///
    /// What reading reports.
    pub(super) fn search_whole(&self, mut file: impl Read) -> Result<()> {
        let (mut bytes, mut at) = (Vec::new(), 0);
        while self.is_unknown() {
            let read = Read::take(&mut file, BLOCK_BYTES as u64).read_to_end(&mut bytes)?;
            self.search(at, &bytes);
            if read == 0 && self.is_unknown() {
                self.0.store(NONE, Ordering::Relaxed);
            }
            let done = bytes.len().saturating_sub(START_BYTES - 1);
            bytes.drain(..done);
            at += done as u64;
        }
        Ok(())
    }

    /// Searches `bytes`, which begin at position `at`.
    pub(super) fn search(&self, at: u64, bytes: &[u8]) {
        let mut places = (at..).zip(bytes.windows(START_BYTES));
        let found = places.find(|&(place, bytes)| place > 0 && is_start(bytes));
        if let Some((place, _)) = found {
            self.0.store(place, Ordering::Relaxed);
        }
    }
}

/// A stream up to the next FLAC file, or to the tag behind the last one.
pub(super) struct UntilNext<R> {
    stream: R,
    next: NextFile,
    /// Read and not yet returned, from position `at` on.
    held: Vec<u8>,
    at: u64,
    ended: bool,
}

impl<R> UntilNext<R> {
    /// `stream` must be at its first byte.
    pub(super) fn new(stream: R, next: NextFile) -> Self {
        Self {
            stream,
            next,
            held: Vec::new(),
            at: 0,
            ended: false,
        }
    }
}

impl<R: Read> Read for UntilNext<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        loop {
            let ready = match self.next.position() {
                Some(next) => usize::try_from(next - self.at).unwrap_or(usize::MAX),
                None if self.ended => self.held.len(),
                // The last bytes may be a tag, or begin the next file.
                None => self.held.len().saturating_sub(TAG_BYTES),
            };
            if ready > 0 || self.ended || self.next.position().is_some() {
                let count = ready.min(out.len());
                out[..count].copy_from_slice(&self.held[..count]);
                self.held.drain(..count);
                self.at += count as u64;
                return Ok(count);
            }
            let before = self.held.len();
            self.held.resize(before + BLOCK_BYTES, 0);
            let read = self.stream.read(&mut self.held[before..]);
            self.held
                .truncate(before + read.as_ref().copied().unwrap_or(0));
            self.ended = read? == 0;
            if self.ended {
                let end = self.held.len() - tag_length(&self.held);
                self.held.truncate(end);
            }
            self.next.search(self.at, &self.held);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: &[u8] = b"fLaC\0\0\0\x22";

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> Result<usize> {
            let count = out.len().min(1);
            self.0.read(&mut out[..count])
        }
    }

    #[test]
    fn a_stream_ends_before_the_next_file_and_before_a_tag() {
        let first = [START, b"some frames with fLaC within"].concat();
        let both = [&first[..], START, b"others"].concat();
        let tagged = [&first[..], b"TAG", &[0; 125]].concat();
        let cases = [
            (&first, None),
            (&both, Some(first.len() as u64)),
            (&tagged, None),
        ];
        for (bytes, position) in cases {
            let searched = NextFile::default();
            searched.search_whole(&bytes[..]).unwrap();
            assert_eq!(
                (searched.position(), searched.is_unknown()),
                (position, false)
            );
            let next = NextFile::default();
            let mut read = Vec::new();
            let whole = UntilNext::new(&bytes[..], next.clone()).read_to_end(&mut read);
            assert_eq!(whole.unwrap(), first.len());
            assert_eq!(read, first);
            assert_eq!(next.position(), position);
            let mut slowly = Vec::new();
            let mut slow = UntilNext::new(Slow(bytes), NextFile::default());
            slow.read_to_end(&mut slowly).unwrap();
            assert_eq!(slowly, first);
        }
    }
}
