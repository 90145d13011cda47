//! Seeks in a compressed recording.

use symphonia::core::formats::{SeekMode, SeekTo};
use symphonia::core::units::Timestamp;

use super::Packets;
use super::opening::Origin;
use crate::audio::guard::guard;
use crate::audio::source::DecodeError;

/// Frames decoded and discarded before the target of a seek. Decoders with memory (MP3,
/// AAC, Vorbis, Opus) need them to settle.
const PREROLL_FRAMES: i64 = 8192;
impl Packets {
    /// Lets the container seek to a position before the target; `false` where it
    /// cannot.
    fn jump(&mut self, target: i64) -> bool {
        if self.mixed {
            return false;
        }
        let early = (target - PREROLL_FRAMES).max(-self.timing.pre_skip);
        let Some(ts) = self.timing.seek_ticks(early, self.spec.sample_rate) else {
            return false;
        };
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(ts),
            track_id: self.track,
        };
        let landed = guard(|| self.reader.seek(SeekMode::Accurate, to));
        self.decoder.reset();
        self.placed = false;
        landed.is_ok_and(|landed| landed.actual_ts.get() <= ts)
    }

    /// Continues at frame `target`.
    pub(super) fn go(&mut self, target: i64) -> Result<(), DecodeError> {
        if matches!(self.origin, Origin::Stream(_)) {
            if target < self.next {
                return Err(DecodeError::CannotSeek);
            }
            return self.forward(target);
        }
        let damaged = self.damaged;
        // Not every container can seek back from its end.
        if self.over {
            *self = self.reopen(0)?;
            self.find_next_flac()?;
        }
        let jumped = self.jump(target);
        if jumped {
            self.forward(target)?;
        }
        // It may have come to a part with another rate.
        if !jumped || self.mixed {
            *self = self.reopen(target)?;
        }
        self.damaged = self.damaged.max(damaged);
        Ok(())
    }

    /// Decodes up to frame `target`.
    pub(super) fn forward(&mut self, target: i64) -> Result<(), DecodeError> {
        self.samples.clear();
        (self.gap, self.later) = (0, None);
        self.next = target;
        self.over = !self.advance()?;
        Ok(())
    }
}
