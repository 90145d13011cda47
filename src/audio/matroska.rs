//! The fields at the start of a Matroska or `WebM` file that its reader does not
//! expose.

use std::io::{self, Read};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_PCM_U8;

use super::adpcm::MOST_BLOCKS;
use super::kinds;
use super::wav;

/// A track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) audio: bool,
    /// Whether players should choose it by default; true where the flag is absent.
    pub(super) default: bool,
    pub(super) codec: String,
    rate_hz: u32,
    channels: u16,
    bits: u16,
    /// What the codec needs.
    private: Vec<u8>,
}

/// What the start of the file contains.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) tracks: Vec<Entry>,
    /// Position after the last byte of the segment, where that is given.
    pub(super) end: Option<u64>,
    /// Where chapters, attachments and tags are, as far as the start of the file says.
    pub(super) extras: Vec<u64>,
    /// Whether everything before the first samples was seen.
    pub(super) complete: bool,
}

/// Bytes at the start of a file in which its track list is searched.
pub(super) const SEARCHED_BYTES: usize = 64 << 10;

const HEADER: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK: u32 = 0xae;
const SEEK_HEAD: u32 = 0x114d_9b74;
const SEEK: u32 = 0x4dbb;
const SEEK_ID: u32 = 0x53ab;
const SEEK_POSITION: u32 = 0x53ac;
/// Chapters, attachments, tags. Audio does not need them, and the reader refuses a file
/// in which one lacks a field, such as chapters that ffmpeg wrote.
const EXTRAS: [u32; 3] = [0x1043_a770, 0x1941_a469, 0x1254_c367];
/// An identifier that readers skip, as long as those of the extras.
pub(super) const SKIPPED: [u8; 4] = [0x10, 0, 0, 1];
const NUMBER: u32 = 0xd7;
const TYPE: u32 = 0x83;
const DEFAULT: u32 = 0x88;
const CODEC: u32 = 0x86;
const PRIVATE: u32 = 0x63a2;
const SOUND: u32 = 0xe1;
const RATE: u32 = 0xb5;
const CHANNELS: u32 = 0x9f;
const BITS: u32 = 0x6264;
const AUDIO: u64 = 2;
/// The codec of tracks with the format of a WAV.
const WINDOWS_CODEC: &str = "A_MS/ACM";

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
    let start = segment.data as u64;
    for element in elements(segment.body) {
        match element.kind {
            CLUSTER => {
                outline.complete = true;
                break;
            }
            TRACKS => {
                let entries = elements(element.body).filter(|entry| entry.kind == TRACK);
                outline
                    .tracks
                    .extend(entries.map(|entry| track(entry.body)));
            }
            SEEK_HEAD => {
                let entries = elements(element.body).filter(|entry| entry.kind == SEEK);
                let found = entries.filter_map(|entry| sought(entry.body));
                let places = found.filter_map(|position| start.checked_add(position));
                outline.extras.extend(places);
            }
            kind if EXTRAS.contains(&kind) => outline.extras.push(start + element.at as u64),
            _ => {}
        }
    }
    outline
}

/// Whether the four bytes at the start of an element say that it is an extra.
pub(super) fn is_extra(kind: [u8; 4]) -> bool {
    EXTRAS.contains(&u32::from_be_bytes(kind))
}

/// Position of an extra in an index entry, from the start of the segment's content.
fn sought(body: &[u8]) -> Option<u64> {
    let field = |kind| elements(body).find(|field| field.kind == kind);
    let kind = number(field(SEEK_ID)?.body);
    let extra = EXTRAS.iter().any(|&extra| u64::from(extra) == kind);
    extra.then_some(number(field(SEEK_POSITION)?.body))
}

/// Reads a stream up to its first samples, or until `head` holds `most` bytes.
pub(super) fn look_ahead(
    stream: &mut impl Read,
    head: &mut Vec<u8>,
    most: usize,
) -> io::Result<()> {
    let mut more = [0; 1024];
    while head.len() < most && !look(head).complete {
        // Read what is available: a live stream may not deliver more yet.
        match stream.read(&mut more)? {
            0 => break,
            count => head.extend_from_slice(&more[..count]),
        }
    }
    Ok(())
}

