//! The events of `emoscope.event/1`: the one vocabulary that every sink and the
//! dashboard speak. The JSON schema is `tests/schema/event.json`.

mod speaker;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use speaker::{ChangedSpeaker, Speaker, Speakers};

/// Name and version of the line format, the first field of a session.
pub const SCHEMA: &str = "emoscope.event/1";

/// What a measurement says when no label is sure enough.
pub const UNCERTAIN: &str = "uncertain";

/// One line of output. All times are seconds from the start of the session,
/// counted in samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The header, first line of a session.
    SessionStart(SessionStart),
    /// Voice activity started or ended.
    Voice(Voice),
    /// A unit of speech began.
    UtteranceStart(UtteranceStart),
    /// A window or a whole utterance was judged.
    Measurement(Measurement),
    /// A unit of speech ended.
    UtteranceEnd(UtteranceEnd),
    /// Somebody else spoke earlier utterances than was said.
    Speakers(Speakers),
    /// A live input went mute, or delivers sound again.
    Signal(Signal),
    /// Samples were lost.
    Gap(Gap),
    /// The person marked a moment.
    Mark(Mark),
    /// An input could not be read, or not to its end.
    Error(ErrorEvent),
    /// The summary, last line of a session.
    SessionEnd(SessionEnd),
}

impl Event {
    /// The same event for a session that began `seconds` later; what began before
    /// it begins with it.
    #[must_use]
    pub fn earlier_by(mut self, seconds: f64) -> Self {
        if seconds <= 0.0 {
            return self;
        }
        let times = match &mut self {
            Self::Voice(voice) => [Some(&mut voice.at_s), None],
            Self::UtteranceStart(start) => [Some(&mut start.start_s), None],
            Self::Measurement(judged) => [Some(&mut judged.start_s), Some(&mut judged.end_s)],
            Self::UtteranceEnd(end) => [Some(&mut end.start_s), Some(&mut end.end_s)],
            Self::Speakers(speakers) => [Some(&mut speakers.at_s), None],
            Self::Signal(signal) => [Some(&mut signal.at_s), None],
            Self::Gap(gap) => [Some(&mut gap.start_s), Some(&mut gap.end_s)],
            Self::Mark(mark) => [Some(&mut mark.at_s), None],
            Self::SessionStart(_) | Self::Error(_) | Self::SessionEnd(_) => [None, None],
        };
        for time in times.into_iter().flatten() {
            // Whole microseconds are finer than a sample, and free of rests of rounding.
            *time = ((*time - seconds) * 1e6).round().max(0.0) / 1e6;
        }
        self
    }
}

/// One line as it is written: an event, and in `analyze` the file it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Path as given or walked; absent where there is but one input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What is listened to, and with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionStart {
    /// [`SCHEMA`].
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
    /// Whether every channel is judged by itself: events of speech then say which
    /// channel they are about, and utterances are numbered within their channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_channel: bool,
    /// Speakers of the recording, where they were told apart over the whole of it
    /// beforehand; the most of any channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speakers: Option<u16>,
    /// Labels in the order of every `probabilities`.
    pub labels: Vec<String>,
    /// The colour of each, where the model names colours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colors: Vec<Option<Hue>>,
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model file, in hexadecimal.
    pub model_sha256: String,
    /// The model that this one took over from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<ReplacedModel>,
    /// Inference engine in use.
    pub engine: String,
    /// Start of the session, UTC, RFC 3339; live sessions only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
}

/// A model that is too slow on the machine of the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplacedModel {
    /// Its name.
    pub model: String,
    /// Time of a measurement with it, in milliseconds.
    pub measurement_ms: f64,
}

/// A colour that a model may give a label: one of few, so that every theme has it
/// in a shade that can be read on its ground.
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
    /// That of text.
    Plain,
    /// That of secondary text.
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
    /// Channel of the input that it is about, from 1; present where every channel is
    /// judged by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// When.
    pub at_s: f64,
    /// Whether somebody speaks from this time on.
    pub active: bool,
}

/// The begin of a unit of speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UtteranceStart {
    /// Channel of the input that it is about, from 1; present where every channel is
    /// judged by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// Who speaks, as far as it is known; absent where speakers are not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// Number within the session, from 1, or within the channel.
    pub utterance: u64,
    /// Onset of the voice.
    pub start_s: f64,
}

