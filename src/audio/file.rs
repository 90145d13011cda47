//! A recording of any format, decoded block by block, never held in memory as a whole.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use symphonia::core::io::ReadOnlySource;

use super::fixed_blocks::{ByteSource, FixedBlocks};
use super::flac::{NextFile, UntilNext};
use super::kinds::{self, HEAD_BYTES};
use super::media::{Media, id3_length, mask};
use super::mp4::{FragmentReader, GrowingIndex};
use super::packets::{ContainerFacts, Packets};
use super::source::{Note, Source, Spec};
use super::wav::Wav;
use super::{aiff, au, caf, flac, matroska, mp4, ogg, sphere, w64, wav};

pub use super::source::DecodeError;

/// File name extensions that count as audio in a folder.
const EXTENSIONS: [&str; 34] = [
    "wav", "wave", "w64", "rf64", "bwf", "flac", "mp3", "ogg", "oga", "opus", "m4a", "m4b", "mp4",
    "aac", "aif", "aiff", "aifc", "caf", "mka", "mkv", "webm", "mov", "3gp", "3g2", "m4v", "weba",
    "au", "snd", "mp2", "ogv", "ogx", "m4r", "sph", "nist",
];

/// Most tags that are skipped before the audio.
const MAX_TAGS: usize = 10_000;

/// Whether a file name has an audio extension.
pub fn is_audio_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    })
}

/// A recording that is decoded as it is read.
pub struct AudioFile(Box<dyn Source>);

