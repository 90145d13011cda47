//! Whether people are told who speaks: a letter says something only where there are
//! several speakers.

use super::utterance;
use crate::events::{Event, Measurement, Speaker};

/// Knows, from the events so far, whether a recording has several speakers.
#[derive(Debug, Default)]
pub(super) struct Letters {
    several: bool,
}

impl Letters {
    /// Takes an event. A recording that was assigned as a whole says at its start how
    /// many speakers it has; otherwise the second one shows it.
    pub(super) fn see(&mut self, event: &Event) {
        if let Event::SessionStart(start) = event {
            self.several = start.speakers.is_some_and(|count| count > 1);
        }
        let speaker = utterance(event).and_then(|m| m.speaker);
        self.several |= speaker.is_some_and(|speaker| speaker != Speaker(0));
    }

    /// The speaker of an utterance, where there are several.
    pub(super) fn of(&self, utterance: &Measurement) -> Option<Speaker> {
        utterance.speaker.filter(|_| self.several)
    }
}
