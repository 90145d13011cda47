//! AAC in ADTS, frame by frame. Every frame repeats the format, so files of other formats
//! may follow in the same file or stream. The library's reader hides this.

mod header;

use std::io::{self, ErrorKind, Read};

use symphonia::core::errors::{Error, Result, SeekErrorKind};
use symphonia::core::formats::prelude::{
    Duration, FormatInfo, FormatOptions, FormatReader, MediaInfo, Packet, SeekMode, SeekTo,
    SeekedTo, Timestamp, Track,
};
use symphonia::core::formats::probe::{
    ProbeDataMatchSpec, ProbeFormatData, ProbeableFormat, Score, Scoreable,
};
use symphonia::core::formats::well_known::FORMAT_ID_ADTS;
use symphonia::core::io::{MediaSourceStream, ReadBytes, ScopedStream};
use symphonia::core::meta::{Metadata, MetadataLog};

use super::flac::TAG_BYTES;
use super::media::id3_length;
use header::{HEADER_BYTES, Header, PACKET_SAMPLES, Shape, estimated_s};

const INFO: FormatInfo = FormatInfo {
    format: FORMAT_ID_ADTS,
    short_name: "aac",
    long_name: "AAC in ADTS",
};

/// Length of the tag that the bytes begin with.
fn tag_length(bytes: &[u8]) -> Option<u64> {
    let old = bytes.starts_with(b"TAG").then_some(TAG_BYTES as u64);
    old.or_else(|| id3_length(bytes))
}

/// Reads ADTS front to back. It asks for a new decoder where the format changes.
pub(super) struct AdtsReader<'s> {
    stream: MediaSourceStream<'s>,
    info: MediaInfo,
    tracks: Vec<Track>,
    tags: MetadataLog,
    /// Read and not yet returned.
    held: Vec<u8>,
    shape: Shape,
    /// Whether the held bytes follow a frame directly.
    follows: bool,
    /// Whether bytes were skipped that belong to no frame.
    skipped: bool,
    tick: Timestamp,
}

impl<'s> AdtsReader<'s> {
    fn new(mut stream: MediaSourceStream<'s>, options: FormatOptions) -> Result<Self> {
        let seconds = estimated_s(&mut stream)?;
        let mut held = Vec::new();
        fill(&mut stream, &mut held, HEADER_BYTES)?;
        let Header { shape, .. } =
            Header::parse(&held).ok_or(Error::DecodeError("adts: no header"))?;
        let mut track = shape.track();
        if let Some(seconds) = seconds {
            let samples = (seconds * f64::from(shape.rate)).round() as u64;
            track.with_num_frames(samples);
            track.with_duration(Duration::from(samples));
        }
        Ok(Self {
            stream,
            info: MediaInfo::from_track(&track),
            tracks: vec![track],
            tags: options.external_data.metadata.unwrap_or_default(),
            held,
            shape,
            follows: true,
            skipped: false,
            tick: Timestamp::new(0),
        })
    }

    /// Holds `count` bytes; `false` if the stream ends before.
    fn fill(&mut self, count: usize) -> Result<bool> {
        fill(&mut self.stream, &mut self.held, count)?;
        Ok(self.held.len() >= count)
    }

    /// Skips a tag between two files; `false` if there is none.
    fn skip_tag(&mut self) -> Result<bool> {
        self.fill(10)?;
        let Some(length) = tag_length(&self.held) else {
            return Ok(false);
        };
        let held = length.min(self.held.len() as u64);
        self.held.drain(..held as usize);
        let mut rest = Read::take(&mut self.stream, length - held);
        io::copy(&mut rest, &mut io::sink())?;
        Ok(true)
    }

    /// The header of the next frame, which the held bytes then begin with; `None` at the
    /// end.
    fn next_header(&mut self) -> Result<Option<Header>> {
        while self.fill(HEADER_BYTES)? {
            if let Some(header) = Header::parse(&self.held) {
                if self.follows && header.shape == self.shape {
                    return Ok(Some(header));
                }
                // Any bytes may look like a header, so a second one has to confirm it.
                self.fill(header.frame + HEADER_BYTES)?;
                let behind = self.held.get(header.frame..);
                let next = behind.and_then(Header::parse).map(|next| next.shape);
                if next == Some(header.shape) || behind.is_some_and(<[u8]>::is_empty) {
                    return Ok(Some(header));
                }
                // A wrong bit in one header is no other format.
                if self.follows && next == Some(self.shape) {
                    let shape = self.shape;
                    return Ok(Some(Header { shape, ..header }));
                }
            }
            if self.follows && self.skip_tag()? {
                continue;
            }
            (self.follows, self.skipped) = (false, true);
            let mut others = self.held.iter().skip(1);
            let next = others.position(|&byte| byte == 0xff);
            let end = next.map_or(self.held.len(), |next| next + 1);
            self.held.drain(..end);
        }
        Ok(None)
    }
}

/// Reads until `held` has `count` bytes, or to the end.
fn fill(stream: &mut impl Read, held: &mut Vec<u8>, count: usize) -> Result<()> {
    let lacking = count.saturating_sub(held.len());
    Read::take(stream, lacking as u64).read_to_end(held)?;
    Ok(())
}

impl Scoreable for AdtsReader<'_> {
    fn score(mut stream: ScopedStream<&mut MediaSourceStream<'_>>) -> Result<Score> {
        let mut head = [0; HEADER_BYTES];
        stream.read_buf_exact(&mut head)?;
        let Some(first) = Header::parse(&head) else {
            return Ok(Score::Unsupported);
        };
        stream.ignore_bytes((first.frame - HEADER_BYTES) as u64)?;
        stream.read_buf_exact(&mut head)?;
        let same = Header::parse(&head).is_some_and(|next| next.shape == first.shape);
        Ok(if same {
            Score::Supported(u8::MAX)
        } else {
            Score::Unsupported
        })
    }
}

