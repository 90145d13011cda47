//! The path from the audio callback to the worker: samples, and the positions of
//! losses.
//!
//! The producer's side allocates nothing, takes no lock and makes no system call. A
//! full ring loses samples and never blocks, and the position of every loss is exact.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cpal::{FromSample, Sample};
use ringbuf::traits::{Consumer as _, Observer as _, Producer as _, Split as _};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::source::Spec;

/// Most losses that wait for the consumer; further ones are merged into the last.
const MOST_LOSSES: usize = 256;

/// Largest ring in samples, for a size given in seconds.
const MOST_RING_SAMPLES: usize = 16 << 20;

/// Samples converted per pass.
const SAMPLES_PER_PASS: usize = 256;

/// Frames lost after a number of written frames.
#[derive(Debug, Clone, Copy)]
struct Loss {
    after: u64,
    frames: u64,
}

#[derive(Debug, Default)]
struct Counters {
    /// All frames lost so far.
    lost: AtomicU64,
    /// Frames lost at the very end, set when the producer is dropped.
    tail: AtomicU64,
}

/// The callback's side.
pub struct Producer {
    samples: HeapProd<f32>,
    losses: HeapProd<Loss>,
    counters: Arc<Counters>,
    channels: usize,
    capacity: usize,
    written: u64,
    pending: u64,
}

/// The worker's side.
pub struct Consumer {
    samples: HeapCons<f32>,
    losses: HeapCons<Loss>,
    counters: Arc<Counters>,
    channels: usize,
    read: u64,
}

/// What [`Consumer::read`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// That many frames were appended.
    Samples(usize),
    /// That many frames are missing here.
    Gap(u64),
    /// Nothing new.
    Empty,
}

/// A ring for `capacity_frames` frames of `channels` interleaved samples; both at least
/// 1.
pub fn channel(capacity_frames: usize, channels: u16) -> (Producer, Consumer) {
    let channels = usize::from(channels).max(1);
    let capacity = capacity_frames.max(1);
    let (mut sample_in, mut sample_out) = HeapRb::new(capacity * channels).split();
    let (loss_in, loss_out) = HeapRb::new(MOST_LOSSES).split();
    // Write every page once here, so that the callback causes no page fault.
    sample_in.push_iter(std::iter::repeat(0.0));
    sample_out.clear();
    let counters = Arc::new(Counters::default());
    let producer = Producer {
        samples: sample_in,
        losses: loss_in,
        counters: Arc::clone(&counters),
        channels,
        capacity,
        written: 0,
        pending: 0,
    };
    let consumer = Consumer {
        samples: sample_out,
        losses: loss_out,
        counters,
        channels,
        read: 0,
    };
    (producer, consumer)
}

/// A ring that holds that many seconds, and at most 64 MiB.
pub(super) fn for_seconds(seconds: usize, spec: Spec) -> (Producer, Consumer) {
    let channels = usize::from(spec.channels);
    let frames = (seconds * spec.sample_rate as usize).min(MOST_RING_SAMPLES / channels);
    channel(frames, spec.channels)
}

impl Producer {
    /// Takes one block of interleaved samples of any format; an incomplete frame at its
    /// end is ignored.
    pub fn push<T: Sample>(&mut self, block: &[T])
    where
        f32: FromSample<T>,
    {
        let frames = block.len() / self.channels;
        let vacant = self.samples.vacant_len() / self.channels;
        if self.pending > 0 {
            // Resume only where the whole block fits; otherwise a slightly slow reader
            // would turn every block into a separate loss.
            let room = vacant >= frames.min(self.capacity);
            let loss = Loss {
                after: self.written,
                frames: self.pending,
            };
            // Record the loss first, so that a reader that sees the samples after it
            // also sees the loss.
            if !room || self.losses.try_push(loss).is_err() {
                self.lose(frames);
                return;
            }
            self.pending = 0;
        }
        let kept = frames.min(vacant);
        // In passes: a loop over a slice is vectorized, the ring's iterator is not.
        let mut part = [0.0; SAMPLES_PER_PASS];
        for samples in block[..kept * self.channels].chunks(SAMPLES_PER_PASS) {
            for (to, &from) in part.iter_mut().zip(samples) {
                *to = f32::from_sample(from);
            }
            self.samples.push_slice(&part[..samples.len()]);
        }
        self.written += kept as u64;
        if kept < frames {
            self.lose(frames - kept);
        }
    }

    fn lose(&mut self, frames: usize) {
        self.pending += frames as u64;
        self.counters
            .lost
            .fetch_add(frames as u64, Ordering::Relaxed);
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.counters.tail.store(self.pending, Ordering::Release);
    }
}

impl Consumer {
    /// Appends at most `max_frames` frames to `out`, or reports a gap, in the order in
    /// which they occurred.
    pub fn read(&mut self, out: &mut Vec<f32>, max_frames: usize) -> Chunk {
        // Read in this order: the producer may be dropped, or lose and write, in
        // between.
        let gone = !self.samples.write_is_held();
        let available = self.samples.occupied_len() / self.channels;
        let loss = self.losses.try_peek().copied();
        let mut frames = available.min(max_frames);
        if let Some(loss) = loss {
            if loss.after == self.read {
                self.losses.try_pop();
                return Chunk::Gap(loss.frames);
            }
            let ahead = usize::try_from(loss.after - self.read).unwrap_or(usize::MAX);
            frames = frames.min(ahead);
        }
        if frames == 0 {
            return if gone && available == 0 {
                match self.counters.tail.swap(0, Ordering::Acquire) {
                    0 => Chunk::Empty,
                    tail => Chunk::Gap(tail),
                }
            } else {
                Chunk::Empty
            };
        }
        let start = out.len();
        out.resize(start + frames * self.channels, 0.0);
        self.samples.pop_slice(&mut out[start..]);
        self.read += frames as u64;
        Chunk::Samples(frames)
    }

