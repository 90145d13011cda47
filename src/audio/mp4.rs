//! The parts of an MP4's index that its reader does not expose: kinds of tracks, the
//! default track, and presentation times.

mod boxes;
mod edits;
mod fragments;

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW};

use boxes::{box_head, boxes, inside, object_type, pairs, word};
use edits::Edit;
use fragments::Fragment;

pub(super) use edits::TickRange;
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
}
