//! The parts of an MP4's index that its reader does not expose: kinds of tracks, the
//! default track, and presentation times.

mod boxes;
mod fragments;

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};

use boxes::{box_head, boxes, inside, long, object_type, pairs, word};
use fragments::Fragment;

pub(super) use fragments::{FragmentReader, GrowingIndex};

/// Largest number of top-level boxes and largest index that are read.
const MAX_BOXES: usize = 200_000;
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// Fragments are consecutive if the time between them is at most this.
const TOLERANCE_MS: u64 = 10;

/// The index of an MP4.
#[derive(Debug, Default, Clone)]
pub(super) struct Movie {
    /// Ticks per second of the movie.
    pub(super) scale: u32,
    pub(super) tracks: Vec<Trak>,
}

/// A track of an MP4.
#[derive(Debug, Default, Clone)]
pub(super) struct Trak {
    pub(super) id: u32,
    /// Whether players should choose it by default.
    pub(super) enabled: bool,
    pub(super) audio: bool,
    /// Ticks per second.
    pub(super) scale: u32,
    /// Four-letter code of the codec.
    pub(super) format: [u8; 4],
    /// The MPEG-4 object type of the codec.
    pub(super) object: Option<u8>,
    /// Whether it holds big-endian samples of more than 16 bits.
    pub(super) big_endian: bool,
    /// Rate and channels, as its sample description says.
    rate_hz: u32,
    channels: u16,
    /// Ticks of the samples in the index itself. In a fragment that gives none: ticks
    /// of one sample.
    ticks: u64,
    default: Option<u32>,
    edits: Vec<Edit>,
    fragments: Vec<Fragment>,
}

/// A part of the track as it is presented, or a pause.
#[derive(Debug, Clone, Copy)]
struct Edit {
    /// Ticks of the movie; 0 means up to the end.
    length: u64,
    /// First tick of the track; a negative value is a pause.
    media: i64,
}

/// A part of a track: its ticks in the reader's count, and their offset from the
/// presentation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TickRange {
    pub(super) start: i64,
    /// The tick after the last; `i64::MAX` where there is no end.
    pub(super) end: i64,
    pub(super) shift: i64,
    /// Which part of the edit list it is in.
    pub(super) part: usize,
}

/// What the top level of a file contains.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The index, if it is present and complete.
    pub(super) movie: Option<Movie>,
    /// Where the last box declares its end.
    pub(super) reach: u64,
    /// Whether samples precede the index.
    pub(super) samples_first: bool,
}

/// Whether a file begins like an MP4.
pub(super) fn is_mp4(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
}

/// Walks the boxes of a file of `there` bytes.
pub(super) fn look(file: &mut (impl Read + Seek), there: u64) -> io::Result<Layout> {
    let mut layout = Layout::default();
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        file.seek(SeekFrom::Start(at))?;
        let Some((kind, size, head)) = box_head(file, there - at)? else {
            break;
        };
        match &kind {
            b"moov" if size <= MAX_INDEX_BYTES && at + size <= there => {
                let mut body = vec![0; (size - head) as usize];
                file.read_exact(&mut body)?;
                layout.movie = Movie::parse(&body);
            }
            b"moof" if size <= MAX_INDEX_BYTES && at + size <= there => {
                let mut body = vec![0; (size - head) as usize];
                file.read_exact(&mut body)?;
                if let Some(movie) = &mut layout.movie {
                    movie.fragment(&body);
                }
            }
            b"mdat" if layout.movie.is_none() => layout.samples_first = true,
            _ => {}
        }
        // Only samples may be missing; a truncated index cannot be used.
        at = match at.checked_add(size) {
            Some(end) if end <= there || kind == *b"mdat" => end,
            _ => break,
        };
        if at >= there {
            break;
        }
    }
    layout.reach = at;
    Ok(layout)
}

/// Reads a stream to the end of its index; returns the bytes that were read and their
/// meaning.
pub(super) fn look_ahead(stream: &mut impl Read, read: &mut Vec<u8>) -> io::Result<Layout> {
    let mut layout = Layout::default();
    let mut at = 0;
    while layout.movie.is_none() {
        fill(stream, read, at + 16)?;
        let mut rest = &read[at.min(read.len())..];
        let Some((kind, size, head)) = box_head(&mut rest, u64::MAX)? else {
            break;
        };
        if kind == *b"mdat" || kind == *b"moof" {
            layout.samples_first = true;
            break;
        }
        if size > MAX_INDEX_BYTES {
            break;
        }
        let end = at + size as usize;
        fill(stream, read, end)?;
        if kind == *b"moov" {
            let body = read.get(at + head as usize..end);
            layout.movie = body.and_then(Movie::parse);
            break;
        }
        at = end;
    }
    Ok(layout)
}

