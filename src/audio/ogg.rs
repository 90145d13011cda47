//! Whether the pages of an Ogg file are all there, which its reader does not tell.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Result};

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
    /// Whether none is damaged or missing before the last.
    pub(super) intact: bool,
    /// Whether the last page is whole and ends with a packet.
    pub(super) ended: bool,
}

/// Reads all pages of a file.
///
/// # Errors
/// The error of the read.
pub(super) fn pages(mut file: impl Read) -> Result<Pages> {
    let mut found = Pages {
        intact: true,
        ended: true,
    };
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut page = Vec::new();
    loop {
        page.clear();
        Read::take(&mut file, HEAD_BYTES as u64).read_to_end(&mut page)?;
        if page.is_empty() {
            return Ok(found);
        }
        let Some(count) = page
            .get(HEAD_BYTES - 1)
            .filter(|_| page.starts_with(b"OggS"))
        else {
            found.ended = false;
            found.intact &= page.len() < HEAD_BYTES;
            return Ok(found);
        };
        let sizes = segments(&mut file, usize::from(*count), &mut page)?;
        let Some(sizes) = sizes else {
            found.ended = false;
            return Ok(found);
        };
        found.ended = sizes.last().is_none_or(|&size| size < 255);
        found.intact &= word(&page, CHECKSUM_OFFSET) == Some(checksum(&page));
        if let (Some(serial), Some(number)) = (word(&page, 14), word(&page, 18)) {
            let before = numbers.insert(serial, number);
            let first = page[FLAGS_OFFSET] & FIRST != 0;
            let next = before.is_none_or(|before| before.wrapping_add(1) == number);
            found.intact &= first || next;
        }
    }
}

/// Appends the segment table and the segments of a page, and returns the table; `None`
/// where the file ends within the page.
fn segments(file: &mut impl Read, count: usize, page: &mut Vec<u8>) -> Result<Option<Vec<u8>>> {
    let mut sizes = vec![0; count];
    match file.read_exact(&mut sizes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    page.extend_from_slice(&sizes);
    let length: u64 = sizes.iter().map(|&size| u64::from(size)).sum();
    let read = Read::take(file, length).read_to_end(page)?;
    Ok((read as u64 == length).then_some(sizes))
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
