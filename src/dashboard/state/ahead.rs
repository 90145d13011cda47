//! The events of a recording that is judged ahead of what is played, and how much of
//! it that is.

use crate::events::Event;
use crate::messages::Judged;

/// Utterances before a place whose events say what is to be seen there.
const UTTERANCES_BEFORE: usize = 2;

/// What is known of a recording.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    events: Vec<(f64, Event)>,
    /// Number of events that came until the place that is played.
    pub(super) played: usize,
    /// Seconds from the begin that are judged.
    pub judged_s: f64,
    /// Whether that is all.
    pub complete: bool,
}

impl Ahead {
    /// Adds a part, which reaches so many seconds from the begin.
    pub(super) fn extend(&mut self, part: &Judged, until_s: f64) {
        self.events.extend(part.events.iter().cloned());
        self.judged_s = until_s;
        self.complete = part.complete;
    }

    /// Whether a place is not judged yet.
    pub(super) fn is_beyond(&self, at_s: f64) -> bool {
        !self.complete && at_s > self.judged_s
    }

    /// How many events came until then.
    pub(super) fn count_until(&self, at_s: f64) -> usize {
        self.events.partition_point(|(at, _)| *at <= at_s)
    }

    /// An event by its number.
    pub(super) fn event(&self, number: usize) -> Option<Event> {
        self.events.get(number).map(|(_, event)| event.clone())
    }

    /// The first of the events before that number that matter to what is seen there:
    /// the begin of the utterance before the last one.
    pub(super) fn context(&self, number: usize) -> usize {
        let before = self.events[..number.min(self.events.len())].iter();
        let starts = before
            .enumerate()
            .rev()
            .filter(|(_, (_, event))| matches!(event, Event::UtteranceStart(_)));
        let first = starts.map(|(number, _)| number).nth(UTTERANCES_BEFORE - 1);
        first.unwrap_or(0)
    }

    /// Whether the last signal before that number was the loss of all sound.
    pub(super) fn is_muted(&self, number: usize) -> bool {
        let before = self.events[..number.min(self.events.len())].iter().rev();
        let mut signals = before.filter_map(|(_, event)| match event {
            Event::Signal(signal) => Some(!signal.present),
            _ => None,
        });
        signals.next().unwrap_or(false)
    }
}
