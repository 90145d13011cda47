//! The path of samples to the output's callback, and the playback position on the way
//! back.
//!
//! The callback's side allocates nothing, takes no lock and makes no system call. It
//! plays the waiting samples, and silence when there are none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::time::{Duration, Instant};

use cpal::{FromSample, Sample};
use ringbuf::traits::{Consumer as _, Observer as _, Producer as _, Split as _};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::audio::source::Spec;

/// Samples converted per pass, or one frame where that is more.
const SAMPLES_PER_PASS: usize = 256;
/// Fade time between silence and full volume, in seconds; shorter fades click.
const RAMP_S: f32 = 0.005;
/// Attempts to read the playback position while the callback writes it.
const READ_ATTEMPTS: usize = 16;

/// State shared by both sides, atomics only.
struct Shared {
    start: Instant,
    /// Bits of the factor that samples are multiplied by.
    gain: AtomicU32,
    /// Whether playback is paused.
    held: AtomicBool,
    /// Whether the stream ended by itself.
    failed: Arc<AtomicBool>,
    /// Frames before this one are not played.
    discard_until: AtomicU64,
    /// Odd while the three fields below are written.
    version: AtomicU64,
    /// Number of the first frame of the last non-empty block.
    first: AtomicU64,
    /// Frames of that block.
    frames: AtomicU64,
    /// When its first frame is played, in nanoseconds since `start`.
    played_ns: AtomicU64,
}

/// The producer's side.
pub struct Queue {
    samples: HeapProd<f32>,
    shared: Arc<Shared>,
    spec: Spec,
    written: u64,
    cleared: u64,
    played: f64,
}

/// The callback's side.
pub struct QueueReader {
    samples: HeapCons<f32>,
    shared: Arc<Shared>,
    channels: usize,
    taken: u64,
    gain: f32,
    /// Largest change of the gain per frame.
    step: f32,
}

/// A queue for that many seconds of audio, at least one frame.
pub fn queue(seconds: usize, spec: Spec) -> (Queue, QueueReader) {
    let channels = usize::from(spec.channels).clamp(1, SAMPLES_PER_PASS);
    let frames = (seconds * spec.sample_rate as usize).max(1);
    let (mut samples_in, mut samples_out) = HeapRb::new(frames * channels).split();
    // Write every page once here, so that the callback causes no page fault.
    samples_in.push_iter(std::iter::repeat(0.0));
    samples_out.clear();
    let shared = Arc::new(Shared {
        start: Instant::now(),
        gain: AtomicU32::new(1.0_f32.to_bits()),
        held: AtomicBool::new(false),
        failed: Arc::new(AtomicBool::new(false)),
        discard_until: AtomicU64::new(0),
        version: AtomicU64::new(0),
        first: AtomicU64::new(0),
        frames: AtomicU64::new(0),
        played_ns: AtomicU64::new(0),
    });
    let player = QueueReader {
        samples: samples_out,
        shared: Arc::clone(&shared),
        channels,
        taken: 0,
        gain: 0.0,
        step: 1.0 / (RAMP_S * spec.sample_rate as f32).max(1.0),
    };
    let queue = Queue {
        samples: samples_in,
        shared,
        spec,
        written: 0,
        cleared: 0,
        played: 0.0,
    };
    (queue, player)
}

impl Queue {
    /// Appends as many whole frames of interleaved samples as fit; returns their
    /// number.
    pub fn push(&mut self, samples: &[f32]) -> usize {
        let channels = usize::from(self.spec.channels).max(1);
        let frames = (samples.len() / channels).min(self.samples.vacant_len() / channels);
        self.samples.push_slice(&samples[..frames * channels]);
        self.written += frames as u64;
        frames
    }

    /// Frames that wait to be played.
    pub fn waiting(&self) -> usize {
        self.samples.occupied_len() / usize::from(self.spec.channels).max(1)
    }

