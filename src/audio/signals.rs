//! The state of an open input as its callbacks report it, atomics only.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpal::ErrorKind;

/// How long the audio system may take to answer.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Requested blocks per second. The last sample of a window waits for the end of its
/// block.
pub(super) const BLOCKS_PER_S: u32 = 100;

/// Why a stream ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The device was removed.
    Unplugged,
    /// The sound server stopped, or ended the stream.
    ServerLost,
    /// Any other unrecoverable error of the audio system.
    Failed,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Unplugged => "the input was unplugged",
            Self::ServerLost => "the sound server closed the input",
            Self::Failed => "the input failed",
        })
    }
}

/// The state that the callbacks report, atomics only.
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) start: Instant,
    /// Blocks so far.
    pub(super) callbacks: AtomicU64,
    /// When the last block arrived, in nanoseconds since `start`.
    came: AtomicU64,
    /// How long samples may wait to be delivered, in microseconds.
    rest: AtomicU64,
    pub(super) xruns: AtomicU64,
    pub(super) errors: AtomicU64,
    fault: AtomicU8,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            callbacks: AtomicU64::new(0),
            came: AtomicU64::new(0),
            rest: AtomicU64::new(1_000_000 / u64::from(BLOCKS_PER_S)),
            xruns: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            fault: AtomicU8::new(0),
        }
    }
}

impl Signals {
    /// Called at the end of every callback. Reads the clock without a system call.
    pub(super) fn delivered(&self) {
        let now = self.start.elapsed().as_nanos() as u64;
        self.came.store(now, Ordering::Relaxed);
        self.callbacks.fetch_add(1, Ordering::Release);
    }

    /// Blocks so far, and when the last one arrived.
    pub(super) fn progress(&self) -> (u64, Instant) {
        let callbacks = self.callbacks.load(Ordering::Acquire);
        let came = Duration::from_nanos(self.came.load(Ordering::Relaxed));
        (callbacks, self.start + came)
    }

    /// How long samples may wait, where the device does not decide that.
    pub(super) fn rest(&self) -> Duration {
        Duration::from_micros(self.rest.load(Ordering::Relaxed))
    }

    /// Sets how long samples may wait.
    pub(super) fn set_rest(&self, rest: Duration) {
        let micros = rest.as_micros() as u64;
        self.rest.store(micros, Ordering::Relaxed);
    }

    /// Records why the stream ended. The first reason stays, because later ones follow
    /// from it.
    pub(super) fn fail(&self, fault: Fault) {
        let number = match fault {
            Fault::Unplugged => 1,
            Fault::ServerLost => 2,
            Fault::Failed => 3,
        };
        self.errors.fetch_add(1, Ordering::Relaxed);
        let _ = self
            .fault
            .compare_exchange(0, number, Ordering::Release, Ordering::Relaxed);
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        match self.fault.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Fault::Unplugged),
            2 => Some(Fault::ServerLost),
            _ => Some(Fault::Failed),
        }
    }

    /// The error callback: some systems call it tens of thousands of times a second
    /// once a device is removed.
    pub(super) fn note(&self, error: &cpal::Error) {
        let fault = match error.kind() {
            ErrorKind::Xrun => {
                self.xruns.fetch_add(1, Ordering::Relaxed);
                return;
            }
            // The stream continues.
            ErrorKind::DeviceChanged | ErrorKind::RealtimeDenied => return,
            ErrorKind::DeviceNotAvailable => Fault::Unplugged,
            ErrorKind::HostUnavailable | ErrorKind::StreamInvalidated => Fault::ServerLost,
            _ => Fault::Failed,
        };
        self.fail(fault);
    }
}
