//! The fields at the start of a Matroska or `WebM` file that its reader does not
//! expose.

/// A track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) audio: bool,
    /// Whether players should choose it by default; true where the flag is absent.
    pub(super) default: bool,
    pub(super) codec: String,
}

/// What the start of the file contains.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) tracks: Vec<Entry>,
    /// Position after the last byte of the segment, where that is given.
    pub(super) end: Option<u64>,
}

const HEADER: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK: u32 = 0xae;
const NUMBER: u32 = 0xd7;
const TYPE: u32 = 0x83;
const DEFAULT: u32 = 0x88;
const CODEC: u32 = 0x86;
const AUDIO: u64 = 2;

/// Whether a file begins like a Matroska file.
pub(super) fn is_matroska(head: &[u8]) -> bool {
    head.starts_with(&HEADER.to_be_bytes())
}

/// Parses the first bytes of a file.
pub(super) fn look(head: &[u8]) -> Outline {
    let mut outline = Outline::default();
    let segment = elements(head).find(|element| element.kind == SEGMENT);
    let Some(segment) = segment else {
        return outline;
    };
    outline.end = segment.size.map(|size| segment.data as u64 + size);
    let inside = elements(segment.body).take_while(|element| element.kind != CLUSTER);
    for tracks in inside.filter(|element| element.kind == TRACKS) {
        let entries = elements(tracks.body).filter(|element| element.kind == TRACK);
        outline
            .tracks
            .extend(entries.map(|entry| track(entry.body)));
    }
    outline
}

fn track(body: &[u8]) -> Entry {
    let mut entry = Entry {
        number: 0,
        audio: false,
        default: true,
        codec: String::new(),
    };
    for field in elements(body) {
        match field.kind {
            NUMBER => entry.number = u32::try_from(number(field.body)).unwrap_or(0),
            TYPE => entry.audio = number(field.body) == AUDIO,
            DEFAULT => entry.default = number(field.body) != 0,
            CODEC => entry.codec = field.body.escape_ascii().to_string(),
            _ => {}
        }
    }
    entry
}

fn number(body: &[u8]) -> u64 {
    body.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// An element; its body ends at the latest where the bytes do.
struct Element<'a> {
    kind: u32,
    /// `None` where it is unknown.
    size: Option<u64>,
    /// Where its body begins.
    data: usize,
    body: &'a [u8],
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, id) = vint(bytes.get(at..)?)?;
        let (size, length) = vint(bytes.get(at + id..)?)?;
        let marker = 1_u64 << (7 * length);
        let size = size & (marker - 1);
        let size = (size != marker - 1).then_some(size);
        let data = at + id + length;
        let rest = bytes.get(data..)?;
        let end = size.and_then(|size| usize::try_from(size).ok());
        let body = &rest[..end.unwrap_or(usize::MAX).min(rest.len())];
        at = data + body.len();
        let kind = u32::try_from(kind).ok()?;
        Some(Element {
            kind,
            size,
            data,
            body,
        })
    })
}

/// A variable-length number including its marker bit, and its length in bytes.
fn vint(bytes: &[u8]) -> Option<(u64, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let bytes = bytes.get(..length).filter(|_| length <= 8)?;
    Some((number(bytes), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_are_not_said_are_set_and_an_unknown_length_ends_nowhere() {
        // From the Matroska specification: header, segment, tracks, two entries.
        let first = [0xae, 0x89, 0xd7, 0x81, 1, 0x83, 0x81, 2, 0x86, 0x81, b'A'];
        let second = [0xae, 0x89, 0xd7, 0x81, 2, 0x83, 0x81, 2, 0x88, 0x81, 0];
        let mut bytes = vec![0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0xff];
        bytes.extend([0x16, 0x54, 0xae, 0x6b, 0x80 + 22]);
        bytes.extend(first.iter().chain(&second));
        let outline = look(&bytes);
        let entry = |number, default, codec: &str| Entry {
            number,
            audio: true,
            default,
            codec: codec.into(),
        };
        assert_eq!(outline.tracks, [entry(1, true, "A"), entry(2, false, "")]);
        assert_eq!(outline.end, None);
        bytes[9] = 0xa0;
        assert_eq!(look(&bytes).end, Some(42));
        assert_eq!(look(&bytes[..12]).tracks, []);
    }
}
