//! What the screen shows of a session: everything that freezes together.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::history::History;
use super::judgement::{Judgement, Shown, Standing};
use super::meter::PeakMeter;
use super::totals::Totals;
use crate::events::{Event, Measurement, Trigger, UNCERTAIN};
use crate::messages::{Level, Outage, Position, Status};
use crate::text::clock;

/// Seconds of audio for which a notice stays.
const NOTICE_S: f64 = 8.0;
/// Utterances that are kept.
const UTTERANCES_KEPT: usize = 20_000;
/// The screen follows the time in steps of so many seconds.
const TIME_STEP_S: f64 = 0.5;
/// A replay whose position falls by more than this went back, in seconds.
const BACK_STEP_S: f64 = 0.25;

/// What is said when the voice has changed.
const NEW_BASELINE: &str = "another voice: a new baseline starts";

/// The state of the input and of the voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No audio has come yet.
    Starting,
    /// The input delivers nothing.
    Away(Outage),
    /// Nothing but zeros come: the input is muted, or kept from this program.
    Muted,
    /// No voice.
    Silent,
    /// A voice without a judgement yet.
    WarmingUp,
    /// Judged, but no label is sure enough.
    Uncertain,
    /// A label is called.
    Reading,
}

/// An utterance that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Its begin in seconds of the session.
    pub start_s: f64,
    /// Its end in seconds of the session.
    pub end_s: f64,
    /// The judgement of the whole.
    pub judgement: Judgement,
}

impl Utterance {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        (self.end_s - self.start_s).max(0.0)
    }
}

/// All that is shown of a session.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The machinery.
    pub status: Status,
    /// The level.
    pub meter: PeakMeter,
    /// Where a replay stands.
    pub position: Option<Position>,
    /// The latest time of the session, in seconds.
    pub now: f64,
    /// What was called when.
    pub history: History,
    /// Utterances, the newest last.
    pub utterances: VecDeque<Utterance>,
    /// The speech so far by label.
    pub totals: Totals,
    /// The last judgement.
    pub shown: Option<Shown>,
    /// Whether the model gives arousal and valence, once a judgement came.
    pub affect: Option<bool>,
    /// Number of marks that the person set.
    pub marks: u64,
    /// Files that the session was recorded to.
    pub recordings: Vec<PathBuf>,
    /// Whether a replay came to its end.
    pub ended: bool,
    /// Where it continues after its end, until it does.
    resumed: Option<f64>,
    notice: Option<(f64, String)>,
    started: bool,
    muted: bool,
    baseline_s: Option<f64>,
    voice: Voicing,
}

/// Where a voice is: the detector may pause for a moment within an utterance.
#[derive(Debug, Clone, Copy, Default)]
struct Voicing {
    detected: bool,
    /// Begin of the utterance that goes on.
    utterance: Option<f64>,
}

impl Picture {
    /// The state of the input and of the voice.
    pub fn phase(&self) -> Phase {
        if let Some(outage) = self.status.outage {
            return Phase::Away(outage);
        }
        match self.shown.as_ref().filter(|shown| shown.live()) {
            _ if !self.started => Phase::Starting,
            Some(shown) if shown.judgement.call.is_some() => Phase::Reading,
            Some(_) => Phase::Uncertain,
            None if self.voice.detected || self.voice.utterance.is_some() => Phase::WarmingUp,
            None if self.muted => Phase::Muted,
            None => Phase::Silent,
        }
    }

    /// Whether the last judgement is shown dimmed.
    pub fn dimmed(&self) -> bool {
        let away = self.status.outage.is_some() || self.muted;
        let shown = self.shown.as_ref();
        shown.is_some_and(|shown| away || shown.dimmed(self.now))
    }

    /// Seconds of the utterance that goes on.
    pub fn speaking_s(&self) -> Option<f64> {
        self.voice
            .utterance
            .map(|start| (self.now - start).max(0.0))
    }

    /// Seconds of speech in the voice's baseline, if the model has one.
    pub fn voice_s(&self) -> Option<u32> {
        let events = || self.baseline_s.map(|seconds| seconds as u32);
        self.status.baseline_s.or_else(events)
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
        if let Some(path) = &status.recording
            && !self.recordings.contains(path)
        {
            self.recordings.push(path.clone());
        }
        let changed = self.status != *status;
        self.status.clone_from(status);
        changed
    }

