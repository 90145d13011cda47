//! The part of the state that freezes together.

mod follow;
mod numbers;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use numbers::{one_each_side, seconds, share_of_one, step, time_of};

use super::ahead::Ahead;
use super::history::History;
use super::meter::PeakMeter;
use super::prediction::{Prediction, Shown, Standing};
use super::speakers::SpeakerList;
use super::totals::Totals;
use super::utterance::Utterance;
use super::voices::Voices;
use crate::events::{Event, Measurement, Speakers, Trigger, UNCERTAIN};
use crate::messages::{Level, Outage, Position, Status};
use crate::text::clock;

/// Seconds of audio for which a notice is shown.
const NOTICE_S: f64 = 8.0;
/// Most utterances that are kept.
const UTTERANCES_KEPT: usize = 20_000;
/// Most channels with a lane; no input has more.
const MOST_LANES: u16 = 64;

/// The notice after a change of the speaker.
const NEW_BASELINE: &str = "another voice: a new baseline starts";

/// The state of the input and of voice activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No audio yet.
    Starting,
    /// The input delivers nothing.
    Away(Outage),
    /// Only zeros: the input is muted, or not permitted for this program.
    Muted,
    /// No speech.
    Silent,
    /// Speech without a prediction yet.
    WarmingUp,
    /// A prediction without a certain label.
    Uncertain,
    /// A prediction with a label.
    Labelled,
}

/// Everything that is shown of a session.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// State of input, engine and recording.
    pub status: Status,
    /// The level.
    pub meter: PeakMeter,
    /// The position of a replay.
    pub position: Option<Position>,
    /// The latest time of the session, in seconds.
    pub now: f64,
    /// The results of a recording that is analyzed ahead of playback. The history, the
    /// utterances and the totals then cover the whole analyzed part.
    pub ahead: Option<Ahead>,
    /// Labels over time for the input as a whole, gaps and marks.
    pub history: History,
    /// Labels over time per channel, if every channel is analyzed separately.
    pub lanes: BTreeMap<u16, History>,
    /// Utterances, the newest last.
    pub utterances: VecDeque<Utterance>,
    /// The speech so far by label.
    pub totals: Totals,
    /// The speakers so far.
    pub speakers: SpeakerList,
    /// The last prediction.
    pub shown: Option<Shown>,
    /// Whether the model has arousal and valence; known after the first prediction.
    pub affect: Option<bool>,
    /// Number of marks that the user set.
    pub marks: u64,
    /// Files that recorded the session.
    pub recordings: Vec<PathBuf>,
    /// Whether a replay has ended.
    pub ended: bool,
    notice: Option<(f64, String)>,
    started: bool,
    muted: bool,
    baseline_s: Option<f64>,
    voices: Voices,
}

impl Picture {
    /// The state of the input and of voice activity.
    pub fn phase(&self) -> Phase {
        if let Some(outage) = self.status.outage {
            return Phase::Away(outage);
        }
        let voice = self.voices.latest();
        match self.shown.as_ref().filter(|shown| shown.live()) {
            _ if !self.started => Phase::Starting,
            Some(shown) if shown.prediction.call.is_some() => Phase::Labelled,
            Some(_) => Phase::Uncertain,
            None if voice.detected || voice.utterance.is_some() => Phase::WarmingUp,
            None if self.muted => Phase::Muted,
            None => Phase::Silent,
        }
    }

    /// Whether the last prediction is shown dimmed.
    pub fn dimmed(&self) -> bool {
        let away = self.status.outage.is_some() || self.muted;
        let shown = self.shown.as_ref();
        shown.is_some_and(|shown| away || shown.dimmed(self.now))
    }

    /// Utterances that ended until now, newest last.
    pub fn past_utterances(&self) -> impl DoubleEndedIterator<Item = &Utterance> + Clone {
        let count = match self.ahead {
            Some(_) => self.utterances.partition_point(|u| u.end_s <= self.now),
            None => self.utterances.len(),
        };
        self.utterances.range(..count)
    }

    /// End of the history, in seconds.
    pub fn known_s(&self) -> f64 {
        self.ahead
            .as_ref()
            .map_or(self.now, |ahead| ahead.analyzed_s)
    }

    /// The analyzed share of a recording, from 0 to 1, while the analysis runs.
    pub fn analyzed_share(&self) -> Option<f64> {
        let ahead = self.ahead.as_ref().filter(|ahead| !ahead.complete)?;
        let total = self.position.and_then(|position| position.total_s)?;
        Some((ahead.analyzed_s / total).clamp(0.0, 1.0))
    }

    /// Whether the playback position is not analyzed yet.
    pub fn is_pending(&self) -> bool {
        let ahead = self.ahead.as_ref();
        ahead.is_some_and(|ahead| ahead.is_beyond(self.now))
    }

    /// Length of the open utterance in seconds.
    pub fn speaking_s(&self) -> Option<f64> {
        self.voices
            .latest()
            .utterance
            .map(|start| (self.now - start).max(0.0))
    }