    /// Frames that are ready to be read.
    pub fn waiting(&self) -> usize {
        self.samples.occupied_len() / self.channels
    }

    /// Frames delivered since the start: read, waiting or lost.
    pub fn arrived(&self) -> u64 {
        self.read + self.waiting() as u64 + self.lost()
    }

    /// Frames lost since the start, including those not yet reported by a gap.
    pub fn lost(&self) -> u64 {
        self.counters.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks the order of `got` against frames 0..: frame n holds n on each channel.
    struct Check {
        next: u64,
        lost: u64,
        channels: usize,
    }

    impl Check {
        fn take(&mut self, consumer: &mut Consumer, max_frames: usize) -> Chunk {
            let mut out = vec![-1.0];
            let chunk = consumer.read(&mut out, max_frames);
            match chunk {
                Chunk::Samples(frames) => {
                    assert_eq!(out.len(), 1 + frames * self.channels);
                    assert!(frames <= max_frames && frames > 0);
                    for frame in out[1..].chunks(self.channels) {
                        assert!(
                            frame
                                .iter()
                                .all(|&x| x.to_bits() == (self.next as f32).to_bits())
                        );
                        self.next += 1;
                    }
                }
                Chunk::Gap(frames) => {
                    assert!(frames > 0);
                    self.next += frames;
                    self.lost += frames;
                }
                Chunk::Empty => assert_eq!(out.len(), 1),
            }
            chunk
        }
    }

    fn block(first: u64, frames: usize, channels: usize) -> Vec<f32> {
        (0..frames as u64)
            .flat_map(|k| std::iter::repeat_n((first + k) as f32, channels))
            .collect()
    }

    proptest! {
        #[test]
        fn every_frame_arrives_or_is_missed_in_its_place(
            capacity in 1_usize..50,
            channels in 1_u16..4,
            steps in prop::collection::vec((0_usize..80, 0_usize..80, 0_usize..4), 1..400),
        ) {
            let (mut producer, mut consumer) = channel(capacity, channels);
            let channels = usize::from(channels);
            let mut sent = 0;
            let mut check = Check { next: 0, lost: 0, channels };
            for (push, max, reads) in steps {
                producer.push(&block(sent, push, channels));
                sent += push as u64;
                for _ in 0..reads {
                    check.take(&mut consumer, max.max(1));
                }
            }
            let lost = consumer.lost();
            drop(producer);
            while check.take(&mut consumer, 1000) != Chunk::Empty {}
            prop_assert_eq!(check.next, sent);
            prop_assert_eq!(check.lost, lost);
        }
    }

    #[test]
    fn full_list_of_losses_keeps_place_and_count() {
        let (mut producer, mut consumer) = channel(2, 1);
        let mut sent = 0;
        // Each round loses one frame, and no loss is read before the end.
        for _ in 0..2 * MOST_LOSSES {
            producer.push(&block(sent, 3, 1));
            sent += 3;
            let mut out = Vec::new();
            consumer.samples.pop_iter().for_each(|x| out.push(x));
            consumer.read += out.len() as u64;
        }
        let waiting = consumer.losses.occupied_len();
        assert_eq!(waiting, MOST_LOSSES);
        drop(producer);
        let told: u64 = consumer.losses.pop_iter().map(|loss| loss.frames).sum();
        let tail = consumer.counters.tail.load(Ordering::Acquire);
        assert_eq!(told + tail, consumer.lost());
        assert_eq!(consumer.read + consumer.lost(), sent);
    }

    #[test]
    fn two_threads_lose_nothing_unnoticed() {
        const FRAMES: u64 = 1 << 20;
        let (mut producer, mut consumer) = channel(64, 2);
        let writer = std::thread::spawn(move || {
            let mut sent = 0;
            while sent < FRAMES {
                let size = 1 + (sent * 7919 % 61) as usize;
                producer.push(&block(sent, size, 2));
                sent += size as u64;
                if sent % 5 == 0 {
                    std::thread::yield_now();
                }
            }
            sent
        });
        let mut check = Check {
            next: 0,
            lost: 0,
            channels: 2,
        };
        loop {
            let over = writer.is_finished();
            if check.take(&mut consumer, 17) == Chunk::Empty && over {
                break;
            }
        }
        assert_eq!(check.next, writer.join().unwrap());
        assert_eq!(check.lost, consumer.lost());
        assert!(check.lost < check.next, "some must arrive");
    }

    #[test]
    fn every_format_becomes_the_same_level() {
        fn half<T: Sample + FromSample<f32>>() -> f32
        where
            f32: FromSample<T>,
        {
            let (mut producer, mut consumer) = channel(4, 1);
            producer.push(&[T::from_sample(0.5_f32)]);
            let mut out = Vec::new();
            consumer.read(&mut out, 4);
            out[0]
        }
        let all = [
            half::<i8>(),
            half::<u8>(),
            half::<i16>(),
            half::<u16>(),
            half::<cpal::I24>(),
            half::<cpal::U24>(),
            half::<i32>(),
            half::<u32>(),
            half::<i64>(),
            half::<u64>(),
            half::<f32>(),
            half::<f64>(),
        ];
        assert!(all.iter().all(|x| (x - 0.5).abs() < 1e-6), "{all:?}");
    }
}
