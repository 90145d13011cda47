//! The timeline of a recording: its events and levels with their times, as far as it is
//! analyzed.

use std::collections::VecDeque;

use crate::events::{Event, Trigger};
use crate::messages::{AnalyzedPart, Jump, Level};

/// Within this many seconds of its start, an utterance counts as just begun: a jump
/// back goes to the one before it.
const JUST_BEGUN_S: f64 = 1.0;
/// Least distance of a jump ahead, in seconds.
const LEAST_JUMP_S: f64 = 0.05;
/// How long a level is shown after its own time, in seconds.
const LEVEL_SHOWN_S: f64 = 0.25;

/// The results for a recording so far.
#[derive(Debug, Clone, Default)]
pub(super) struct AnalyzedTimeline {
    events: Vec<(f64, Event)>,
    levels: Vec<Level>,
    utterances: Vec<(f64, String)>,
    /// Gaps: their end in seconds and their samples.
    gaps: VecDeque<(f64, u64)>,
    /// Seconds that are analyzed.
    pub(super) analyzed_s: f64,
    /// Whether the analysis is complete.
    pub(super) complete: bool,
    /// Length that the file declares, in seconds.
    pub(super) claimed_s: Option<f64>,
}

impl AnalyzedTimeline {
    /// Adds events after the existing ones; returns the part for the screen.
    pub(super) fn extend(
        &mut self,
        events: impl IntoIterator<Item = Event>,
        until_s: f64,
        complete: bool,
    ) -> AnalyzedPart {
        let first = self.events.len();
        for event in events {
            let before = self.events.last().map_or(0.0, |(at, _)| *at);
            let at = before.max(time_of(&event));
            match &event {
                Event::Measurement(measurement) if measurement.trigger == Trigger::SpeechEnded => {
                    self.utterances
                        .push((measurement.start_s, measurement.label.clone()));
                }
                Event::Gap(gap) => self.gaps.push_back((at, gap.samples)),
                _ => {}
            }
            self.events.push((at, event));
        }
        let last = self.events.last().map_or(0.0, |(at, _)| *at);
        self.analyzed_s = self.analyzed_s.max(until_s).max(last);
        self.complete = complete;
        AnalyzedPart {
            events: self.events[first..].to_vec(),
            until_s: self.analyzed_s,
            complete,
        }
    }

    /// Adds levels after the existing ones.
    pub(super) fn extend_levels(&mut self, levels: Vec<Level>) {
        self.levels.extend(levels);
    }

    /// Length in seconds: exact once the analysis is complete, before that the longer
    /// of the declared length and the analyzed part.
    pub(super) fn total_s(&self) -> f64 {
        match self.claimed_s {
            Some(claimed) if !self.complete => claimed.max(self.analyzed_s),
            _ => self.analyzed_s,
        }
    }

    /// Number of events until that time.
    pub(super) fn count_until(&self, at_s: f64) -> usize {
        self.events.partition_point(|(at, _)| *at <= at_s)
    }

    /// Events by their numbers.
    pub(super) fn events(&self, numbers: std::ops::Range<usize>) -> Vec<Event> {
        let events = self.events.get(numbers).unwrap_or_default();
        events.iter().map(|(_, event)| event.clone()).collect()
    }

    /// Number of events.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events yet.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The complete timeline so far, for the screen.
    pub(super) fn whole(&self) -> AnalyzedPart {
        AnalyzedPart {
            events: self.events.clone(),
            until_s: self.analyzed_s,
            complete: self.complete,
        }
    }

    /// The level at a time, if known.
    pub(super) fn level(&self, at_s: f64) -> Option<&Level> {
        let next = self.levels.partition_point(|level| level.at_s <= at_s);
        let level = self.levels.get(next.checked_sub(1)?)?;
        (at_s - level.at_s <= LEVEL_SHOWN_S).then_some(level)
    }

    /// Samples lost until a time.
    pub(super) fn samples_lost(&self, at_s: f64) -> u64 {
        let until = self.gaps.iter().take_while(|(at, _)| *at <= at_s);
        until.map(|(_, samples)| samples).sum()
    }

