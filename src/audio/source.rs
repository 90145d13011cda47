//! The interface of every recording, and its errors.

use std::fmt;
use std::io;

use crate::dsp::resample::INPUT_RATES_HZ;

/// The format of a stream of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Frames per second.
    pub sample_rate: u32,
    /// Samples per frame.
    pub channels: u16,
}

impl Spec {
    /// Checks a declared or requested format, so that a false one cannot exhaust
    /// memory.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Implausible`] outside 1 kHz to 768 kHz and 1 to 64 channels.
    pub fn checked(sample_rate: u32, channels: usize) -> Result<Self, DecodeError> {
        if !INPUT_RATES_HZ.contains(&sample_rate) {
            let what = format!("a sample rate of {sample_rate} Hz");
            return Err(DecodeError::Implausible(what));
        }
        match u16::try_from(channels) {
            Ok(channels @ 1..=64) => Ok(Self {
                sample_rate,
                channels,
            }),
            _ => Err(DecodeError::Implausible(format!("{channels} channels"))),
        }
    }
}

/// A recording that is read from its start to its end.
pub trait Source: Send {
    /// Rate and channels.
    fn spec(&self) -> Spec;

    /// Length in seconds, where the file declares it. It may be wrong.
    fn total_s(&self) -> Option<f64>;

    /// Appends the next samples, interleaved, nominally in `[-1, 1]`; `false` at the end.
    ///
    /// # Errors
    ///
    /// What is wrong with the rest, after everything before it was returned.
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError>;

    /// Moves to `seconds` from the start, or to the end where that is earlier; returns
    /// the exact new position.
    ///
    /// # Errors
    ///
    /// [`DecodeError::CannotSeek`] where the audio is a stream.
    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError>;

    /// Frames that the recording declares missing before those that the last
    /// [`read`](Self::read) appended; reported once. Before the first samples, this is
    /// the time at which the track begins.
    fn take_gap(&mut self) -> u64 {
        0
    }

    /// Damaged packets so far; each is replaced by silence.
    fn damaged(&self) -> u64 {
        0
    }

    /// Remarks that are not errors; complete once the end was reached.
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

/// A remark about a recording that was read to its end. The sentences follow the file's
/// name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The header was not completed, because its recorder was killed.
    Unfinished,
    /// The last packet is incomplete, and no header declared the length.
    CutPacket,
    /// Another recording with another format follows in the same file.
    Another,
    /// Another recording follows in the same stream.
    Follows,
    /// Its edit list repeats parts or changes their order.
    Unordered,
    /// Its timestamps are wall-clock times.
    Clock {
        /// The first, in seconds.
        start_s: u64,
    },
    /// Its timestamps leap by more than a day.
    Leap {
        /// Where that is, in seconds.
        at_s: u64,
    },
    /// It holds several audio tracks.
    Tracks {
        /// Number of audio tracks.
        count: usize,
        /// The one that was read, from 1.
        used: usize,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfinished => out.write_str(
                "has a header that was never completed (its recorder was stopped); \
                 everything behind the header was read",
            ),
            Self::Another => out.write_str(
                "is followed by another recording in the same file, which has another \
                 format and was not read",
            ),
            Self::Follows => out.write_str(
                "is followed by another recording in the same stream, which was not read; \
                 save the stream to a file for all of it",
            ),
            Self::CutPacket => {
                out.write_str("ends within a packet; everything before that packet was read")
            }
            Self::Unordered => out.write_str(
                "has an edit list that repeats parts or changes their order; \
                 it was read in the order of its samples, and the times are theirs",
            ),
            Self::Clock { start_s } => write!(
                out,
                "has timestamps that begin at {start_s} s, which are those of a calendar; \
                 the times here count from its first sample"
            ),
            Self::Leap { at_s } => write!(
                out,
                "has timestamps that leap by more than a day after {at_s} s; \
                 from there on the times count its samples"
            ),
            Self::Tracks { count, used } => {
                write!(out, "holds {count} audio tracks; track {used} was read")
            }
        }
    }
}

/// Why a recording cannot be read, or not to its end. The sentences follow the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It cannot be opened.
    #[error("{}", opening(.0))]
    Open(io::Error),
    /// It is a folder.
    #[error("is a folder; name a file in it, or let `emoscope analyze` walk it")]
    Folder,
    /// It has no bytes.
    #[error("is empty (0 bytes): record or copy it again")]
    Empty,
    /// No reader recognizes it.
    #[error(
        "is not audio that emoscope reads \
         (wav, flac, mp3, ogg, opus, m4a, aac, aiff, caf, mka, au); \
         convert it, for example with: ffmpeg -i FILE out.wav"
    )]
    NotAudio,
    /// A pointer to a file that was not fetched.
    #[error("is a pointer of Git LFS, not the recording; fetch that with: git lfs pull")]
    Pointer,
    /// A container without an audio track.
    #[error("holds no audio track")]
    NoAudioTrack,
    /// A known container with an unsupported codec.
    #[error(
        "has a format or codec that emoscope does not read ({0}); \
         convert it, for example with: ffmpeg -i FILE out.wav"
    )]
    UnsupportedCodec(String),
    /// Opus, in a build without it.
    #[error("is Opus, and this emoscope was built without it; build with `--features opus`")]
    WithoutOpus,
    /// The selected track does not exist.
    #[error("has no audio track {wanted}: it holds {count}")]
    NoSuchTrack {
        /// As requested, from 1.
        wanted: usize,
        /// Audio tracks that it has.
        count: usize,
    },
    /// A stream whose index comes last.
    #[error(
        "has its index at its end, so that it cannot be read as a stream; save it to a file first"
    )]
    NeedsFile,
    /// A header without samples.
    #[error("holds a header but no samples: the recording never started or was not saved")]
    NoSamples,
    /// It ends long before its declared length.
    #[error(
        "is cut off: only {read_s:.2} s of {total_s:.2} s are there; \
         what is there was read, copy the file again for the rest"
    )]
    Truncated {
        /// Seconds that were read.
        read_s: f64,
        /// Seconds that its header declares.
        total_s: f64,
    },
    /// Not readable from here on.
    #[error("is damaged ({0}); copy it again, or repair it with: ffmpeg -i FILE out.wav")]
    Damaged(String),
    /// A header that cannot be true.
    #[error("claims {0}, which is not plausible: the header is damaged or this is not audio")]
    Implausible(String),
    /// Reading failed.
    #[error("could not be read further: {0}")]
    Read(io::Error),
    /// The audio cannot be rewound.
    #[error("is a stream and cannot be moved in; save it to a file first")]
    CannotSeek,
}

fn opening(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist; check the path".into(),
        io::ErrorKind::PermissionDenied => {
            "cannot be read without permission; allow it with: chmod +r FILE".into()
        }
        _ => format!("cannot be opened: {error}"),
    }
}