fn track(body: &[u8]) -> Entry {
    let mut entry = Entry {
        number: 0,
        audio: false,
        default: true,
        codec: String::new(),
        rate_hz: 8000,
        channels: 1,
        bits: 0,
        private: Vec::new(),
    };
    for field in elements(body) {
        match field.kind {
            NUMBER => entry.number = u32::try_from(number(field.body)).unwrap_or(0),
            TYPE => entry.audio = number(field.body) == AUDIO,
            DEFAULT => entry.default = number(field.body) != 0,
            CODEC => entry.codec = field.body.escape_ascii().to_string(),
            PRIVATE => entry.private = field.body.to_vec(),
            SOUND => entry.take_sound(field.body),
            _ => {}
        }
    }
    entry
}

impl Entry {
    fn take_sound(&mut self, body: &[u8]) {
        for field in elements(body) {
            let small = || u16::try_from(number(field.body)).unwrap_or(0);
            match (field.kind, field.body) {
                (RATE, &[a, b, c, d]) => self.rate_hz = f32::from_be_bytes([a, b, c, d]) as u32,
                (RATE, body) => {
                    let rate = body.try_into().map_or(0.0, f64::from_be_bytes);
                    self.rate_hz = rate.round() as u32;
                }
                (CHANNELS, _) => self.channels = small(),
                (BITS, _) => self.bits = small(),
                _ => {}
            }
        }
    }

    /// The parameters of codecs that the reader does not know: samples of 8 bits, and
    /// what a WAV may hold.
    pub(super) fn params(&self) -> Option<AudioCodecParameters> {
        let mut params = match self.codec.as_str() {
            WINDOWS_CODEC => {
                let format = wav::Format::parse(&self.private, false)?;
                format.params().or_else(|| in_packets(format.blocks()?))?
            }
            "A_PCM/INT/LIT" | "A_PCM/INT/BIG" if self.bits == 8 => {
                let mut params = AudioCodecParameters::new();
                params.for_codec(CODEC_ID_PCM_U8).with_bits_per_sample(8);
                params
            }
            _ => return None,
        };
        params
            .with_sample_rate(self.rate_hz)
            .with_channels(Channels::Discrete(self.channels));
        Some(params)
    }

    /// Container and codec, for a message.
    pub(super) fn name(&self) -> String {
        match wav::Format::parse(&self.private, false) {
            Some(format) if self.codec == WINDOWS_CODEC => format.name("Matroska"),
            _ => kinds::in_matroska(&self.codec, self.bits),
        }
    }
}

/// Parameters for packets of several blocks.
fn in_packets(mut params: AudioCodecParameters) -> Option<AudioCodecParameters> {
    let frames = params.frames_per_block?;
    params.with_max_frames_per_packet(frames * MOST_BLOCKS);
    Some(params)
}

fn number(body: &[u8]) -> u64 {
    body.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

/// An element; its body is limited to the available bytes.
struct Element<'a> {
    kind: u32,
    /// `None` where it is unknown.
    size: Option<u64>,
    /// Where it begins, and where its body does.
    at: usize,
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
        let begin = at;
        at = data + body.len();
        let kind = u32::try_from(kind).ok()?;
        Some(Element {
            kind,
            size,
            at: begin,
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
            rate_hz: 8000,
            channels: 1,
            bits: 0,
            private: vec![],
        };
        assert_eq!(outline.tracks, [entry(1, true, "A"), entry(2, false, "")]);
        assert_eq!(outline.end, None);
        bytes[9] = 0xa0;
        assert_eq!(look(&bytes).end, Some(42));
        assert_eq!(look(&bytes[..12]).tracks, []);
    }

    #[test]
    fn extras_are_found_in_place_and_in_the_index() {
        // An index entry for tags at 300, chapters without content, a cluster.
        let mut bytes = vec![0x1a, 0x45, 0xdf, 0xa3, 0x80, 0x18, 0x53, 0x80, 0x67, 0xff];
        bytes.extend([0x11, 0x4d, 0x9b, 0x74, 0x80 + 15]);
        bytes.extend([0x4d, 0xbb, 0x80 + 12]);
        bytes.extend([0x53, 0xab, 0x84, 0x12, 0x54, 0xc3, 0x67]);
        bytes.extend([0x53, 0xac, 0x82, 1, 44]);
        bytes.extend([0x10, 0x43, 0xa7, 0x70, 0x80]);
        assert!(!look(&bytes).complete);
        bytes.extend([0x1f, 0x43, 0xb6, 0x75, 0xff]);
        let outline = look(&bytes);
        assert_eq!(outline.extras, [310, 30]);
        assert!(outline.complete);
    }
}