    /// Seconds of speech in the speaker's baseline, if the model uses one.
    pub fn voice_s(&self) -> Option<u32> {
        let events = || self.baseline_s.map(|seconds| seconds as u32);
        self.status.baseline_s.or_else(events)
    }

    /// The current notice for the user.
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

    /// Removes the notice.
    pub(super) fn dismiss_notice(&mut self) {
        self.notice = None;
    }

    /// Applies a status; returns whether the picture changed.
    pub fn take_status(&mut self, status: &Status) -> bool {
        if self.status.labels != status.labels {
            self.forget(); // label indices changed their meaning
        }
        if let Some(path) = &status.recording
            && !self.recordings.contains(path)
        {
            self.recordings.push(path.clone());
        }
        let changed = self.status != *status;
        self.status.clone_from(status);
        if status.analyzed_ahead && self.ahead.is_none() {
            self.ahead = Some(Ahead::default());
            self.forget();
        }
        changed
    }

    /// Applies a level; returns whether the picture changed.
    pub fn take_level(&mut self, level: &Level) -> bool {
        let at = seconds(level.at_s);
        let moved = self.ahead.is_none() && self.advance(at);
        self.meter.read(level, at) | moved
    }

    /// Applies the position of a replay; returns whether the picture changed.
    pub fn take_position(&mut self, position: &Position) -> bool {
        let position = Position {
            at_s: seconds(position.at_s),
            total_s: position.total_s.map(seconds),
            ..*position
        };
        let before = self.position.replace(position);
        let changed = before.is_none_or(|before| {
            (before.speed, before.paused, before.total_s)
                != (position.speed, position.paused, position.total_s)
                || step(before.at_s) != step(position.at_s)
        });
        if self.ahead.is_some() {
            return self.move_to(position.at_s) | changed;
        }
        self.advance(position.at_s) | changed
    }

    /// Applies an event; returns whether the picture changed.
    pub fn take_event(&mut self, event: &Event) -> bool {
        if let Event::SessionStart(_) = event {
            self.forget();
            self.now = 0.0;
        }
        self.record(event);
        if let Some(at) = time_of(event) {
            self.advance(at);
        }
        self.show(event);
        !matches!(event, Event::SessionEnd(_))
    }

    /// Adds an event to the history.
    fn record(&mut self, event: &Event) {
        match event {
            Event::SessionStart(start) => {
                if self.status.labels.is_empty() {
                    self.status.labels.clone_from(&start.labels);
                }
                if start.by_channel {
                    for channel in 1..=start.channels.min(MOST_LANES) {
                        self.history_of(Some(channel));
                    }
                }
            }
            Event::Voice(voice) => {
                let (history, at) = (self.history_of(voice.channel), seconds(voice.at_s));
                if voice.active {
                    history.voice(at);
                } else {
                    history.silence(at);
                }
            }
            Event::Measurement(measurement) => {
                if self.status.labels.is_empty() {
                    let names = measurement.probabilities.iter();
                    self.status.labels = names.map(|(name, _)| name.to_owned()).collect();
                }
                let prediction = self.prediction(measurement);
                let at = seconds(measurement.end_s);
                self.affect = Some(prediction.affect.is_some());
                if let Some(speaker) = measurement.speaker {
                    self.speakers.see((measurement.channel, speaker));
                }
                match measurement.trigger {
                    Trigger::Interval => {
                        self.history_of(measurement.channel).add_live(
                            at,
                            measurement.speaker,
                            prediction,
                        );
                    }
                    Trigger::SpeechEnded => {
                        let utterance = Utterance {
                            number: (measurement.channel, measurement.utterance),
                            speaker: measurement.speaker,
                            start_s: seconds(measurement.start_s).min(at),
                            end_s: at,
                            prediction,
                        };
                        self.conclude(measurement.channel, utterance);
                    }
                }
            }
            Event::Speakers(speakers) => self.correct(speakers),
            Event::Gap(gap) => self.history.gap(seconds(gap.start_s), seconds(gap.end_s)),
            Event::Mark(mark) => self.history.mark(seconds(mark.at_s)),
            _ => {}
        }
    }

    /// Shows an event that has just happened.
    fn show(&mut self, event: &Event) {
        match event {
            Event::Voice(voice) => self.voices.detect(voice.channel, voice.active),
            Event::UtteranceStart(start) => {
                self.voices.start(start.channel, seconds(start.start_s));
                self.settle();
            }
            Event::Measurement(measurement) => self.show_measurement(measurement),
            Event::UtteranceEnd(end) => {
                self.voices.end(end.channel);
                if self
                    .shown
                    .as_ref()
                    .is_some_and(|shown| shown.channel == end.channel)
                {
                    self.settle();
                }
                if end.new_baseline {
                    self.notify(NEW_BASELINE.into());
                }
            }
            Event::Speakers(speakers) => {
                if let Some(shown) = &mut self.shown
                    && let Some(speaker) = speakers.of(shown.channel, shown.utterance)
                {
                    shown.speaker = Some(speaker);
                }
            }
            Event::Signal(signal) => self.muted = !signal.present,
            Event::Mark(mark) if !self.status.replay => {
                self.marks += 1;
                self.notify(format!("marked {}", clock(seconds(mark.at_s))));
            }
            // A recording that is analyzed ahead shows its own notice.
            Event::Error(error) if !self.status.analyzed_ahead => {
                self.notify(error.message.clone());
            }
            _ => {}
        }
    }

