//! The audio callback's side of the ring never allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use emoscope::audio::ring::{Chunk, channel};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator that counts cannot be had otherwise"
)]
// SAFETY: every call goes to the system's allocator as it came.
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
fn pushing_allocates_nothing_full_or_not() {
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
        // Every now and then the reader is away, so that the ring runs over.
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
