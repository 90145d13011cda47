//! Selects the track to read and its decoder.

use std::sync::LazyLock;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_OPUS, CODEC_ID_PCM_F32BE, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64BE,
    CODEC_ID_PCM_F64LE, CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE,
    CODEC_ID_PCM_S32LE,
};
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, CODEC_ID_NULL_AUDIO,
};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::{Error, Result};
use symphonia::core::formats::well_known::FORMAT_ID_ISOMP4;
use symphonia::core::formats::{FormatReader, Track, TrackFlags};

use super::aac;
use super::adpcm::BlockDecoder;
use super::guard::guard;
use super::kinds;
use super::opus::Multistream;
use super::source::DecodeError;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    #[cfg(feature = "opus")]
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// A decoder for the codec.
pub(super) fn decoder(params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>> {
    guard(|| CODECS.make_audio_decoder(params, &AudioDecoderOptions::default()))
}

/// What is needed to decode one track.
pub(super) struct Chosen {
    pub(super) id: u32,
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) params: AudioCodecParameters,
    /// Frames that Opus decodes before frame 0.
    pub(super) pre_skip: u16,
    /// Factor that the samples are multiplied by.
    pub(super) gain: f32,
    /// Number of audio tracks, and the number of this one, from 1.
    pub(super) count: usize,
    pub(super) number: usize,
}

/// A track that might be read.
struct Candidate {
    default: bool,
    channels: usize,
    readable: std::result::Result<Chosen, DecodeError>,
}

/// A track as listed by the file itself.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) id: u32,
    /// Whether players should choose it by default.
    pub(super) default: bool,
    /// Name of its codec, for the message where that is unsupported.
    pub(super) name: String,
    /// Whether its samples are big-endian, which its reader does not report.
    pub(super) big_endian: bool,
    /// Its parameters, for a reader that does not know them.
    pub(super) params: Option<AudioCodecParameters>,
}

/// Chooses the track: the `wanted` one (from 1), otherwise the default track as ffmpeg
/// does. Among readable tracks that is the one with the most channels; the first one
/// wins a tie.
pub(super) fn choose(
    reader: &dyn FormatReader,
    listed: Option<&[Listed]>,
    wanted: Option<usize>,
) -> std::result::Result<Chosen, DecodeError> {
    let mut candidates: Vec<Candidate> = if let Some(listed) = listed {
        listed.iter().map(|listed| among(reader, listed)).collect()
    } else {
        let audio = reader.tracks().iter().filter_map(|track| {
            let params = track.codec_params.as_ref()?.audio()?;
            Some(candidate(reader, track, params, None))
        });
        audio.collect()
    };
    let count = candidates.len();
    let number = match wanted {
        Some(wanted) if (1..=count).contains(&wanted) => wanted - 1,
        Some(wanted) if count > 0 => return Err(DecodeError::NoSuchTrack { wanted, count }),
        _ => {
            let rank = |number: usize| {
                let candidate: &Candidate = &candidates[number];
                (
                    candidate.readable.is_ok(),
                    candidate.default,
                    candidate.channels,
                )
            };
            // `max_by_key` keeps the last of equal elements, so iterate backwards.
            let best = (0..count).rev().max_by_key(|&number| rank(number));
            best.ok_or(DecodeError::NoAudioTrack)?
        }
    };
    let chosen = candidates.swap_remove(number).readable?;
    Ok(Chosen {
        count,
        number: number + 1,
        ..chosen
    })
}

/// A track of the list, even if its reader does not know it.
fn among(reader: &dyn FormatReader, listed: &Listed) -> Candidate {
    let track = reader.tracks().iter().find(|track| track.id == listed.id);
    let params = track.and_then(|track| track.codec_params.as_ref()?.audio());
    let params = params.filter(|params| params.codec != CODEC_ID_NULL_AUDIO);
    let params = params.or(listed.params.as_ref());
    match track.zip(params) {
        Some((track, params)) => Candidate {
            default: listed.default,
            ..candidate(
                reader,
                track,
                &ordered(params, listed.big_endian),
                Some(&listed.name),
            )
        },
        None => Candidate {
            default: listed.default,
            channels: 0,
            readable: Err(DecodeError::UnsupportedCodec(listed.name.clone())),
        },
    }
}

/// The parameters with the byte order of the file.
fn ordered(params: &AudioCodecParameters, big_endian: bool) -> AudioCodecParameters {
    let mut params = params.clone();
    params.codec = match params.codec {
        CODEC_ID_PCM_S24LE if big_endian => CODEC_ID_PCM_S24BE,
        CODEC_ID_PCM_S32LE if big_endian => CODEC_ID_PCM_S32BE,
        CODEC_ID_PCM_F32LE if big_endian => CODEC_ID_PCM_F32BE,
        CODEC_ID_PCM_F64LE if big_endian => CODEC_ID_PCM_F64BE,
        codec => codec,
    };
    params
}

fn candidate(
    reader: &dyn FormatReader,
    track: &Track,
    params: &AudioCodecParameters,
    name: Option<&str>,
) -> Candidate {
    Candidate {
        default: track.flags.contains(TrackFlags::DEFAULT),
        channels: params
            .channels
            .as_ref()
            .map_or(0, symphonia::core::audio::Channels::count),
        readable: readable(reader, track.id, params.clone(), name),
    }
}

