//! The part of the state that freezes together.

mod events;
mod follow;
mod numbers;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use numbers::{seconds, step};

use super::ahead::Ahead;
use super::history::History;
use super::meter::PeakMeter;
use super::prediction::Shown;
use super::speakers::SpeakerList;
use super::totals::Totals;
use super::utterance::Utterance;
use super::voice_activity::VoiceActivity;
use crate::messages::{Level, Outage, Position, Status};

/// Seconds of audio for which a notice is shown.
const NOTICE_S: f64 = 8.0;
/// Most channels with a lane; no input has more.
const MOST_LANES: u16 = 64;

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
    voices: VoiceActivity,
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
            Some(shown) if shown.prediction.label.is_some() => Phase::Labelled,
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
        self.voices = VoiceActivity::default();
        self.ended = false;
    }
}
