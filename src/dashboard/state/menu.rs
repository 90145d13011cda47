//! The list of inputs to choose from.

use super::meter::{FLOOR_DBFS, bounded};
use crate::messages::DeviceLine;

/// An input with its level.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The input.
    pub device: DeviceLine,
    /// Its peak in dBFS, once measured.
    pub peak_dbfs: Option<f32>,
}

/// The open list. An input that several audio systems offer is listed once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceMenu {
    /// The inputs, once they are listed.
    pub choices: Option<Vec<Choice>>,
    /// Number of the chosen one.
    pub selected: usize,
}

impl DeviceMenu {
    /// Updates the list; the selection stays with its input.
    pub fn list(&mut self, devices: &[DeviceLine]) {
        let selected = self.selected().map(|choice| choice.device.id.clone());
        let old = self.choices.take().unwrap_or_default();
        let known = |id: &str| old.iter().find(|choice| choice.device.id == id);
        let devices = once_each(devices);
        self.selected = devices
            .iter()
            .position(|device| match &selected {
                Some(id) => device.id == *id,
                None => device.current,
            })
            .unwrap_or(0);
        let choice = |device: DeviceLine| Choice {
            peak_dbfs: known(&device.id).and_then(|choice| choice.peak_dbfs),
            device,
        };
        self.choices = Some(devices.into_iter().map(choice).collect());
    }

    /// Updates a level; returns whether the picture changed.
    pub fn level(&mut self, id: &str, peak_dbfs: f32) -> bool {
        let choices = self.choices.iter_mut().flatten();
        let Some(choice) = choices.into_iter().find(|choice| choice.device.id == id) else {
            return false;
        };
        let peak = bounded(peak_dbfs).round().max(FLOOR_DBFS);
        choice.peak_dbfs.replace(peak) != Some(peak)
    }

    /// Moves the selection; it stops at both ends.
    pub fn move_by(&mut self, step: isize) {
        let last = self.choices.as_ref().map_or(0, Vec::len).saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(step).min(last);
    }

    /// The chosen input.
    pub fn selected(&self) -> Option<&Choice> {
        self.choices.as_ref()?.get(self.selected)
    }
}

/// One line per input: of equal names the one in use, otherwise the default, otherwise
/// the first. A sound server lists what ALSA lists, so ALSA's own entries are omitted
/// beside it, unless one is in use.
fn once_each(devices: &[DeviceLine]) -> Vec<DeviceLine> {
    let alsa = |device: &DeviceLine| device.id.starts_with("alsa:");
    let served = devices.iter().any(|device| !alsa(device));
    let mut kept: Vec<DeviceLine> = Vec::new();
    for device in devices {
        if served && alsa(device) && !device.current {
            continue;
        }
        let same = |other: &&mut DeviceLine| other.name == device.name;
        let Some(other) = kept.iter_mut().find(same) else {
            kept.push(device.clone());
            continue;
        };
        let default = other.default || device.default;
        if (device.current, device.default) > (other.current, other.default) {
            other.clone_from(device);
        }
        other.default = default;
    }
    kept
}
