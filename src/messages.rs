//! Messages between a running session and its screen.

use std::path::PathBuf;

use crate::events::{Event, Hue};

/// A message from the session to the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// An event, as the sinks receive it.
    Event(Event),
    /// The level of the last few hundredths of a second.
    Level(Level),
    /// The state of input, engine and recording; sent at the start and after a change.
    Status(Status),
    /// The position of a replay.
    Position(Position),
    /// The next part of a recording that is analyzed ahead of playback.
    Analyzed(AnalyzedPart),
    /// A sentence for the user: "microphone lost, waiting for it".
    Notice(String),
    /// The answer to [`Control::OpenPicker`].
    Devices(Vec<DeviceLine>),
    /// The level of one input while the picker is open.
    DeviceLevel {
        /// Stable id of the input.
        id: String,
        /// Its peak in dBFS.
        peak_dbfs: f32,
    },
    /// The length of a recording in a list.
    RecordingLength {
        /// Its number in the list.
        number: usize,
        /// In seconds, or why it cannot be read.
        length_s: Result<f64, String>,
    },
    /// The session has ended; an error says why it ended early. A finished replay can
    /// still be moved back to an earlier position.
    Ended(Result<(), String>),
}

/// A level reading of the input, over all selected channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Root mean square in dBFS (a full-scale sine is -3.01), at least -120.
    pub rms_dbfs: f32,
    /// Peak in dBFS, at least -120.
    pub peak_dbfs: f32,
    /// Whether samples reached full scale.
    pub clipped: bool,
    /// Level that speech must exceed now, in dBFS, where known.
    pub vad_dbfs: Option<f32>,
    /// Time in seconds of the session.
    pub at_s: f64,
}

/// The state of input, engine and recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// Name of the device or file.
    pub source: String,
    /// Whether it is a recording (with seek and speed) instead of a microphone.
    pub replay: bool,
    /// Whether it shows the events of an earlier session: no level, no running engine.
    pub recorded: bool,
    /// Sample rate of the input in hertz.
    pub sample_rate: u32,
    /// Channels of the input.
    pub channels: u16,
    /// Engine in use.
    pub engine: String,
    /// Name of the model.
    pub model: String,
    /// Labels in the order of every measurement's probabilities.
    pub labels: Vec<String>,
    /// The colour of each label, where the model defines colours.
    pub colors: Vec<Option<Hue>>,
    /// Time of the last inference in milliseconds.
    pub inference_ms: f32,
    /// Time from the last sample of a window to its measurement, including inference,
    /// in milliseconds.
    pub latency_ms: f32,
    /// Samples lost so far.
    pub samples_lost: u64,
    /// File that records the events.
    pub recording: Option<PathBuf>,
    /// The current outage of the input.
    pub outage: Option<Outage>,
    /// Speech in the speaker baseline, in whole seconds, if the model has one.
    pub baseline_s: Option<u32>,
    /// Whether it is a recording that is analyzed ahead of playback, by
    /// [`Update::Analyzed`].
    pub analyzed_ahead: bool,
    /// The sound of a recording.
    pub sound: Sound,
}

/// Whether a recording is audible, and its volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sound {
    /// No sound: a live input, or the events of one.
    #[default]
    None,
    /// Played at this volume: 0 is mute, 9 is unchanged.
    Volume(u8),
    /// No output can play it.
    NoOutput,
}

/// A part of the timeline of a recording, which follows the earlier parts.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalyzedPart {
    /// Events with the times at which they are shown, in seconds from the start,
    /// ascending.
    pub events: Vec<(f64, Event)>,
    /// Seconds from the start that are analyzed now.
    pub until_s: f64,
    /// Whether this part is the last.
    pub complete: bool,
}

/// An input that delivers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Its duration in whole seconds.
    pub seconds: u32,
    /// Whether the input is gone; otherwise it is present and hangs.
    pub gone: bool,
}

/// The position of a replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Seconds played.
    pub at_s: f64,
    /// Length in seconds, where the file declares it.
    pub total_s: Option<f64>,
    /// Multiple of real time; `None` is as fast as possible.
    pub speed: Option<f64>,
    /// Whether playback is paused.
    pub paused: bool,
}

/// One input in the picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLine {
    /// Stable id, `host:id`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Whether it is the default input.
    pub default: bool,
    /// Whether it is a monitor of an output (what the machine plays).
    pub monitor: bool,
    /// Whether it is the one in use.
    pub current: bool,
}

/// An utterance of a replay, relative to the position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jump {
    /// The next one.
    Next,
    /// The previous one; within an utterance, its start.
    Previous,
    /// The next one with this label, `uncertain` included.
    NextOf(String),
}

/// A recording in a list to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingLine {
    /// Its name relative to the folder.
    pub name: String,
    /// Its length in seconds, once known, or why it cannot be read.
    pub length_s: Option<Result<f64, String>>,
}

/// A message from the screen to the session.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// End the session.
    Quit,
    /// Pause or resume a replay.
    TogglePause,
    /// Move a replay by this many seconds.
    SeekBy(f64),
    /// Move a replay to this many seconds from its start.
    SeekTo(f64),
    /// Move a replay to an utterance.
    Jump(Jump),
    /// Change the speed of a replay.
    Speed(f64),
    /// Change the volume of a replay: 0 is mute, 9 is unchanged.
    Volume(u8),
    /// Another speaker speaks from now on: start a new baseline.
    ResetSpeaker,
    /// Mark this time in the events.
    Mark,
    /// Start or stop recording the events.
    ToggleRecording,
    /// List the inputs and measure their levels until the picker is closed.
    OpenPicker,
    /// Stop measuring.
    ClosePicker,
    /// Capture from another input from now on, and close the picker.
    SwitchDevice(String),
}
