//! A file as the container readers see it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::matroska;

/// A file without the data before its audio, and without the extras of Matroska. A truncated MP4 reports its original
/// length: otherwise its reader would skip a box that ends after the end of the file.
pub(super) struct Media {
    file: File,
    base: u64,
    there: u64,
    length: u64,
    /// Where identifiers of elements are that the reader must skip.
    skipped: Vec<u64>,
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
            skipped: Vec::new(),
        })
    }

    /// Makes the reader skip those of the elements of Matroska at `places` that are extras.
    pub(super) fn skip_extras(&mut self, places: &[u64]) -> io::Result<()> {
        for &at in places {
            self.file.seek(SeekFrom::Start(at))?;
            let mut kind = Vec::new();
            Read::take(&mut self.file, 4).read_to_end(&mut kind)?;
            if kind.try_into().is_ok_and(matroska::is_extra) {
                self.skipped.push(at);
            }
        }
        self.file.seek(SeekFrom::Start(self.base)).map(drop)
    }
}

/// Replaces the identifiers at the positions `skipped` in `bytes`, which begin at position `at`.
pub(super) fn mask(bytes: &mut [u8], at: u64, skipped: &[u64]) {
    for &place in skipped {
        for (place, byte) in (place..).zip(matroska::SKIPPED) {
            let index = place
                .checked_sub(at)
                .and_then(|it| usize::try_from(it).ok());
            if let Some(target) = index.and_then(|index| bytes.get_mut(index)) {
                *target = byte;
            }
        }
    }
}

impl Read for Media {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.skipped.is_empty() {
            return self.file.read(out);
        }
        let at = self.file.stream_position()?;
        let count = self.file.read(out)?;
        mask(&mut out[..count], at, &self.skipped);
        Ok(count)
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
