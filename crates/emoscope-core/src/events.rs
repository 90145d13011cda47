//! The events of `emoscope.event/1`, which all sinks and the dashboard use. The JSON
//! schema is `tests/schema/event.json`.

mod by_label;
mod speaker;

use serde::{Deserialize, Serialize};

pub use by_label::{ByLabel, Counts, Probabilities, Probability};
pub use speaker::{ChangedSpeaker, Speaker, Speakers};

/// Name and version of the line format, the first field of a session.
pub const EVENT_SCHEMA: &str = "emoscope.event/1";

/// The label of a measurement when no label is certain enough.
pub const UNCERTAIN: &str = "uncertain";

/// One line of output. All times are seconds from the start of the session, counted in
/// samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The header, first line of a session.
    SessionStart(SessionStart),
    /// Voice activity started or ended.
    Voice(Voice),
    /// An utterance began.
    UtteranceStart(UtteranceStart),
    /// A window or a whole utterance was classified.
    Measurement(Measurement),
    /// An utterance ended.
    UtteranceEnd(UtteranceEnd),
    /// Later speech changed the speakers of earlier utterances.
    Speakers(Speakers),
    /// A live input became mute, or delivers sound again.
    Signal(Signal),
    /// Samples were lost.
    Gap(Gap),
    /// The user marked a time.
    Mark(Mark),
    /// An input could not be read, or not to its end.
    Error(ErrorEvent),
    /// The summary, last line of a session.
    SessionEnd(SessionEnd),
}

impl Event {
    /// The event relative to a session that started `seconds` later; a time before that
    /// start becomes 0.
    #[must_use]
    pub fn earlier_by(mut self, seconds: f64) -> Self {
        if seconds <= 0.0 {
            return self;
        }
        let times = match &mut self {
            Self::Voice(voice) => [Some(&mut voice.at_s), None],
            Self::UtteranceStart(start) => [Some(&mut start.start_s), None],
            Self::Measurement(measurement) => {
                [Some(&mut measurement.start_s), Some(&mut measurement.end_s)]
            }
            Self::UtteranceEnd(end) => [Some(&mut end.start_s), Some(&mut end.end_s)],
            Self::Speakers(speakers) => [Some(&mut speakers.at_s), None],
            Self::Signal(signal) => [Some(&mut signal.at_s), None],
            Self::Gap(gap) => [Some(&mut gap.start_s), Some(&mut gap.end_s)],
            Self::Mark(mark) => [Some(&mut mark.at_s), None],
            Self::SessionStart(_) | Self::Error(_) | Self::SessionEnd(_) => [None, None],
        };
        for time in times.into_iter().flatten() {
            // Whole microseconds are finer than a sample, and hide rounding errors.
            *time = ((*time - seconds) * 1e6).round().max(0.0) / 1e6;
        }
        self
    }
}

/// One output line: an event, and in `analyze` its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Path as given or found; absent if there is a single input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// The input, the model and the engine of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionStart {
    /// [`EVENT_SCHEMA`].
    pub schema: String,
    /// Version of emoscope.
    pub version: String,
    /// Where the audio comes from.
    pub source: SourceKind,
    /// Name of the device or path of the file, as given.
    pub name: String,
    /// Sample rate of the input in hertz.
    pub sample_rate: u32,
    /// Channels of the input.
    pub channels: u16,
    /// Whether every channel is analyzed separately. Events of speech then contain
    /// their channel, and utterances are numbered per channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_channel: bool,
    /// Number of speakers in the recording, if a first pass found them; the largest
    /// number of any channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers: Option<u16>,
    /// Labels in the order of every `probabilities`.
    pub labels: Vec<String>,
    /// The colour of each label, if the model defines colours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colors: Vec<Option<Hue>>,
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model file, in hexadecimal.
    pub model_sha256: String,
    /// The model that this one replaced, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedModel>,
    /// Inference engine in use.
    pub engine: String,
    /// Start of the session, UTC, RFC 3339; live sessions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
}

/// A model that is too slow on the session's machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplacedModel {
    /// Its name.
    pub model: String,
    /// Duration of a measurement with it, in milliseconds.
    pub measurement_ms: f64,
}

/// A colour that a model may assign to a label. The set is small, so that every theme
/// has a readable shade of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hue {
    /// Red.
    Red,
    /// Magenta.
    Magenta,
    /// Yellow.
    Yellow,
    /// Blue.
    Blue,
    /// Cyan.
    Cyan,
    /// The colour of text.
    Plain,
    /// The colour of secondary text.
    Dim,
}

/// Kind of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A live input.
    Microphone,
    /// A recording.
    File,
    /// Standard input.
    Stdin,
}

/// A change of voice activity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// Channel of the input, from 1; present if every channel is analyzed separately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// Time in seconds.
    pub at_s: f64,
    /// Whether voice is active from this time on.
    pub active: bool,
}

