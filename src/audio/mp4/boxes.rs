//! Boxes, the units of an MP4 file.

use std::io::{self, Read};

/// Kind, size and head length of the next box; `left` is the size of a box that
/// extends to the end.
pub(super) fn box_head(from: &mut impl Read, left: u64) -> io::Result<Option<([u8; 4], u64, u64)>> {
    let mut head = Vec::with_capacity(16);
    Read::take(&mut *from, 8).read_to_end(&mut head)?;
    let Some((size, kind)) = words(&head) else {
        return Ok(None);
    };
    let kind = kind.to_be_bytes();
    let (size, length) = match size {
        0 => (left, 8),
        1 => {
            Read::take(from, 8).read_to_end(&mut head)?;
            match head.get(8..16).and_then(|bytes| bytes.try_into().ok()) {
                Some(bytes) => (u64::from_be_bytes(bytes), 16),
                None => return Ok(None),
            }
        }
        size => (u64::from(size), 8),
    };
    Ok((size >= length).then_some((kind, size, length)))
}

pub(super) fn words(bytes: &[u8]) -> Option<(u32, u32)> {
    Some((word(bytes, 0)?, word(bytes, 4)?))
}

pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(u64::from_be_bytes(eight))
}

/// Kind and body of each box within a body.
pub(super) fn boxes(mut body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, size, head) = box_head(&mut &*body, body.len() as u64).ok()??;
        let size = usize::try_from(size)
            .ok()
            .filter(|&size| size <= body.len())?;
        let (this, rest) = body.split_at(size);
        body = rest;
        Some((kind, &this[head as usize..]))
    })
}

pub(super) fn inside<'a>(body: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(body, |body, &wanted| {
        boxes(body)
            .find(|(kind, _)| kind == wanted)
            .map(|(_, body)| body)
    })
}

/// Pairs of words after the head of a full box.
pub(super) fn pairs(body: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let count = word(body, 4).unwrap_or(0) as usize;
    let pairs = body.get(8..).unwrap_or_default().chunks_exact(8);
    pairs.take(count).filter_map(words)
}

/// The object type in the first elementary stream descriptor (`esds`) of the sample
/// descriptions.
pub(super) fn object_type(list: &[u8]) -> Option<u8> {
    let start = list.windows(4).position(|name| name == b"esds")? + 4;
    // Version and flags, then descriptors: a tag and a length of up to four bytes.
    let rest = descriptor(list.get(start + 4..)?, 3)?;
    // An identifier, and flags for optional fields, which MP4 does not use.
    descriptor(rest.get(3..)?, 4)?.first().copied()
}

/// What follows the head of a descriptor with this tag.
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[tag])?;
    let length = rest.iter().take(4).position(|byte| byte & 0x80 == 0)? + 1;
    rest.get(length..)
}
