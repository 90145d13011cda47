//! Opens a compressed recording: facts about its bytes, its reader, its track.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use symphonia::core::common::Tier;
use symphonia::core::formats::FormatOptions;
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::io::{
    MediaSource, MediaSourceStream, MediaSourceStreamOptions, ReadOnlySource,
};
use symphonia::core::meta::MetadataOptions;

use super::super::adts::AdtsReader;
use super::super::codec::{self, Chosen, Listed};
use super::super::flac::{self, NextFile};
use super::super::guard::guard;
use super::super::kinds;
use super::super::matroska;
use super::super::media::Media;
use super::super::mp4::{self, GrowingIndex, Movie};
use super::super::ogg::{self, Pages};
use super::super::source::{DecodeError, Spec};
use super::super::timing::Timing;
use super::Packets;

/// Finds the reader of a container.
static PROBE: LazyLock<Probe> = LazyLock::new(|| {
    let mut probe = Probe::new();
    probe.register_format_at_tier::<AdtsReader<'_>>(Tier::Preferred);
    symphonia::default::register_enabled_formats(&mut probe);
    probe
});

/// Where the bytes come from.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// A file, from a byte position on.
    File(PathBuf, u64),
    Memory(&'static [u8]),
    /// A stream, and its pages so far if it is Ogg.
    Stream(Option<ogg::StreamPages>),
}

impl Origin {
    /// What is known of the pages of an Ogg file or stream; nothing of others.
    pub(super) fn pages(&self) -> Option<Pages> {
        match self {
            Self::File(path, base) => {
                let media = Media::new(File::open(path).ok()?, *base).ok()?;
                ogg::pages(BufReader::new(media)).ok()
            }
            Self::Stream(pages) => pages.as_ref().map(ogg::StreamPages::pages),
            Self::Memory(bytes) => ogg::pages(*bytes).ok(),
        }
    }
}

/// What is known about the bytes before their reader sees them.
#[derive(Default)]
pub(in crate::audio) struct ContainerFacts {
    /// The index of an MP4.
    pub(in crate::audio) movie: Option<Movie>,
    /// The fragments of a stream so far.
    pub(in crate::audio) growing_index: Option<GrowingIndex>,
    /// The pages of an Ogg stream so far.
    pub(in crate::audio) pages: Option<ogg::StreamPages>,
    /// Where the next FLAC file begins.
    pub(in crate::audio) next_flac: Option<NextFile>,
    /// Its audio tracks, where the file lists them.
    pub(in crate::audio) listed: Option<Vec<Listed>>,
    /// Where a Matroska file has elements that audio does not need.
    pub(in crate::audio) extras: Vec<u64>,
    /// Whether a reader must not search the end of the file.
    pub(in crate::audio) cut: bool,
    /// Extension of the file's name, or the one that its content requires.
    pub(in crate::audio) extension: Option<String>,
    /// The selected track, from 1.
    pub(in crate::audio) track: Option<usize>,
}

impl ContainerFacts {
    /// Reads the start of an MP4 or Matroska file of `length` bytes.
    pub(in crate::audio) fn look_at(&mut self, head: &[u8], length: Option<u64>) {
        if let Some(movie) = &self.movie {
            let audio = movie.tracks.iter().filter(|track| track.audio);
            let listed = audio.map(|track| Listed {
                id: track.id,
                default: track.enabled,
                name: kinds::in_mp4(track.format, track.object),
                big_endian: track.big_endian,
                params: track.params(),
            });
            self.listed = Some(listed.collect());
        } else if matroska::is_matroska(head) {
            let outline = matroska::look(head);
            self.cut = length.is_some_and(|length| outline.end.is_some_and(|end| end > length));
            let audio = outline.tracks.iter().filter(|track| track.audio);
            let listed: Vec<Listed> = audio
                .map(|track| Listed {
                    id: track.number,
                    default: track.default,
                    name: track.name(),
                    big_endian: false,
                    params: track.params(),
                })
                .collect();
            self.listed = (!outline.tracks.is_empty()).then_some(listed);
            self.extras = outline.extras;
        }
    }
}

impl Packets {
    /// Opens a file from byte `base` on.
    pub(in crate::audio) fn open(
        path: &Path,
        base: u64,
        known: ContainerFacts,
    ) -> Result<Self, DecodeError> {
        Self::open_at(&Origin::File(path.to_owned(), base), 0, known)
    }

    /// Opens a stream that cannot be rewound.
    pub(in crate::audio) fn stream(
        media: Box<dyn MediaSource>,
        known: &ContainerFacts,
    ) -> Result<Self, DecodeError> {
        Self::start(media, Origin::Stream(known.pages.clone()), 0, known)
    }

    /// Reads from memory.
    pub(in crate::audio) fn memory(bytes: &'static [u8]) -> Result<Self, DecodeError> {
        Self::open_at(&Origin::Memory(bytes), 0, ContainerFacts::default())
    }

