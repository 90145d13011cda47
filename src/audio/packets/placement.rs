//! Where the frames of a packet belong: by its timestamp, or after those before it.

use super::super::timing::{Hole, PacketPosition};
use super::Packets;

/// Longest silence that replaces a packet, in seconds.
const SILENCE_S: u64 = 10;
/// Longest plausible hole, in seconds.
const HOLE_S: i64 = 24 * 3600;

impl Packets {
    /// Sets the position of the packet by its timestamp, unless the frame count is as exact.
    pub(super) fn put_at(&mut self, PacketPosition { index, part, .. }: PacketPosition) {
        let rate = self.spec.sample_rate;
        let other = std::mem::replace(&mut self.part, part) != part;
        if !self.placed {
            if !self.fresh.is_empty() {
                self.placed = true;
                self.position = index;
                // In a stream that begins later, the frames that Opus needs to start
                // are not part of the audio.
                let first = index.saturating_add(self.timing.pre_skip);
                if self.next == 0 && index > 0 {
                    self.gap = first.cast_unsigned();
                    self.next = first;
                }
            }
            return;
        }
        let hole = index.saturating_sub(self.position);
        if hole >= HOLE_S * i64::from(rate) && self.leap_s.is_none() {
            self.leap_s = Some(self.seconds(self.position) as u64);
        }
        if other && hole < HOLE_S * i64::from(rate) {
            self.position = index;
        } else if hole > self.timing.tolerance(rate) && hole < HOLE_S * i64::from(rate) {
            self.holes += u64::from(self.timing.hole == Hole::Damage);
            self.position = index;
        }
    }

    /// Silence in place of a packet, so that what follows keeps its position.
    pub(super) fn silence(&mut self, frames: i64) {
        self.fresh.clear();
        if self.found {
            let most = SILENCE_S * u64::from(self.spec.sample_rate);
            let frames = frames.max(0).cast_unsigned().min(most) as usize;
            self.fresh.resize(frames * self.channels(), 0.0);
        }
    }

    /// Appends the frames of the packet inside the given range that were not returned
    /// yet; frames missing before them are a gap.
    pub(super) fn keep(&mut self, from: i64, until: i64) {
        let channels = self.channels();
        let frames = (self.fresh.len() / channels).cast_signed() as i64;
        let end = self.position.saturating_add(frames);
        let first = self.position.max(self.next).max(from);
        let last = end.min(until);
        if first < last {
            let gap = first.saturating_sub(self.next).cast_unsigned();
            let [a, b] = [first, last].map(|at| (at - self.position) as usize * channels);
            let part = &self.fresh[a..b];
            match &mut self.later {
                Some((_, later)) => later.extend_from_slice(part),
                None if gap > 0 && !self.samples.is_empty() => {
                    self.later = Some((gap, part.to_vec()));
                }
                None => {
                    self.gap += gap;
                    self.samples.extend_from_slice(part);
                }
            }
            self.next = last;
        }
        self.position = end;
    }
}