    /// The target of a jump from a time, in seconds; `None` without such an utterance
    /// in the analyzed part.
    pub(super) fn jump(&self, from_s: f64, jump: &Jump) -> Option<f64> {
        let after = |at: f64| self.utterances.partition_point(|(start, _)| *start <= at);
        let next = after(from_s + LEAST_JUMP_S);
        let found = match jump {
            Jump::Next => self.utterances.get(next),
            Jump::Previous => {
                let before = after(from_s - JUST_BEGUN_S).checked_sub(1);
                before.and_then(|number| self.utterances.get(number))
            }
            Jump::NextOf(label) => self.utterances[next..]
                .iter()
                .find(|(_, name)| name == label),
        };
        found.map(|(start, _)| *start)
    }
}

/// When an event is shown, in seconds of its session.
fn time_of(event: &Event) -> f64 {
    match event {
        Event::SessionStart(_) | Event::Error(_) => 0.0,
        Event::Voice(voice) => voice.at_s,
        Event::UtteranceStart(start) => start.start_s,
        Event::Measurement(measurement) => measurement.end_s,
        Event::UtteranceEnd(end) => end.end_s,
        Event::Signal(signal) => signal.at_s,
        Event::Gap(gap) => gap.end_s,
        Event::Mark(mark) => mark.at_s,
        Event::Speakers(speakers) => speakers.at_s,
        Event::SessionEnd(end) => end.duration_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Gap, GapCause, Mark, Measurement, Probabilities, Probability};

    fn utterance(start_s: f64, end_s: f64, label: &str) -> Event {
        Event::Measurement(Measurement {
            channel: None,
            speaker: None,
            utterance: 1,
            start_s,
            end_s,
            trigger: Trigger::SpeechEnded,
            probabilities: Probabilities::default(),
            label: label.into(),
            confidence: Probability(0.5),
            reason: None,
            valence: None,
            arousal: None,
            baseline_s: None,
        })
    }

    fn timeline() -> AnalyzedTimeline {
        let mut timeline = AnalyzedTimeline::default();
        let events = [
            utterance(1.0, 3.0, "anger"),
            utterance(5.0, 8.0, "uncertain"),
            utterance(10.0, 12.0, "anger"),
        ];
        timeline.extend(events, 12.5, false);
        timeline
    }

    #[test]
    fn jumps_go_to_the_begin_of_utterances() {
        let timeline = timeline();
        let anger = Jump::NextOf("anger".into());
        for (from, jump, to) in [
            (0.0, &Jump::Next, Some(1.0)),
            (1.0, &Jump::Next, Some(5.0)),
            (10.0, &Jump::Next, None),
            (6.5, &Jump::Previous, Some(5.0)),
            (5.5, &Jump::Previous, Some(1.0)),
            (1.5, &Jump::Previous, None),
            (0.0, &anger, Some(1.0)),
            (1.0, &anger, Some(10.0)),
            (10.0, &anger, None),
            (0.0, &Jump::NextOf("uncertain".into()), Some(5.0)),
        ] {
            assert_eq!(timeline.jump(from, jump), to, "{from} {jump:?}");
        }
    }

    #[test]
    fn its_length_is_a_claim_until_all_is_analyzed() {
        let mut timeline = timeline();
        timeline.claimed_s = Some(60.0);
        assert!((timeline.total_s() - 60.0).abs() < 1e-9);
        timeline.extend([], 55.0, true);
        assert!((timeline.total_s() - 55.0).abs() < 1e-9);
    }

    #[test]
    fn time_never_runs_back_whatever_the_events_say() {
        let mut timeline = timeline();
        let part = timeline.extend([Event::Mark(Mark { at_s: 2.0 })], 12.5, true);
        assert_eq!(part.events.len(), 1);
        assert!((part.events[0].0 - 12.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_lost_counts_from_its_end_on() {
        let mut timeline = timeline();
        let gap = Event::Gap(Gap {
            start_s: 13.0,
            end_s: 14.0,
            samples: 800,
            cause: GapCause::Missing,
        });
        timeline.extend([gap], 14.0, true);
        assert_eq!(timeline.samples_lost(13.5), 0);
        assert_eq!(timeline.samples_lost(14.0), 800);
    }
}
