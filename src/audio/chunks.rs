//! What follows the samples of a WAV: more of them, or something else.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::extent::{Extent, Trailer, UNKNOWN_FROM_BYTES};
use super::fixed_blocks::ByteSource;
use super::media::{Cut, Media};
use super::raw::FrameReader;
use super::source::DecodeError;

/// Bytes of a chunk's name and length.
const HEAD_BYTES: usize = 8;
/// Bytes of a format chunk that say how samples are stored.
const FORMAT_BYTES: usize = 16;
/// Most chunks of samples, and most chunks between two of them.
const MOST_CHUNKS: usize = 4096;

/// The start of a format chunk.
pub(super) type Format = [u8; FORMAT_BYTES];

/// Bytes that can be read ahead before they are skipped.
pub(super) trait Ahead {
    /// The next bytes, fewer at the end.
    fn peek(&mut self, count: usize) -> Result<Vec<u8>, DecodeError>;
    /// Skips bytes.
    fn pass(&mut self, count: u64) -> Result<(), DecodeError>;
    /// Bytes up to the end, where that is known.
    fn left(&self) -> Option<u64>;
}

impl Ahead for FrameReader<ByteSource> {
    fn peek(&mut self, count: usize) -> Result<Vec<u8>, DecodeError> {
        Ok(FrameReader::peek(self, count)?.to_vec())
    }

    fn pass(&mut self, count: u64) -> Result<(), DecodeError> {
        FrameReader::pass(self, count)
    }

    fn left(&self) -> Option<u64> {
        None
    }
}

/// A position in a file.
struct FilePosition<'a> {
    file: &'a mut BufReader<Media>,
    at: u64,
    end: u64,
}

impl Ahead for FilePosition<'_> {
    fn peek(&mut self, count: usize) -> Result<Vec<u8>, DecodeError> {
        let mut bytes = Vec::new();
        let sought = self.file.seek(SeekFrom::Start(self.at));
        let read =
            sought.and_then(|_| Read::take(&mut *self.file, count as u64).read_to_end(&mut bytes));
        read.map_err(DecodeError::Read)?;
        Ok(bytes)
    }

    fn pass(&mut self, count: u64) -> Result<(), DecodeError> {
        self.at = self.at.saturating_add(count);
        Ok(())
    }

    fn left(&self) -> Option<u64> {
        Some(self.end.saturating_sub(self.at))
    }
}

/// What follows a chunk of samples.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// That many bytes of samples, which are next.
    Samples(u64),
    /// Samples of another format.
    Another,
    /// No chunk: more of the same bytes, or nothing.
    Unknown,
    /// The end.
    End,
}

/// Skips the chunks before the next samples, also into a second file behind the first.
pub(super) fn next(
    from: &mut impl Ahead,
    format: &Format,
    odd: bool,
    trailer: &Trailer,
) -> Result<Next, DecodeError> {
    pad(from, odd, trailer)?;
    for number in 0..MOST_CHUNKS {
        let head = from.peek(HEAD_BYTES)?;
        let Some((name, length)) = trailer.head(&head) else {
            return Ok(Next::End);
        };
        match &name {
            b"data" => {
                from.pass(HEAD_BYTES as u64)?;
                return Ok(Next::Samples(length));
            }
            b"RIFF" | b"RF64" | b"BW64" | b"RIFX" => {
                let begin = from.peek(12)?;
                if begin.get(8..) != Some(b"WAVE") {
                    return Ok(Next::End);
                }
                from.pass(12)?;
                continue;
            }
            b"fmt " => {
                let chunk = from.peek(HEAD_BYTES + FORMAT_BYTES)?;
                if chunk.get(HEAD_BYTES..) != Some(format.as_slice()) {
                    return Ok(Next::Another);
                }
            }
            _ if trailer.begins(&head) => {}
            _ => {
                let fits = |left| HEAD_BYTES as u64 + length <= left;
                let chunk = name.iter().all(|byte| matches!(byte, 0x20..=0x7e));
                if !chunk || !from.left().is_some_and(fits) {
                    return Ok(if number == 0 {
                        Next::Unknown
                    } else {
                        Next::End
                    });
                }
            }
        }
        from.pass(HEAD_BYTES as u64 + length)?;
        pad(from, length % 2 == 1, trailer)?;
    }
    Ok(Next::End)
}

/// Skips the pad byte of an odd length, unless the writer left it out.
fn pad(from: &mut impl Ahead, odd: bool, trailer: &Trailer) -> Result<(), DecodeError> {
    if odd && !trailer.begins(&from.peek(4)?) {
        from.pass(1)?;
    }
    Ok(())
}

/// Joins the chunks of samples of a file, which is at the first of them, of `length`
/// bytes; `unit` bytes are decoded at once.
pub(super) fn join(
    input: &mut ByteSource,
    extent: &mut Extent,
    length: u64,
    unit: u64,
    format: &Format,
    trailer: &Trailer,
) -> Result<(), DecodeError> {
    let (ByteSource::File(file), Some(bytes)) = (input, extent.bytes) else {
        return Ok(());
    };
    if extent.unfinished || bytes < length {
        return Ok(());
    }
    let whole = |bytes: u64| bytes - bytes % unit.max(1);
    let end = file.get_ref().there();
    let at = extent.data.saturating_add(bytes);
    let mut place = FilePosition { file, at, end };
    let (mut odd, mut read) = (bytes % 2 == 1, whole(bytes));
    let mut last = extent.data + read;
    let mut cuts = Vec::new();
    while cuts.len() < MOST_CHUNKS {
        match next(&mut place, format, odd, trailer)? {
            Next::Samples(length) => {
                let there = length.min(place.end.saturating_sub(place.at));
                cuts.push(Cut {
                    at: extent.data + read,
                    bytes: place.at - last,
                });
                if there < length {
                    let known = Some(length).filter(|&length| length < UNKNOWN_FROM_BYTES);
                    extent.promised = known.map(|length| read + length);
                }
                read += whole(there);
                last = place.at + whole(there);
                place.pass(length)?;
                odd = length % 2 == 1;
            }
            Next::Another => {
                extent.another = true;
                break;
            }
            Next::Unknown | Next::End => break,
        }
    }
    if !cuts.is_empty() {
        extent.bytes = Some(read);
        place.file.get_mut().leave_out(cuts);
    }
    let back: io::Result<u64> = place.file.seek(SeekFrom::Start(extent.data));
    back.map(drop).map_err(DecodeError::Read)
}
