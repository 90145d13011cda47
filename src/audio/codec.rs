//! Which decoder a track needs, and what the times in its container are worth.

use std::sync::LazyLock;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, CODEC_ID_NULL_AUDIO,
};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_AIFF, FORMAT_ID_CAF, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MP3,
    FORMAT_ID_OGG, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::units::TimeBase;

use super::guard::guard;
use super::source::DecodeError;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    #[cfg(feature = "opus")]
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// What is needed to decode one track.
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) timing: Timing,
    pub(super) total: Total,
}

/// What the timestamps of a container are worth.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself")]
pub(super) struct Timing {
    /// One tick is one frame, so that a packet tells exactly where it belongs.
    pub(super) tick_is_frame: bool,
    /// Timestamp of frame 0; known from the first packet on.
    pub(super) origin: Option<i64>,
    /// Frames that Opus decodes before frame 0.
    pub(super) pre_skip: i64,
    /// Whether the length was counted and not guessed.
    pub(super) counted: bool,
    /// Whether a packet may hold more than its duration, which then is padding.
    pub(super) padded: bool,
    /// Whether the container finds a timestamp.
    pub(super) seeks: bool,
}

/// The length that a track claims.
pub(super) struct Total {
    frames: Option<u64>,
    seconds: Option<f64>,
    pre_skip: u64,
}

impl Total {
    /// In frames of the rate at which it is really decoded.
    pub(super) fn frames(&self, sample_rate: u32) -> Option<i64> {
        let seconds = self
            .seconds
            .map(|s| (s * f64::from(sample_rate)).round() as u64);
        let frames = self.frames.or(seconds)?;
        i64::try_from(frames.saturating_sub(self.pre_skip)).ok()
    }
}

/// Chooses the track to listen to.
pub(super) fn track(reader: &dyn FormatReader) -> Result<Track, DecodeError> {
    let track = reader
        .default_track(TrackType::Audio)
        .or_else(|| reader.first_track(TrackType::Audio))
        .ok_or(DecodeError::NoAudioTrack)?;
    let params = track
        .codec_params
        .as_ref()
        .and_then(|params| params.audio());
    let mut params = params.ok_or(DecodeError::NoAudioTrack)?.clone();
    let pre_skip = take_pre_skip(&mut params);
    let decoder = guard(|| CODECS.make_audio_decoder(&params, &AudioDecoderOptions::default()))
        .map_err(|error| undecodable(reader, &params, &error))?;
    let format = reader.format_info().format;
    let tick_is_frame = params.sample_rate.is_some_and(|rate| {
        track.time_base == TimeBase::try_from_recip(rate) && track.time_base.is_some()
    });
    let counted = match format {
        // Only the tag of LAME and its kin knows the padding, and counts right.
        FORMAT_ID_MP3 => track.padding.is_some(),
        FORMAT_ID_FLAC | FORMAT_ID_ISOMP4 | FORMAT_ID_AIFF | FORMAT_ID_CAF | FORMAT_ID_OGG => true,
        _ => false,
    };
    let seconds = track.time_base.zip(track.duration);
    let seconds = seconds.map(|(base, ticks)| base.calc_duration_saturating(ticks).as_secs_f64());
    Ok(Track {
        id: track.id,
        decoder,
        timing: Timing {
            tick_is_frame,
            origin: None,
            pre_skip: i64::from(pre_skip),
            counted,
            padded: format == FORMAT_ID_ISOMP4 && tick_is_frame,
            seeks: match format {
                // A second track in an Ogg file makes the reader search for ever.
                FORMAT_ID_OGG => reader.tracks().len() == 1,
                // ADPCM in WAV has to be decoded from the begin of a block.
                FORMAT_ID_ADTS | FORMAT_ID_WAVE => false,
                _ => true,
            },
        },
        total: Total {
            frames: track.num_frames.filter(|_| tick_is_frame),
            seconds,
            pre_skip: u64::from(pre_skip),
        },
    })
}

/// Takes the pre-skip out of an Opus header: the decoder would drop it from
/// the first packet only, and after a seek from the wrong one.
fn take_pre_skip(params: &mut AudioCodecParameters) -> u16 {
    match params.extra_data.as_deref_mut() {
        // "OpusHead", version, channels, pre-skip.
        Some([b'O', b'p', b'u', b's', _, _, _, _, _, _, low, high, ..]) => {
            u16::from_le_bytes([std::mem::take(low), std::mem::take(high)])
        }
        _ => 0,
    }
}

/// Appends a decoded packet, whatever its own channels are.
pub(super) fn append(buffer: &GenericAudioBufferRef<'_>, channels: u16, out: &mut Vec<f32>) {
    let (has, wanted) = (buffer.spec().channels().count(), usize::from(channels));
    let start = out.len();
    out.resize(start + buffer.samples_interleaved(), 0.0);
    buffer.copy_to_slice_interleaved(&mut out[start..]);
    if has != wanted && has > 0 {
        // A stream that changes between mono and stereo keeps the shape it began with.
        let frames: Vec<f32> = out.drain(start..).collect();
        for frame in frames.chunks_exact(has) {
            out.extend((0..wanted).map(|channel| frame[channel.min(has - 1)]));
        }
    }
}

/// The sentence for a file that no reader takes.
pub(super) fn unreadable(error: Error) -> DecodeError {
    match error {
        Error::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            DecodeError::Read(error)
        }
        Error::Unsupported(what) | Error::DecodeError(what) if what.contains("moov") => {
            let reason =
                "its index is missing: the recording was not finished, or the copy was cut off";
            DecodeError::Damaged(reason.into())
        }
        Error::IoError(_) | Error::Unsupported("core (probe): no suitable format reader found") => {
            DecodeError::NotAudio
        }
        error => damaged(&error),
    }
}

/// The sentence for a file that a reader gave up.
pub(super) fn damaged(error: &Error) -> DecodeError {
    DecodeError::Damaged(error.to_string())
}

fn undecodable(
    reader: &dyn FormatReader,
    params: &AudioCodecParameters,
    error: &Error,
) -> DecodeError {
    if params.codec == CODEC_ID_OPUS && cfg!(not(feature = "opus")) {
        return DecodeError::WithoutOpus;
    }
    let container = reader.format_info().short_name;
    DecodeError::UnsupportedCodec(match params.codec {
        CODEC_ID_NULL_AUDIO => format!("an unknown codec in {container}"),
        codec => format!("codec {codec} in {container}, {error}"),
    })
}