    /// Takes a level; says whether the picture changed.
    pub fn take_level(&mut self, level: &Level) -> bool {
        let at = seconds(level.at_s);
        self.meter.read(level, at) | self.advance(at)
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
                || step(before.at_s) != step(position.at_s)
        });
        if before.is_some_and(|before| position.at_s < before.at_s - BACK_STEP_S) {
            self.go_back(position.at_s);
            changed = true;
        }
        self.advance(position.at_s) | changed
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
                self.voice.detected = voice.active;
                if voice.active {
                    self.history.voice(at);
                } else {
                    self.history.silence(at);
                }
                self.advance(at);
            }
            Event::UtteranceStart(start) => {
                let at = seconds(start.start_s);
                self.voice.utterance = Some(at);
                self.settle();
                self.advance(at);
            }
            Event::Measurement(measurement) => self.take_measurement(measurement),
            Event::UtteranceEnd(end) => {
                self.voice.utterance = None;
                self.settle();
                self.advance(seconds(end.end_s));
                if end.new_baseline {
                    self.notify(NEW_BASELINE.into());
                }
            }
            Event::Signal(signal) => self.muted = !signal.present,
            Event::Gap(gap) => {
                let (start, end) = (seconds(gap.start_s), seconds(gap.end_s));
                self.history.gap(start, end);
                self.advance(end);
            }
            Event::Mark(mark) => {
                let at = seconds(mark.at_s);
                self.history.mark(at);
                self.advance(at);
                if !self.status.replay {
                    self.marks += 1;
                    self.notify(format!("marked {}", clock(at)));
                }
            }
            Event::Error(error) => self.notify(error.message.clone()),
            Event::SessionEnd(_) => return false,
        }
        true
    }

    fn take_measurement(&mut self, measurement: &Measurement) {
        if self.status.labels.is_empty() {
            let names = measurement.probabilities.iter();
            self.status.labels = names.map(|(name, _)| name.to_owned()).collect();
        }
        let judgement = self.judgement(measurement);
        let at = seconds(measurement.end_s);
        self.affect = Some(judgement.affect.is_some());
        self.baseline_s = measurement.baseline_s.map(seconds);
        let standing = match measurement.trigger {
            Trigger::Interval => {
                self.history.judge(at, judgement.clone());
                Standing::Live
            }
            Trigger::SpeechEnded => {
                self.conclude(seconds(measurement.start_s).min(at), at, &judgement);
                match &self.shown {
                    Some(last) if last.live() && last.judgement.call != judgement.call => {
                        Standing::Revised(last.judgement.call)
                    }
                    _ => Standing::Final,
                }
            }
        };
        self.shown = Some(Shown {
            judgement,
            at_s: at,
            standing,
        });
        self.advance(at);
    }

    fn conclude(&mut self, start_s: f64, end_s: f64, judgement: &Judgement) {
        let utterance = Utterance {
            start_s,
            end_s,
            judgement: judgement.clone(),
        };
        self.totals.add(&utterance);
        self.history.conclude(utterance.clone());
        self.utterances.push_back(utterance);
        if self.utterances.len() > UTTERANCES_KEPT {
            self.utterances.pop_front();
        }
    }

    /// Brings a measurement into the order of the labels.
    fn judgement(&self, measurement: &Measurement) -> Judgement {
        let labels = &self.status.labels;
        let call = (measurement.label != UNCERTAIN)
            .then(|| labels.iter().position(|label| *label == measurement.label))
            .flatten();
        let share = |label: &String| measurement.probabilities.get(label).map_or(0.0, |p| p.0);
        let affect = |value: Option<f64>| value.filter(|x| x.is_finite()).map(one_each_side);
        Judgement {
            call,
            confidence: share_of_one(measurement.confidence.0),
            probabilities: labels.iter().map(share).map(share_of_one).collect(),
            reason: measurement.reason,
            affect: affect(measurement.valence).zip(affect(measurement.arousal)),
        }
    }

    /// A live judgement whose utterance is over stands for the whole of it.
    fn settle(&mut self) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.live()) {
            shown.standing = Standing::Final;
        }
    }

    /// Moves the time forward; says whether the screen follows.
    fn advance(&mut self, at: f64) -> bool {
        let (before, started) = (step(self.now), self.started);
        self.now = self.now.max(at);
        self.started = true;
        !started || step(self.now) != before
    }

    fn go_back(&mut self, at: f64) {
        self.now = at;
        self.resumed = self.ended.then_some(at);
        self.ended = false;
        self.voice = Voicing::default();
        self.notice = None;
        self.history.forget_after(at);
        let ahead = self
            .utterances
            .iter()
            .filter(|utterance| utterance.end_s > at);
        ahead.for_each(|utterance| self.totals.remove(utterance));
        self.utterances.retain(|utterance| utterance.end_s <= at);
        self.shown = self.utterances.back().map(|last| Shown {
            judgement: last.judgement.clone(),
            at_s: last.end_s,
            standing: Standing::Final,
        });
    }

    fn forget(&mut self) {
        self.history = History::default();
        self.shown = None;
        self.utterances.clear();
        self.totals = Totals::default();
        self.voice = Voicing::default();
        self.ended = false;
    }
}

fn step(at: f64) -> u64 {
    (at / TIME_STEP_S) as u64
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

fn one_each_side(value: f64) -> f32 {
    value.clamp(-1.0, 1.0) as f32
}
