//! How far the timestamps of a container can be trusted, and the position of each
//! packet.

use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_AIFF, FORMAT_ID_CAF, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV,
    FORMAT_ID_MP3, FORMAT_ID_OGG, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatReader, Track};
use symphonia::core::units::TimeBase;

use super::mp4::{GrowingIndex, Movie, TickRange};

/// Encoder priming before the first sample is kept up to this length in seconds,
/// because the timestamps are those of the packets.
const PRIMING_S: f64 = 0.05;
/// A track that begins later than this has wall-clock timestamps. The clock of a
/// broadcast counts 2^33 ticks of 90 kHz, so that a part of one may begin up to here.
const LATEST_START_S: f64 = 95_444.0;
/// Largest start time that is a rounded zero.
const ROUNDED_S: f64 = 0.003;
/// A Matroska file whose tracks end earlier than this before its declared end is not
/// whole.
const EARLY_END_S: f64 = 1.0;
/// Timestamps that are rounded or follow another clock may differ this much from the
/// frame count; a larger difference is a hole.
const TOLERANCE_S: f64 = 0.1;

/// The cause of a hole in the timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// Nothing was recorded in the hole.
    Gap,
    /// A recorded packet was lost.
    Damage,
}

/// How the timestamps of a container are interpreted.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself")]
pub(super) struct Timing {
    /// Seconds per tick; without it, counting alone gives the position.
    base: Option<TimeBase>,
    /// The positions of ticks.
    spans: Vec<TickRange>,
    /// The fragments of a stream, which add positions while it is read.
    fragmented: Option<FragmentedTrack>,
    /// Offset in frames between the frame count and the timestamps.
    origin: Option<i64>,
    /// Frames that Opus decodes before frame 0.
    pub(super) pre_skip: i64,
    /// Whether the length was counted rather than estimated.
    pub(super) counted: bool,
    /// Whether a packet may exceed its duration; the excess is padding.
    pub(super) padded: bool,
    /// Whether the container can find a timestamp.
    pub(super) seeks: bool,
    pub(super) hole: Hole,
    /// Whether a first timestamp above zero is the start time of the track.
    starts_later: bool,
    /// Where the timestamps begin in seconds, if they do not count from the start.
    pub(super) clock_s: Option<u64>,
    /// End in ticks of the first part of a file whose parts may have been concatenated.
    pub(super) part_end: Option<i64>,
    /// Length in ticks, and in seconds where only the container declares one.
    ticks: Option<u64>,
    pub(super) promised_s: Option<f64>,
}

/// The track of a stream of fragments.
#[derive(Debug, Clone)]
struct FragmentedTrack {
    index: GrowingIndex,
    track: u32,
    /// Ticks per second.
    scale: u32,
    /// Number of fragment runs that were read; `None` at first.
    runs_read: Option<usize>,
}

/// Position of a packet: its first frame, and the frames that are played.
#[derive(Debug, Clone, Copy)]
pub(super) struct PacketPosition {
    pub(super) index: i64,
    pub(super) from: i64,
    pub(super) until: i64,
    /// Index of its part of an edit list; each part has an exact position.
    pub(super) part: usize,
}

impl Timing {
    /// Relies on counting alone.
    pub(super) fn counting(pre_skip: i64, counted: bool) -> Self {
        Self {
            base: None,
            spans: Vec::new(),
            fragmented: None,
            origin: None,
            pre_skip,
            counted,
            padded: false,
            seeks: false,
            hole: Hole::Gap,
            starts_later: false,
            clock_s: None,
            part_end: None,
            ticks: None,
            promised_s: None,
        }
    }

