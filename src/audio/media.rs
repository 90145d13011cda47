//! A file as the container readers see it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// A file without the data before its audio. A truncated MP4 reports its original
/// length: otherwise its reader would skip a box that ends after the end of the file.
pub(super) struct Media {
    file: File,
    base: u64,
    there: u64,
    length: u64,
}

impl Media {
    /// The file from byte `base` on; `reach` is the declared end of its last box.
    pub(super) fn new(mut file: File, base: u64, reach: u64) -> io::Result<Self> {
        let there = file.metadata()?.len().saturating_sub(base);
        file.seek(SeekFrom::Start(base))?;
        Ok(Self {
            file,
            base,
            there,
            length: reach.max(there),
        })
    }
}

impl Read for Media {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.file.read(out)
    }
}

impl Seek for Media {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => self.base.checked_add(at).map(SeekFrom::Start),
            SeekFrom::End(offset) => {
                let at = self.length.checked_add_signed(offset);
                at.and_then(|at| self.base.checked_add(at))
                    .map(SeekFrom::Start)
            }
            SeekFrom::Current(offset) => Some(SeekFrom::Current(offset)),
        };
        let at = self.file.seek(to.ok_or(io::ErrorKind::InvalidInput)?)?;
        at.checked_sub(self.base)
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

impl MediaSource for Media {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        // Readers look for tags at the real end of the file.
        Some(self.there)
    }
}

/// Length of the `ID3v2` tag at the start of `head`, if there is one.
pub(super) fn id3_length(head: &[u8]) -> Option<u64> {
    match head {
        [b'I', b'D', b'3', _, _, flags, size @ ..] => {
            let size = size.first_chunk::<4>()?;
            let size = size.iter().try_fold(0, |size, &byte| {
                (byte < 0x80).then(|| size << 7 | u64::from(byte))
            })?;
            // A footer repeats the header.
            Some(10 + size + if flags & 0x10 == 0 { 0 } else { 10 })
        }
        _ => None,
    }
}
