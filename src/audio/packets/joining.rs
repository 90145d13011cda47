//! Parts that follow each other in one file or stream, as `cat` makes them. The rate and
//! the channels are those of the first part.

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::packet::Packet;

use super::super::codec;
use super::super::convert::Converter;
use super::super::flac::NextFile;
use super::super::source::{DecodeError, Spec};
use super::super::timing::Timing;
use super::opening::Origin;
use super::{ContainerFacts, Packets};
use crate::dsp::mono::ChannelChoice;
use crate::dsp::resample::RateError;

impl Packets {
    /// Another stream begins in the same file, as in concatenated Ogg and ADTS files.
    pub(super) fn join(&mut self) -> Result<(), DecodeError> {
        self.end_part();
        let next = codec::choose(&*self.reader, None, None)?;
        let rate = i64::from(self.spec.sample_rate);
        let own = next.params.sample_rate.map_or(rate, i64::from).max(1);
        let pre_skip = i64::from(next.pre_skip) * rate / own;
        self.track = next.id;
        self.decoder = next.decoder;
        self.params = next.params;
        self.gain = next.gain;
        self.count(pre_skip);
        self.next = self.next.max(self.position);
        self.position -= pre_skip;
        Ok(())
    }

    /// Another MPEG file begins in the same file. The first tag's end no longer
    /// applies, and rate and channels may differ.
    pub(super) fn follow(&mut self, packet: &Packet) {
        if self
            .timing
            .part_end
            .is_some_and(|end| packet.pts.get() >= end)
        {
            self.timing = Timing::counting(0, false);
            self.total = None;
        }
        if self.params.codec != CODEC_ID_MP3 {
            return;
        }
        let Some(&[_, layer, rate, mode]) = packet.data.first_chunk() else {
            return;
        };
        let mono = u8::from(mode >> 6 == 3);
        let shape = [layer & 0x1e, rate & 0x0c, mono];
        if self
            .shape
            .replace(shape)
            .is_some_and(|before| before != shape)
            && let Ok(decoder) = codec::decoder(&self.params)
        {
            self.decoder = decoder;
        }
    }

    /// Continues with the FLAC file that follows in the same file; `false` if there is
    /// none.
    pub(super) fn follow_flac(&mut self) -> Result<bool, DecodeError> {
        let next = self.next_flac.as_ref().and_then(NextFile::position);
        let (Origin::File(path, _), Some(next)) = (&self.origin, next) else {
            return Ok(false);
        };
        let base = self.base.saturating_add(next);
        let part = Self::open(path, base, ContainerFacts::default())?;
        let (has, wanted) = (part.channels(), self.channels());
        self.fresh.clear();
        codec::fit(part.samples, has, wanted, &mut self.fresh);
        self.convert(part.spec.sample_rate)?;
        self.base = base;
        self.reader = part.reader;
        self.decoder = part.decoder;
        self.params = part.params;
        self.track = part.track;
        self.next_flac = part.next_flac;
        self.count(0);
        self.keep(i64::MIN, i64::MAX);
        Ok(true)
    }

    /// Brings `fresh` from the rate of its part, in hertz, to that of the first part.
    pub(super) fn convert(&mut self, rate: u32) -> Result<(), DecodeError> {
        let before = self.converter.as_ref().map(|(rate, _)| *rate);
        if rate != before.unwrap_or(self.spec.sample_rate) {
            let fresh = std::mem::take(&mut self.fresh);
            self.end_part();
            self.fresh = fresh;
            self.count(0);
            let part = Spec {
                sample_rate: rate,
                ..self.spec
            };
            self.mixed = true;
            if part != self.spec {
                let converter = Converter::new(part, ChannelChoice::Mix, self.spec);
                let implausible = |error: RateError| DecodeError::Implausible(error.to_string());
                self.converter = Some((rate, converter.map_err(implausible)?));
            }
        }
        if let Some((_, converter)) = &mut self.converter {
            let part = std::mem::take(&mut self.fresh);
            converter.push(&part, &mut self.fresh);
        }
        Ok(())
    }

    /// Appends what a converter still holds of its part; `false` if none is in use.
    pub(super) fn end_part(&mut self) -> bool {
        let Some((_, mut converter)) = self.converter.take() else {
            return false;
        };
        self.fresh.clear();
        converter.finish(&mut self.fresh);
        self.keep(i64::MIN, i64::MAX);
        true
    }

    /// The timestamps of a part restart: from here on, only counting gives the position.
    fn count(&mut self, pre_skip: i64) {
        if self.timing.counted {
            self.total = None;
        }
        self.timing = Timing::counting(pre_skip, self.timing.counted);
    }
}