/// Reads until `read` holds that many bytes, or the stream ends.
fn fill(stream: &mut impl Read, read: &mut Vec<u8>, wanted: usize) -> io::Result<()> {
    let missing = wanted.saturating_sub(read.len());
    Read::take(stream, missing as u64)
        .read_to_end(read)
        .map(drop)
}

impl Movie {
    fn parse(body: &[u8]) -> Option<Self> {
        let head = inside(body, &[b"mvhd"])?;
        let long = head.first()? == &1;
        let scale = word(head, if long { 20 } else { 12 })?;
        let tracks = boxes(body).filter(|(kind, _)| kind == b"trak");
        let mut tracks: Vec<Trak> = tracks.filter_map(|(_, body)| Trak::parse(body)).collect();
        let extends = boxes(inside(body, &[b"mvex"]).unwrap_or_default());
        for (_, extend) in extends.filter(|(kind, _)| kind == b"trex") {
            let track = tracks
                .iter_mut()
                .find(|track| Some(track.id) == word(extend, 4));
            if let Some(track) = track {
                track.default = word(extend, 12);
            }
        }
        Some(Self { scale, tracks })
    }

    /// Records the samples of a fragment.
    fn fragment(&mut self, body: &[u8]) {
        for (_, body) in boxes(body).filter(|(kind, _)| kind == b"traf") {
            let id = inside(body, &[b"tfhd"]).and_then(|head| word(head, 4));
            let track = self.tracks.iter_mut().find(|track| Some(track.id) == id);
            if let Some(track) = track
                && let Some(fragment) = Fragment::parse(body, track.default)
            {
                track.append(fragment);
            }
        }
    }
}

impl Trak {
    fn parse(body: &[u8]) -> Option<Self> {
        let head = inside(body, &[b"tkhd"])?;
        let id = word(head, if head.first()? == &1 { 20 } else { 12 })?;
        let media = inside(body, &[b"mdia"])?;
        let about = inside(media, &[b"mdhd"])?;
        let scale = word(about, if about.first()? == &1 { 20 } else { 12 })?;
        let table = inside(media, &[b"minf", b"stbl"]).unwrap_or_default();
        let list = inside(table, &[b"stsd"]).unwrap_or_default();
        let format = word(list, 12).unwrap_or(0).to_be_bytes();
        // QuickTime's order, unless an atom says otherwise.
        let swapped = list.windows(6).any(|atom| atom == b"enda\0\x01");
        let channels = word(list, 32).map_or(0, |word| (word >> 16) as u16);
        let rate_hz = word(list, 40).map_or(0, |rate| rate >> 16);
        let times = inside(table, &[b"stts"]).unwrap_or_default();
        let edits = inside(body, &[b"edts", b"elst"]);
        Some(Self {
            id,
            enabled: head.get(3)? & 1 == 1,
            audio: inside(media, &[b"hdlr"])?.get(8..12)? == b"soun",
            scale,
            format,
            object: object_type(list),
            rate_hz,
            channels,
            big_endian: matches!(&format, b"in24" | b"in32" | b"fl32" | b"fl64") && !swapped,
            ticks: pairs(times)
                .map(|(n, ticks)| u64::from(n) * u64::from(ticks))
                .sum(),
            default: None,
            edits: edits.map_or(Vec::new(), Edit::list),
            fragments: Vec::new(),
        })
    }

    /// The parameters of G.711, which its reader does not know.
    pub(super) fn params(&self) -> Option<AudioCodecParameters> {
        let codec = match &self.format {
            b"ulaw" => CODEC_ID_PCM_MULAW,
            b"alaw" => CODEC_ID_PCM_ALAW,
            _ => return None,
        };
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(codec)
            .with_sample_rate(self.rate_hz)
            .with_channels(Channels::Discrete(self.channels.max(1)));
        Some(params)
    }

