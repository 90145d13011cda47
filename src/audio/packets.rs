//! Compressed recordings, packet by packet, with an exact place for every sample.

use std::fs::File;
use std::io::Cursor;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::codec::{self, Timing, Track};
use super::guard::guard;
use super::mp4::Whole;
use super::source::{DecodeError, Source, Spec};

/// Packets in a row that may be unreadable before the rest is given up.
const PATIENCE: u32 = 256;
/// Decoded and thrown away before the target of a seek, so that decoders
/// which remember (MP3, AAC, Vorbis, Opus) have settled when it comes.
const PREROLL: i64 = 8192;
/// The longest hole that is filled with silence, in seconds.
const HOLE_S: u64 = 10;

/// Where the bytes come from.
#[derive(Debug, Clone)]
enum Origin {
    File(PathBuf),
    Memory(&'static [u8]),
    Stream,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own")]
pub(super) struct Packets {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    timing: Timing,
    spec: Spec,
    /// To start over where the container cannot be moved in exactly.
    origin: Origin,
    /// Length in frames.
    total: Option<i64>,
    /// Index of the next frame; below zero stands what a decoder needs to start.
    position: i64,
    /// Whether `position` is known; not so right after a jump.
    placed: bool,
    /// Index of the first frame that is wanted.
    from: i64,
    /// Decoded and not yet handed out.
    samples: Vec<f32>,
    /// Frames of the longest packet.
    longest: i64,
    heard: bool,
    damaged: u64,
    truncated: bool,
    over: bool,
}

impl Packets {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> Result<Self, DecodeError> {
        Self::open_at(&Origin::File(path.to_owned()), 0)
    }

    /// Opens a stream, which passes once.
    pub(super) fn stream(media: Box<dyn MediaSource>) -> Result<Self, DecodeError> {
        Self::start(media, Origin::Stream, 0)
    }

    /// Reads what is in memory.
    pub(super) fn memory(bytes: &'static [u8]) -> Result<Self, DecodeError> {
        Self::open_at(&Origin::Memory(bytes), 0)
    }

    fn open_at(origin: &Origin, from: i64) -> Result<Self, DecodeError> {
        let media: Box<dyn MediaSource> = match origin {
            Origin::File(path) => {
                let file = File::open(path).map_err(DecodeError::Open)?;
                Box::new(Whole::new(file).map_err(DecodeError::Read)?)
            }
            Origin::Memory(bytes) => Box::new(Cursor::new(*bytes)),
            Origin::Stream => return Err(DecodeError::CannotSeek),
        };
        Self::start(media, origin.clone(), from)
    }

    fn start(media: Box<dyn MediaSource>, origin: Origin, from: i64) -> Result<Self, DecodeError> {
        let mut hint = Hint::new();
        if let Origin::File(path) = &origin
            && let Some(extension) = path.extension().and_then(|extension| extension.to_str())
        {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(media, MediaSourceStreamOptions::default());
        let probe = symphonia::default::get_probe();
        let reader = guard(|| {
            let (format, tags) = (FormatOptions::default(), MetadataOptions::default());
            probe.probe(&hint, stream, format, tags)
        });
        let reader = reader.map_err(codec::unreadable)?;
        let Track {
            id,
            decoder,
            timing,
            total,
        } = codec::track(&*reader)?;
        let mut packets = Self {
            reader,
            decoder,
            track: id,
            timing,
            spec: Spec {
                sample_rate: 0,
                channels: 1,
            },
            origin,
            total: None,
            position: -timing.pre_skip,
            placed: false,
            from,
            samples: Vec::new(),
            longest: 0,
            heard: false,
            damaged: 0,
            truncated: false,
            over: false,
        };
        // The first packet tells what the header only claims.
        let more = packets.advance()?;
        if !packets.heard {
            return Err(match packets.damaged {
                0 => DecodeError::NoSamples,
                _ => DecodeError::Damaged("none of its packets can be decoded".into()),
            });
        }
        packets.over = !more;
        packets.total = total.frames(packets.spec.sample_rate);
        Ok(packets)
    }

    fn channels(&self) -> usize {
        usize::from(self.spec.channels)
    }

    fn seconds(&self, frames: i64) -> f64 {
        frames.max(0) as f64 / f64::from(self.spec.sample_rate.max(1))
    }

    /// Decodes until `samples` holds something; `false` at the end.
    fn advance(&mut self) -> Result<bool, DecodeError> {
        let mut failures = 0;
        while self.samples.is_empty() {
            match guard(|| self.reader.next_packet()) {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    failures = if self.take(packet)? { 0 } else { failures + 1 };
                    // What never was audio need not be gone through to its end.
                    if failures > PATIENCE && !self.heard {
                        return Ok(false);
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => return Ok(false),
                Err(Error::ResetRequired) => self.join()?,
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.truncated = true;
                    return Ok(false);
                }
                Err(Error::IoError(error)) => return Err(DecodeError::Read(error)),
                Err(Error::DecodeError(_)) if failures < PATIENCE => {
                    self.damaged += 1;
                    failures += 1;
                }
                Err(error) => return Err(codec::damaged(&error)),
            }
        }
        Ok(true)
    }

    /// Another stream begins in the same file, as where Ogg files were joined.
    fn join(&mut self) -> Result<(), DecodeError> {
        let next = codec::track(&*self.reader)?;
        self.track = next.id;
        self.decoder = next.decoder;
        // Its timestamps start anew: from here on, only counting tells the place.
        self.timing = Timing {
            pre_skip: next.timing.pre_skip,
            counted: next.timing.counted,
            ..Timing::default()
        };
        self.total = None;
        self.from = self.from.max(self.position);
        self.position -= next.timing.pre_skip;
        Ok(())
    }

    /// Appends the wanted part of a packet to `samples`; `false` where it is damaged.
    fn take(&mut self, mut packet: Packet) -> Result<bool, DecodeError> {
        if self.timing.tick_is_frame {
            self.place(&packet);
        }
        if !self.timing.counted {
            // The end is a guess, and samples behind it are as good as any.
            packet.trim_end = Duration::ZERO;
        }
        let start = self.samples.len();
        let decoder = &mut self.decoder;
        let error = match guard(|| decoder.decode(&packet)) {
            Ok(buffer) => {
                let spec = Spec::checked(buffer.spec().rate(), buffer.spec().channels().count())?;
                if !self.heard {
                    self.spec = spec;
                } else if spec.sample_rate != self.spec.sample_rate {
                    return Err(DecodeError::RateChanged {
                        from: self.spec.sample_rate,
                        to: spec.sample_rate,
                        at_s: self.seconds(self.position),
                    });
                }
                codec::append(&buffer, self.spec.channels, &mut self.samples);
                if self.timing.padded {
                    let most = usize::try_from(packet.dur.get()).unwrap_or(usize::MAX);
                    let most = most.saturating_mul(usize::from(self.spec.channels));
                    self.samples.truncate(start.saturating_add(most));
                }
                None
            }
            Err(error) => Some(error),
        };
        match error {
            None => {
                let frames = (self.samples.len() - start) / self.channels();
                self.longest = self.longest.max(frames.cast_signed() as i64);
                self.placed |= frames > 0;
                self.heard |= frames > 0;
            }
            Some(Error::DecodeError(_) | Error::IoError(_)) => {
                self.damaged += 1;
                self.silence(if self.timing.tick_is_frame {
                    packet.dur.get()
                } else {
                    self.longest.cast_unsigned()
                });
            }
            Some(error) => return Err(codec::damaged(&error)),
        }
        self.keep(start);
        Ok(error.is_none())
    }

    /// Finds the place of a packet by its timestamp, and fills a hole before it.
    fn place(&mut self, packet: &Packet) {
        let (pts, trim) = (packet.pts.get(), packet.trim_start.get());
        let start = pts.saturating_add_unsigned(trim);
        let pre_skip = self.timing.pre_skip;
        let origin = *self.timing.origin.get_or_insert(match pts {
            ..0 => 0,
            _ => start.saturating_add(pre_skip),
        });
        let index = start.saturating_sub(origin);
        if !self.placed {
            self.position = index;
            return;
        }
        let hole = index.saturating_sub(self.position);
        if hole > 0 && hole as u64 <= HOLE_S * u64::from(self.spec.sample_rate) {
            self.damaged += 1;
            let start = self.samples.len();
            self.silence(hole as u64);
            self.keep(start);
        }
    }

    /// Appends silence, so that what follows keeps its time.
    fn silence(&mut self, frames: u64) {
        if self.heard {
            let frames = frames.min(HOLE_S * u64::from(self.spec.sample_rate)) as usize;
            let end = self.samples.len() + frames * self.channels();
            self.samples.resize(end, 0.0);
        }
    }

    /// Counts the frames from `start` in `samples` and drops those before `from`.
    fn keep(&mut self, start: usize) {
        let frames = ((self.samples.len() - start) / self.channels()).cast_signed() as i64;
        let early = self.from.saturating_sub(self.position).clamp(0, frames);
        self.samples
            .drain(start..start + early as usize * self.channels());
        self.position = self.position.saturating_add(frames);
    }

    /// Judges whether the end came where it was announced.
    fn end(&mut self) -> Result<bool, DecodeError> {
        let counted = self.timing.tick_is_frame && self.timing.counted;
        let total = self.total.filter(|_| counted).unwrap_or(0);
        let missing = total.saturating_sub(self.position);
        self.truncated |= missing > 0;
        // A last packet that was cut, or frames lost on the way where the
        // format does not tell, are not worth a fault.
        let slack = self.longest.max(i64::from(self.spec.sample_rate) / 2);
        if missing > slack {
            return Err(DecodeError::Truncated {
                heard_s: self.seconds(self.position),
                total_s: self.seconds(total),
            });
        }
        Ok(false)
    }

    /// Lets the container find a place before the target; `false` where it cannot.
    fn jump(&mut self, target: i64) -> bool {
        let Timing {
            tick_is_frame: true,
            seeks: true,
            origin: Some(origin),
            ..
        } = self.timing
        else {
            return false;
        };
        let earliest = origin - self.timing.pre_skip;
        let ts = (target - PREROLL + origin).max(earliest);
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(ts),
            track_id: self.track,
        };
        let landed = guard(|| self.reader.seek(SeekMode::Accurate, to));
        self.decoder.reset();
        self.placed = false;
        landed.is_ok_and(|landed| landed.actual_ts.get() <= ts)
    }

    fn go(&mut self, target: i64) -> Result<(), DecodeError> {
        match &self.origin {
            Origin::Stream if target < self.position => return Err(DecodeError::CannotSeek),
            Origin::Stream => {}
            origin => {
                let origin = origin.clone();
                let damaged = self.damaged;
                // Not every container comes back from its end.
                if self.over {
                    *self = Self::open_at(&origin, 0)?;
                }
                let jumped = self.jump(target);
                if !jumped {
                    *self = Self::open_at(&origin, target)?;
                }
                self.damaged = self.damaged.max(damaged);
                if !jumped {
                    return Ok(());
                }
            }
        }
        self.samples.clear();
        self.from = target;
        self.over = !self.advance()?;
        Ok(())
    }
}

impl Source for Packets {
    fn spec(&self) -> Spec {
        self.spec
    }

    fn total_s(&self) -> Option<f64> {
        self.total.map(|frames| self.seconds(frames))
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

    fn seek(&mut self, seconds: f64) -> Result<f64, DecodeError> {
        let wanted = (seconds.max(0.0) * f64::from(self.spec.sample_rate)).round() as i64;
        let end = self.total.filter(|_| self.timing.counted);
        let target = wanted.min(end.unwrap_or(i64::MAX));
        self.go(target)?;
        let landed = if self.over {
            target.min(self.position)
        } else {
            target
        };
        Ok(self.seconds(landed))
    }

    fn truncated(&self) -> bool {
        self.truncated
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }
}