fn readable(
    reader: &dyn FormatReader,
    id: u32,
    mut params: AudioCodecParameters,
    name: Option<&str>,
) -> std::result::Result<Chosen, DecodeError> {
    let (mut pre_skip, mut gain) = (0, 1.0);
    match params.codec {
        CODEC_ID_OPUS => {
            let big = reader.format_info().format == FORMAT_ID_ISOMP4;
            (pre_skip, gain) = take_opus_head(&mut params, big);
        }
        CODEC_ID_AAC => {
            let core = params.extra_data.as_deref().map(aac::core);
            if let Some(core) = core.transpose()?.flatten() {
                params.extra_data = Some(Box::new(core.config));
                params.sample_rate = Some(core.rate);
            }
        }
        _ => {}
    }
    let decoder = own_decoder(&params).and_then(|own| own.map_or_else(|| decoder(&params), Ok));
    let decoder = decoder.map_err(|error| undecodable(reader, &params, &error, name))?;
    Ok(Chosen {
        id,
        decoder,
        params,
        pre_skip,
        gain,
        count: 1,
        number: 1,
    })
}

/// A decoder of ours for what the library decodes only in part.
fn own_decoder(params: &AudioCodecParameters) -> Result<Option<Box<dyn AudioDecoder>>> {
    let boxed = |decoder: BlockDecoder| Box::new(decoder) as Box<dyn AudioDecoder>;
    if params.codec != CODEC_ID_OPUS {
        return Ok(BlockDecoder::new(params, decoder)?.map(boxed));
    }
    let several = Multistream::new(params, decoder)?;
    Ok(several.map(|several| Box::new(several) as Box<dyn AudioDecoder>))
}

/// Takes pre-skip and gain out of an Opus header. The decoder would drop the pre-skip
/// from the first packet only, which is the wrong one after a seek, and ignore the
/// gain. MP4 stores both big-endian, all others little-endian.
fn take_opus_head(params: &mut AudioCodecParameters, big_endian: bool) -> (u16, f32) {
    // "OpusHead", version, channels, pre-skip, rate, gain.
    let Some(head) = params
        .extra_data
        .as_deref_mut()
        .filter(|head| head.len() >= 18)
    else {
        return (0, 1.0);
    };
    let mut take = |at: usize| {
        let bytes = [
            std::mem::take(&mut head[at]),
            std::mem::take(&mut head[at + 1]),
        ];
        if big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    };
    let (pre_skip, gain) = (take(10), take(16));
    // In steps of 1/256 dB.
    let decibels = f32::from(gain.cast_signed()) / 256.0;
    (pre_skip, 10.0_f32.powf(decibels / 20.0))
}

/// Appends a decoded packet, whatever its channel count.
pub(super) fn append(buffer: &GenericAudioBufferRef<'_>, channels: u16, out: &mut Vec<f32>) {
    let (has, wanted) = (buffer.spec().channels().count(), usize::from(channels));
    let start = out.len();
    out.resize(start + buffer.samples_interleaved(), 0.0);
    buffer.copy_to_slice_interleaved(&mut out[start..]);
    if has != wanted && has > 0 {
        let frames = out.drain(start..).collect();
        fit(frames, has, wanted, out);
    }
}

/// Appends frames of `has` channels. A recording that switches between mono and stereo
/// keeps its initial layout.
pub(super) fn fit(frames: Vec<f32>, has: usize, wanted: usize, out: &mut Vec<f32>) {
    if has == wanted {
        out.extend(frames);
        return;
    }
    for frame in frames.chunks_exact(has.max(1)) {
        if wanted == 1 {
            out.push(frame.iter().sum::<f32>() / has as f32);
        } else {
            out.extend((0..wanted).map(|channel| frame[channel.min(has - 1)]));
        }
    }
}

/// The message for a file that no reader accepts.
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
        error => failed(&error),
    }
}

/// The message for a file on which a reader failed.
pub(super) fn failed(error: &Error) -> DecodeError {
    match error {
        Error::Unsupported(what) => {
            let name = kinds::unsupported_layout(what).unwrap_or(what);
            DecodeError::UnsupportedCodec(name.into())
        }
        Error::DecodeError(what) if let Some(name) = kinds::unsupported_layout(what) => {
            DecodeError::UnsupportedCodec(name.into())
        }
        error => DecodeError::Damaged(error.to_string()),
    }
}

fn undecodable(
    reader: &dyn FormatReader,
    params: &AudioCodecParameters,
    error: &Error,
    name: Option<&str>,
) -> DecodeError {
    if params.codec == CODEC_ID_OPUS && cfg!(not(feature = "opus")) {
        return DecodeError::WithoutOpus;
    }
    let container = reader.format_info().short_name;
    let layout = match error {
        Error::Unsupported(what) | Error::DecodeError(what) => kinds::unsupported_layout(what),
        _ => None,
    };
    if let Some(layout) = layout {
        return DecodeError::UnsupportedCodec(format!("{layout}, in {container}"));
    }
    let described = || format!("{} in {container}: {error}", kinds::codec(params.codec));
    DecodeError::UnsupportedCodec(name.map_or_else(described, Into::into))
}
