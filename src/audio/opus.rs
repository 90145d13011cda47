//! Opus with more than two channels: several streams in each packet, each with a decoder
//! of its own (RFC 7845, section 5.1.1, and RFC 6716, appendix B).

use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, Channels,
    GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::Timestamp;

/// Position of the channel count and of the mapping family in an Opus header.
const CHANNELS_OFFSET: usize = 9;
const FAMILY_OFFSET: usize = 18;
/// The family of one stream with one or two channels, that of loudspeakers, and that of
/// ambisonics with a matrix.
const SINGLE_FAMILY: u8 = 0;
const SURROUND_FAMILY: u8 = 1;
const MATRIX_FAMILY: u8 = 3;
/// A channel without a stream.
const SILENT: u8 = 255;

/// A decoder of several streams.
pub(super) struct Multistream {
    params: AudioCodecParameters,
    streams: Vec<Stream>,
    /// Stream and its channel, for each channel of the output.
    sources: Vec<Option<(usize, usize)>>,
    buffer: AudioBuffer<f32>,
    frames: Vec<f32>,
}

struct Stream {
    decoder: Box<dyn AudioDecoder>,
    channels: usize,
    samples: Vec<f32>,
}

impl Multistream {
    /// A decoder for a header with several streams; `None` for one with a single stream.
    /// `decoder` makes the decoder of each stream.
    ///
    /// # Errors
    /// An unsupported or contradictory header, or what `decoder` returns.
    pub(super) fn new(
        params: &AudioCodecParameters,
        decoder: impl Fn(&AudioCodecParameters) -> Result<Box<dyn AudioDecoder>>,
    ) -> Result<Option<Self>> {
        let head = params.extra_data.as_deref().unwrap_or_default();
        let family = match head.get(FAMILY_OFFSET) {
            None | Some(&SINGLE_FAMILY) => return Ok(None),
            Some(&MATRIX_FAMILY) => {
                return Err(Error::Unsupported("Opus ambisonics with a matrix"));
            }
            Some(&family) => family,
        };
        let damaged = Error::DecodeError("the channel table of its Opus header is incomplete");
        let channels = head[CHANNELS_OFFSET];
        let table = match head.get(FAMILY_OFFSET + 1..) {
            Some([streams, coupled, table @ ..]) if coupled <= streams && *streams > 0 => {
                let table = table.get(..channels.into());
                table.map(|table| (usize::from(*streams), usize::from(*coupled), table))
            }
            _ => None,
        };
        let (count, coupled, table) = table.ok_or(damaged)?;
        let stream = |number: usize| {
            let channels = if number < coupled { 2 } else { 1 };
            let mut params = params.clone();
            params.extra_data = None;
            params.channels = Some(Channels::Discrete(channels));
            Ok(Stream {
                decoder: decoder(&params)?,
                channels: channels.into(),
                samples: Vec::new(),
            })
        };
        let source = |&entry: &u8| match usize::from(entry) {
            _ if entry == SILENT => None,
            entry if entry < 2 * coupled => Some((entry / 2, entry % 2)),
            entry => Some((entry - coupled, 0)).filter(|&(stream, _)| stream < count),
        };
        let sources: Vec<_> = table.iter().map(source).collect();
        let order = wave_order(family, sources.len());
        let sources = order.iter().map(|&channel| sources[channel]).collect();
        let spec = AudioSpec::new(
            params.sample_rate.unwrap_or(48_000),
            Channels::Discrete(channels.into()),
        );
        Ok(Some(Self {
            params: params.clone(),
            streams: (0..count).map(stream).collect::<Result<_>>()?,
            sources,
            buffer: AudioBuffer::new(spec, 0),
            frames: Vec::new(),
        }))
    }

    fn decode_streams(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        let damaged = || Error::DecodeError("opus: the streams of a packet do not fit");
        let last = self.streams.len() - 1;
        let mut rest = packet.data;
        let mut length = None;
        for (number, stream) in self.streams.iter_mut().enumerate() {
            let split;
            let data = if number == last {
                rest
            } else {
                (split, rest) = split_first(rest).ok_or_else(damaged)?;
                &split
            };
            let part = PacketRef::new(0, Timestamp::ZERO, packet.dur, data);
            let decoded = stream.decoder.decode_ref(&part)?;
            stream.samples.resize(decoded.samples_interleaved(), 0.0);
            decoded.copy_to_slice_interleaved(&mut stream.samples);
            let frames = stream.samples.len() / stream.channels;
            if length
                .replace(frames)
                .is_some_and(|length| length != frames)
            {
                return Err(damaged());
            }
        }
        let length = length.unwrap_or(0);
        self.frames.clear();
        for frame in 0..length {
            let sample = |&(stream, channel): &(usize, usize)| {
                let stream: &Stream = &self.streams[stream];
                stream.samples[frame * stream.channels + channel]
            };
            let samples = self.sources.iter();
            let samples = samples.map(|source| source.as_ref().map_or(0.0, sample));
            self.frames.extend(samples);
        }
        if self.buffer.capacity() < length {
            self.buffer = AudioBuffer::new(self.buffer.spec().clone(), length);
        }
        self.buffer.clear();
        self.buffer.render_uninit(Some(length));
        self.buffer.copy_from_slice_interleaved(&self.frames);
        let trims = [packet.trim_start, packet.trim_end].map(|trim| trim.get() as usize);
        self.buffer.trim(trims[0], trims[1]);
        Ok(())
    }
}

