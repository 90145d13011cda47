//! A running input: its samples, faults and counters.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cpal::{FromSample, Sample};

use super::device::{DeviceError, InputDevice};
use super::ring::{self, Chunk, Producer};
use super::signals::Signals;
use super::source::Spec;
use super::stream::{self, Opened};

pub use super::signals::Fault;

/// Seconds of audio kept for a delayed worker before samples are lost.
const RING_S: usize = 30;

/// An open input. It never reopens itself: the owner must watch [`Capture::fault`], and
/// whether [`Capture::callbacks`] still increases.
pub struct Capture {
    opened: Opened,
    signals: Arc<Signals>,
    id: String,
    name: String,
}

/// Producer side of a synthetic input device: its samples are pushed as an audio
/// callback would.
pub struct Feeder {
    producer: Producer,
    signals: Arc<Signals>,
}

impl Feeder {
    /// Delivers a block of interleaved samples; never waits.
    pub fn push<T: Sample>(&mut self, block: &[T])
    where
        f32: FromSample<T>,
    {
        self.producer.push(block);
        self.signals.delivered();
    }
}

impl Capture {
    /// An input whose samples come through a [`Feeder`].
    pub fn synthetic(spec: Spec, name: &str) -> (Feeder, Self) {
        let signals = Arc::new(Signals::default());
        let (producer, end) = ring::for_seconds(RING_S, spec);
        let capture = Self {
            opened: Opened::without_stream(spec, end),
            signals: Arc::clone(&signals),
            id: name.to_owned(),
            name: name.to_owned(),
        };
        (Feeder { producer, signals }, capture)
    }

    /// Opens an input and starts to record.
    ///
    /// # Errors
    ///
    /// A sentence that names the input and says what to do. It comes within six
    /// seconds.
    pub fn open(input: &InputDevice) -> Result<Self, DeviceError> {
        Self::with_ring(input, RING_S)
    }

    /// Opens an input for a caller that reads at least once a second, such as a level
    /// meter.
    ///
    /// # Errors
    ///
    /// As [`Capture::open`].
    pub fn open_for_level(input: &InputDevice) -> Result<Self, DeviceError> {
        Self::with_ring(input, 1)
    }

    fn with_ring(input: &InputDevice, seconds: usize) -> Result<Self, DeviceError> {
        let signals = Arc::new(Signals::default());
        let opened = stream::open(input, &signals, seconds)?;
        Ok(Self {
            opened,
            signals,
            id: input.id.clone(),
            name: input.name.clone(),
        })
    }

    /// Rate and channels that the input delivers.
    pub fn spec(&self) -> Spec {
        self.opened.spec
    }

    /// Stable id of the input.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Display name of the input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sample format that the input delivers.
    pub fn format(&self) -> String {
        self.opened.format.to_string()
    }

    /// Appends at most `max_frames` interleaved frames to `out`, or reports a gap.
    /// Never waits.
    pub fn read(&mut self, out: &mut Vec<f32>, max_frames: usize) -> Chunk {
        self.opened.consumer.read(out, max_frames)
    }

    /// Frames that are ready to be read.
    pub fn waiting(&self) -> usize {
        self.opened.consumer.waiting()
    }

    /// Frames delivered so far, including those lost in the ring.
    pub fn arrived(&self) -> u64 {
        self.opened.consumer.arrived()
    }

    /// Frames lost in the ring so far, including those in gaps that were not read yet.
    pub fn lost(&self) -> u64 {
        self.opened.consumer.lost()
    }

    /// Why the input stopped, if it did. It does not recover by itself.
    pub fn fault(&self) -> Option<Fault> {
        self.signals.fault()
    }

    /// Blocks delivered so far. If this does not increase for a second and there is no
    /// fault, the sound server hangs.
    pub fn callbacks(&self) -> u64 {
        self.signals.callbacks.load(Ordering::Acquire)
    }

    /// Blocks delivered so far, and when the last one arrived.
    pub fn progress(&self) -> (u64, Instant) {
        self.signals.progress()
    }

    /// When the input was requested. No sample is older.
    pub fn opened(&self) -> Instant {
        self.signals.start
    }

    /// Sets how long samples may wait before they are delivered, where the input
    /// supports this. Fewer, longer blocks let the processor sleep.
    pub fn set_rest(&self, rest: Duration) {
        self.signals.set_rest(rest);
    }

    /// Overruns inside the audio system; the number of samples lost there is unknown.
    pub fn xruns(&self) -> u64 {
        self.signals.xruns.load(Ordering::Relaxed)
    }

    /// Errors that the audio system reported, including the cause of the fault.
    pub fn errors(&self) -> u64 {
        self.signals.errors.load(Ordering::Relaxed)
    }
}
