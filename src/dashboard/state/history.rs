//! What was called when: measurements, voice and holes of the last minutes.

use std::collections::VecDeque;

use crate::events::Reason;

/// How far back it reaches; the widest screens show less.
const KEPT_S: f64 = 900.0;

/// One judgement in the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Number of the label, or `None` for uncertain.
    pub call: Option<usize>,
    /// The largest probability.
    pub confidence: f32,
    /// One probability per label.
    pub probabilities: Vec<f32>,
    /// Why it is uncertain.
    pub reason: Option<Reason>,
    /// Valence and arousal, where the model has them.
    pub affect: Option<(f32, f32)>,
}

/// What a stretch of time holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stretch<'a> {
    /// No voice.
    Silent,
    /// A voice, not judged yet.
    Voice,
    /// Audio was lost.
    Gap,
    /// The last judgement within.
    Judged(&'a Judgement),
}

/// The past, in seconds of the session.
#[derive(Debug, Clone, Default)]
pub struct History {
    judged: VecDeque<(f64, Judgement)>,
    voiced: VecDeque<(f64, f64)>,
    gaps: VecDeque<(f64, f64)>,
}

impl History {
    /// Adds a judgement made at a time.
    pub fn judge(&mut self, at: f64, judgement: Judgement) {
        while self.judged.back().is_some_and(|(t, _)| *t >= at) {
            self.judged.pop_back();
        }
        self.judged.push_back((at, judgement));
        while self.judged.front().is_some_and(|(t, _)| *t < at - KEPT_S) {
            self.judged.pop_front();
        }
    }

    /// A voice begins; it lasts until [`History::silence`].
    pub fn voice(&mut self, at: f64) {
        if self.voiced.back().is_none_or(|(_, end)| end.is_finite()) {
            push_span(&mut self.voiced, (at, f64::INFINITY));
        }
    }

    /// The voice ends.
    pub fn silence(&mut self, at: f64) {
        if let Some((start, end)) = self.voiced.back_mut()
            && end.is_infinite()
        {
            *end = at.max(*start);
        }
    }

    /// Adds a hole.
    pub fn gap(&mut self, start: f64, end: f64) {
        push_span(&mut self.gaps, (start, end.max(start)));
    }

    /// Forgets what was after a time: a replay went back.
    pub fn forget_after(&mut self, at: f64) {
        self.judged.retain(|(t, _)| *t <= at);
        for spans in [&mut self.voiced, &mut self.gaps] {
            spans.retain(|(start, _)| *start <= at);
            if let Some((_, end)) = spans.back_mut() {
                *end = end.min(at);
            }
        }
    }

    /// What `[from, to)` holds; `to` at most `now` counts for an open voice.
    pub fn stretch(&self, from: f64, to: f64) -> Stretch<'_> {
        let overlaps = |spans: &VecDeque<(f64, f64)>| {
            let after = spans.partition_point(|(start, _)| *start < to);
            after > 0 && spans[after - 1].1 > from
        };
        let after = self.judged.partition_point(|(t, _)| *t < to);
        if overlaps(&self.gaps) {
            Stretch::Gap
        } else if after > 0 && self.judged[after - 1].0 >= from {
            Stretch::Judged(&self.judged[after - 1].1)
        } else if overlaps(&self.voiced) {
            Stretch::Voice
        } else {
            Stretch::Silent
        }
    }
}

/// Keeps spans ordered and few.
fn push_span(spans: &mut VecDeque<(f64, f64)>, span: (f64, f64)) {
    while spans.back().is_some_and(|(start, _)| *start >= span.0) {
        spans.pop_back();
    }
    spans.push_back(span);
    while spans.front().is_some_and(|(_, end)| *end < span.0 - KEPT_S) {
        spans.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(call: usize) -> Judgement {
        Judgement {
            call: Some(call),
            confidence: 0.5,
            probabilities: vec![0.5, 0.5],
            reason: None,
            affect: None,
        }
    }

    #[test]
    fn a_stretch_shows_its_last_judgement() {
        let mut history = History::default();
        history.voice(1.0);
        history.judge(2.25, called(0));
        history.judge(2.5, called(1));
        history.silence(4.0);
        history.gap(6.0, 6.5);
        assert_eq!(history.stretch(0.0, 1.0), Stretch::Silent);
        assert_eq!(history.stretch(1.0, 2.0), Stretch::Voice);
        assert_eq!(history.stretch(2.0, 3.0), Stretch::Judged(&called(1)));
        assert_eq!(history.stretch(3.0, 4.0), Stretch::Voice);
        assert_eq!(history.stretch(4.0, 5.0), Stretch::Silent);
        assert_eq!(history.stretch(6.0, 7.0), Stretch::Gap);
    }

    #[test]
    fn going_back_forgets_the_future() {
        let mut history = History::default();
        history.voice(1.0);
        history.judge(2.0, called(0));
        history.judge(5.0, called(1));
        history.gap(6.0, 7.0);
        history.forget_after(3.0);
        assert_eq!(history.stretch(2.0, 3.0), Stretch::Judged(&called(0)));
        assert_eq!(history.stretch(5.0, 8.0), Stretch::Silent);
    }
}
