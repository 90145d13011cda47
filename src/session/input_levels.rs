//! The inputs and their levels, while the list of inputs is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::SCREEN_INTERVAL;
use super::outlets::Outlets;
use crate::audio::capture::Capture;
use crate::audio::device;
use crate::audio::ring::Chunk;
use crate::messages::{DeviceLine, Update};

/// Frames that are read at once.
const BLOCK_FRAMES: usize = 4096;

/// Measures every input on a separate thread: some take long to open, and the session
/// must not wait.
pub struct InputLevels {
    updates: Receiver<Update>,
    closed: Arc<AtomicBool>,
}

impl InputLevels {
    /// Lists the inputs; `current` is the id of the one in use.
    pub fn open(current: &str) -> Self {
        let (sender, updates) = unbounded();
        let closed = Arc::new(AtomicBool::new(false));
        let (current, flag) = (current.to_owned(), Arc::clone(&closed));
        std::thread::spawn(move || measure(&current, &flag, &sender));
        Self { updates, closed }
    }

    /// Sends the measurements since the last call.
    pub fn report(&self, outlets: &mut Outlets) {
        for update in self.updates.try_iter() {
            outlets.update(update);
        }
    }
}

impl Drop for InputLevels {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

fn measure(current: &str, closed: &AtomicBool, updates: &Sender<Update>) {
    let inputs = device::list();
    // A card under another name cannot be opened a second time.
    let inputs = device::distinct(&inputs, Some(current));
    let inputs: Vec<_> = inputs.into_iter().map(|named| named.input).collect();
    let lines = inputs.iter().map(|input| DeviceLine {
        id: input.id.clone(),
        name: input.name.clone(),
        default: input.default,
        monitor: input.monitor,
        current: input.id == current,
    });
    if updates.send(Update::Devices(lines.collect())).is_err() {
        return;
    }
    // An input that cannot be opened has no level.
    let mut captures: Vec<(String, Capture)> = inputs
        .iter()
        .take_while(|_| !closed.load(Ordering::Relaxed))
        .filter_map(|input| Some((input.id.clone(), Capture::open_for_level(input).ok()?)))
        .collect();
    while !closed.load(Ordering::Relaxed) {
        for (id, capture) in &mut captures {
            let update = Update::DeviceLevel {
                id: id.clone(),
                peak_dbfs: take_peak_dbfs(capture),
            };
            if updates.send(update).is_err() {
                return;
            }
        }
        std::thread::sleep(SCREEN_INTERVAL + Duration::from_millis(50));
    }
}

/// The largest absolute sample since the last call in dBFS, at least -120.
fn take_peak_dbfs(capture: &mut Capture) -> f32 {
    let mut samples = Vec::new();
    while capture.read(&mut samples, BLOCK_FRAMES) != Chunk::Empty {}
    // The maximum of NaN and a number is the number.
    let peak = samples
        .iter()
        .fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
    20.0 * peak.max(1e-6).log10()
}
