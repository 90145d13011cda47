//! A file as the container readers see it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::flac::{NextFile, START_BYTES, TAG_BYTES, tag_length};
use super::matroska;

/// A file without the data before its audio, without the extras of Matroska, and
/// without what separates the pieces of a WAV. A truncated MP4 reports its original
/// length: otherwise its reader would skip a box that ends after the end of the file.
pub(super) struct Media {
    file: File,
    base: u64,
    there: u64,
    length: u64,
    /// Where identifiers of elements are that the reader must skip.
    skipped: Vec<u64>,
    /// What is left out between pieces, in their order.
    cuts: Vec<Cut>,
    /// Where the next FLAC file begins; the reader sees none of it.
    next_flac: Option<NextFile>,
    /// Position, without the bytes that are left out.
    at: u64,
}

/// Bytes that are left out of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// Position before them, in the count of a reader that sees no cut.
    pub(super) at: u64,
    pub(super) bytes: u64,
}

impl Media {
    /// The file from byte `base` on.
    pub(super) fn new(mut file: File, base: u64) -> io::Result<Self> {
        let there = file.metadata()?.len().saturating_sub(base);
        file.seek(SeekFrom::Start(base))?;
        Ok(Self {
            file,
            base,
            there,
            length: there,
            skipped: Vec::new(),
            cuts: Vec::new(),
            next_flac: None,
            at: 0,
        })
    }

    /// Bytes from its start on.
    pub(super) fn there(&self) -> u64 {
        self.there
    }

    /// Sets the declared end of its last box.
    pub(super) fn reach(&mut self, end: u64) {
        self.length = end.max(self.there);
    }

    /// Leaves out what is between pieces.
    pub(super) fn leave_out(&mut self, cuts: Vec<Cut>) {
        self.cuts = cuts;
    }

    /// Ends before the next FLAC file in the file, or before the tag at its end.
    pub(super) fn end_before(&mut self, next: NextFile) -> io::Result<()> {
        self.next_flac = Some(next);
        self.seek(SeekFrom::Start(self.there.saturating_sub(TAG_BYTES as u64)))?;
        let mut tail = Vec::new();
        self.file.read_to_end(&mut tail)?;
        self.there -= tag_length(&tail) as u64;
        self.length = self.there;
        self.seek(SeekFrom::Start(0)).map(drop)
    }

    /// Reads up to the next FLAC file.
    fn read_flac(&mut self, out: &mut [u8], next: &NextFile) -> io::Result<usize> {
        let mut count = self.file.read(out)?;
        if next.is_unknown() {
            // It may begin within the last bytes.
            let mut bytes = out[..count].to_vec();
            let more = START_BYTES as u64 - 1;
            Read::take(&mut self.file, more).read_to_end(&mut bytes)?;
            next.search(self.at, &bytes);
        }
        let end = next.position().unwrap_or(self.there);
        let left = end.saturating_sub(self.at);
        count = count.min(usize::try_from(left).unwrap_or(usize::MAX));
        self.at += count as u64;
        let place = self.base.saturating_add(self.at);
        self.file.seek(SeekFrom::Start(place))?;
        Ok(count)
    }

    /// Makes the reader skip the Matroska elements at `places` that are extras.
    pub(super) fn skip_extras(&mut self, places: &[u64]) -> io::Result<()> {
        for &at in places {
            self.seek(SeekFrom::Start(at))?;
            let mut kind = Vec::new();
            Read::take(&mut self.file, 4).read_to_end(&mut kind)?;
            if kind.try_into().is_ok_and(matroska::is_extra) {
                self.skipped.push(at);
            }
        }
        self.seek(SeekFrom::Start(0)).map(drop)
    }

    /// Reads up to the next cut.
    fn read_piece(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let before = self.cuts.iter().take_while(|cut| cut.at <= self.at);
        let left_out: u64 = before.map(|cut| cut.bytes).sum();
        let next = self.cuts.iter().find(|cut| cut.at > self.at);
        let room = next.map_or(u64::MAX, |cut| cut.at - self.at);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(out.len());
        let place = self.base.saturating_add(self.at).saturating_add(left_out);
        self.file.seek(SeekFrom::Start(place))?;
        let count = self.file.read(&mut out[..room])?;
        self.at += count as u64;
        Ok(count)
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
        if !self.cuts.is_empty() {
            return self.read_piece(out);
        }
        if let Some(next) = self.next_flac.clone() {
            return self.read_flac(out, &next);
        }
        let count = self.file.read(out)?;
        mask(&mut out[..count], self.at, &self.skipped);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Media {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => {
                let next = self.next_flac.as_ref().and_then(NextFile::position);
                let end = next.map_or(self.length, |next| next.min(self.length));
                end.checked_add_signed(offset)
            }
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        let place = at.and_then(|at| self.base.checked_add(at).zip(Some(at)));
        let (place, at) = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.file.seek(SeekFrom::Start(place))?;
        self.at = at;
        Ok(at)
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