    fn open_at(origin: &Origin, next: i64, mut known: ContainerFacts) -> Result<Self, DecodeError> {
        let media: Box<dyn MediaSource> = match origin {
            Origin::File(path, base) => {
                let file = File::open(path).map_err(DecodeError::Open)?;
                let mut media = Media::new(file, *base).map_err(DecodeError::Read)?;
                let there = media.there();
                let head = head(&mut media)?;
                if mp4::is_mp4(&head) {
                    let layout = mp4::look(&mut media, there).map_err(DecodeError::Read)?;
                    known.movie = layout.movie;
                    media.reach(layout.reach);
                }
                known.look_at(&head, Some(there));
                let extension = path.extension().and_then(|extension| extension.to_str());
                known.extension = known.extension.or(extension.map(str::to_owned));
                if flac::is_flac(&head) {
                    let next = known.next_flac.take().unwrap_or_default();
                    media.end_before(next.clone()).map_err(DecodeError::Read)?;
                    known.next_flac = Some(next);
                }
                media
                    .skip_extras(&known.extras)
                    .map_err(DecodeError::Read)?;
                if known.cut {
                    Box::new(ReadOnlySource::new(media))
                } else {
                    Box::new(media)
                }
            }
            Origin::Memory(bytes) => Box::new(Cursor::new(*bytes)),
            Origin::Stream(_) => return Err(DecodeError::CannotSeek),
        };
        Self::start(media, origin.clone(), next, &known)
    }

    fn start(
        media: Box<dyn MediaSource>,
        origin: Origin,
        next: i64,
        known: &ContainerFacts,
    ) -> Result<Self, DecodeError> {
        let mut hint = Hint::new();
        if let Some(extension) = &known.extension {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(media, MediaSourceStreamOptions::default());
        let reader = guard(|| {
            let (format, tags) = (FormatOptions::default(), MetadataOptions::default());
            PROBE.probe(&hint, stream, format, tags)
        });
        let reader = reader.map_err(codec::unreadable)?;
        let movie = known.movie.as_ref();
        let chosen = codec::choose(&*reader, known.listed.as_deref(), known.track)?;
        let track = reader.tracks().iter().find(|track| track.id == chosen.id);
        let track = track.ok_or(DecodeError::NoAudioTrack)?;
        let mut timing = Timing::of(&*reader, track, movie, chosen.pre_skip);
        if let Some((index, movie)) = known.growing_index.as_ref().zip(movie) {
            timing.follow_fragments(index, movie, chosen.id);
        }
        let listed = movie.and_then(|movie| {
            let track = movie.tracks.iter().find(|track| track.id == chosen.id)?;
            Some(track.goes_back(movie.scale))
        });
        let Chosen {
            id,
            decoder,
            params,
            gain,
            count,
            number,
            ..
        } = chosen;
        let mut packets = Self {
            reader,
            decoder,
            params,
            track: id,
            gain,
            spec: Spec {
                sample_rate: 0,
                channels: 1,
            },
            base: match origin {
                Origin::File(_, base) => base,
                Origin::Memory(_) | Origin::Stream(_) => 0,
            },
            origin,
            extension: known.extension.clone(),
            wanted: known.track,
            tracks: (count, number),
            next_flac: known.next_flac.clone(),
            first_flac: known.next_flac.clone(),
            total: None,
            position: -timing.pre_skip,
            timing,
            placed: false,
            part: 0,
            unordered: listed.unwrap_or(false),
            next,
            gap: 0,
            samples: Vec::new(),
            later: None,
            fresh: Vec::new(),
            longest: 0,
            shape: None,
            found: false,
            damaged: 0,
            holes: 0,
            converter: None,
            mixed: false,
            reason: None,
            latest_tick: 0,
            leap_s: None,
            cut: false,
            over: false,
        };
        // An estimate is of all parts, in which `next` may be in a later one.
        let estimate = (!packets.timing.counted).then(|| packets.timing.clone());
        // The first packet gives the real format; the header only declares one.
        let more = packets.advance()?;
        if !packets.found {
            let unread = packets.reason.and_then(kinds::unsupported_layout);
            return Err(match (packets.damaged, unread) {
                (0, _) => DecodeError::NoSamples,
                (_, Some(name)) => DecodeError::UnsupportedCodec(name.into()),
                (_, None) => DecodeError::Damaged("none of its packets can be decoded".into()),
            });
        }
        packets.over = !more;
        let timing = estimate.as_ref().unwrap_or(&packets.timing);
        packets.total = timing.total(packets.spec.sample_rate);
        Ok(packets)
    }

    /// Finds the FLAC file that follows in the same file, as a jump requires; its
    /// position after the start of this one.
    pub(super) fn find_next_flac(&self) -> Result<Option<u64>, DecodeError> {
        let (Some(next), Origin::File(path, _)) = (&self.next_flac, &self.origin) else {
            return Ok(None);
        };
        if next.is_unknown() {
            let mut file = File::open(path).map_err(DecodeError::Open)?;
            let found = file.seek(SeekFrom::Start(self.base));
            let found = found.and_then(|_| next.search_whole(file));
            found.map_err(DecodeError::Read)?;
        }
        Ok(next.position())
    }

    /// Reopens the recording, to return the frames from `next` on.
    pub(super) fn reopen(&self, next: i64) -> Result<Self, DecodeError> {
        let known = ContainerFacts {
            track: self.wanted,
            extension: self.extension.clone(),
            next_flac: self.first_flac.clone(),
            ..ContainerFacts::default()
        };
        let mut again = Self::open_at(&self.origin, next, known)?;
        again.mixed |= self.mixed;
        Ok(again)
    }
}

/// The first bytes of a file.
fn head(media: &mut Media) -> Result<Vec<u8>, DecodeError> {
    let mut head = Vec::new();
    let read = Read::take(&mut *media, matroska::SEARCHED_BYTES as u64).read_to_end(&mut head);
    read.map_err(DecodeError::Read)?;
    Ok(head)
}
