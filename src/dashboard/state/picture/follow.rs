//! A picture of a recording that is judged ahead: it follows the place that is played.

use super::{Picture, Voices, seconds, step};
use crate::messages::Judged;

/// What is shown after a step ahead of more than this does not depend on what was
/// shown before it, in seconds.
const FAR_STEP_S: f64 = 60.0;

impl Picture {
    /// Takes more of what is judged ahead.
    pub fn take_judged(&mut self, part: &Judged) {
        let mut ahead = self.ahead.take().unwrap_or_default();
        for (_, event) in &part.events {
            self.record(event);
        }
        let unjudged = ahead.is_beyond(self.now);
        ahead.extend(part, seconds(part.until_s));
        self.ahead = Some(ahead);
        self.follow(unjudged);
    }

    /// Shows what a recording that is judged ahead holds at this time.
    fn follow(&mut self, moved: bool) {
        let Some(mut ahead) = self.ahead.take() else {
            return;
        };
        let until = ahead.count_until(self.now);
        let notice = self.notice.clone();
        if moved {
            self.shown = None;
            self.voices = Voices::default();
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
            self.notice = notice; // what was before is no news
        }
        if ahead.is_beyond(self.now) {
            self.shown = None;
            self.voices = Voices::default();
        }
        self.ahead = Some(ahead);
    }

    /// Moves to a place of a recording that is judged ahead; says whether the
    /// screen follows.
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
