//! Code that runs in an audio callback never allocates, for input and output.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use std::time::Duration;

use emoscope::audio::output::queue;
use emoscope::audio::ring::{Chunk, channel};
use emoscope::audio::source::Spec;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator that counts cannot be had otherwise"
)]
// SAFETY: every call is passed unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn pushing_allocates_nothing_in_a_full_or_free_ring() {
    let (mut producer, mut consumer) = channel(4800, 2);
    let block: Vec<i16> = (0..960).collect();
    let floats = [0.25_f64; 512];
    let mut out = Vec::with_capacity(1 << 20);
    let mut seen = (false, false);
    for round in 0..3000 {
        let before = ALLOCATIONS.get();
        producer.push(&block);
        producer.push(&floats);
        assert_eq!(ALLOCATIONS.get(), before, "round {round}");
        // At intervals the reader pauses, so that the ring overflows.
        if round % 40 < 20 {
            out.clear();
            loop {
                match consumer.read(&mut out, 1000) {
                    Chunk::Samples(_) => seen.0 = true,
                    Chunk::Gap(_) => seen.1 = true,
                    Chunk::Empty => break,
                }
            }
        }
    }
    assert_eq!(seen, (true, true));
}

#[test]
fn playing_allocates_nothing_empty_held_or_cleared() {
    let spec = Spec {
        sample_rate: 48_000,
        channels: 2,
    };
    let (mut queue, mut player) = queue(1, spec);
    let samples = [0.25; 1920];
    let (mut words, mut floats) = ([0_i16; 960], [0.0_f64; 512]);
    let mut silent = (false, false);
    for round in 0..3000 {
        // At intervals nothing arrives, so that the queue runs empty.
        if round % 40 < 20 {
            queue.push(&samples);
        }
        queue.hold(round % 100 > 90);
        if round % 77 == 0 {
            queue.clear();
        }
        let before = ALLOCATIONS.get();
        player.fill(&mut words, Duration::from_millis(20));
        player.fill(&mut floats, Duration::from_millis(20));
        assert_eq!(ALLOCATIONS.get(), before, "round {round}");
        silent.0 |= words.iter().all(|x| *x == 0);
        silent.1 |= words.iter().any(|x| *x > 8000);
    }
    assert_eq!(silent, (true, true));
}
