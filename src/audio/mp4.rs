//! The parts of an MP4's index that its reader does not expose: kinds of tracks, the
//! default track, and presentation times.

use std::io::{self, Read, Seek, SeekFrom};

/// Most boxes at the top level of a file, and the largest index in bytes, that are
/// parsed.
const BOXES: usize = 200_000;
const INDEX: u64 = 64 << 20;

/// The index of an MP4.
#[derive(Debug, Default)]
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

/// Samples that follow the index.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    /// Their presentation time in ticks, if given.
    at: Option<u64>,
    ticks: u64,
}

/// A part of a track: ticks as its reader counts them, and their distance from the
/// presentation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    /// The tick after the last; `i64::MAX` where there is no end.
    pub(super) end: i64,
    pub(super) shift: i64,
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
    for _ in 0..BOXES {
        file.seek(SeekFrom::Start(at))?;
        let Some((kind, size, head)) = box_head(file, there - at)? else {
            break;
        };
        match &kind {
            b"moov" if size <= INDEX && at + size <= there => {
                let mut body = vec![0; (size - head) as usize];
                file.read_exact(&mut body)?;
                layout.movie = Movie::parse(&body);
            }
            b"moof" if size <= INDEX && at + size <= there => {
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
        if size > INDEX {
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

/// Kind, size and header length of the next box; `left` replaces a size of "to the
/// end".
fn box_head(from: &mut impl Read, left: u64) -> io::Result<Option<([u8; 4], u64, u64)>> {
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

fn words(bytes: &[u8]) -> Option<(u32, u32)> {
    Some((word(bytes, 0)?, word(bytes, 4)?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(u64::from_be_bytes(eight))
}

/// The boxes inside a body: kind and body of each.
fn boxes(mut body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
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

fn inside<'a>(body: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(body, |body, &wanted| {
        boxes(body)
            .find(|(kind, _)| kind == wanted)
            .map(|(_, body)| body)
    })
}

/// Pairs of words after the header of a full box.
fn pairs(body: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let count = word(body, 4).unwrap_or(0) as usize;
    let pairs = body.get(8..).unwrap_or_default().chunks_exact(8);
    pairs.take(count).filter_map(words)
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
                track.fragments.push(fragment);
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
        let format = inside(table, &[b"stsd"]).and_then(|list| word(list, 12));
        let times = inside(table, &[b"stts"]).unwrap_or_default();
        let edits = inside(body, &[b"edts", b"elst"]);
        Some(Self {
            id,
            enabled: head.get(3)? & 1 == 1,
            audio: inside(media, &[b"hdlr"])?.get(8..12)? == b"soun",
            scale,
            format: format.unwrap_or(0).to_be_bytes(),
            ticks: pairs(times)
                .map(|(n, ticks)| u64::from(n) * u64::from(ticks))
                .sum(),
            default: None,
            edits: edits.map_or(Vec::new(), Edit::list),
            fragments: Vec::new(),
        })
    }

    /// Ticks of all samples, where they are known.
    pub(super) fn ticks(&self) -> u64 {
        let fragments = self.fragments.iter().map(|fragment| fragment.ticks);
        fragments.fold(self.ticks, u64::saturating_add)
    }

    /// Whether any part of the track is presented at another time than its own.
    pub(super) fn has_edits(&self) -> bool {
        self.edits.iter().any(|edit| edit.media >= 0)
    }

    /// The presentation times of its samples, in its reader's order.
    pub(super) fn spans(&self, movie_scale: u32) -> Vec<Span> {
        let mut placed = vec![];
        let mut counted = self.ticks;
        // The reader keeps counting from fragment to fragment, whatever times they
        // declare.
        for fragment in &self.fragments {
            let shift = fragment.at.unwrap_or(counted).cast_signed();
            placed.push(Span {
                start: counted.cast_signed(),
                end: counted.saturating_add(fragment.ticks).cast_signed(),
                shift: shift.saturating_sub(counted.cast_signed()),
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
                Span {
                    start: 0,
                    end,
                    shift: 0,
                },
            );
        }
        if let Some(last) = placed.last_mut() {
            last.end = i64::MAX;
        }
        let parts = self.played(movie_scale);
        let mut spans: Vec<Span> = Vec::new();
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
                    _ => spans.push(Span { start, end, shift }),
                }
            }
        }
        spans
    }

    /// The parts that are presented, in ticks of the track. The whole track where the
    /// edit list goes backwards, which is not supported.
    fn played(&self, movie_scale: u32) -> Vec<Span> {
        let whole = vec![Span {
            start: 0,
            end: i64::MAX,
            shift: 0,
        }];
        if !self.has_edits() || movie_scale == 0 {
            return whole;
        }
        let ticks = |movie: u64| {
            let ticks = u128::from(movie) * u128::from(self.scale) / u128::from(movie_scale);
            i64::try_from(ticks).unwrap_or(i64::MAX / 4)
        };
        let (mut at, mut parts) = (0_u64, Vec::<Span>::new());
        for edit in &self.edits {
            if edit.media >= 0 {
                let end = match edit.length {
                    0 => i64::MAX,
                    length => edit.media.saturating_add(ticks(length)),
                };
                if parts.last().is_some_and(|last| edit.media < last.end) {
                    return whole;
                }
                let shift = ticks(at).saturating_sub(edit.media);
                parts.push(Span {
                    start: edit.media,
                    end,
                    shift,
                });
            }
            at = at.saturating_add(edit.length);
        }
        parts
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

impl Fragment {
    fn parse(body: &[u8], default: Option<u32>) -> Option<Self> {
        let head = inside(body, &[b"tfhd"])?;
        let flags = word(head, 0)?;
        // Base offset and sample description precede the default sample duration.
        let skipped = 8 * (flags & 1) as usize + 4 * (flags >> 1 & 1) as usize;
        let own = (flags & 8 != 0).then(|| word(head, 8 + skipped)).flatten();
        let default = own.or(default);
        let at = inside(body, &[b"tfdt"]).and_then(|time| {
            if time.first()? == &1 {
                long(time, 4)
            } else {
                word(time, 4).map(u64::from)
            }
        });
        let mut ticks = 0_u64;
        for (_, run) in boxes(body).filter(|(kind, _)| kind == b"trun") {
            let (flags, count) = words(run)?;
            let fields = (flags >> 8 & 15).count_ones() as usize;
            let skipped = 8 + 4 * (flags & 1) as usize + 4 * (flags >> 2 & 1) as usize;
            if flags & 0x100 == 0 {
                ticks = ticks.saturating_add(u64::from(count) * u64::from(default?));
                continue;
            }
            let samples = run.get(skipped..)?.chunks_exact(4 * fields);
            let lengths = samples
                .take(count as usize)
                .filter_map(|sample| word(sample, 0));
            ticks = lengths.fold(ticks, |sum, ticks| sum.saturating_add(ticks.into()));
        }
        Some(Self { at, ticks })
    }
}
