//! Checks whether an Ogg file or stream has all its pages, which its reader does not
//! report.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes before the segment table of a page.
const HEAD_BYTES: usize = 27;
/// Position of the flags of a page, and the flag of the first page of a stream.
const FLAGS_OFFSET: usize = 5;
const FIRST: u8 = 2;
/// Position of the checksum in a page.
const CHECKSUM_OFFSET: usize = 22;
/// The generator of the checksum.
const CRC_POLYNOMIAL: u32 = 0x04c1_1db7;

/// The pages of a file.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pages {
    /// Whether no page before the last is damaged or missing.
    pub(super) intact: bool,
    /// Whether the last page is whole and ends with a packet.
    pub(super) ended: bool,
}

/// Reads all pages of a file.
///
/// # Errors
/// The error of the read.
pub(super) fn pages(mut file: impl Read) -> Result<Pages> {
    let mut checker = Checker::default();
    let mut bytes = vec![0; 64 << 10];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => return Ok(checker.pages()),
            Ok(count) => checker.push(&bytes[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Checks pages whose bytes arrive in blocks of any size.
#[derive(Debug, Default)]
struct Checker {
    /// The page that is incomplete so far.
    page: Vec<u8>,
    /// Number of the last page of each stream.
    numbers: HashMap<u32, u32>,
    damaged: bool,
    /// Whether the last page ends within a packet.
    open: bool,
    /// Whether other data than a page was found; nothing after it is checked.
    lost: bool,
}

impl Checker {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.lost {
            let missing = self.missing();
            let (now, rest) = bytes.split_at(missing.min(bytes.len()));
            self.page.extend_from_slice(now);
            bytes = rest;
            if self.page.len() >= HEAD_BYTES && !self.page.starts_with(b"OggS") {
                self.lost = true;
            } else if self.missing() == 0 {
                self.check();
                self.page.clear();
            }
        }
    }

    /// Bytes that are missing from the page, by its own header.
    fn missing(&self) -> usize {
        let here = self.page.len();
        let Some(&count) = self.page.get(HEAD_BYTES - 1) else {
            return HEAD_BYTES - here;
        };
        let body = HEAD_BYTES + usize::from(count);
        let Some(sizes) = self.page.get(HEAD_BYTES..body) else {
            return body - here;
        };
        let sizes: usize = sizes.iter().map(|&size| usize::from(size)).sum();
        body + sizes - here
    }

    fn check(&mut self) {
        let page = &self.page;
        let count = usize::from(page[HEAD_BYTES - 1]);
        let sizes = &page[HEAD_BYTES..HEAD_BYTES + count];
        self.open = sizes.last().is_some_and(|&size| size == 255);
        self.damaged |= word(page, CHECKSUM_OFFSET) != Some(checksum(page));
        if let (Some(serial), Some(number)) = (word(page, 14), word(page, 18)) {
            let before = self.numbers.insert(serial, number);
            let first = page[FLAGS_OFFSET] & FIRST != 0;
            let next = before.is_none_or(|before| before.wrapping_add(1) == number);
            self.damaged |= !first && !next;
        }
    }

    fn pages(&self) -> Pages {
        Pages {
            intact: !self.damaged && !self.lost,
            ended: !self.open && !self.lost && self.page.is_empty(),
        }
    }
}

/// The pages of a stream so far.
#[derive(Debug, Clone, Default)]
pub(super) struct StreamPages(Arc<Mutex<Checker>>);

impl StreamPages {
    pub(super) fn pages(&self) -> Pages {
        let checker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checker.pages()
    }
}

/// A reader that checks the pages of a stream while they are read.
pub(super) struct PageReader<R> {
    stream: R,
    pages: StreamPages,
}

impl<R> PageReader<R> {
    /// `stream` must be at its first byte.
    pub(super) fn new(stream: R, pages: StreamPages) -> Self {
        Self { stream, pages }
    }
}

impl<R: Read> Read for PageReader<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let count = self.stream.read(out)?;
        let checker = self.pages.0.lock();
        let mut checker = checker.unwrap_or_else(PoisonError::into_inner);
        checker.push(&out[..count]);
        Ok(count)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*word))
}

/// The checksum of a page, in which the checksum itself counts as 0.
fn checksum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0, |sum, (at, &byte)| {
        let own = (CHECKSUM_OFFSET..CHECKSUM_OFFSET + 4).contains(&at);
        let sum = sum ^ u32::from(if own { 0 } else { byte }) << 24;
        (0..8).fold(sum, |sum, _| {
            if sum >> 31 == 1 {
                sum << 1 ^ CRC_POLYNOMIAL
            } else {
                sum << 1
            }
        })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_and_a_damaged_page_are_found() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/speech.opus");
        let whole = std::fs::read(path).unwrap();
        let magic = |at: &usize| whole[*at..].starts_with(b"OggS");
        let starts: Vec<usize> = (0..whole.len() - 4).filter(magic).collect();
        assert!(starts.len() > 4);
        let look = |bytes: &[u8]| {
            let found = pages(bytes).unwrap();
            (found.intact, found.ended)
        };
        assert_eq!(look(&whole), (true, true));
        assert_eq!(look(&[&whole[..], &whole[..]].concat()), (true, true));
        let missing = [&whole[..starts[2]], &whole[starts[3]..]].concat();
        assert_eq!(look(&missing), (false, true));
        let mut damaged = whole.clone();
        damaged[starts[3] + 200] ^= 1;
        assert_eq!(look(&damaged), (false, true));
        assert_eq!(look(&whole[..whole.len() - 1]), (true, false));
        assert_eq!(look(&whole[..starts[3] + 10]), (true, false));
        let last = *starts.last().unwrap();
        assert!(look(&whole[..last]).0);
    }
}
