//! Compressed recordings, packet by packet, with an exact position for every sample.

mod joining;
mod opening;
mod placement;
mod seeking;

use std::io::ErrorKind;

use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use super::codec;
use super::convert::Converter;
use super::flac::NextFile;
use super::guard::guard;
use super::source::{DecodeError, Note, Source, Spec};
use super::timing::Timing;

use opening::Origin;

pub(super) use opening::ContainerFacts;

/// Most consecutive unreadable packets before the rest is abandoned.
const MAX_UNREADABLE_PACKETS: u32 = 256;

#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub(super) struct Packets {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    params: AudioCodecParameters,
    track: u32,
    gain: f32,
    timing: Timing,
    spec: Spec,
    /// Needed to start over where the container cannot seek exactly.
    origin: Origin,
    /// Where the bytes of the reader begin in the file.
    base: u64,
    /// Where the next FLAC file begins after them.
    next_flac: Option<NextFile>,
    /// The same of the first file, for a recording that is opened again.
    first_flac: Option<NextFile>,
    /// The file extension that selected the reader.
    extension: Option<String>,
    wanted: Option<usize>,
    /// Number of audio tracks, and the number of this one.
    tracks: (usize, usize),
    /// The frame after the last.
    total: Option<i64>,
    /// Index of the next frame that is decoded; negative for what a decoder needs to
    /// start.
    position: i64,
    /// Whether `position` is known; it is not right after a jump.
    placed: bool,
    /// The part of an edit list that the last packet was in.
    part: usize,
    /// Whether the edit list is not followed.
    unordered: bool,
    /// Index of the next frame that is handed out.
    next: i64,
    /// Frames missing before `samples`.
    gap: u64,
    /// Decoded and not yet returned.
    samples: Vec<f32>,
    /// Length in frames of a pause inside the packet, and the samples after it.
    later: Option<(u64, Vec<f32>)>,
    /// The packet that was decoded last.
    fresh: Vec<f32>,
    /// Frames of the longest packet.
    longest: i64,
    /// Layer, rate and channels of the last MPEG frame.
    shape: Option<[u8; 3]>,
    found: bool,
    damaged: u64,
    /// Holes that are damage if pages are missing.
    holes: u64,
    /// Converts a part whose rate, given in hertz, is not that of the first part.
    converter: Option<(u32, Converter)>,
    /// Whether there is such a part. A reader that counts ticks then misses its target.
    mixed: bool,
    /// Why the first packet that was damaged could not be decoded.
    reason: Option<&'static str>,
    /// End of the latest packet in ticks, in Matroska also of the other tracks.
    latest_tick: i64,
    /// Where the timestamps jumped by more than the longest hole, in seconds.
    leap_s: Option<u64>,
    /// Whether the bytes ended inside a unit.
    cut: bool,
    over: bool,
}

impl Packets {
    fn channels(&self) -> usize {
        usize::from(self.spec.channels)
    }

    fn seconds(&self, frames: i64) -> f64 {
        frames.max(0) as f64 / f64::from(self.spec.sample_rate.max(1))
    }

