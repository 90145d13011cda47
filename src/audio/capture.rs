//! A running input: its samples, and what it says of itself.

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

/// Audio that waits for a worker that is held up, before any is lost.
const RING_S: usize = 30;

/// An open input. It never reopens itself: its owner looks at
/// [`Capture::fault`] and at whether [`Capture::callbacks`] still grows.
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
    pub fn fed(spec: Spec, name: &str) -> (Feeder, Self) {
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

    /// Opens an input and starts to listen.
    ///
    /// # Errors
    ///
    /// A sentence that names the input and says what to do; after six seconds
    /// at the latest.
    pub fn open(input: &InputDevice) -> Result<Self, DeviceError> {
        Self::with_ring(input, RING_S)
    }

    /// The same for who reads at least every second, as a level meter does.
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

    /// Rate and channels in which the input delivers.
    pub fn spec(&self) -> Spec {
        self.opened.spec
    }

    /// Stable id of the input.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name of the input for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sample format in which the input delivers.
    pub fn format(&self) -> String {
        self.opened.format.to_string()
    }

    /// Appends at most `max_frames` interleaved frames to `out`, or tells of
    /// a gap; never waits.
    pub fn read(&mut self, out: &mut Vec<f32>, max_frames: usize) -> Chunk {
        self.opened.consumer.read(out, max_frames)
    }

    /// Frames that wait to be read.
    pub fn waiting(&self) -> usize {
        self.opened.consumer.waiting()
    }

    /// Frames that came so far, those lost in the ring included.
    pub fn arrived(&self) -> u64 {
        self.opened.consumer.arrived()
    }

    /// Frames lost in the ring so far, also those whose gap was not read yet.
    pub fn lost(&self) -> u64 {
        self.opened.consumer.lost()
    }

    /// Why the input stopped, once it did; it does not come back by itself.
    pub fn fault(&self) -> Option<Fault> {
        self.signals.fault()
    }

    /// Blocks delivered so far. Where this stands still for a second or more
    /// without a fault, the sound server hangs.
    pub fn callbacks(&self) -> u64 {
        self.signals.callbacks.load(Ordering::Acquire)
    }

    /// The same, and when the last of them came.
    pub fn progress(&self) -> (u64, Instant) {
        self.signals.progress()
    }

    /// When it was asked for; no sample came before.
    pub fn opened(&self) -> Instant {
        self.signals.start
    }

    /// Lets samples wait for so long before they are delivered, if the input allows
    /// to say so: fewer, longer blocks let the processor sleep.
    pub fn set_rest(&self, rest: Duration) {
        self.signals.set_rest(rest);
    }

    /// Times that the audio system itself was too late; what was lost then is not known.
    pub fn xruns(&self) -> u64 {
        self.signals.xruns.load(Ordering::Relaxed)
    }

    /// Errors that the audio system reported, the one behind the fault included.
    pub fn errors(&self) -> u64 {
        self.signals.errors.load(Ordering::Relaxed)
    }
}
