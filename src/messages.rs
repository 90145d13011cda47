//! What passes between a running session and the screen in front of it.

use std::path::PathBuf;

use crate::events::{Event, Hue};

/// A message from the session to the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// An event, as the sinks get it.
    Event(Event),
    /// The level of the last few hundredths of a second.
    Level(Level),
    /// The state of input, engine and recording; sent at the start and after a change.
    Status(Status),
    /// Where a replay stands.
    Position(Position),
    /// More of a recording that is judged ahead of what is played.
    Judged(Judged),
    /// A sentence for the person: "microphone lost, waiting for it".
    Notice(String),
    /// The answer to [`Control::OpenPicker`].
    Devices(Vec<DeviceLine>),
    /// The live level of one input while the picker is open.
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
    /// The session is over; an error says why it ended early. A replay that
    /// came to its end may still be sent back to an earlier place.
    Ended(Result<(), String>),
}

/// A level reading at the input, over all its channels that are listened to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Root mean square in dBFS (a full-scale sine is -3.01), at least -120.
    pub rms_dbfs: f32,
    /// Peak in dBFS, at least -120.
    pub peak_dbfs: f32,
    /// Whether samples stood at full scale.
    pub clipped: bool,
    /// Level that a voice has to exceed now, in dBFS, where it is known.
    pub vad_dbfs: Option<f32>,
    /// When, in seconds of the session.
    pub at_s: f64,
}

/// The state of input, engine and recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// Device or file.
    pub source: String,
    /// Whether it is a recording (seek, speed) and not a microphone.
    pub replay: bool,
    /// Whether it is the events of an earlier session: no level, no engine at work.
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
    /// The colour of each, where the model names colours.
    pub colors: Vec<Option<Hue>>,
    /// Time of the last inference in milliseconds.
    pub inference_ms: f32,
    /// From the last sample of a window to its measurement, inference included, in milliseconds.
    pub latency_ms: f32,
    /// Samples lost so far.
    pub samples_lost: u64,
    /// File that the events are recorded to.
    pub recording: Option<PathBuf>,
    /// The outage of the input, while there is one.
    pub outage: Option<Outage>,
    /// Speech in the speaker baseline, in whole seconds, if the model has one.
    pub baseline_s: Option<u32>,
    /// Whether it is a recording that is judged ahead of what is played, by
    /// [`Update::Judged`].
    pub judged_ahead: bool,
    /// The sound of a recording.
    pub sound: Sound,
}

/// Whether a recording can be heard, and how loud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sound {
    /// It has no sound of its own: a live input, or the events of one.
    #[default]
    None,
    /// It is played at this volume: 0, mute, to 9, as it was recorded.
    Volume(u8),
    /// There is no output that could play it.
    NoOutput,
}

/// A part of the timeline of a recording; it follows the parts before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Events with the times at which they are shown, in seconds from the begin;
    /// the times never fall.
    pub events: Vec<(f64, Event)>,
    /// Seconds from the begin that are judged now.
    pub until_s: f64,
    /// Whether this part is the last.
    pub complete: bool,
}

/// An input that delivers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// For how long, in whole seconds.
    pub seconds: u32,
    /// Whether the input is gone; else it is there and hangs.
    pub gone: bool,
}

/// Where a replay stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Seconds played.
    pub at_s: f64,
    /// Length, where the file tells it.
    pub total_s: Option<f64>,
    /// Speed; `None` is as fast as possible.
    pub speed: Option<f64>,
    /// Whether it stands still.
    pub paused: bool,
}

/// One input in the picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLine {
    /// Stable id, `host:id`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Whether it is the default input.
    pub default: bool,
    /// Whether it is a monitor of an output (what the machine plays).
    pub monitor: bool,
    /// Whether it is the one in use.
    pub current: bool,
}

/// An utterance of a replay, seen from where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jump {
    /// The next one.
    Next,
    /// The one before; within an utterance, its begin.
    Previous,
    /// The next one with this label, `uncertain` included.
    NextOf(String),
}

/// A recording in a list to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingLine {
    /// Its name below the folder.
    pub name: String,
    /// Its length in seconds once it is known, or why it cannot be read.
    pub length_s: Option<Result<f64, String>>,
}

/// A message from the screen to the session.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// End the session.
    Quit,
    /// Stop or continue a replay.
    TogglePause,
    /// Move a replay by so many seconds.
    SeekBy(f64),
    /// Move a replay to so many seconds from its start.
    SeekTo(f64),
    /// Move a replay to an utterance.
    Jump(Jump),
    /// Change the speed of a replay.
    Speed(f64),
    /// Change the volume of a replay: 0, mute, to 9, as it was recorded.
    Volume(u8),
    /// Another person speaks from now on: start a new baseline.
    ResetSpeaker,
    /// Mark this moment in the events.
    Mark,
    /// Start to record the events, or stop.
    ToggleRecording,
    /// List the inputs and measure their levels until the picker is closed.
    OpenPicker,
    /// Stop measuring.
    ClosePicker,
    /// Capture from another input from now on, and close the picker.
    SwitchDevice(String),
}