/// One judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Channel of the input that it is about, from 1; present where every channel is
    /// judged by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// Who speaks, as far as it is known; absent where speakers are not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// The utterance that it belongs to.
    pub utterance: u64,
    /// Begin of the span judged.
    pub start_s: f64,
    /// End of the span judged.
    pub end_s: f64,
    /// What caused it.
    pub trigger: Trigger,
    /// One per label, in `[0, 1]`, summing to 1; smoothed over the windows of
    /// the utterance for an interval, the utterance's own for its end.
    pub probabilities: Probabilities,
    /// A label of the model, or [`UNCERTAIN`].
    pub label: String,
    /// The largest probability.
    pub confidence: Probability,
    /// Why it is uncertain; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// From -1, unpleasant, to 1, pleasant: the expectation over the labels'
    /// places, where the model has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valence: Option<f64>,
    /// From -1, calm, to 1, excited; the part to trust of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arousal: Option<f64>,
    /// Speech of this voice that it was judged against, in seconds; absent where
    /// the model knows no baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_s: Option<f64>,
}

impl Measurement {
    /// The likeliest label and the one after it.
    pub fn closest(&self) -> (&str, &str) {
        let mut order: Vec<_> = self.probabilities.iter().collect();
        order.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
        let name = |place: usize| order.get(place).map_or("", |entry| entry.0);
        (name(0), name(1))
    }
}

/// Why no label was sure enough, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The sound is no speech.
    NoSpeech,
    /// The input stood at full scale.
    Clipped,
    /// The speech is shorter than the model's shortest window.
    TooShort,
    /// The voice is too quiet.
    TooQuiet,
    /// The voice hardly stands out from the background.
    TooNoisy,
    /// The likeliest labels are too close, or none is likely.
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

/// The end of a unit of speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UtteranceEnd {
    /// Channel of the input that it is about, from 1; present where every channel is
    /// judged by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// Who speaks, as far as it is known; absent where speakers are not told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// Number within the session, from 1, or within the channel.
    pub utterance: u64,
    /// Onset of the voice.
    pub start_s: f64,
    /// End of the voice.
    pub end_s: f64,
    /// Whether the speaker's baseline was restarted since the previous utterance
    /// ended: another speaker was detected, or the user asked for it. Later
    /// measurements compare with the new baseline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_baseline: bool,
}

/// Whether a live input delivers anything: one that is muted, or kept from this
/// program by the system, delivers nothing but zeros.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Since when.
    pub at_s: f64,
    /// Whether there is more than zeros.
    pub present: bool,
}

/// A hole in the audio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// First sample lost.
    pub start_s: f64,
    /// First sample after the gap.
    pub end_s: f64,
    /// Samples lost on each channel, at the input's rate.
    pub samples: u64,
    /// What happened.
    pub cause: GapCause,
}

/// Why samples were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The ring was full: the machine could not keep up.
    Overrun,
    /// The device was away.
    DeviceLost,
    /// The listener chose another device.
    DeviceChanged,
    /// The timestamps of the recording leave a hole here.
    Missing,
}

/// A moment that the person marked in a live session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub at_s: f64,
}

/// An input that failed; the line names the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorEvent {
    /// What happened, and what to do where something can be done.
    pub message: String,
}

/// The summary of a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SessionEnd {
    /// Length of the session, gaps included.
    pub duration_s: f64,
    /// Time within utterances.
    pub speech_s: f64,
    /// Units of speech.
    pub utterances: u64,
    /// Measurements of both kinds.
    pub measurements: u64,
    /// Samples lost on each channel, at the input's rate.
    pub samples_lost: u64,
    /// Samples that were not finite numbers and were replaced by zero.
    pub samples_invalid: u64,
    /// Utterances by label, in the order of the labels, `uncertain` last.
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

/// Probabilities by label, in the model's order.
pub type Probabilities = ByLabel<Probability>;

/// Numbers of utterances by label.
pub type Counts = ByLabel<u64>;

/// A value per label, in the model's order; a JSON object.
#[derive(Debug, Clone, PartialEq)]
pub struct ByLabel<T>(pub Vec<(Arc<str>, T)>);

impl<T> Default for ByLabel<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByLabel<T> {
    /// The value of a label.
    pub fn get(&self, label: &str) -> Option<&T> {
        self.0
            .iter()
            .find(|(name, _)| **name == *label)
            .map(|(_, value)| value)
    }

    /// Labels and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl<T: Serialize> Serialize for ByLabel<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByLabel<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = ByLabel<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object with a value per label")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    entries.push((name.into(), value));
                }
                Ok(ByLabel(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A number in `[0, 1]` that is written with seven decimals.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Probability(pub f64);

impl Serialize for Probability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = RawValue::from_string(format!("{:.7}", self.0)).map_err(S::Error::custom)?;
        digits.serialize(serializer)
    }
}
