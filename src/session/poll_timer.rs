//! Decides when to poll for the next block: just after it should arrive.
//!
//! The callback must not wake a thread, so the worker polls. At a fixed interval every
//! other poll would find nothing, and the latency would be half the interval. Blocks
//! arrive at a steady rate, so the worker sleeps until the next is due.

use std::time::{Duration, Instant};

/// How much later than expected a block may arrive.
const LATE_MARGIN: Duration = Duration::from_micros(500);
/// First delay before polling again for a late block; doubled every time.
const LATE_POLL: Duration = Duration::from_millis(2);
/// The longest sleep, because other work waits for it.
const MAX_POLL: Duration = Duration::from_millis(30);
/// The shortest expected block.
const MIN_POLL: Duration = Duration::from_millis(1);
/// Weight of the newest interval in the mean.
const NEWEST_WEIGHT: f64 = 0.125;

/// Schedules the polls of an input.
#[derive(Debug, Clone, Default)]
pub(super) struct PollTimer {
    blocks: u64,
    last: Option<Instant>,
    period: Option<Duration>,
    /// Consecutive polls without a new block.
    missed: u32,
}

impl PollTimer {
    /// How long to sleep from `now` on, if `blocks` arrived so far, the last at `last_block`,
    /// and new samples may wait for `rest`.
    pub(super) fn sleep(
        &mut self,
        blocks: u64,
        last_block: Instant,
        now: Instant,
        rest: Duration,
    ) -> Duration {
        let new = blocks.saturating_sub(std::mem::replace(&mut self.blocks, blocks));
        if new == 0 {
            self.missed += 1;
            let doubled = LATE_POLL * 2_u32.pow(self.missed.min(5) - 1);
            return doubled.min(MAX_POLL);
        }
        self.missed = 0;
        if let Some(last) = self.last.replace(last_block) {
            let distance = last_block.saturating_duration_since(last) / new.try_into().unwrap_or(1);
            let distance = distance.min(MAX_POLL);
            self.period = Some(match self.period {
                None => distance,
                Some(period) => {
                    period.mul_f64(1.0 - NEWEST_WEIGHT) + distance.mul_f64(NEWEST_WEIGHT)
                }
            });
        }
        let period = self.period.unwrap_or(LATE_POLL).max(MIN_POLL);
        let blocks = (rest.as_micros() / period.as_micros()).clamp(1, 16) as u32;
        let due = last_block + period * blocks + LATE_MARGIN;
        due.saturating_duration_since(now)
            .clamp(LATE_POLL, MAX_POLL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Polls for blocks that arrive every `period`, delayed by `late`; returns the
    /// polls per block and the longest wait of a block.
    fn watch(period: Duration, rest: Duration, late: impl Fn(u32) -> Duration) -> (f64, Duration) {
        let begin = Instant::now();
        let arrival = |n: u32| begin + period * n + late(n);
        let (mut timer, mut now) = (PollTimer::default(), begin);
        let (mut looks, mut seen, mut waited) = (0, 0, Duration::ZERO);
        while seen < 1000 {
            while arrival(seen + 1) <= now {
                seen += 1;
                // The timer has to learn the rate first.
                if seen > 100 {
                    waited = waited.max(now - arrival(seen));
                }
            }
            looks += u32::from(seen > 100);
            now += timer.sleep(seen.into(), arrival(seen), now, rest);
        }
        (f64::from(looks) / 900.0, waited)
    }

    #[test]
    fn a_steady_input_is_looked_at_once_a_block_and_at_once() {
        for period in [5 * MS, 10 * MS, 16 * MS] {
            let (looks, waited) = watch(period, Duration::ZERO, |_| Duration::ZERO);
            assert!(looks < 1.02, "{period:?}: {looks} looks a block");
            assert!(waited < MS, "{period:?}: {waited:?}");
        }
    }

    #[test]
    fn a_late_block_is_found_soon_and_bursts_cost_no_more_looks() {
        let (looks, waited) = watch(10 * MS, 10 * MS, |n| {
            if n % 7 == 0 { 3 * MS } else { Duration::ZERO }
        });
        assert!(looks < 1.6 && waited < 4 * MS, "{looks}, {waited:?}");
        // Blocks of 5 ms that arrive four at a time, the first of them long ago.
        let (looks, waited) = watch(5 * MS, 5 * MS, |n| 5 * MS * (3 - n % 4));
        assert!(looks < 1.1 && waited < 16 * MS, "{looks}, {waited:?}");
    }

    #[test]
    fn where_nothing_is_urgent_several_blocks_are_taken_at_once() {
        let (looks, waited) = watch(10 * MS, 25 * MS, |_| Duration::ZERO);
        assert!(looks < 0.52 && waited < 12 * MS, "{looks}, {waited:?}");
    }

    #[test]
    fn nothing_that_comes_is_no_reason_to_hurry() {
        let (mut timer, mut now) = (PollTimer::default(), Instant::now());
        let begin = now;
        let looks = (0..1000)
            .take_while(|_| {
                now += timer.sleep(0, begin, now, Duration::ZERO);
                now < begin + 1000 * MS
            })
            .count();
        assert!(looks < 60, "{looks} looks in a second");
    }
}
