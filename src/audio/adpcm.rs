//! ADPCM of WAV in a container whose timestamps do not count its frames.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::{Error, Result};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};

/// Most blocks of a packet.
pub(super) const MOST_BLOCKS: u64 = 64;

/// Bytes of a block's header per channel, and frames in it.
pub(super) const MICROSOFT_HEAD: (u16, u64) = (7, 2);
pub(super) const IMA_HEAD: (u16, u64) = (4, 1);

/// Tells its decoder how many frames a packet has: those of its blocks.
pub(super) struct BlockDecoder {
    decoder: Box<dyn AudioDecoder>,
    /// Bytes and frames of a block.
    bytes: u64,
    frames: u64,
}

impl BlockDecoder {
    /// A decoder for these parameters; `None` for other codecs.
    pub(super) fn new(
        params: &AudioCodecParameters,
        make: impl Fn(&AudioCodecParameters) -> Result<Box<dyn AudioDecoder>>,
    ) -> Result<Option<Self>> {
        let (head, first) = match params.codec {
            CODEC_ID_ADPCM_MS => MICROSOFT_HEAD,
            CODEC_ID_ADPCM_IMA_WAV => IMA_HEAD,
            _ => return Ok(None),
        };
        let Some((frames, channels)) = params.frames_per_block.zip(params.channels.as_ref()) else {
            return Ok(None);
        };
        let channels = channels.count() as u64;
        let bytes = frames.saturating_sub(first) * channels / 2 + u64::from(head) * channels;
        Ok(Some(Self {
            decoder: make(params)?,
            bytes: bytes.max(1),
            frames,
        }))
    }
}

impl AudioDecoder for BlockDecoder {
    fn reset(&mut self) {
        self.decoder.reset();
    }

    fn codec_info(&self) -> &CodecInfo {
        self.decoder.codec_info()
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        self.decoder.codec_params()
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        let blocks = packet.data.len() as u64 / self.bytes;
        if !(1..=MOST_BLOCKS).contains(&blocks) {
            return Err(Error::DecodeError("adpcm: a packet without whole blocks"));
        }
        let lasts = Duration::new(blocks * self.frames);
        let packet = PacketRef::new(packet.track_id, Timestamp::ZERO, lasts, packet.data);
        self.decoder.decode_ref(&packet)
    }

    fn finalize(&mut self) -> FinalizeResult {
        self.decoder.finalize()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.decoder.last_decoded()
    }
}