    fn show_measurement(&mut self, measurement: &Measurement) {
        let channel = measurement.channel;
        if !self.voices.take(channel) {
            return;
        }
        let prediction = self.prediction(measurement);
        self.baseline_s = measurement.baseline_s.map(seconds);
        let standing = match measurement.trigger {
            Trigger::Interval => Standing::Live,
            Trigger::SpeechEnded => match &self.shown {
                Some(last)
                    if last.channel == channel
                        && last.live()
                        && last.prediction.call != prediction.call =>
                {
                    Standing::Revised(last.prediction.call)
                }
                _ => Standing::Final,
            },
        };
        self.shown = Some(Shown {
            channel,
            utterance: measurement.utterance,
            speaker: measurement.speaker,
            prediction,
            at_s: seconds(measurement.end_s),
            standing,
        });
    }

    /// The history of a separately analyzed channel, or of the whole input.
    fn history_of(&mut self, channel: Option<u16>) -> &mut History {
        match channel.filter(|number| (1..=MOST_LANES).contains(number)) {
            Some(number) => {
                let all = self.ahead.is_some() || self.status.analyzed_ahead;
                let new = if all {
                    History::whole
                } else {
                    History::default
                };
                self.lanes.entry(number).or_insert_with(new)
            }
            None => &mut self.history,
        }
    }

    /// Every history; that of the channel that spoke last comes first.
    pub fn histories(&self) -> impl Iterator<Item = &History> {
        let latest = self.voices.channel();
        let first = latest.and_then(|number| self.lanes.get(&number));
        let others = self.lanes.iter();
        let others = others.filter(move |(number, _)| Some(**number) != latest);
        let others = others.map(|(_, history)| history);
        first.into_iter().chain(others).chain([&self.history])
    }

    fn conclude(&mut self, channel: Option<u16>, utterance: Utterance) {
        self.totals.add(&utterance);
        if let Some(speaker) = utterance.speaker {
            self.speakers.add((channel, speaker), utterance.seconds());
        }
        self.history_of(channel).add_final(utterance.clone());
        self.utterances.push_back(utterance);
        if !self.status.analyzed_ahead && self.utterances.len() > UTTERANCES_KEPT {
            self.utterances.pop_front();
        }
    }

    /// Corrects the speakers of earlier utterances.
    fn correct(&mut self, speakers: &Speakers) {
        for utterance in &mut self.utterances {
            let (channel, number) = utterance.number;
            let Some(speaker) = speakers.of(channel, number) else {
                continue;
            };
            let seconds = utterance.seconds();
            if let Some(before) = utterance.speaker.replace(speaker) {
                self.speakers.remove((channel, before), seconds);
            }
            self.speakers.add((channel, speaker), seconds);
        }
        self.history_of(speakers.channel).correct(speakers);
    }

    /// Converts a measurement to label indices.
    fn prediction(&self, measurement: &Measurement) -> Prediction {
        let labels = &self.status.labels;
        let call = (measurement.label != UNCERTAIN)
            .then(|| labels.iter().position(|label| *label == measurement.label))
            .flatten();
        let share = |label: &String| measurement.probabilities.get(label).map_or(0.0, |p| p.0);
        let affect = |value: Option<f64>| value.filter(|x| x.is_finite()).map(one_each_side);
        Prediction {
            call,
            confidence: share_of_one(measurement.confidence.0),
            probabilities: labels.iter().map(share).map(share_of_one).collect(),
            reason: measurement.reason,
            affect: affect(measurement.valence).zip(affect(measurement.arousal)),
        }
    }

    /// A live prediction whose utterance has ended covers the whole utterance.
    fn settle(&mut self) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.live()) {
            shown.standing = Standing::Final;
        }
    }

    /// Advances the time; returns whether the picture changed.
    fn advance(&mut self, at: f64) -> bool {
        let (before, started) = (step(self.now), self.started);
        self.now = self.now.max(at);
        self.started = true;
        !started || step(self.now) != before
    }

    fn forget(&mut self) {
        self.history = match self.ahead {
            Some(_) => History::whole(),
            None => History::default(),
        };
        self.shown = None;
        self.utterances.clear();
        self.totals = Totals::default();
        self.speakers.clear();
        self.lanes.clear();
        self.voices = Voices::default();
        self.ended = false;
    }
}
