//! A live input, opened by name or by its stable id.

use std::time::Duration;

use crate::audio::capture::Capture;
use crate::audio::device::{self, DeviceError, InputDevice};

/// An idle input delivers its held-back samples within this time after opening.
const ARRIVAL_TIME: Duration = Duration::from_millis(60);

/// An open input.
pub struct Microphone {
    pub(super) capture: Capture,
    /// Whether it is a monitor of an output, where zeros are normal.
    pub(super) monitor: bool,
}

/// An input whose samples come from a program.
impl From<Capture> for Microphone {
    fn from(capture: Capture) -> Self {
        Self {
            capture,
            monitor: false,
        }
    }
}

impl Microphone {
    /// Opens the wanted input.
    ///
    /// # Errors
    /// No such input, none at all, busy, not permitted, or of an unknown format.
    pub fn open(wanted: Option<&str>) -> Result<Self, DeviceError> {
        Self::of(&device::find(wanted)?)
    }

    /// Opens the input with exactly that stable id.
    pub(super) fn reopen(id: &str) -> Result<Self, DeviceError> {
        let microphone = Self::of(&device::find_id(id)?)?;
        std::thread::sleep(ARRIVAL_TIME);
        Ok(microphone)
    }

    fn of(found: &InputDevice) -> Result<Self, DeviceError> {
        Ok(Self {
            capture: Capture::open(found)?,
            monitor: found.monitor,
        })
    }
}