    /// The timing of a track.
    pub(super) fn of(
        reader: &dyn FormatReader,
        track: &Track,
        movie: Option<&Movie>,
        pre_skip: u16,
    ) -> Self {
        let format = reader.format_info().format;
        let counted = match format {
            // Only the tag of LAME and compatible encoders declares the padding and
            // counts right.
            FORMAT_ID_MP3 => track.padding.is_some(),
            FORMAT_ID_FLAC | FORMAT_ID_ISOMP4 | FORMAT_ID_AIFF | FORMAT_ID_CAF | FORMAT_ID_OGG => {
                true
            }
            _ => false,
        };
        let listed =
            movie.and_then(|movie| movie.tracks.iter().find(|listed| listed.id == track.id));
        let spans = movie.zip(listed).map_or(Vec::new(), |(movie, listed)| {
            relaxed(listed.spans(movie.scale), listed.ticks(), listed.scale)
        });
        let length = listed
            .map(super::mp4::Trak::ticks)
            .filter(|&ticks| ticks > 0);
        let length = length.or(track.duration.map(symphonia::core::units::Duration::get));
        let media = reader.media_info();
        let promised = media.time_base.zip(media.duration);
        Self {
            base: track.time_base,
            spans,
            fragmented: None,
            origin: None,
            pre_skip: i64::from(pre_skip),
            counted,
            padded: format == FORMAT_ID_ISOMP4,
            seeks: match format {
                // A second track in an Ogg file makes the reader search forever.
                FORMAT_ID_OGG => reader.tracks().len() == 1,
                FORMAT_ID_ADTS | FORMAT_ID_WAVE => false,
                _ => true,
            },
            hole: match format {
                FORMAT_ID_OGG | FORMAT_ID_FLAC => Hole::Damage,
                _ => Hole::Gap,
            },
            starts_later: matches!(format, FORMAT_ID_ISOMP4 | FORMAT_ID_MKV | FORMAT_ID_OGG),
            clock_s: None,
            part_end: match (format, counted, track.num_frames) {
                (FORMAT_ID_MP3, true, Some(frames)) => {
                    Some(frames.cast_signed() + i64::from(track.padding.unwrap_or(0)))
                }
                _ => None,
            },
            ticks: length.filter(|&ticks| ticks > 0),
            promised_s: promised
                .filter(|(_, duration)| duration.get() > 0 && format == FORMAT_ID_MKV)
                .map(|(base, duration)| base.calc_duration_saturating(duration).as_secs_f64()),
        }
    }

    /// Ticks as frames.
    pub(super) fn frames(&self, ticks: i64, rate: u32) -> Option<i64> {
        let base = self.base?;
        let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
        let twice = 2 * i128::from(ticks) * numer * i128::from(rate) + denom;
        i64::try_from(twice.div_euclid(2 * denom)).ok()
    }

    /// Frames as ticks.
    fn ticks(&self, frames: i64, rate: u32) -> Option<i64> {
        let base = self.base?;
        let (numer, denom) = (i128::from(base.numer.get()), i128::from(base.denom.get()));
        let ticks = (i128::from(frames) * denom).div_euclid(numer * i128::from(rate.max(1)));
        i64::try_from(ticks).ok()
    }

    /// Whether a tick is no longer than a frame, so that it gives an exact position.
    fn exact(&self, rate: u32) -> bool {
        self.base.is_some_and(|base| {
            u64::from(base.numer.get()) * u64::from(rate) <= base.denom.get().into()
        })
    }

    /// Tolerated distance of a timestamp from the count, in frames; a larger one is a
    /// hole.
    pub(super) fn tolerance(&self, rate: u32) -> i64 {
        match self.hole {
            Hole::Damage if self.exact(rate) => 0,
            _ => (TOLERANCE_S * f64::from(rate)) as i64,
        }
    }

    /// Follows the fragments of a stream.
    pub(super) fn follow_fragments(&mut self, index: &GrowingIndex, movie: &Movie, track: u32) {
        let listed = movie.tracks.iter().find(|listed| listed.id == track);
        self.fragmented = listed.map(|listed| FragmentedTrack {
            index: index.clone(),
            track,
            scale: listed.scale,
            runs_read: None,
        });
    }

    /// Adds the positions of the fragments that were read since the last call.
    fn update_spans(&mut self) {
        let Some(fragmented) = &mut self.fragmented else {
            return;
        };
        let grown = fragmented
            .index
            .spans_if_grown(fragmented.track, fragmented.runs_read);
        if let Some((count, spans)) = grown {
            fragmented.runs_read = Some(count);
            // Later fragments are not read yet.
            self.spans = relaxed(spans, 0, fragmented.scale);
        }
    }

    /// Position of a packet in each part that plays some of it; `None` where the frame
    /// count gives the position.
    pub(super) fn places(&mut self, pts: i64, dur: u64, rate: u32) -> Option<Vec<PacketPosition>> {
        self.base?;
        self.update_spans();
        let end = pts.saturating_add_unsigned(dur).max(pts.saturating_add(1));
        if self.spans.is_empty() {
            let everything = TickRange {
                start: i64::MIN,
                end: i64::MAX,
                shift: 0,
                part: 0,
            };
            return Some(vec![self.within(everything, pts, rate)?]);
        }
        let first = self.spans.partition_point(|span| span.end <= pts);
        let parts: Vec<TickRange> = self.spans[first..]
            .iter()
            .take_while(|span| span.start < end)
            .copied()
            .collect();
        parts
            .into_iter()
            .map(|span| self.within(span, pts, rate))
            .collect()
    }

