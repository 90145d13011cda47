//! Presentation times of an MP4's track, from its edit list and its fragments.

use super::Trak;
use super::boxes::{long, word};

/// A part of the track as it is presented, or a pause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edit {
    /// Ticks of the movie; 0 means up to the end.
    length: u64,
    /// First tick of the track; a negative value is a pause.
    media: i64,
}

/// A part of a track: its ticks in the reader's count, and their offset from the
/// presentation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::audio) struct TickRange {
    pub(in crate::audio) start: i64,
    /// The tick after the last; `i64::MAX` where there is no end.
    pub(in crate::audio) end: i64,
    pub(in crate::audio) shift: i64,
    /// Which part of the edit list it is in.
    pub(in crate::audio) part: usize,
}

impl Trak {
    /// Whether any part of the track is presented at a different time than its own.
    pub(in crate::audio) fn has_edits(&self) -> bool {
        self.edits.iter().any(|edit| edit.media >= 0)
    }

    /// The presentation times of its samples, in its reader's order.
    pub(in crate::audio) fn spans(&self, movie_scale: u32) -> Vec<TickRange> {
        let mut placed = vec![];
        let mut counted = self.ticks;
        // The reader keeps counting from fragment to fragment, whatever times they
        // declare.
        for fragment in &self.fragments {
            let shift = fragment.at.unwrap_or(counted).cast_signed();
            placed.push(TickRange {
                start: counted.cast_signed(),
                end: counted.saturating_add(fragment.ticks).cast_signed(),
                shift: shift.saturating_sub(counted.cast_signed()),
                part: 0,
            });
            counted = counted.saturating_add(fragment.ticks);
        }
        if self.ticks > 0 || placed.is_empty() {
            let end = if placed.is_empty() {
                i64::MAX
            } else {
                self.ticks.cast_signed()
            };
            placed.insert(
                0,
                TickRange {
                    start: 0,
                    end,
                    shift: 0,
                    part: 0,
                },
            );
        }
        if let Some(last) = placed.last_mut() {
            last.end = i64::MAX;
        }
        let parts = self.played(movie_scale);
        let mut spans: Vec<TickRange> = Vec::new();
        for part in parts {
            for span in &placed {
                // The part is in ticks of the track, the span in ticks of its reader.
                let start = span.start.max(part.start.saturating_sub(span.shift));
                let end = match (span.end, part.end) {
                    (end, i64::MAX) => end,
                    (end, part) => end.min(part.saturating_sub(span.shift)),
                };
                if start >= end {
                    continue;
                }
                let shift = span.shift.saturating_add(part.shift);
                match spans.last_mut() {
                    Some(last) if last.end == start && last.shift == shift => last.end = end,
                    _ => spans.push(TickRange {
                        start,
                        end,
                        shift,
                        part: part.part,
                    }),
                }
            }
        }
        spans
    }

    /// Whether the edit list repeats parts, or plays them in another order.
    pub(in crate::audio) fn goes_back(&self, movie_scale: u32) -> bool {
        self.has_edits() && self.edited(movie_scale).is_none()
    }

    /// The parts that are played, in ticks of the track; the whole where the list
    /// goes back in it, which is not followed.
    fn played(&self, movie_scale: u32) -> Vec<TickRange> {
        self.edited(movie_scale).unwrap_or_else(|| {
            vec![TickRange {
                start: 0,
                end: i64::MAX,
                shift: 0,
                part: 0,
            }]
        })
    }

    fn edited(&self, movie_scale: u32) -> Option<Vec<TickRange>> {
        if !self.has_edits() || movie_scale == 0 {
            return None;
        }
        let ticks = |movie: u64| {
            let ticks = u128::from(movie) * u128::from(self.scale) / u128::from(movie_scale);
            i64::try_from(ticks).unwrap_or(i64::MAX / 4)
        };
        // A length is rounded to a tick of the movie.
        let rounded = i64::from(self.scale.div_ceil(movie_scale));
        let (mut at, mut parts) = (0_u64, Vec::<TickRange>::new());
        for edit in &self.edits {
            if edit.media >= 0 {
                let end = match edit.length {
                    0 => i64::MAX,
                    length => edit.media.saturating_add(ticks(length)),
                };
                let latest = edit.media.saturating_add(rounded);
                if parts.last().is_some_and(|last| latest < last.end) {
                    return None;
                }
                parts.push(TickRange {
                    start: edit.media,
                    end,
                    shift: ticks(at).saturating_sub(edit.media),
                    part: parts.len(),
                });
            }
            at = at.saturating_add(edit.length);
        }
        Some(parts)
    }
}

impl Edit {
    /// The entries of an `elst` box.
    pub(super) fn list(body: &[u8]) -> Vec<Self> {
        let wide = body.first() == Some(&1);
        let size = if wide { 20 } else { 12 };
        let count = word(body, 4).unwrap_or(0) as usize;
        let entries = body.get(8..).unwrap_or_default().chunks_exact(size);
        let parse = |entry: &[u8]| {
            Some(if wide {
                Self {
                    length: long(entry, 0)?,
                    media: long(entry, 8)?.cast_signed(),
                }
            } else {
                Self {
                    length: word(entry, 0)?.into(),
                    media: word(entry, 4)?.cast_signed().into(),
                }
            })
        };
        entries.take(count).filter_map(parse).collect()
    }
}