/// The start of an utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UtteranceStart {
    /// Channel of the input, from 1; present if every channel is analyzed separately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// The speaker as known so far; absent without speaker tracking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// Number within the session, from 1, or within the channel.
    pub utterance: u64,
    /// Onset of the speech, in seconds.
    pub start_s: f64,
}

/// The prediction for a window or an utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Channel of the input, from 1; present if every channel is analyzed separately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// The speaker as known so far; absent without speaker tracking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// Number of its utterance.
    pub utterance: u64,
    /// Start of the classified span, in seconds.
    pub start_s: f64,
    /// End of the classified span, in seconds.
    pub end_s: f64,
    /// What caused it.
    pub trigger: Trigger,
    /// One per label, in `[0, 1]`, summing to 1. For an interval they are smoothed over
    /// the utterance's windows; for the end they are those of the whole utterance.
    pub probabilities: Probabilities,
    /// A label of the model, or [`UNCERTAIN`].
    pub label: String,
    /// The largest probability.
    pub confidence: Probability,
    /// Why it is uncertain; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// From -1, unpleasant, to 1, pleasant: the expectation over the labels' valence,
    /// if the model defines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valence: Option<f64>,
    /// From -1, calm, to 1, excited; the more reliable one of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arousal: Option<f64>,
    /// Seconds of speech in the speaker's baseline; absent if the model uses none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_s: Option<f64>,
}

impl Measurement {
    /// The most likely label and the second one.
    pub fn closest(&self) -> (&str, &str) {
        let mut order: Vec<_> = self.probabilities.iter().collect();
        order.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
        let name = |place: usize| order.get(place).map_or("", |entry| entry.0);
        (name(0), name(1))
    }
}

/// Why no label was certain enough, strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The sound is not speech.
    NoSpeech,
    /// The input reached full scale.
    Clipped,
    /// The speech is shorter than the model's shortest window.
    TooShort,
    /// The speech is too quiet.
    TooQuiet,
    /// The speech hardly exceeds the background.
    TooNoisy,
    /// The most likely labels are too close, or none is likely.
    Between,
}

/// Why a measurement was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A window during speech.
    Interval,
    /// The whole utterance, once, when it ended.
    SpeechEnded,
}

/// The end of an utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UtteranceEnd {
    /// Channel of the input, from 1; present if every channel is analyzed separately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// The speaker as known so far; absent without speaker tracking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// Number within the session, from 1, or within the channel.
    pub utterance: u64,
    /// Onset of the speech, in seconds.
    pub start_s: f64,
    /// End of the speech, in seconds.
    pub end_s: f64,
    /// Whether the speaker's baseline was restarted since the previous utterance ended:
    /// another speaker was detected, or the user requested it. Later measurements use
    /// the new baseline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_baseline: bool,
}

/// Whether a live input delivers sound. An input that is muted, or blocked by the
/// system for this program, delivers only zeros.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Start time in seconds.
    pub at_s: f64,
    /// Whether there are samples other than zero.
    pub present: bool,
}

/// Missing audio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Time of the first lost sample, in seconds.
    pub start_s: f64,
    /// Time of the first sample after the gap, in seconds.
    pub end_s: f64,
    /// Samples lost on each channel, at the input's rate.
    pub samples: u64,
    /// The cause.
    pub cause: GapCause,
}

/// Why samples were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The ring was full: the machine was too slow.
    Overrun,
    /// The device was not available.
    DeviceLost,
    /// The user chose another device.
    DeviceChanged,
    /// The timestamps of the recording have a gap here.
    Missing,
}

/// A time that the user marked in a live session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Time in seconds.
    pub at_s: f64,
}

/// A failed input; the line names the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// The error, and advice where there is any.
    pub message: String,
}

/// The summary of a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SessionEnd {
    /// Length of the session in seconds, including gaps.
    pub duration_s: f64,
    /// Seconds inside utterances.
    pub speech_s: f64,
    /// Number of utterances.
    pub utterances: u64,
    /// Number of measurements of both kinds.
    pub measurements: u64,
    /// Samples lost on each channel, at the input's rate.
    pub samples_lost: u64,
    /// Samples that were not finite numbers and were replaced by zero.
    pub samples_invalid: u64,
    /// Number of utterances by label, in the order of the labels, `uncertain` last.
    pub utterance_labels: Counts,
}

impl SessionEnd {
    /// Adds the speech of another channel of the same input.
    pub fn add_channel(&mut self, other: &Self) {
        self.speech_s += other.speech_s;
        self.utterances += other.utterances;
        self.measurements += other.measurements;
        self.samples_invalid += other.samples_invalid;
        for (label, more) in &other.utterance_labels.0 {
            let counts = &mut self.utterance_labels.0;
            if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == label) {
                *count += more;
            }
        }
    }
}
