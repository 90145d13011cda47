//! How loud an input is, without listening to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cpal::{FromSample, Sample};

use super::device::{DeviceError, InputDevice};
use super::source::Spec;
use super::stream::{self, Fault, Opened, Signals, Sink};

/// The peak level of an open input.
pub struct LevelProbe {
    opened: Opened<Arc<AtomicU32>>,
    signals: Arc<Signals>,
}

struct Peak(Arc<AtomicU32>);

impl Sink for Peak {
    fn take<T: Sample>(&mut self, block: &[T])
    where
        f32: FromSample<T>,
    {
        let levels = block.iter().map(|&sample| f32::from_sample(sample).abs());
        // The largest of NaN and a number is the number.
        let peak = levels.fold(0.0, f32::max);
        // The bits of positive floats are in the order of the floats.
        self.0.fetch_max(peak.to_bits(), Ordering::Relaxed);
    }
}

impl LevelProbe {
    /// Opens an input to measure it.
    ///
    /// # Errors
    ///
    /// As [`super::capture::Capture::open`].
    pub fn open(input: &InputDevice) -> Result<Self, DeviceError> {
        let signals = Arc::new(Signals::default());
        let opened = stream::open(input, &signals, |_: Spec| {
            let peak = Arc::new(AtomicU32::new(0));
            (Peak(Arc::clone(&peak)), peak)
        })?;
        Ok(Self { opened, signals })
    }

    /// The largest absolute sample since the last call; full scale is 1.
    pub fn take_peak(&self) -> f32 {
        f32::from_bits(self.opened.end.swap(0, Ordering::Relaxed))
    }

    /// The same in dBFS, at least -120.
    pub fn take_peak_dbfs(&self) -> f32 {
        20.0 * self.take_peak().max(1e-6).log10()
    }

    /// Whether anything was delivered yet; without, the peak says nothing.
    pub fn heard(&self) -> bool {
        self.signals.callbacks.load(Ordering::Acquire) > 0
    }

    /// Why the input stopped, once it did.
    pub fn fault(&self) -> Option<Fault> {
        self.signals.fault()
    }
}
