//! What the screen shows of a session: everything that freezes together.

use std::collections::VecDeque;

use super::history::{History, Judgement};
use super::meter::Meter;
use crate::events::{Event, Measurement, Trigger, UNCERTAIN};
use crate::messages::{Level, Position, Status};

/// How long a notice stays, in seconds of audio: while a microphone is lost no
/// audio comes, and the sentence about it stays.
const NOTICE_S: f64 = 8.0;
/// Units of speech that are remembered.
const UTTERANCES: usize = 256;
/// The screen follows the time in steps of this many seconds.
const TICK_S: f64 = 0.5;
/// A replay that is this much earlier than before went back.
const BACK_S: f64 = 0.25;

/// The voice has changed.
const NEW_BASELINE: &str = "another voice: a new baseline starts";

/// The state of the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No audio has come yet.
    Starting,
    /// Nothing but zeros come: the input is muted, or kept from this program.
    Muted,
    /// No voice.
    Silent,
    /// A voice, too short yet to be judged.
    WarmingUp,
    /// Judged, but no label is sure enough.
    Uncertain,
    /// A label is called.
    Reading,
}

/// A unit of speech that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Its begin.
    pub start_s: f64,
    /// Its end.
    pub end_s: f64,
    /// What it was called, as a whole.
    pub judgement: Judgement,
}

/// All that is shown of a session.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The machinery.
    pub status: Status,
    /// The level.
    pub meter: Meter,
    /// Where a replay stands.
    pub position: Option<Position>,
    /// The newest time heard of.
    pub now: f64,
    /// What was called when.
    pub history: History,
    /// Units of speech, the newest last.
    pub utterances: VecDeque<Utterance>,
    /// The judgement of this moment.
    pub reading: Option<Judgement>,
    /// Whether a replay came to its end.
    pub ended: bool,
    /// Where it goes on after its end, until it does.
    resumed: Option<f64>,
    notice: Option<(f64, String)>,
    started: bool,
    muted: bool,
    voice: Voicing,
}

/// Where a voice is heard: the gate may close for a moment within an utterance.
#[derive(Debug, Clone, Copy, Default)]
struct Voicing {
    gate: bool,
    utterance: bool,
}

impl Picture {
    /// The state of the voice.
    pub fn phase(&self) -> Phase {
        match &self.reading {
            _ if !self.started => Phase::Starting,
            Some(reading) if reading.call.is_some() => Phase::Reading,
            Some(_) => Phase::Uncertain,
            None if self.voice.gate || self.voice.utterance => Phase::WarmingUp,
            None if self.muted => Phase::Muted,
            None => Phase::Silent,
        }
    }

    /// A sentence for the person, while it is new.
    pub fn notice(&self) -> Option<&str> {
        self.notice
            .as_ref()
            .filter(|(since, _)| self.now <= since + NOTICE_S)
            .map(|(_, text)| text.as_str())
    }

    /// Shows a sentence for a while.
    pub fn notify(&mut self, text: String) {
        self.notice = Some((self.now, text));
    }

    /// Takes the state of the machinery; says whether the picture changed.
    pub fn take_status(&mut self, status: &Status) -> bool {
        if self.status.labels != status.labels {
            self.forget(); // numbers of labels mean something else now
        }
        let changed = self.status != *status;
        self.status.clone_from(status);
        changed
    }

    /// Takes a level; says whether the picture changed.
    pub fn take_level(&mut self, level: &Level) -> bool {
        let at = seconds(level.at_s);
        self.meter.read(level, at) | self.heard(at)
    }

    /// Takes the place of a replay; says whether the picture changed.
    pub fn take_position(&mut self, position: &Position) -> bool {
        let position = Position {
            at_s: seconds(position.at_s),
            total_s: position.total_s.map(seconds),
            ..*position
        };
        let before = self.position.replace(position);
        let mut changed = before.is_none_or(|before| {
            (before.speed, before.paused, before.total_s)
                != (position.speed, position.paused, position.total_s)
                || tick(before.at_s) != tick(position.at_s)
        });
        if before.is_some_and(|before| position.at_s < before.at_s - BACK_S) {
            self.go_back(position.at_s);
            changed = true;
        }
        self.heard(position.at_s) | changed
    }

