//! The picture of a recording that is analyzed ahead: it follows the playback position.

use super::{Picture, VoiceActivity, seconds, step};
use crate::messages::AnalyzedPart;

/// Longest step ahead, in seconds, that needs the events in between.
const FAR_STEP_S: f64 = 60.0;

impl Picture {
    /// Applies the next analyzed part.
    pub fn take_analyzed(&mut self, part: &AnalyzedPart) {
        let mut ahead = self.ahead.take().unwrap_or_default();
        for (_, event) in &part.events {
            self.record(event);
        }
        let pending = ahead.is_beyond(self.now);
        ahead.extend(part, seconds(part.until_s));
        self.ahead = Some(ahead);
        self.follow(pending);
    }

    /// Shows the analyzed content at the playback position.
    fn follow(&mut self, moved: bool) {
        let Some(mut ahead) = self.ahead.take() else {
            return;
        };
        let until = ahead.count_until(self.now);
        let notice = self.notice.clone();
        if moved {
            self.shown = None;
            self.voices = VoiceActivity::default();
            self.muted = ahead.is_muted(until);
            ahead.played = ahead.context(until);
        }
        while ahead.played < until {
            if let Some(event) = ahead.event(ahead.played) {
                self.show(&event);
            }
            ahead.played += 1;
        }
        if moved {
            self.notice = notice; // earlier notices are outdated
        }
        if ahead.is_beyond(self.now) {
            self.shown = None;
            self.voices = VoiceActivity::default();
        }
        self.ahead = Some(ahead);
    }

    /// Moves to a position of a recording that is analyzed ahead; returns whether the
    /// picture changed.
    pub(super) fn move_to(&mut self, at: f64) -> bool {
        let (before, started) = (self.now, self.started);
        let back = at < before;
        if back && self.ended {
            self.ended = false;
            self.notice = None;
        }
        // A notice keeps its age.
        if let Some((since, _)) = self.notice.as_mut().filter(|_| back) {
            *since += at - before;
        }
        self.now = at;
        self.started = true;
        let played = self.ahead.as_ref().map(|ahead| ahead.played);
        self.follow(back || at > before + FAR_STEP_S);
        let shows_more = self.ahead.as_ref().map(|ahead| ahead.played) != played;
        back || !started || shows_more || step(before) != step(at)
    }
}