impl AudioDecoder for Multistream {
    fn reset(&mut self) {
        for stream in &mut self.streams {
            stream.decoder.reset();
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        self.streams[0].decoder.codec_info()
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        if let Err(error) = self.decode_streams(packet) {
            self.buffer.clear();
            return Err(error);
        }
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

/// The channels of a header in the order of WAV, which ffmpeg and players use.
fn wave_order(family: u8, channels: usize) -> Vec<usize> {
    let order: &[usize] = match channels {
        _ if family != SURROUND_FAMILY => &[],
        3 => &[0, 2, 1],
        5 => &[0, 2, 1, 3, 4],
        6 => &[0, 2, 1, 5, 3, 4],
        7 => &[0, 2, 1, 6, 5, 3, 4],
        8 => &[0, 2, 1, 7, 5, 6, 3, 4],
        _ => &[],
    };
    if order.is_empty() {
        return (0..channels).collect();
    }
    order.to_vec()
}

/// The first packet of several, without the length that separates it from the others, and
/// the bytes behind it.
fn split_first(data: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let code = data.first()? & 3;
    // The bytes of the head that stay, where the frames begin, and their bytes.
    let (head, start, body) = match code {
        0 => {
            let (length, start) = frame_length(data, 1)?;
            (1, start, length)
        }
        1 => {
            let (length, start) = frame_length(data, 1)?;
            (1, start, 2 * length)
        }
        2 => {
            let (first, head) = frame_length(data, 1)?;
            let (second, start) = frame_length(data, head)?;
            (head, start, first + second)
        }
        _ => {
            let about = *data.get(1)?;
            let (count, mut head, mut padding) = (usize::from(about & 0x3f), 2, 0);
            let mut padded = about & 0x40 != 0;
            while padded {
                let byte = usize::from(*data.get(head)?);
                head += 1;
                padded = byte == 255;
                padding += if padded { 254 } else { byte };
            }
            let varying = about & 0x80 != 0;
            let mut frames = 0;
            for _ in 1..count {
                if varying {
                    let (length, next) = frame_length(data, head)?;
                    (frames, head) = (frames + length, next);
                }
            }
            let (length, start) = frame_length(data, head)?;
            let frames = if varying {
                frames + length
            } else {
                count * length
            };
            (head, start, frames + padding)
        }
    };
    let body = data.get(start..start.checked_add(body)?)?;
    let packet = [data.get(..head)?, body].concat();
    Some((packet, data.get(start + body.len()..)?))
}

/// A length of one or two bytes, and the position behind it.
fn frame_length(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = usize::from(*data.get(at)?);
    if first < 252 {
        return Some((first, at + 1));
    }
    Some((first + 4 * usize::from(*data.get(at + 1)?), at + 2))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_every_code_lose_their_last_length() {
        // RFC 6716, appendix B: one frame, two equal ones, two, and three of any length.
        let split = |data: &[u8]| split_first(data).map(|(packet, rest)| (packet, rest.to_vec()));
        let expected = |packet: &[u8], rest: &[u8]| Some((packet.to_vec(), rest.to_vec()));
        assert_eq!(split(&[8, 2, 7, 7, 9]), expected(&[8, 7, 7], &[9]));
        assert_eq!(split(&[9, 1, 6, 7, 9]), expected(&[9, 6, 7], &[9]));
        assert_eq!(
            split(&[10, 1, 2, 5, 6, 7, 9]),
            expected(&[10, 1, 5, 6, 7], &[9])
        );
        assert_eq!(
            split(&[11, 0xc3, 1, 1, 2, 0, 4, 5, 5, 0, 9]),
            expected(&[11, 0xc3, 1, 1, 2, 4, 5, 5, 0], &[9])
        );
        assert_eq!(split(&[11, 2, 1, 5, 6, 9]), expected(&[11, 2, 5, 6], &[9]));
        let long = [&[8, 252, 1], &[3; 256][..], &[9]].concat();
        let (packet, rest) = split(&long).unwrap();
        assert_eq!((packet.len(), rest), (257, vec![9]));
        assert_eq!(split(&[8, 3, 7, 7]), None);
        assert_eq!(split(&[]), None);
    }
}