    /// Takes an event; says whether the picture changed.
    pub fn take_event(&mut self, event: &Event) -> bool {
        match event {
            Event::SessionStart(start) => {
                // After a seek from the end, what was before that place stays.
                let ended = std::mem::take(&mut self.ended);
                if self.resumed.take().is_none() && !ended {
                    self.forget();
                    self.now = 0.0;
                }
                if self.status.labels.is_empty() {
                    self.status.labels.clone_from(&start.labels);
                }
            }
            Event::Voice(voice) => {
                let at = seconds(voice.at_s);
                self.voice.gate = voice.active;
                if voice.active {
                    self.history.voice(at);
                } else {
                    self.history.silence(at);
                }
                self.heard(at);
            }
            Event::UtteranceStart(start) => {
                self.voice.utterance = true;
                self.reading = None;
                self.heard(seconds(start.start_s));
            }
            Event::Measurement(measurement) => self.measured(measurement),
            Event::UtteranceEnd(end) => {
                self.voice.utterance = false;
                self.reading = None;
                self.heard(seconds(end.end_s));
                if end.new_baseline {
                    self.notify(NEW_BASELINE.into());
                }
            }
            Event::Signal(signal) => self.muted = !signal.present,
            Event::Gap(gap) => {
                let (start, end) = (seconds(gap.start_s), seconds(gap.end_s));
                self.history.gap(start, end);
                self.heard(end);
            }
            Event::Error(error) => self.notify(error.message.clone()),
            Event::SessionEnd(_) => return false,
        }
        true
    }

    fn measured(&mut self, measurement: &Measurement) {
        if self.status.labels.is_empty() {
            let names = measurement.probabilities.iter();
            self.status.labels = names.map(|(name, _)| name.to_owned()).collect();
        }
        let judgement = self.judgement(measurement);
        let at = seconds(measurement.end_s);
        match measurement.trigger {
            Trigger::Interval => {
                self.history.judge(at, judgement.clone());
                self.reading = Some(judgement);
            }
            Trigger::SpeechEnded => {
                self.utterances.push_back(Utterance {
                    start_s: seconds(measurement.start_s).min(at),
                    end_s: at,
                    judgement,
                });
                if self.utterances.len() > UTTERANCES {
                    self.utterances.pop_front();
                }
            }
        }
        self.heard(at);
    }

    /// Brings a measurement into the order of the labels.
    fn judgement(&self, measurement: &Measurement) -> Judgement {
        let labels = &self.status.labels;
        let call = (measurement.label != UNCERTAIN)
            .then(|| labels.iter().position(|label| *label == measurement.label))
            .flatten();
        let share = |label: &String| measurement.probabilities.get(label).map_or(0.0, |p| p.0);
        Judgement {
            call,
            confidence: share_of_one(measurement.confidence.0),
            probabilities: labels.iter().map(share).map(share_of_one).collect(),
            reason: measurement.reason,
            affect: measurement
                .valence
                .zip(measurement.arousal)
                .map(|(valence, arousal)| (valence as f32, arousal as f32)),
        }
    }

    /// Moves the time on; says whether the screen follows.
    fn heard(&mut self, at: f64) -> bool {
        let (before, started) = (tick(self.now), self.started);
        self.now = self.now.max(at);
        self.started = true;
        !started || tick(self.now) != before
    }

    fn go_back(&mut self, at: f64) {
        self.now = at;
        self.resumed = self.ended.then_some(at);
        self.ended = false;
        self.reading = None;
        self.voice = Voicing::default();
        self.notice = None;
        self.history.forget_after(at);
        self.utterances.retain(|utterance| utterance.end_s <= at);
    }

    fn forget(&mut self) {
        self.history = History::default();
        self.reading = None;
        self.utterances.clear();
        self.voice = Voicing::default();
        self.ended = false;
    }
}

fn tick(at: f64) -> u64 {
    (at / TICK_S) as u64
}

/// A time that can be counted with.
fn seconds(at: f64) -> f64 {
    if at.is_finite() {
        at.clamp(0.0, 1e9)
    } else {
        0.0
    }
}

fn share_of_one(probability: f64) -> f32 {
    if probability.is_nan() {
        0.0
    } else {
        probability.clamp(0.0, 1.0) as f32
    }
}