    /// Joins a fragment with the run that it continues; their times may differ by rounding.
    fn append(&mut self, next: Fragment) {
        let near = u64::from(self.scale) * TOLERANCE_MS / 1000;
        let follows = |last: &Fragment| match (last.at, next.at) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(at), Some(next)) => at.saturating_add(last.ticks).abs_diff(next) <= near,
        };
        match self.fragments.last_mut() {
            Some(last) if follows(last) => last.ticks = last.ticks.saturating_add(next.ticks),
            _ => self.fragments.push(next),
        }
    }

    /// Ticks of all samples, where they are known.
    pub(super) fn ticks(&self) -> u64 {
        let fragments = self.fragments.iter().map(|fragment| fragment.ticks);
        fragments.fold(self.ticks, u64::saturating_add)
    }

    /// Whether any part of the track is presented at a different time than its own.
    pub(super) fn has_edits(&self) -> bool {
        self.edits.iter().any(|edit| edit.media >= 0)
    }

    /// The presentation times of its samples, in its reader's order.
    pub(super) fn spans(&self, movie_scale: u32) -> Vec<TickRange> {
        let mut placed = vec![];
        let mut counted = self.ticks;
        // The reader keeps counting from fragment to fragment, whatever times they
        // declare.
        for fragment in &self.fragments {
            let shift = fragment.at.unwrap_or(counted).cast_signed();
            placed.push(TickRange {
                start: counted.cast_signed(),
                end: counted.saturating_add(fragment.ticks).cast_signed(),
                shift: shift.saturating_sub(counted.cast_signed()),
                part: 0,
            });
            counted = counted.saturating_add(fragment.ticks);
        }
        if self.ticks > 0 || placed.is_empty() {
            let end = if placed.is_empty() {
                i64::MAX
            } else {
                self.ticks.cast_signed()
            };
            placed.insert(
                0,
                TickRange {
                    start: 0,
                    end,
                    shift: 0,
                    part: 0,
                },
            );
        }
        if let Some(last) = placed.last_mut() {
            last.end = i64::MAX;
        }
        let parts = self.played(movie_scale);
        let mut spans: Vec<TickRange> = Vec::new();
        for part in parts {
            for span in &placed {
                // The part is in ticks of the track, the span in ticks of its reader.
                let start = span.start.max(part.start.saturating_sub(span.shift));
                let end = match (span.end, part.end) {
                    (end, i64::MAX) => end,
                    (end, part) => end.min(part.saturating_sub(span.shift)),
                };
                if start >= end {
                    continue;
                }
                let shift = span.shift.saturating_add(part.shift);
                match spans.last_mut() {
                    Some(last) if last.end == start && last.shift == shift => last.end = end,
                    _ => spans.push(TickRange {
                        start,
                        end,
                        shift,
                        part: part.part,
                    }),
                }
            }
        }
        spans
    }

    /// Whether the edit list repeats parts, or plays them in another order.
    pub(super) fn goes_back(&self, movie_scale: u32) -> bool {
        self.has_edits() && self.edited(movie_scale).is_none()
    }

    /// The parts that are played, in ticks of the track; the whole where the list
    /// goes back in it, which is not followed.
    fn played(&self, movie_scale: u32) -> Vec<TickRange> {
        self.edited(movie_scale).unwrap_or_else(|| {
            vec![TickRange {
                start: 0,
                end: i64::MAX,
                shift: 0,
                part: 0,
            }]
        })
    }

    fn edited(&self, movie_scale: u32) -> Option<Vec<TickRange>> {
        if !self.has_edits() || movie_scale == 0 {
            return None;
        }
        let ticks = |movie: u64| {
            let ticks = u128::from(movie) * u128::from(self.scale) / u128::from(movie_scale);
            i64::try_from(ticks).unwrap_or(i64::MAX / 4)
        };
        // A length is rounded to a tick of the movie.
        let rounded = i64::from(self.scale.div_ceil(movie_scale));
        let (mut at, mut parts) = (0_u64, Vec::<TickRange>::new());
        for edit in &self.edits {
            if edit.media >= 0 {
                let end = match edit.length {
                    0 => i64::MAX,
                    length => edit.media.saturating_add(ticks(length)),
                };
                let latest = edit.media.saturating_add(rounded);
                if parts.last().is_some_and(|last| latest < last.end) {
                    return None;
                }
                parts.push(TickRange {
                    start: edit.media,
                    end,
                    shift: ticks(at).saturating_sub(edit.media),
                    part: parts.len(),
                });
            }
            at = at.saturating_add(edit.length);
        }
        Some(parts)
    }
}

impl Edit {
    fn list(body: &[u8]) -> Vec<Self> {
        let wide = body.first() == Some(&1);
        let size = if wide { 20 } else { 12 };
        let count = word(body, 4).unwrap_or(0) as usize;
        let entries = body.get(8..).unwrap_or_default().chunks_exact(size);
        let parse = |entry: &[u8]| {
            Some(if wide {
                Self {
                    length: long(entry, 0)?,
                    media: long(entry, 8)?.cast_signed(),
                }
            } else {
                Self {
                    length: word(entry, 0)?.into(),
                    media: word(entry, 4)?.cast_signed().into(),
                }
            })
        };
        entries.take(count).filter_map(parse).collect()
    }
}
