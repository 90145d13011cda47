//! The last hour, or a whole recording: judgements, voice, gaps and marks.

use std::collections::VecDeque;

use super::judgement::Judgement;
use super::picture::Utterance;

/// Seconds that are kept: the longest time scale and a column of it.
const KEPT_S: f64 = 3_660.0;
/// Seconds of speech that a live judgement stands for.
const LIVE_WEIGHT_S: f64 = 0.25;
/// Seconds up to which a live judgement counts for what follows it: the next one
/// may come a little late.
const LIVE_REACH_S: f64 = 0.3;
/// Seconds by which the last live judgement may lie behind the end of its utterance.
const PAUSE_S: f64 = 0.5;
/// Live judgements that a column looks at, at most; of more, every so many-th one.
const MOST_LIVE: usize = 64;
/// A column of at most so many seconds shows every gap in it.
const FINE_COLUMN_S: f64 = 2.0;

/// What a column of the history holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// No voice.
    Silent,
    /// A voice without a judgement yet.
    Voice,
    /// Audio was lost.
    Gap,
    /// The label of most seconds, and the mean of the judgements.
    Judged(Judgement),
}

/// What a stretch of a whole recording holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// No voice.
    Silent,
    /// A voice that is not judged.
    Voice,
    /// Audio is missing.
    Gap,
    /// The label of most seconds; none is uncertain.
    Called(Option<usize>),
}

/// The past, in seconds of the session.
#[derive(Debug, Clone)]
pub struct History {
    /// Seconds that are kept.
    kept_s: f64,
    live: VecDeque<(f64, Judgement)>,
    finals: VecDeque<Utterance>,
    voiced: VecDeque<(f64, f64)>,
    gaps: VecDeque<(f64, f64)>,
    marks: VecDeque<f64>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            kept_s: KEPT_S,
            live: VecDeque::new(),
            finals: VecDeque::new(),
            voiced: VecDeque::new(),
            gaps: VecDeque::new(),
            marks: VecDeque::new(),
        }
    }
}

impl History {
    /// One that keeps everything.
    pub fn whole() -> Self {
        Self {
            kept_s: f64::INFINITY,
            ..Self::default()
        }
    }

    /// Adds a live judgement made at a time.
    pub fn judge(&mut self, at: f64, judgement: Judgement) {
        while self.live.back().is_some_and(|(t, _)| *t >= at) {
            self.live.pop_back();
        }
        self.live.push_back((at, judgement));
        while self
            .live
            .front()
            .is_some_and(|(t, _)| *t < at - self.kept_s)
        {
            self.live.pop_front();
        }
    }

    /// Adds the final judgement of an utterance; its label replaces those of the
    /// live judgements.
    pub fn conclude(&mut self, utterance: Utterance) {
        let start = utterance.start_s;
        while self.finals.back().is_some_and(|last| last.start_s >= start) {
            self.finals.pop_back();
        }
        self.finals.push_back(utterance);
        while self
            .finals
            .front()
            .is_some_and(|first| first.end_s < start - self.kept_s)
        {
            self.finals.pop_front();
        }
    }