impl AudioFile {
    /// Opens a file and decodes its first samples.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file; it does not contain the file's
    /// name.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        Self::open_track(path, None)
    }

    /// Opens the audio track with that number, from 1. Without a number it opens the
    /// one that the file marks as default, or the one with the most channels.
    ///
    /// # Errors
    ///
    /// As [`AudioFile::open`], or [`DecodeError::NoSuchTrack`].
    pub fn open_track(path: &Path, track: Option<usize>) -> Result<Self, DecodeError> {
        let mut file = File::open(path).map_err(DecodeError::Open)?;
        let about = file.metadata().map_err(DecodeError::Open)?;
        if about.is_dir() {
            return Err(DecodeError::Folder);
        }
        if !about.is_file() {
            return Self::from_reader_track(file, track);
        }
        let base = behind_tags(&mut file, about.len())?;
        let mut media = Media::new(file, base).map_err(DecodeError::Read)?;
        let head = head(&mut media, HEAD_BYTES)?;
        if let Some(name) = kinds::unread(&head) {
            return Err(DecodeError::UnsupportedCodec(name));
        }
        let known = |extension: Option<&str>| ContainerFacts {
            extension: extension.map(str::to_owned),
            track,
            ..ContainerFacts::default()
        };
        let rewound = media.seek(SeekFrom::Start(0));
        rewound.map_err(DecodeError::Read)?;
        let input = ByteSource::File(BufReader::new(media));
        if let Some(open) = fixed_blocks(&head) {
            return only(track, open(input)?);
        }
        if let Some(open) = wave(&head) {
            return match open(input)? {
                Wav::Samples(samples) => only(track, *samples),
                Wav::Mpeg { data, .. } => Ok(Self(Box::new(Packets::open(
                    path,
                    base + data,
                    known(Some("mp3")),
                )?))),
            };
        }
        let packets = Packets::open(path, base, known(None));
        let packets = packets.map_err(|error| truncated(error, base > 0, &head));
        Ok(Self(Box::new(packets?)))
    }

    /// Reads a recording that is in memory.
    ///
    /// # Errors
    ///
    /// As [`AudioFile::open`].
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, DecodeError> {
        Ok(Self(Box::new(Packets::memory(bytes)?)))
    }

    /// Reads a stream that cannot be rewound, such as standard input: WAV, or any other
    /// format that can be read front to back.
    ///
    /// # Errors
    ///
    /// As [`AudioFile::open`], or [`DecodeError::NeedsFile`].
    pub fn from_reader(input: impl Read + Send + 'static) -> Result<Self, DecodeError> {
        Self::from_reader_track(input, None)
    }

    /// Reads the audio track with that number from a stream, as
    /// [`AudioFile::open_track`] does.
    ///
    /// # Errors
    ///
    /// As [`AudioFile::from_reader`], or [`DecodeError::NoSuchTrack`].
    pub fn from_reader_track(
        input: impl Read + Send + 'static,
        track: Option<usize>,
    ) -> Result<Self, DecodeError> {
        let (mut input, tagged) = past_tags(input)?;
        let head = head(&mut input, HEAD_BYTES);
        let mut head = head.map_err(|error| match error {
            DecodeError::Empty if tagged => DecodeError::NoSamples,
            error => error,
        })?;
        if let Some(name) = kinds::unread(&head) {
            return Err(DecodeError::UnsupportedCodec(name));
        }
        let mut known = ContainerFacts {
            track,
            ..ContainerFacts::default()
        };
        let whole = |head: Vec<u8>, input| Cursor::new(head).chain(input);
        if let Some(open) = fixed_blocks(&head) {
            return only(
                track,
                open(ByteSource::Stream(Box::new(whole(head, input))))?,
            );
        }
        if let Some(open) = wave(&head) {
            let whole = ByteSource::Stream(Box::new(whole(head, input)));
            return match open(whole)? {
                Wav::Samples(samples) => only(track, *samples),
                Wav::Mpeg { input, .. } => {
                    known.extension = Some("mp3".into());
                    let media = ReadOnlySource::new(Shared(Mutex::new(input)));
                    Ok(Self(Box::new(Packets::stream(Box::new(media), &known)?)))
                }
            };
        }
        if mp4::is_mp4(&head) {
            let layout = mp4::look_ahead(&mut input, &mut head).map_err(DecodeError::Read)?;
            if layout.samples_first {
                return Err(DecodeError::NeedsFile);
            }
            known.growing_index = layout.movie.clone().map(GrowingIndex::new);
            known.movie = layout.movie;
        }
        if matroska::is_matroska(&head) {
            matroska::look_ahead(&mut input, &mut head, matroska::SEARCHED_BYTES)
                .map_err(DecodeError::Read)?;
        }
        known.look_at(&head, None);
        let mut media_head = head.clone();
        let kind = |at: u64| head.get(at as usize..)?.first_chunk::<4>().copied();
        known
            .extras
            .retain(|&at| kind(at).is_some_and(matroska::is_extra));
        mask(&mut media_head, 0, &known.extras);
        if head.starts_with(b"OggS") {
            known.pages = Some(ogg::StreamPages::default());
        }
        known.next_flac = flac::is_flac(&head).then(NextFile::default);
        let whole = whole(media_head, input);
        let facts = (&known.growing_index, &known.pages, &known.next_flac);
        let input: Box<dyn Read + Send> = match facts {
            (Some(index), _, _) => Box::new(FragmentReader::new(whole, index.clone())),
            (None, Some(pages), _) => Box::new(ogg::PageReader::new(whole, pages.clone())),
            (None, None, Some(next)) => Box::new(UntilNext::new(whole, next.clone())),
            (None, None, None) => Box::new(whole),
        };
        let media = ReadOnlySource::new(Shared(Mutex::new(input)));
        let packets = Packets::stream(Box::new(media), &known);
        let packets = packets.map_err(|error| match truncated(error, tagged, &head) {
            // The sizes of its packets may come last.
            DecodeError::Damaged(_) if head.starts_with(b"caff") => DecodeError::NeedsFile,
            error => error,
        });
        Ok(Self(Box::new(packets?)))
    }
}

/// The function that opens an uncompressed file with this beginning; WAV excepted.
fn fixed_blocks(
    head: &[u8],
) -> Option<impl FnOnce(ByteSource) -> Result<FixedBlocks, DecodeError> + use<>> {
    let samples = caf::samples(head);
    let open: Option<fn(ByteSource) -> Result<FixedBlocks, DecodeError>> = match head {
        head if au::is_au(head) => Some(au::open),
        head if aiff::is_aiff(head) => Some(aiff::open),
        head if sphere::is_sphere(head) => Some(sphere::open),
        _ => None,
    };
    (open.is_some() || samples.is_some()).then_some(move |input| match (samples, open) {
        (Some(format), _) => caf::open(input, format),
        (None, Some(open)) => open(input),
        (None, None) => Err(DecodeError::NotAudio),
    })
}