    /// Drops what waits; [`played_s`](Self::played_s) counts from zero again.
    pub fn clear(&mut self) {
        self.cleared = self.written;
        self.played = 0.0;
        let discard = &self.shared.discard_until;
        discard.store(self.written, Ordering::Release);
    }

    /// Pauses or resumes playback.
    pub fn hold(&self, held: bool) {
        self.shared.held.store(held, Ordering::Release);
    }

    /// Whether playback is paused.
    pub fn is_held(&self) -> bool {
        self.shared.held.load(Ordering::Relaxed)
    }

    /// Sets the factor that samples are multiplied by, 0 to 1.
    pub fn set_gain(&self, gain: f32) {
        let bits = gain.clamp(0.0, 1.0).to_bits();
        self.shared.gain.store(bits, Ordering::Relaxed);
    }

    /// The flag that the stream sets when it ends by itself.
    pub(super) fn failed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.failed)
    }

    /// Whether the stream ended by itself: the output was unplugged, or its server has
    /// stopped.
    pub fn has_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// Seconds played since the last [`clear`](Self::clear), corrected for the latency
    /// of the output. Never decreases.
    pub fn played_s(&mut self) -> f64 {
        let now = self.shared.start.elapsed();
        if let Some(frames) = self.shared.frame_at(now, self.spec.sample_rate) {
            let since = (frames - self.cleared as f64).max(0.0);
            self.played = self.played.max(since / f64::from(self.spec.sample_rate));
        }
        self.played
    }

    /// Whether all pushed samples were played.
    pub fn is_drained(&mut self) -> bool {
        let pushed = (self.written - self.cleared) as f64;
        self.played_s() * f64::from(self.spec.sample_rate) >= pushed - 0.5
    }
}

impl Shared {
    /// The frame that is played at a time since `start`, extrapolated from the last
    /// block; `None` before the first.
    fn frame_at(&self, now: Duration, rate: u32) -> Option<f64> {
        for _ in 0..READ_ATTEMPTS {
            let version = self.version.load(Ordering::Acquire);
            if version == 0 {
                return None;
            }
            let first = self.first.load(Ordering::Relaxed) as f64;
            let frames = self.frames.load(Ordering::Relaxed) as f64;
            let at = Duration::from_nanos(self.played_ns.load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            let same = self.version.load(Ordering::Relaxed) == version;
            if same && version.is_multiple_of(2) {
                let since = (now.as_secs_f64() - at.as_secs_f64()) * f64::from(rate);
                return Some(first + since.min(frames));
            }
        }
        None
    }

    fn publish(&self, first: u64, frames: u64, played: Duration) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.first.store(first, Ordering::Relaxed);
        self.frames.store(frames, Ordering::Relaxed);
        let played = played.as_nanos() as u64;
        self.played_ns.store(played, Ordering::Relaxed);
        self.version.store(version + 2, Ordering::Release);
    }
}

impl QueueReader {
    /// Fills a block of interleaved samples that will be played in `delay`.
    pub fn fill<T>(&mut self, block: &mut [T], delay: Duration)
    where
        T: Sample + FromSample<f32>,
    {
        self.discard();
        let first = self.taken;
        let mut part = [0.0; SAMPLES_PER_PASS];
        let size = SAMPLES_PER_PASS / self.channels * self.channels;
        for block in block.chunks_mut(size) {
            // While paused, samples are consumed until the fade-out is complete.
            let held = self.shared.held.load(Ordering::Acquire);
            let gain = f32::from_bits(self.shared.gain.load(Ordering::Relaxed));
            let target = if held { 0.0 } else { gain };
            let count = if held && self.gain <= 0.0 {
                0
            } else {
                self.samples.pop_slice(&mut part[..block.len()])
            };
            self.taken += (count / self.channels) as u64;
            for frame in part[..count].chunks_mut(self.channels) {
                self.gain += (target - self.gain).clamp(-self.step, self.step);
                for sample in frame {
                    *sample *= self.gain;
                }
            }
            if count == 0 {
                self.gain = 0.0;
            }
            let (sounding, silent) = block.split_at_mut(count);
            for (to, from) in sounding.iter_mut().zip(&part) {
                *to = T::from_sample(*from);
            }
            silent.fill(T::EQUILIBRIUM);
        }
        if self.taken > first {
            let now = self.shared.start.elapsed();
            self.shared.publish(first, self.taken - first, now + delay);
        }
    }

