//! FLAC files that follow each other in one file or stream. Their reader knows only the
//! first, and would take the bytes of the others for damage.

use std::io::{Read, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of [`is_start`].
pub(super) const START_BYTES: usize = 8;
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

/// The position of the next FLAC file, once it was found.
#[derive(Debug, Clone, Default)]
pub(super) struct NextFile(Arc<AtomicU64>);

impl NextFile {
    /// In bytes from the start of the file before it.
    pub(super) fn position(&self) -> Option<u64> {
        // No file follows at 0.
        Some(self.0.load(Ordering::Relaxed)).filter(|&at| at > 0)
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

/// A stream up to the next FLAC file.
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
                // The last bytes may begin the next file.
                None => self.held.len().saturating_sub(START_BYTES - 1),
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
    fn a_stream_ends_before_the_next_file() {
        let first = [START, b"some frames with fLaC within"].concat();
        let both = [&first[..], START, b"others"].concat();
        for (bytes, position) in [(&first, None), (&both, Some(first.len() as u64))] {
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
