//! A recording of any format, block by block and never as a whole in memory.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use symphonia::core::io::ReadOnlySource;

use super::packets::Packets;
use super::source::{Source, Spec};
use super::wav::{Input, Wav};

pub use super::source::DecodeError;

/// Endings by which a walk through folders knows audio.
const EXTENSIONS: [&str; 19] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "aac", "aif", "aiff",
    "aifc", "caf", "mka", "mkv", "webm", "mov",
];

/// Whether the name of a file says that it holds audio.
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
    /// Opens a file and looks into its first samples.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file; it does not name it.
    pub fn open(path: &Path) -> Result<Self, DecodeError> {
        let mut file = File::open(path).map_err(DecodeError::Open)?;
        let about = file.metadata().map_err(DecodeError::Open)?;
        if about.is_dir() {
            return Err(DecodeError::Folder);
        }
        if !about.is_file() {
            return Self::from_reader(file);
        }
        let head = head(&mut file)?;
        if is_wav(&head) {
            file.seek(SeekFrom::Start(0)).map_err(DecodeError::Read)?;
            if let Some(wav) = Wav::open(Input::File(BufReader::new(file)))? {
                return Ok(Self(Box::new(wav)));
            }
        }
        let packets = Packets::open(path).map_err(|error| judge(error, &head))?;
        Ok(Self(Box::new(packets)))
    }

    /// Reads a recording that is in memory.
    ///
    /// # Errors
    ///
    /// As [`AudioFile::open`].
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, DecodeError> {
        Ok(Self(Box::new(Packets::memory(bytes)?)))
    }

    /// Reads a stream that passes once, such as standard input: WAV, or any
    /// other format that needs no look ahead.
    ///
    /// # Errors
    ///
    /// As [`AudioFile::open`].
    pub fn from_reader(input: impl Read + Send + 'static) -> Result<Self, DecodeError> {
        let mut input = input;
        let head = head(&mut input)?;
        let wav = is_wav(&head);
        let whole = Cursor::new(head.clone()).chain(input);
        if wav {
            let wav = Wav::open(Input::Stream(Box::new(whole)))?;
            return wav.map_or(Err(DecodeError::NotAudio), |wav| Ok(Self(Box::new(wav))));
        }
        let media = ReadOnlySource::new(Shared(Mutex::new(whole)));
        let packets = Packets::stream(Box::new(media)).map_err(|error| judge(error, &head))?;
        Ok(Self(Box::new(packets)))
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

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        self.0.seek(seconds)
    }

    fn truncated(&self) -> bool {
        self.0.truncated()
    }

    fn damaged(&self) -> u64 {
        self.0.damaged()
    }
}

/// The first bytes, or [`DecodeError::Empty`].
fn head(input: &mut impl Read) -> Result<Vec<u8>, DecodeError> {
    let mut head = Vec::new();
    input
        .take(12)
        .read_to_end(&mut head)
        .map_err(DecodeError::Read)?;
    if head.is_empty() {
        return Err(DecodeError::Empty);
    }
    Ok(head)
}

/// Where no reader took a file that begins as audio does, it is not whole.
fn judge(error: DecodeError, head: &[u8]) -> DecodeError {
    let known = match head {
        [_, _, _, _, b'f', b't', b'y', b'p', ..] | [0x1a, 0x45, 0xdf, 0xa3, ..] => true,
        head => ["OggS", "fLaC", "FORM", "caff", "RIFF", "ID3"]
            .iter()
            .any(|magic| head.starts_with(magic.as_bytes())),
    };
    match error {
        DecodeError::NotAudio if known => DecodeError::Damaged("it ends too soon".into()),
        error => error,
    }
}

fn is_wav(head: &[u8]) -> bool {
    matches!(head.get(..4), Some(b"RIFF" | b"RF64" | b"BW64")) && head.get(8..12) == Some(b"WAVE")
}

/// Gives a reader the `Sync` that the decoders ask for and never use.
struct Shared<R>(Mutex<R>);

impl<R: Read> Read for Shared<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .read(out)
    }
}