/// The function that opens a WAV, or its variant for 64 bits, with this beginning.
fn wave(head: &[u8]) -> Option<fn(ByteSource) -> Result<Wav, DecodeError>> {
    if w64::is_w64(head) {
        return Some(w64::open);
    }
    wav::is_wav(head).then_some(wav::open)
}

/// A recording with a single track, so no other one can be selected.
fn only(wanted: Option<usize>, source: impl Source + 'static) -> Result<AudioFile, DecodeError> {
    match wanted {
        Some(wanted) if wanted != 1 => Err(DecodeError::NoSuchTrack { wanted, count: 1 }),
        _ => Ok(AudioFile(Box::new(source))),
    }
}

impl Source for AudioFile {
    fn spec(&self) -> Spec {
        self.0.spec()
    }

    fn total_s(&self) -> Option<f64> {
        self.0.total_s()
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        self.0.read(out)
    }

    fn take_gap(&mut self) -> u64 {
        self.0.take_gap()
    }

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        self.0.seek(seconds)
    }

    fn damaged(&self) -> u64 {
        self.0.damaged()
    }

    fn notes(&self) -> Vec<Note> {
        self.0.notes()
    }
}

/// The first bytes, or [`DecodeError::Empty`].
fn head(input: &mut impl Read, count: usize) -> Result<Vec<u8>, DecodeError> {
    let mut head = Vec::new();
    Read::take(input, count as u64)
        .read_to_end(&mut head)
        .map_err(DecodeError::Read)?;
    if head.is_empty() {
        return Err(DecodeError::Empty);
    }
    Ok(head)
}

/// The message for a tag that ends after the file does.
fn long_tag() -> DecodeError {
    DecodeError::Damaged("its ID3 tag is longer than the file".into())
}

/// A stream behind the tags at its start, and whether there are any.
fn past_tags<R: Read>(mut input: R) -> Result<(impl Read + use<R>, bool), DecodeError> {
    let mut next = Vec::new();
    for number in 0..MAX_TAGS {
        next.clear();
        let read = Read::take(&mut input, 10).read_to_end(&mut next);
        read.map_err(DecodeError::Read)?;
        let Some(length) = id3_length(&next) else {
            return Ok((Cursor::new(next).chain(input), number > 0));
        };
        let mut tag = Read::take(&mut input, length - 10);
        let skipped = std::io::copy(&mut tag, &mut std::io::sink());
        if skipped.map_err(DecodeError::Read)? < length - 10 {
            return Err(long_tag());
        }
    }
    Ok((Cursor::new(Vec::new()).chain(input), true))
}

/// Where the audio begins. A reader would also search the picture inside a tag.
fn behind_tags(file: &mut File, length: u64) -> Result<u64, DecodeError> {
    let mut base = 0;
    for _ in 0..MAX_TAGS {
        let mut tag = Vec::new();
        let sought = file.seek(SeekFrom::Start(base));
        let read = sought.and_then(|_| Read::take(&mut *file, 10).read_to_end(&mut tag));
        read.map_err(DecodeError::Read)?;
        match id3_length(&tag) {
            Some(size) if base + size < length => base += size,
            Some(size) if base + size == length => return Err(DecodeError::NoSamples),
            Some(_) => return Err(long_tag()),
            None => break,
        }
    }
    Ok(base)
}

/// A file that begins like audio but that no reader accepts is incomplete.
fn truncated(error: DecodeError, tagged: bool, head: &[u8]) -> DecodeError {
    match error {
        DecodeError::NotAudio if kinds::is_pointer(head) => DecodeError::Pointer,
        DecodeError::NotAudio if kinds::only_pictures(head) => DecodeError::NoAudioTrack,
        DecodeError::NotAudio if let Some(name) = kinds::mpeg(head) => {
            DecodeError::UnsupportedCodec(name.into())
        }
        DecodeError::NotAudio if tagged || kinds::known(head) => {
            DecodeError::Damaged("it ends too soon".into())
        }
        error => error,
    }
}

/// Gives a reader the `Sync` bound that the decoders require and never use.
struct Shared<R>(Mutex<R>);

impl<R: Read> Read for Shared<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .read(out)
    }
}
