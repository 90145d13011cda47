//! The header that every frame begins with, and what the headers say of a file's length.

use std::io::{Read, Seek, SeekFrom};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::errors::Result;
use symphonia::core::formats::Track;
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadBytes};

use super::super::aac::RATES;

/// Bytes of a header without its checksum, and of the checksum.
pub(super) const HEADER_BYTES: usize = 7;
const CHECKSUM_BYTES: usize = 2;
/// Samples of each channel in a packet.
pub(super) const PACKET_SAMPLES: u64 = 1024;
/// A file is looked at in so many places of that many bytes, to estimate its length.
const PLACES: u64 = 4;
const PLACE_BYTES: u64 = 32 << 10;

/// The format of a frame; a decoder is made for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) profile: u8,
    /// In hertz.
    pub(super) rate: u32,
    /// Channel configuration; 0 if the packets describe the channels.
    pub(super) channels: u8,
}

impl Shape {
    pub(super) fn track(self) -> Track {
        let mut params = AudioCodecParameters::new();
        params.for_codec(CODEC_ID_AAC).with_sample_rate(self.rate);
        match self.channels {
            0 => {}
            7 => drop(params.with_channels(Channels::Discrete(8))),
            count => drop(params.with_channels(Channels::Discrete(count.into()))),
        }
        let mut track = Track::new(0);
        track.with_codec_params(CodecParameters::Audio(params));
        track
    }
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) shape: Shape,
    /// Where the packet begins, and where the frame ends, in bytes.
    pub(super) packet: usize,
    pub(super) frame: usize,
    /// Whether the frame has more than one packet.
    pub(super) several: bool,
}

impl Header {
    /// Reads the first bytes of a frame.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEADER_BYTES>()?;
        if bytes[0] != 0xff || bytes[1] & 0xf6 != 0xf0 {
            return None;
        }
        let checksum = if bytes[1] & 1 == 0 { CHECKSUM_BYTES } else { 0 };
        let length = [bytes[3] & 3, bytes[4], bytes[5]].map(usize::from);
        let header = Self {
            shape: Shape {
                profile: bytes[2] >> 6,
                rate: *RATES.get(usize::from(bytes[2] >> 2 & 0xf))?,
                channels: (bytes[2] & 1) << 2 | bytes[3] >> 6,
            },
            packet: HEADER_BYTES + checksum,
            frame: length[0] << 11 | length[1] << 3 | length[2] >> 5,
            several: bytes[6] & 3 != 0,
        };
        (header.frame >= header.packet).then_some(header)
    }
}

/// Estimates the length of a file from the frames at a few places; `None` of a stream.
pub(super) fn estimated_s(stream: &mut MediaSourceStream<'_>) -> Result<Option<f64>> {
    let Some(end) = stream.byte_len().filter(|_| stream.is_seekable()) else {
        return Ok(None);
    };
    let start = stream.pos();
    let length = end.saturating_sub(start);
    // A short file is read whole.
    let places = if length > PLACES * PLACE_BYTES {
        PLACES
    } else {
        1
    };
    let step = length / places;
    let (mut seconds, mut bytes) = (0.0, Vec::new());
    for place in 0..places {
        stream.seek(SeekFrom::Start(start + place * step))?;
        bytes.clear();
        let most = if places == 1 { step } else { PLACE_BYTES };
        Read::take(&mut *stream, most).read_to_end(&mut bytes)?;
        let (lasts_s, measured) = duration(&bytes);
        if measured > 0 {
            seconds += lasts_s * step as f64 / measured as f64;
        }
    }
    stream.seek(SeekFrom::Start(start))?;
    Ok((seconds > 0.0).then_some(seconds))
}

/// Seconds that the frames in `bytes` last, and the bytes from the first of them on.
fn duration(bytes: &[u8]) -> (f64, usize) {
    let header = |at: usize| Header::parse(bytes.get(at..)?);
    let confirmed = |&at: &usize| {
        header(at).is_some_and(|first| {
            let next = header(at + first.frame);
            next.is_some_and(|next| next.shape == first.shape)
        })
    };
    let first = (0..bytes.len()).find(confirmed).unwrap_or(bytes.len());
    let (mut at, mut seconds) = (first, 0.0);
    while let Some(header) = header(at) {
        // The last may be there in part.
        let share = (bytes.len() - at).min(header.frame) as f64 / header.frame as f64;
        seconds += share * PACKET_SAMPLES as f64 / f64::from(header.shape.rate);
        at += header.frame;
    }
    (seconds, bytes.len() - first)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn shape() -> impl Strategy<Value = Shape> {
        let parts = (0..4_u8, 0..RATES.len(), 0..8_u8);
        parts.prop_map(|(profile, rate, channels)| Shape {
            profile,
            rate: RATES[rate],
            channels,
        })
    }

    /// A frame by the bits of ISO 13818-7: synchronization, MPEG-2, layer, no checksum,
    /// profile, rate, private, channels, four flags, length, fullness, packets less one.
    pub(in super::super) fn frame(shape: Shape, payload: &[u8]) -> Vec<u8> {
        let index = RATES.iter().position(|&rate| rate == shape.rate).unwrap();
        let fields = [
            (0xfff, 12),
            (0, 1),
            (0, 2),
            (1, 1),
            (u64::from(shape.profile), 2),
            (index as u64, 4),
            (0, 1),
            (u64::from(shape.channels), 3),
            (0, 4),
            ((HEADER_BYTES + payload.len()) as u64, 13),
            (0x7ff, 11),
            (0, 2),
        ];
        let bits = fields
            .iter()
            .fold(0, |all, (value, bits)| all << bits | value);
        [&bits.to_be_bytes()[1..], payload].concat()
    }

    #[test]
    fn the_header_of_an_encoder() {
        // Written by ffmpeg: LC, 44.1 kHz, stereo, a frame of 371 bytes.
        let header = Header::parse(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc]);
        let shape = Shape {
            profile: 1,
            rate: 44_100,
            channels: 2,
        };
        let expected = Header {
            shape,
            packet: 7,
            frame: 371,
            several: false,
        };
        assert_eq!(header, Some(expected));
        // MPEG layer 3, a reserved rate, a frame shorter than its header, too few bytes.
        for bytes in [
            &[0xff, 0xfb, 0x50, 0x80, 0x2e, 0x7f, 0xfc][..],
            &[0xff, 0xf1, 0x7c, 0x80, 0x2e, 0x7f, 0xfc],
            &[0xff, 0xf1, 0x50, 0x80, 0x00, 0xdf, 0xfc],
            &[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f],
        ] {
            assert_eq!(Header::parse(bytes), None, "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written(
            shape in shape(),
            payload in prop::collection::vec(any::<u8>(), 0..500),
        ) {
            let bytes = frame(shape, &payload);
            let header = Header::parse(&bytes).unwrap();
            prop_assert_eq!((header.shape, header.frame), (shape, bytes.len()));
        }

        #[test]
        fn any_bytes_are_a_header_or_none(
            mut bytes in prop::collection::vec(any::<u8>(), 0..40),
            marked in any::<bool>(),
        ) {
            if marked && bytes.len() > 1 {
                (bytes[0], bytes[1]) = (0xff, 0xf0 | bytes[1] & 9);
            }
            if let Some(header) = Header::parse(&bytes) {
                prop_assert!(header.packet >= HEADER_BYTES && header.frame >= header.packet);
            }
            let (seconds, measured) = duration(&bytes);
            prop_assert!(seconds >= 0.0 && measured <= bytes.len());
        }
    }
}
