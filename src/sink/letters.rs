//! Whether the output names speakers: a letter is informative only if there are
//! several.

use super::utterance;
use crate::events::{Event, Measurement, Speaker};

/// Tracks whether a recording has several speakers, from the events so far.
#[derive(Debug, Default)]
pub(super) struct Letters {
    several: bool,
}

impl Letters {
    /// Takes an event. If a first pass found the speakers, the header contains their
    /// number; otherwise the second speaker reveals that there are several.
    pub(super) fn see(&mut self, event: &Event) {
        if let Event::SessionStart(start) = event {
            self.several = start.speakers.is_some_and(|count| count > 1);
        }
        self.add(utterance(event).and_then(|m| m.speaker));
    }

    /// Adds the speaker of an utterance or of a correction; the first speaker is A.
    pub(super) fn add(&mut self, speaker: Option<Speaker>) {
        self.several |= speaker.is_some_and(|speaker| speaker != Speaker(0));
    }

    /// Whether there are several.
    pub(super) fn several(&self) -> bool {
        self.several
    }

    /// The speaker of an utterance, if there are several.
    pub(super) fn of(&self, utterance: &Measurement) -> Option<Speaker> {
        utterance.speaker.filter(|_| self.several)
    }
}