    /// Decodes until `samples` is not empty; `false` at the end.
    fn advance(&mut self) -> Result<bool, DecodeError> {
        if self.samples.is_empty()
            && let Some((gap, samples)) = self.later.take()
        {
            (self.gap, self.samples) = (gap, samples);
        }
        let mut failures = 0;
        while self.samples.is_empty() {
            let next = guard(|| self.reader.next_packet());
            if let Ok(Some(packet)) = &next
                && (packet.track_id == self.track || self.timing.promised_s.is_some())
            {
                let end = packet.pts.get().saturating_add_unsigned(packet.dur.get());
                self.latest_tick = self.latest_tick.max(end);
            }
            match next {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    failures = if self.take(packet)? { 0 } else { failures + 1 };
                    // Input that never was audio need not be scanned to its end.
                    if failures > MAX_UNREADABLE_PACKETS && !self.found {
                        return Ok(false);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) if self.follow_flac()? || self.end_part() => {}
                Ok(None) => return Ok(false),
                Err(Error::ResetRequired) => self.join()?,
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.cut = true;
                    if !self.end_part() {
                        return Ok(false);
                    }
                }
                Err(Error::IoError(error)) => return Err(DecodeError::Read(error)),
                Err(Error::DecodeError(reason)) if failures < MAX_UNREADABLE_PACKETS => {
                    self.reason.get_or_insert(reason);
                    self.damaged += 1;
                    failures += 1;
                }
                Err(error) => return Err(codec::failed(&error)),
            }
        }
        Ok(true)
    }

    /// Appends the wanted part of a packet to `samples`; `false` where it is damaged.
    fn take(&mut self, mut packet: Packet) -> Result<bool, DecodeError> {
        self.follow(&packet);
        if !self.timing.counted {
            // The end is an estimate, and samples after it are valid.
            packet.trim_end = Duration::ZERO;
        } else if packet.trim_end != Duration::ZERO && packet.dur == Duration::ZERO {
            return Ok(true); // padding behind the end
        }
        self.fresh.clear();
        let decoder = &mut self.decoder;
        let error = match guard(|| decoder.decode(&packet)) {
            Ok(buffer) => {
                let spec = Spec::checked(buffer.spec().rate(), buffer.spec().channels().count())?;
                if !self.found {
                    self.spec = spec;
                }
                codec::append(&buffer, self.spec.channels, &mut self.fresh);
                self.convert(spec.sample_rate)?;
                None
            }
            Err(error) => Some(error),
        };
        let rate = self.spec.sample_rate;
        let dur = packet.dur.get();
        let lasts = self.timing.frames(dur.cast_signed(), rate);
        match error {
            None => {
                if self.timing.padded
                    && let Some(most) = lasts
                {
                    let most = usize::try_from(most).unwrap_or(usize::MAX);
                    self.fresh.truncate(most.saturating_mul(self.channels()));
                }
                let frames = self.fresh.len() / self.channels();
                self.longest = self.longest.max(frames.cast_signed() as i64);
                self.found |= frames > 0;
            }
            // A decoder that has decoded packets reports damage also as unsupported.
            Some(Error::Unsupported(reason)) if !self.found => {
                return Err(codec::failed(&Error::Unsupported(reason)));
            }
            Some(Error::DecodeError(_) | Error::IoError(_) | Error::Unsupported(_)) => {
                if let Some(Error::DecodeError(reason)) = error {
                    self.reason.get_or_insert(reason);
                }
                self.damaged += 1;
                self.silence(lasts.filter(|&frames| frames > 0).unwrap_or(self.longest));
            }
            Some(error) => return Err(codec::failed(&error)),
        }
        if self.gain.to_bits() != 1.0_f32.to_bits() {
            self.fresh
                .iter_mut()
                .for_each(|sample| *sample *= self.gain);
        }
        let start = packet
            .pts
            .get()
            .saturating_add_unsigned(packet.trim_start.get());
        let Some(places) = self.timing.places(start, dur, rate.max(1)) else {
            self.placed = true;
            self.keep(i64::MIN, i64::MAX);
            return Ok(error.is_none());
        };
        for place in places {
            self.put_at(place);
            self.keep(place.from, place.until);
        }
        Ok(error.is_none())
    }

    /// Checks whether the end came where it was declared.
    fn end(&mut self) -> Result<bool, DecodeError> {
        let pages = self.holes > 0 || self.cut;
        let pages = pages.then(|| self.origin.pages()).flatten();
        let pages = pages.unwrap_or_default();
        if !pages.intact {
            self.damaged += std::mem::take(&mut self.holes);
        }
        let rate = self.spec.sample_rate;
        let mut reached = self.position;
        let promised = if let Some(lacking) = self.timing.lacking(self.latest_tick, rate) {
            Some(self.position.saturating_add(lacking))
        } else if self.timing.counted {
            self.total
        } else if self.leap_s.is_none() && (self.cut || self.timing.ends_early(self.latest_tick)) {
            // From a container, whose other tracks may be longer.
            reached = reached.max(self.timing.reached(self.latest_tick, rate));
            self.timing.promised(rate)
        } else {
            None
        };
        let total = promised.unwrap_or(0);
        let missing = total.saturating_sub(reached);
        let missing = missing
            - if self.timing.counted {
                0
            } else {
                self.timing.tolerance(rate)
            };
        let unnumbered = self.params.codec == CODEC_ID_MP3 && missing <= i64::from(rate) / 2;
        if unnumbered && missing > self.longest {
            // MPEG frames are not numbered; these were lost before the end.
            self.damaged += (missing / self.longest.max(1)).cast_unsigned();
        } else if missing > self.longest {
            self.cut = false;
            return Err(DecodeError::Truncated {
                read_s: self.seconds(self.position),
                total_s: self.seconds(total),
            });
        }
        // Where no length was declared, at least a note reports it.
        self.cut &= promised.is_none() && self.timing.counted;
        // A recorder that was stopped does not mark the last page.
        self.cut = self.cut && !pages.ended;
        Ok(false)
    }
}

impl Source for Packets {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn total_s(&self) -> Option<f64> {
        let total = self.total;
        let total = total.or(self.timing.promised(self.spec.sample_rate));
        total.map(|frames| self.seconds(frames))
    }

    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool, DecodeError> {
        if self.samples.is_empty() {
            if self.over {
                return Ok(false);
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => {
                    self.over = true;
                    return self.end();
                }
                Err(error) => {
                    self.over = true;
                    return Err(error);
                }
            }
        }
        out.append(&mut self.samples);
        Ok(true)
    }

    fn take_gap(&mut self) -> u64 {
        std::mem::take(&mut self.gap)
    }

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        let wanted = (seconds.max(0.0) * f64::from(self.spec.sample_rate)).round() as i64;
        let last = self.find_next_flac()?.is_none();
        let end = self.total.filter(|_| self.timing.counted && last);
        let mut target = wanted.min(end.unwrap_or(i64::MAX));
        self.go(target)?;
        if target < wanted && !self.over {
            // Another part follows behind the declared end.
            self.forward(wanted)?;
            target = wanted;
        }
        let landed = if self.over {
            target.min(self.position)
        } else {
            // After a seek into a hole, the next samples are those that follow it.
            target.saturating_add_unsigned(self.take_gap())
        };
        Ok(self.seconds(landed))
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }

    fn notes(&self) -> Vec<Note> {
        let (count, used) = self.tracks;
        let several = count > 1 && self.wanted.is_none();
        let tracks = several.then_some(Note::Tracks { count, used });
        let cut = (self.over && self.cut).then_some(Note::CutPacket);
        let unordered = self.unordered.then_some(Note::Unordered);
        let clock = self.timing.clock_s.map(|start_s| Note::Clock { start_s });
        let leap = self.leap_s.map(|at_s| Note::Leap { at_s });
        let next = self.next_flac.as_ref().and_then(NextFile::position);
        let follows = next.map(|_| Note::Follows);
        let notes = tracks.into_iter().chain(unordered).chain(follows);
        notes.chain(clock).chain(leap).chain(cut).collect()
    }
}
