//! The events of a recording that is analyzed ahead of playback, and the progress of
//! the analysis.

use crate::events::Event;
use crate::messages::AnalyzedPart;

/// Utterances before a position whose events determine what is shown there.
const UTTERANCES_BEFORE: usize = 2;

/// The results for a recording so far.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    events: Vec<(f64, Event)>,
    /// Number of events up to the playback position.
    pub(super) played: usize,
    /// Seconds from the start that are analyzed.
    pub analyzed_s: f64,
    /// Whether the analysis is complete.
    pub complete: bool,
}

impl Ahead {
    /// Adds a part that ends `until_s` seconds from the start.
    pub(super) fn extend(&mut self, part: &AnalyzedPart, until_s: f64) {
        self.events.extend(part.events.iter().cloned());
        self.analyzed_s = until_s;
        self.complete = part.complete;
    }

    /// Whether a position is not analyzed yet.
    pub(super) fn is_beyond(&self, at_s: f64) -> bool {
        !self.complete && at_s > self.analyzed_s
    }

    /// Number of events until a time.
    pub(super) fn count_until(&self, at_s: f64) -> usize {
        self.events.partition_point(|(at, _)| *at <= at_s)
    }

    /// An event by its number.
    pub(super) fn event(&self, number: usize) -> Option<Event> {
        self.events.get(number).map(|(_, event)| event.clone())
    }

    /// The first event before that number that affects the picture there: the start of
    /// the utterance before the last one.
    pub(super) fn context(&self, number: usize) -> usize {
        let before = self.events[..number.min(self.events.len())].iter();
        let starts = before
            .enumerate()
            .rev()
            .filter(|(_, (_, event))| matches!(event, Event::UtteranceStart(_)));
        let first = starts.map(|(number, _)| number).nth(UTTERANCES_BEFORE - 1);
        first.unwrap_or(0)
    }

    /// Whether the last signal event before that number reported only zeros.
    pub(super) fn is_muted(&self, number: usize) -> bool {
        let before = self.events[..number.min(self.events.len())].iter().rev();
        let mut signals = before.filter_map(|(_, event)| match event {
            Event::Signal(signal) => Some(!signal.present),
            _ => None,
        });
        signals.next().unwrap_or(false)
    }
}