    /// A voice begins; it lasts until [`History::silence`].
    pub fn voice(&mut self, at: f64) {
        if self.voiced.back().is_none_or(|(_, end)| end.is_finite()) {
            push_span(&mut self.voiced, (at, f64::INFINITY), self.kept_s);
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

    /// Adds a gap.
    pub fn gap(&mut self, start: f64, end: f64) {
        push_span(&mut self.gaps, (start, end.max(start)), self.kept_s);
    }

    /// Adds a mark.
    pub fn mark(&mut self, at: f64) {
        self.marks.push_back(at);
        while self
            .marks
            .front()
            .is_some_and(|first| *first < at - self.kept_s)
        {
            self.marks.pop_front();
        }
    }

    /// Whether a mark lies in `[from, to)`.
    pub fn marked(&self, from: f64, to: f64) -> bool {
        self.marks.iter().any(|mark| (from..to).contains(mark))
    }

    /// The newest live judgements until a time, at most so many, the oldest first.
    pub fn latest(&self, until: f64, count: usize) -> impl Iterator<Item = &Judgement> {
        let end = self.live.partition_point(|(t, _)| *t <= until);
        let live = self.live.range(end.saturating_sub(count)..end);
        live.map(|(_, judgement)| judgement)
    }

    /// Mean arousal of the live judgements in `[from, to)`, from -1 to 1.
    pub fn arousal(&self, from: f64, to: f64) -> Option<f32> {
        let from = from.min(to - LIVE_REACH_S);
        let (_, live) = self.live_in(from, to);
        mean(live.filter_map(|(_, judgement)| judgement.arousal()))
    }

    /// What `[from, to)` holds; `to` at most the present for an open voice.
    pub fn column(&self, from: f64, to: f64) -> Column {
        let lost = overlap(&self.gaps, from, to);
        if lost > 0.0 && (to - from <= FINE_COLUMN_S || lost >= (to - from) / 2.0) {
            return Column::Gap;
        }
        if let Some(judgement) = self.judged(from, to) {
            return Column::Judged(judgement);
        }
        if lost > 0.0 {
            Column::Gap
        } else if overlap(&self.voiced, from, to) > 0.0 {
            Column::Voice
        } else {
            Column::Silent
        }
    }

    /// The live judgements of `[from, to)`, thinned out where there are many, and
    /// how many each of them stands for.
    fn live_in(
        &self,
        from: f64,
        to: f64,
    ) -> (usize, impl Iterator<Item = &(f64, Judgement)> + Clone) {
        let start = self.live.partition_point(|(t, _)| *t < from);
        let end = self.live.partition_point(|(t, _)| *t < to);
        let start = start.min(end);
        let each = (end - start).div_ceil(MOST_LIVE).max(1);
        (each, self.live.range(start..end).step_by(each))
    }

    fn finals_in(&self, from: f64, to: f64) -> impl Iterator<Item = &Utterance> + Clone {
        let start = self.finals.partition_point(|f| f.end_s + PAUSE_S < from);
        let end = self.finals.partition_point(|f| f.start_s < to);
        self.finals.range(start.min(end)..end)
    }

    /// The utterance that a live judgement at a time belongs to, if it is over.
    fn final_around(&self, at: f64) -> Option<&Utterance> {
        let begun = self.finals.partition_point(|f| f.start_s < at);
        let last = self.finals.get(begun.checked_sub(1)?)?;
        (at <= last.end_s + PAUSE_S).then_some(last)
    }

    /// What the utterances of `[from, to)` were called, by most seconds: in less
    /// detail than [`History::column`], and at less cost.
    pub fn overview(&self, from: f64, to: f64) -> Stretch {
        let mut votes = Votes::default();
        for utterance in self.finals_in(from, to) {
            let seconds = utterance.end_s.min(to) - utterance.start_s.max(from);
            if seconds > 0.0 {
                votes.add(utterance.judgement.call, seconds);
            }
        }
        if !votes.0.is_empty() {
            Stretch::Called(votes.winner())
        } else if overlap(&self.gaps, from, to) > 0.0 {
            Stretch::Gap
        } else if overlap(&self.voiced, from, to) > 0.0 {
            Stretch::Voice
        } else {
            Stretch::Silent
        }
    }

    fn judged(&self, from: f64, to: f64) -> Option<Judgement> {
        let (each, live) = self.live_in(from.min(to - LIVE_REACH_S), to);
        let weight_s = LIVE_WEIGHT_S * each as f64;
        let finals = self.finals_in(from, to);
        let mut votes = Votes::default();
        let mut concluded = None;
        for utterance in finals.clone() {
            let seconds = utterance.end_s.min(to) - utterance.start_s.max(from);
            if seconds > 0.0 {
                votes.add(utterance.judgement.call, seconds);
                concluded = Some(&utterance.judgement);
            }
        }
        for (at, judgement) in live.clone() {
            match self.final_around(*at) {
                // Its own seconds are counted, unless all lie before this column.
                Some(utterance) if utterance.end_s > from => {}
                Some(utterance) => votes.add(utterance.judgement.call, weight_s),
                None => votes.add(judgement.call, weight_s),
            }
        }
        let Some(length) = live.clone().map(|(_, j)| j.probabilities.len()).max() else {
            return concluded.map(|judgement| Judgement {
                call: votes.winner(),
                ..judgement.clone()
            });
        };
        let of = |label| mean(live.clone().map(|(_, j)| j.share(label))).unwrap_or(0.0);
        let affect = |part: fn((f32, f32)) -> f32| {
            mean(live.clone().filter_map(|(_, j)| j.affect).map(part))
        };
        Some(Judgement {
            call: votes.winner(),
            confidence: mean(live.clone().map(|(_, j)| j.confidence)).unwrap_or(0.0),
            probabilities: (0..length).map(of).collect(),
            reason: None,
            affect: affect(|(valence, _)| valence).zip(affect(|(_, arousal)| arousal)),
        })
    }
}

/// Seconds by label.
#[derive(Default)]
struct Votes(Vec<(Option<usize>, f64)>);

impl Votes {
    fn add(&mut self, call: Option<usize>, seconds: f64) {
        match self.0.iter_mut().find(|(other, _)| *other == call) {
            Some((_, sum)) => *sum += seconds,
            None => self.0.push((call, seconds)),
        }
    }

    /// The label of most seconds; of equals the later one.
    fn winner(&self) -> Option<usize> {
        let most = self.0.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.and_then(|(call, _)| *call)
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / count as f32)
}

/// Seconds of `[from, to)` within the spans.
fn overlap(spans: &VecDeque<(f64, f64)>, from: f64, to: f64) -> f64 {
    let end = spans.partition_point(|(start, _)| *start < to);
    let within = spans.range(..end).rev().take_while(|(_, end)| *end > from);
    within
        .map(|(start, end)| end.min(to) - start.max(from))
        .sum()
}

/// Keeps spans ordered and few.
fn push_span(spans: &mut VecDeque<(f64, f64)>, span: (f64, f64), kept_s: f64) {
    while spans.back().is_some_and(|(start, _)| *start >= span.0) {
        spans.pop_back();
    }
    spans.push_back(span);
    while spans.front().is_some_and(|(_, end)| *end < span.0 - kept_s) {
        spans.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(call: usize, confidence: f32) -> Judgement {
        Judgement {
            call: Some(call),
            confidence,
            probabilities: vec![confidence, 1.0 - confidence],
            reason: None,
            affect: Some((0.0, confidence)),
        }
    }

    fn call(column: &Column) -> Option<usize> {
        match column {
            Column::Judged(judgement) => judgement.call,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_column_shows_the_label_of_most_seconds_and_the_mean() {
        let mut history = History::default();
        history.voice(1.0);
        for (at, label) in [(2.25, 0), (2.5, 1), (2.75, 1)] {
            history.judge(at, called(label, 0.25 + at as f32 / 10.0));
        }
        history.silence(4.0);
        history.gap(6.0, 6.5);
        assert_eq!(history.column(0.0, 1.0), Column::Silent);
        assert_eq!(history.column(1.0, 2.0), Column::Voice);
        let Column::Judged(judged) = history.column(2.0, 3.0) else {
            panic!("not judged");
        };
        assert_eq!(judged.call, Some(1));
        assert!((judged.confidence - 0.5).abs() < 1e-6);
        assert!((history.arousal(2.0, 3.0).unwrap_or(0.0) - 0.5).abs() < 1e-6);
        assert_eq!(history.column(3.0, 4.0), Column::Voice);
        assert_eq!(history.column(4.0, 5.0), Column::Silent);
        assert_eq!(history.column(6.0, 7.0), Column::Gap);
        // A short gap does not hide a coarse column.
        assert_eq!(call(&history.column(0.0, 30.0)), Some(1));
    }

    #[test]
    fn many_judgements_in_a_column_are_thinned_out_evenly() {
        let mut history = History::whole();
        for quarter in 0..4000 {
            let at = f64::from(quarter) / 4.0;
            history.judge(at, called(usize::from(quarter < 3000), at as f32 / 1000.0));
        }
        let Column::Judged(judged) = history.column(0.0, 1000.0) else {
            panic!("not judged");
        };
        assert_eq!(judged.call, Some(1));
        assert!((judged.confidence - 0.5).abs() < 0.01, "{judged:?}");
    }

    #[test]
    fn a_whole_recording_keeps_its_begin() {
        let (mut whole, mut hour) = (History::whole(), History::default());
        for history in [&mut whole, &mut hour] {
            for hour in 0..9 {
                history.conclude(Utterance {
                    number: (None, 1),
                    speaker: None,
                    start_s: f64::from(hour) * 3600.0 + 1.0,
                    end_s: f64::from(hour) * 3600.0 + 5.0,
                    judgement: called(hour as usize % 2, 0.5),
                });
            }
        }
        assert_eq!(whole.overview(0.0, 10.0), Stretch::Called(Some(0)));
        assert_eq!(whole.overview(3600.0, 3610.0), Stretch::Called(Some(1)));
        assert_eq!(whole.overview(10.0, 20.0), Stretch::Silent);
        assert_eq!(hour.overview(0.0, 10.0), Stretch::Silent);
    }

    #[test]
    fn the_final_label_replaces_the_live_ones() {
        let mut history = History::default();
        for at in [2.0, 3.0, 4.0, 4.4] {
            history.judge(at, called(0, 0.5));
        }
        history.conclude(Utterance {
            number: (None, 1),
            speaker: None,
            start_s: 1.0,
            end_s: 4.2,
            judgement: called(1, 0.7),
        });
        history.judge(6.0, called(0, 0.5));
        for (second, label) in [(1, 1), (2, 1), (3, 1), (4, 1), (6, 0)] {
            let from = f64::from(second);
            assert_eq!(
                call(&history.column(from, from + 1.0)),
                Some(label),
                "{second}"
            );
        }
    }
}