    fn discard(&mut self) {
        let until = self.shared.discard_until.load(Ordering::Acquire);
        if self.taken < until {
            let frames = usize::try_from(until - self.taken).unwrap_or(usize::MAX);
            let skipped = self.samples.skip(frames.saturating_mul(self.channels));
            self.taken += (skipped / self.channels) as u64;
            self.gain = 0.0;
        }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // copied, not computed
mod tests {
    use super::*;

    const SPEC: Spec = Spec {
        sample_rate: 1000,
        channels: 2,
    };

    fn ramp(frames: usize) -> Vec<f32> {
        (0..frames * 2).map(|n| (n / 2) as f32).collect()
    }

    fn played(player: &mut QueueReader, frames: usize) -> Vec<f32> {
        let mut block = vec![9.0; frames * 2];
        player.fill(&mut block, Duration::ZERO);
        block
    }

    #[test]
    fn what_goes_in_comes_out_and_then_there_is_silence() {
        let (mut queue, mut player) = queue(1, SPEC);
        assert_eq!(queue.push(&ramp(10)), 10);
        let block = played(&mut player, 20);
        // The first 5 ms are faded in.
        assert_eq!(&block[10..20], &ramp(10)[10..20]);
        assert!(block[20..].iter().all(|sample| *sample == 0.0));
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn a_full_queue_takes_no_part_of_a_frame() {
        let (mut queue, _player) = queue(1, SPEC);
        assert_eq!(queue.push(&ramp(1200)), 1000);
        assert_eq!(queue.push(&ramp(3)), 0);
    }

    #[test]
    fn what_is_held_waits_and_what_is_cleared_is_gone() {
        let (mut queue, mut player) = queue(1, SPEC);
        queue.push(&ramp(600));
        played(&mut player, 20);
        queue.hold(true);
        played(&mut player, 200); // fades out
        let waiting = queue.waiting();
        assert!(played(&mut player, 200).iter().all(|sample| *sample == 0.0));
        assert_eq!(queue.waiting(), waiting);
        queue.hold(false);
        queue.clear();
        queue.push(&[0.5; 40]);
        let block = played(&mut player, 20);
        assert_eq!(block[39], 0.5);
        assert_eq!(queue.waiting(), 0);
    }

    #[test]
    fn silence_is_the_middle_of_every_format_and_the_gain_is_followed() {
        let (mut queue, mut player) = queue(1, SPEC);
        let mut block = [1_u8; 8];
        player.fill(&mut block, Duration::ZERO);
        assert_eq!(block, [128; 8]);
        queue.set_gain(0.5);
        queue.push(&[0.5; 100]);
        assert_eq!(played(&mut player, 50)[99], 0.25);
    }

    #[test]
    fn played_is_what_left_the_output_by_now() {
        let (mut queue, mut player) = queue(1, SPEC);
        assert_eq!(queue.played_s(), 0.0);
        queue.push(&ramp(400));
        let mut block = vec![0.0; 400];
        player.fill(&mut block, Duration::from_mins(1));
        assert_eq!(queue.played_s(), 0.0, "it is still on its way");
        player.fill(&mut block, Duration::ZERO);
        std::thread::sleep(Duration::from_millis(50));
        let position_s = queue.played_s();
        assert!((0.25..=0.4).contains(&position_s), "{position_s}");
        std::thread::sleep(Duration::from_millis(200));
        // Never more than was pushed, however late it is.
        assert!((queue.played_s() - 0.4).abs() < 1e-9);
        assert!(queue.is_drained());
        queue.clear();
        assert_eq!(queue.played_s(), 0.0);
    }
}