    /// Position of a packet within a part.
    fn within(&mut self, span: TickRange, pts: i64, rate: u32) -> Option<PacketPosition> {
        let at = |ticks: i64| match ticks {
            i64::MIN | i64::MAX => Some(ticks),
            ticks => self.frames(ticks.saturating_add(span.shift), rate),
        };
        let (raw, from, until) = (at(pts)?, at(span.start)?, at(span.end)?);
        let origin = *self.origin.get_or_insert_with(|| {
            let seconds = |s: f64| (s * f64::from(rate)) as i64;
            // The first page of an Ogg file may count a packet that yields no audio.
            let near_s = match self.hole {
                Hole::Damage => TOLERANCE_S,
                Hole::Gap => ROUNDED_S,
            };
            let near = -seconds(PRIMING_S)..seconds(near_s);
            let origin = raw.saturating_add(self.pre_skip);
            let calendar = self.starts_later && raw > seconds(LATEST_START_S);
            if calendar {
                self.clock_s = u64::try_from(raw / i64::from(rate.max(1))).ok();
            }
            let places = self.starts_later && !near.contains(&raw) && !calendar
                || !self.starts_later && raw < 0;
            if places { 0 } else { origin }
        });
        Some(PacketPosition {
            index: raw.saturating_sub(origin),
            from: from.saturating_sub(origin),
            until: until.saturating_sub(origin),
            part: span.part,
        })
    }

    /// The reader's ticks at a position; `None` where it cannot be found exactly.
    pub(super) fn seek_ticks(&self, index: i64, rate: u32) -> Option<i64> {
        let origin = self.origin?;
        if !self.seeks || !self.exact(rate) {
            return None;
        }
        let ticks = self.ticks(index.saturating_add(origin), rate)?;
        let inside = self
            .spans
            .iter()
            .find(|span| ticks < span.end.saturating_add(span.shift));
        match inside {
            Some(span) => Some(ticks.saturating_sub(span.shift).max(span.start)),
            None if self.spans.is_empty() => Some(ticks),
            None => None,
        }
    }

    /// Length in frames that Matroska declares for the longest track.
    pub(super) fn promised(&self, rate: u32) -> Option<i64> {
        let frames = (self.promised_s? * f64::from(rate)) as i64;
        Some(frames.saturating_sub(self.origin.unwrap_or(0)))
    }

    /// The frame after the latest tick of all tracks of a Matroska file.
    pub(super) fn reached(&self, latest_tick: i64, rate: u32) -> i64 {
        let frames = self.frames(latest_tick, rate).unwrap_or(0);
        frames.saturating_sub(self.origin.unwrap_or(0))
    }

    /// Whether a Matroska file ended long before what it declares, in all its tracks.
    pub(super) fn ends_early(&self, latest_tick: i64) -> bool {
        let latest_s = self.base.map(|base| {
            let numer = f64::from(base.numer.get());
            latest_tick as f64 * numer / f64::from(base.denom.get())
        });
        let declared = self.promised_s.zip(latest_s);
        declared.is_some_and(|(declared_s, latest_s)| latest_s + EARLY_END_S < declared_s)
    }

    /// Frames of the fragments of a stream behind the latest tick that was read.
    pub(super) fn lacking(&self, latest_tick: i64, rate: u32) -> Option<i64> {
        let fragmented = self.fragmented.as_ref()?;
        let ticks = fragmented.index.ticks(fragmented.track)?.cast_signed();
        self.frames(ticks.saturating_sub(latest_tick).max(0), rate)
    }

    /// The frame after the last one in the container.
    pub(super) fn total(&self, rate: u32) -> Option<i64> {
        let ticks = i64::try_from(self.ticks?).ok()?;
        match self.spans.last() {
            None => Some(self.frames(ticks, rate)?.saturating_sub(self.pre_skip)),
            Some(last) => {
                let end = ticks.min(last.end).saturating_add(last.shift);
                Some(
                    self.frames(end, rate)?
                        .saturating_sub(self.origin.unwrap_or(0)),
                )
            }
        }
    }
}

/// Without an encoder's priming and padding at its ends.
fn relaxed(mut spans: Vec<TickRange>, ticks: u64, scale: u32) -> Vec<TickRange> {
    let near = (PRIMING_S * f64::from(scale)) as i64;
    if let Some(first) = spans.first_mut()
        && first.start <= near
    {
        first.start = 0;
    }
    if let Some(last) = spans.last_mut()
        && (ticks.cast_signed()).saturating_sub(last.end) <= near
    {
        last.end = i64::MAX;
    }
    spans
}
