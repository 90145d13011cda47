//! MP4 files whose end is missing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// Boxes at the top of a file before it is taken for something else.
const BOXES: usize = 1000;

/// A file that says it is as long as it was before it was cut: the reader
/// would pass over a box of samples that ends behind the end of the file.
pub(super) struct Whole {
    file: File,
    there: u64,
    length: u64,
}

impl Whole {
    /// Looks how far the boxes of an MP4 reach; other files stay as they are.
    pub(super) fn new(mut file: File) -> io::Result<Self> {
        let there = file.metadata()?.len();
        let length = reach(&mut file, there).max(there);
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            file,
            there,
            length,
        })
    }
}

/// Where the last box says that it ends.
fn reach(file: &mut File, there: u64) -> u64 {
    let mut at = 0;
    for number in 0..BOXES {
        let mut head = [0; 16];
        let read = file
            .seek(SeekFrom::Start(at))
            .and_then(|_| file.read(&mut head));
        if !matches!(read, Ok(8..)) || number == 0 && head[4..8] != *b"ftyp" {
            break;
        }
        // Length, kind, and the length proper where the first says 1.
        let head = u128::from_be_bytes(head);
        let kind = ((head >> 64) as u32).to_be_bytes();
        let size = match head >> 96 {
            1 => head as u64,
            size => size as u64,
        };
        // Only samples may be missing; where the index is cut, nothing helps.
        at = match at.checked_add(size) {
            Some(end) if size >= 8 && (end <= there || kind == *b"mdat") => end,
            _ => break,
        };
        if at >= there {
            break;
        }
    }
    at
}

impl Read for Whole {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.file.read(out)
    }
}

impl Seek for Whole {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::End(offset) => {
                let start = self.length.checked_add_signed(offset);
                let start = start.ok_or(io::ErrorKind::InvalidInput)?;
                self.file.seek(SeekFrom::Start(start))
            }
            to => self.file.seek(to),
        }
    }
}

impl MediaSource for Whole {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        // Tags at the end are looked for where the bytes end.
        Some(self.there)
    }
}
