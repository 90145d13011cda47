//! Runs a task for many items in parallel.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many recordings are analyzed at once.
///
/// Plain threads: a pool such as rayon's gives other work to a waiting thread. A worker
/// that waits for the built-in engine would start another file inside the first, and
/// another inside that, until its stack overflows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jobs {
    /// Number at once; `None` is the number of cores.
    pub at_once: Option<NonZeroUsize>,
}

impl Jobs {
    /// Processes all items, started in order, until one returns `None`.
    pub fn each<T: Sync>(self, items: &[T], work: impl Fn(usize, &T) -> Option<()> + Sync) {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = self.at_once.map_or_else(cores, NonZeroUsize::get);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..threads.min(items.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(index) else { return };
                        if work(index, item).is_none() {
                            next.fetch_max(items.len(), Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    }

    /// The result for each item, in their order.
    pub fn map<T: Sync, R: Send>(self, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let found = Mutex::new(Vec::with_capacity(items.len()));
        self.each(items, |index, item| {
            let result = work(item);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push((index, result));
            Some(())
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_once_in_order_and_no_more_after_a_stop() {
        let items: Vec<usize> = (0..1000).collect();
        for at_once in [None, NonZeroUsize::new(1), NonZeroUsize::new(7)] {
            let jobs = Jobs { at_once };
            let twice = jobs.map(&items, |item| item * 2);
            assert_eq!(twice, items.iter().map(|item| item * 2).collect::<Vec<_>>());
            let begun = AtomicUsize::new(0);
            jobs.each(&items, |_, item| {
                begun.fetch_add(1, Ordering::Relaxed);
                (*item != 10).then_some(())
            });
            assert!(begun.into_inner() < 100);
            jobs.each(&[(); 0], |_, ()| None);
        }
    }
}