impl<'s> ProbeableFormat<'s> for AdtsReader<'_> {
    fn try_probe_new(
        stream: MediaSourceStream<'s>,
        options: FormatOptions,
    ) -> Result<Box<dyn FormatReader + 's>> {
        Ok(Box::new(AdtsReader::new(stream, options)?))
    }

    fn probe_data() -> &'static [ProbeFormatData] {
        &[ProbeFormatData {
            spec: ProbeDataMatchSpec {
                extensions: &["aac"],
                mime_types: &["audio/aac"],
                // MPEG-4 and MPEG-2, with and without a checksum.
                markers: &[b"\xff\xf1", b"\xff\xf0", b"\xff\xf9", b"\xff\xf8"],
            },
            info: INFO,
        }]
    }
}

impl FormatReader for AdtsReader<'_> {
    fn format_info(&self) -> &FormatInfo {
        &INFO
    }

    fn media_info(&self) -> &MediaInfo {
        &self.info
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.tags.metadata()
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        let Some(header) = self.next_header()? else {
            return Ok(None);
        };
        if std::mem::take(&mut self.skipped) {
            return Err(Error::DecodeError("adts: bytes that are no frame"));
        }
        if header.shape != self.shape {
            self.shape = header.shape;
            self.tracks = vec![header.shape.track()];
            return Err(Error::ResetRequired);
        }
        if header.several {
            return Err(Error::Unsupported(
                "AAC with several packets in a frame of ADTS",
            ));
        }
        if !self.fill(header.frame)? {
            return Err(Error::IoError(ErrorKind::UnexpectedEof.into()));
        }
        let data: Box<[u8]> = self.held[header.packet..header.frame].into();
        self.held.drain(..header.frame);
        self.follows = true;
        let (start, lasts) = (self.tick, Duration::new(PACKET_SAMPLES));
        self.tick = start.saturating_add(lasts);
        Ok(Some(Packet::new(0, start, lasts, data)))
    }

    /// Its frames have no times.
    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        Err(Error::SeekError(SeekErrorKind::Unseekable))
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.stream
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use symphonia::core::io::{MediaSourceStreamOptions, ReadOnlySource};

    use super::header::tests::{frame, shape};
    use super::*;

    /// The packets with the format of each, and how often bytes were reported that are
    /// no frame.
    fn read(bytes: Vec<u8>) -> (Vec<(Shape, Vec<u8>)>, usize) {
        let source = ReadOnlySource::new(io::Cursor::new(bytes));
        let options = MediaSourceStreamOptions::default();
        let stream = MediaSourceStream::new(Box::new(source), options);
        let (mut packets, mut reports) = (Vec::new(), 0);
        let Ok(mut reader) = AdtsReader::new(stream, FormatOptions::default()) else {
            return (packets, reports);
        };
        loop {
            match reader.next_packet() {
                Ok(Some(packet)) => packets.push((reader.shape, packet.data.to_vec())),
                Err(Error::ResetRequired) => {}
                Err(Error::DecodeError(_)) => reports += 1,
                Ok(None) | Err(_) => return (packets, reports),
            }
        }
    }

    fn payload() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..60)
    }

    /// Files of at least two frames each.
    fn files() -> impl Strategy<Value = Vec<(Shape, Vec<Vec<u8>>)>> {
        let file = (shape(), prop::collection::vec(payload(), 2..6));
        prop::collection::vec(file, 1..5)
    }

    fn bytes(files: &[(Shape, Vec<Vec<u8>>)], between: &[u8]) -> Vec<u8> {
        let file = |(shape, packets): &(Shape, Vec<Vec<u8>>)| {
            let frames: Vec<_> = packets.iter().map(|it| frame(*shape, it)).collect();
            frames.concat()
        };
        let files: Vec<_> = files.iter().map(file).collect();
        files.join(between)
    }

    proptest! {
        /// Whatever the packets hold, and with tags between the files.
        #[test]
        fn joined_files_give_every_packet_with_its_format(files in files()) {
            let of_file = |(shape, packets): &(Shape, Vec<Vec<u8>>)| {
                let shape = *shape;
                packets.iter().map(move |it| (shape, it.clone())).collect::<Vec<_>>()
            };
            let expected: Vec<_> = files.iter().flat_map(of_file).collect();
            let old = [b"TAG".as_slice(), &[0xff; 125]].concat();
            let new = b"ID3\x04\0\0\0\0\0\x05\xff\xf1\x50\x80\x2e";
            for between in [&[][..], &old, new] {
                let (packets, reports) = read(bytes(&files, between));
                prop_assert_eq!(&packets, &expected);
                prop_assert_eq!(reports, 0);
            }
        }

        /// Zeros hold no header.
        #[test]
        fn lost_bytes_are_reported_and_nothing_else_is_lost(files in files()) {
            let (packets, reports) = read(bytes(&files, &[0; 50]));
            let count: usize = files.iter().map(|(_, packets)| packets.len()).sum();
            prop_assert_eq!((packets.len(), reports), (count, files.len() - 1));
        }

        #[test]
        fn damage_ends_in_packets_or_an_end(
            files in files(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..9),
            length in any::<prop::sample::Index>(),
        ) {
            let mut bytes = bytes(&files, &[]);
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            bytes.truncate(length.index(bytes.len()));
            read(bytes);
        }
    }
}
