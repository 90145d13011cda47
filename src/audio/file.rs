//! A recording of any format, decoded block by block, never held in memory as a whole.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use symphonia::core::io::ReadOnlySource;

use super::kinds::{self, HEAD_BYTES};
use super::media::{id3_length, mask};
use super::mp4::{FragmentReader, GrowingIndex};
use super::packets::{Known, Packets};
use super::plain::{Input, Plain};
use super::source::{Note, Source, Spec};
use super::wav::Wav;
use super::{aiff, au, caf, matroska, mp4, wav};

pub use super::source::DecodeError;

/// File name extensions that count as audio in a folder.
const EXTENSIONS: [&str; 29] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "aac", "aif", "aiff",
    "aifc", "caf", "mka", "mkv", "webm", "mov", "3gp", "3g2", "m4v", "weba", "au", "snd", "mp2",
    "ogv", "ogx", "m4r",
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
        let head = head(&mut file, HEAD_BYTES)?;
        if let Some(name) = kinds::unread(&head) {
            return Err(DecodeError::UnsupportedCodec(name));
        }
        let known = |extension: Option<&str>| Known {
            extension: extension.map(str::to_owned),
            track,
            ..Known::default()
        };
        let begin = |mut file: File| -> Result<Input, DecodeError> {
            file.seek(SeekFrom::Start(0)).map_err(DecodeError::Read)?;
            Ok(Input::File(BufReader::new(file)))
        };
        if let Some(open) = plain(&head) {
            return only(track, open(begin(file)?)?);
        }
        if wav::is_wav(&head) {
            return match wav::open(begin(file)?)? {
                Wav::Plain(plain) => only(track, *plain),
                Wav::Mpeg { data, .. } => Ok(Self(Box::new(Packets::open(
                    path,
                    data,
                    known(Some("mp3")),
                )?))),
            };
        }
        let base = behind_tags(&mut file, about.len())?;
        let packets = Packets::open(path, base, known(None));
        Ok(Self(Box::new(packets.map_err(|e| truncated(e, &head))?)))
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
        let mut input = input;
        let mut head = head(&mut input, HEAD_BYTES)?;
        if let Some(name) = kinds::unread(&head) {
            return Err(DecodeError::UnsupportedCodec(name));
        }
        let mut known = Known {
            track,
            ..Known::default()
        };
        let whole = |head: Vec<u8>, input| Cursor::new(head).chain(input);
        if let Some(open) = plain(&head) {
            return only(track, open(Input::Stream(Box::new(whole(head, input))))?);
        }
        if wav::is_wav(&head) {
            let whole = Input::Stream(Box::new(whole(head, input)));
            return match wav::open(whole)? {
                Wav::Plain(plain) => only(track, *plain),
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
        let input: Box<dyn Read + Send> = match &known.growing_index {
            Some(index) => Box::new(FragmentReader::new(whole(media_head, input), index.clone())),
            None => Box::new(whole(media_head, input)),
        };
        let mut whole = input;
        let mut rest = Vec::new();
        // A tag may be longer than the distance that a reader searches.
        for _ in 0..MAX_TAGS {
            rest.clear();
            Read::take(&mut whole, 10)
                .read_to_end(&mut rest)
                .map_err(DecodeError::Read)?;
            let Some(length) = id3_length(&rest) else {
                break;
            };
            let mut tag = Read::take(&mut whole, length - 10);
            std::io::copy(&mut tag, &mut std::io::sink()).map_err(DecodeError::Read)?;
        }
        let media = ReadOnlySource::new(Shared(Mutex::new(Cursor::new(rest).chain(whole))));
        let packets = Packets::stream(Box::new(media), &known);
        Ok(Self(Box::new(packets.map_err(|e| truncated(e, &head))?)))
    }
}

/// The function that opens an uncompressed file with this beginning; WAV excepted.
fn plain(head: &[u8]) -> Option<impl FnOnce(Input) -> Result<Plain, DecodeError> + use<>> {
    let samples = caf::samples(head);
    let (is_au, is_aiff) = (au::is_au(head), aiff::is_aiff(head));
    (is_au || is_aiff || samples.is_some()).then_some(move |input| match samples {
        Some(format) => caf::open(input, format),
        None if is_au => au::open(input),
        None => aiff::open(input),
    })
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
            Some(_) => {
                return Err(DecodeError::Damaged(
                    "its ID3 tag is longer than the file".into(),
                ));
            }
            None => break,
        }
    }
    Ok(base)
}

/// A file that begins like audio but that no reader accepts is incomplete.
fn truncated(error: DecodeError, head: &[u8]) -> DecodeError {
    match error {
        DecodeError::NotAudio if kinds::known(head) => {
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
