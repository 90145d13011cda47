//! The last hour, or a whole recording: predictions, voice activity, gaps and marks.

mod by_speaker;

use std::collections::VecDeque;

use super::prediction::Prediction;
use super::utterance::Utterance;
use crate::events::Speaker;

/// Seconds that are kept: the longest time scale plus one column.
const KEPT_S: f64 = 3_660.0;
/// Seconds of speech that a live prediction represents.
const LIVE_WEIGHT_S: f64 = 0.25;
/// Longest time after a live prediction that it still covers, in seconds: the next one
/// may be slightly late.
const LIVE_REACH_S: f64 = 0.3;
/// Largest distance of the last live prediction from the end of its utterance, in
/// seconds.
const PAUSE_S: f64 = 0.5;
/// Most live predictions per column; of more, only every n-th is used.
const MOST_LIVE: usize = 64;
/// Longest column, in seconds, that shows every gap in it.
const FINE_COLUMN_S: f64 = 2.0;

/// The content of a history column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// No speech.
    Silent,
    /// Speech without a prediction yet.
    Voice,
    /// Lost audio.
    Gap,
    /// The label with the most seconds, and the mean of the predictions.
    Predicted(Prediction),
}

/// The content of an interval, without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalContent {
    /// No speech.
    Silent,
    /// Speech that is not analyzed yet.
    Voice,
    /// Missing audio.
    Gap,
    /// The label with the most seconds; `None` is uncertain.
    Label(Option<usize>),
}

/// A prediction for the open utterance.
#[derive(Debug, Clone)]
struct LivePrediction {
    at_s: f64,
    speaker: Option<Speaker>,
    prediction: Prediction,
}

/// The history, in seconds of the session.
#[derive(Debug, Clone)]
pub struct History {
    /// Seconds that are kept.
    kept_s: f64,
    live: VecDeque<LivePrediction>,
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
    /// A history that keeps everything.
    pub fn whole() -> Self {
        Self {
            kept_s: f64::INFINITY,
            ..Self::default()
        }
    }

    /// Adds a live prediction with its time and its speaker.
    pub fn add_live(&mut self, at_s: f64, speaker: Option<Speaker>, prediction: Prediction) {
        while self.live.back().is_some_and(|last| last.at_s >= at_s) {
            self.live.pop_back();
        }
        self.live.push_back(LivePrediction {
            at_s,
            speaker,
            prediction,
        });
        let start_s = at_s - self.kept_s;
        while self.live.front().is_some_and(|first| first.at_s < start_s) {
            self.live.pop_front();
        }
    }

    /// Adds the final prediction of an utterance; its label replaces those of the live
    /// predictions.
    pub fn add_final(&mut self, utterance: Utterance) {
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

    /// Voice activity starts; it lasts until [`History::silence`].
    pub fn voice(&mut self, at: f64) {
        if self.voiced.back().is_none_or(|(_, end)| end.is_finite()) {
            push_span(&mut self.voiced, (at, f64::INFINITY), self.kept_s);
        }
    }

    /// Voice activity ends.
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

    /// The newest live predictions until a time, at most `count`, oldest first.
    pub fn latest(&self, until: f64, count: usize) -> impl Iterator<Item = &Prediction> {
        let end = self.live.partition_point(|live| live.at_s <= until);
        let live = self.live.range(end.saturating_sub(count)..end);
        live.map(|live| &live.prediction)
    }

    /// Mean arousal of the live predictions in `[from, to)`, from -1 to 1.
    pub fn arousal(&self, from: f64, to: f64) -> Option<f32> {
        let from = from.min(to - LIVE_REACH_S);
        let (_, live) = self.live_in(from, to);
        mean(live.filter_map(|live| live.prediction.arousal()))
    }

    /// The content of `[from, to)`; `to` is at most the present while voice is active.
    pub fn column(&self, from: f64, to: f64) -> Column {
        let lost = overlap(&self.gaps, from, to);
        if lost > 0.0 && (to - from <= FINE_COLUMN_S || lost >= (to - from) / 2.0) {
            return Column::Gap;
        }
        if let Some(prediction) = self.predicted(from, to) {
            return Column::Predicted(prediction);
        }
        if lost > 0.0 {
            Column::Gap
        } else if overlap(&self.voiced, from, to) > 0.0 {
            Column::Voice
        } else {
            Column::Silent
        }
    }

    /// The live predictions of `[from, to)`, thinned out where there are many, and the
    /// number that each represents.
    fn live_in(
        &self,
        from: f64,
        to: f64,
    ) -> (usize, impl Iterator<Item = &LivePrediction> + Clone) {
        let start = self.live.partition_point(|live| live.at_s < from);
        let end = self.live.partition_point(|live| live.at_s < to);
        let start = start.min(end);
        let each = (end - start).div_ceil(MOST_LIVE).max(1);
        (each, self.live.range(start..end).step_by(each))
    }

    fn finals_in(&self, from: f64, to: f64) -> impl Iterator<Item = &Utterance> + Clone {
        let start = self.finals.partition_point(|f| f.end_s + PAUSE_S < from);
        let end = self.finals.partition_point(|f| f.start_s < to);
        self.finals.range(start.min(end)..end)
    }

    /// The finished utterance around a live prediction's time, if there is one.
    fn final_around(&self, at: f64) -> Option<&Utterance> {
        let begun = self.finals.partition_point(|f| f.start_s < at);
        let last = self.finals.get(begun.checked_sub(1)?)?;
        (at <= last.end_s + PAUSE_S).then_some(last)
    }

    /// The label of `[from, to)` with the most seconds: less detailed than
    /// [`History::column`], and faster.
    pub fn overview(&self, from: f64, to: f64) -> IntervalContent {
        let votes = self.final_votes(from, to, |_| true);
        if !votes.0.is_empty() {
            IntervalContent::Label(votes.winner())
        } else if overlap(&self.gaps, from, to) > 0.0 {
            IntervalContent::Gap
        } else if overlap(&self.voiced, from, to) > 0.0 {
            IntervalContent::Voice
        } else {
            IntervalContent::Silent
        }
    }

    /// The seconds of the chosen speakers' finished utterances in `[from, to)`.
    fn final_votes(&self, from: f64, to: f64, chosen: impl Fn(Option<Speaker>) -> bool) -> Votes {
        let mut votes = Votes::default();
        for utterance in self.finals_in(from, to).filter(|u| chosen(u.speaker)) {
            let seconds = utterance.end_s.min(to) - utterance.start_s.max(from);
            if seconds > 0.0 {
                votes.add(utterance.prediction.call, seconds);
            }
        }
        votes
    }

    fn predicted(&self, from: f64, to: f64) -> Option<Prediction> {
        let (each, live) = self.live_in(from.min(to - LIVE_REACH_S), to);
        let weight_s = LIVE_WEIGHT_S * each as f64;
        let finals = self.finals_in(from, to);
        let mut votes = Votes::default();
        let mut concluded = None;
        for utterance in finals.clone() {
            let seconds = utterance.end_s.min(to) - utterance.start_s.max(from);
            if seconds > 0.0 {
                votes.add(utterance.prediction.call, seconds);
                concluded = Some(&utterance.prediction);
            }
        }
        for live in live.clone() {
            match self.final_around(live.at_s) {
                // Its own seconds are counted, unless all are before this column.
                Some(utterance) if utterance.end_s > from => {}
                Some(utterance) => votes.add(utterance.prediction.call, weight_s),
                None => votes.add(live.prediction.call, weight_s),
            }
        }
        let live = live.map(|live| &live.prediction);
        let Some(length) = live.clone().map(|it| it.probabilities.len()).max() else {
            return concluded.map(|prediction| Prediction {
                call: votes.winner(),
                ..prediction.clone()
            });
        };
        let of = |label| mean(live.clone().map(|it| it.share(label))).unwrap_or(0.0);
        let affect =
            |part: fn((f32, f32)) -> f32| mean(live.clone().filter_map(|it| it.affect).map(part));
        Some(Prediction {
            call: votes.winner(),
            confidence: mean(live.clone().map(|it| it.confidence)).unwrap_or(0.0),
            probabilities: (0..length).map(of).collect(),
            reason: None,
            affect: affect(|(valence, _)| valence).zip(affect(|(_, arousal)| arousal)),
        })
    }
}

/// Seconds per label.
#[derive(Default)]
struct Votes(Vec<(Option<usize>, f64)>);

impl Votes {
    fn add(&mut self, call: Option<usize>, seconds: f64) {
        match self.0.iter_mut().find(|(other, _)| *other == call) {
            Some((_, sum)) => *sum += seconds,
            None => self.0.push((call, seconds)),
        }
    }

    /// The label with the most seconds; the later one in a tie.
    fn winner(&self) -> Option<usize> {
        let most = self.0.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.and_then(|(call, _)| *call)
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f32> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / count as f32)
}

/// Seconds of the spans inside `[from, to)`.
fn overlap(spans: &VecDeque<(f64, f64)>, from: f64, to: f64) -> f64 {
    let end = spans.partition_point(|(start, _)| *start < to);
    let within = spans.range(..end).rev().take_while(|(_, end)| *end > from);
    within
        .map(|(start, end)| end.min(to) - start.max(from))
        .sum()
}

/// Keeps spans ordered and limited in number.
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

    fn called(call: usize, confidence: f32) -> Prediction {
        Prediction {
            call: Some(call),
            confidence,
            probabilities: vec![confidence, 1.0 - confidence],
            reason: None,
            affect: Some((0.0, confidence)),
        }
    }

    fn call(column: &Column) -> Option<usize> {
        match column {
            Column::Predicted(prediction) => prediction.call,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_column_shows_the_label_of_most_seconds_and_the_mean() {
        let mut history = History::default();
        history.voice(1.0);
        for (at, label) in [(2.25, 0), (2.5, 1), (2.75, 1)] {
            history.add_live(at, None, called(label, 0.25 + at as f32 / 10.0));
        }
        history.silence(4.0);
        history.gap(6.0, 6.5);
        assert_eq!(history.column(0.0, 1.0), Column::Silent);
        assert_eq!(history.column(1.0, 2.0), Column::Voice);
        let Column::Predicted(prediction) = history.column(2.0, 3.0) else {
            panic!("not predicted");
        };
        assert_eq!(prediction.call, Some(1));
        assert!((prediction.confidence - 0.5).abs() < 1e-6);
        assert!((history.arousal(2.0, 3.0).unwrap_or(0.0) - 0.5).abs() < 1e-6);
        assert_eq!(history.column(3.0, 4.0), Column::Voice);
        assert_eq!(history.column(4.0, 5.0), Column::Silent);
        assert_eq!(history.column(6.0, 7.0), Column::Gap);
        // A short gap does not hide a coarse column.
        assert_eq!(call(&history.column(0.0, 30.0)), Some(1));
    }

    #[test]
    fn many_predictions_in_a_column_are_thinned_out_evenly() {
        let mut history = History::whole();
        for quarter in 0..4000 {
            let at = f64::from(quarter) / 4.0;
            history.add_live(
                at,
                None,
                called(usize::from(quarter < 3000), at as f32 / 1000.0),
            );
        }
        let Column::Predicted(prediction) = history.column(0.0, 1000.0) else {
            panic!("not predicted");
        };
        assert_eq!(prediction.call, Some(1));
        assert!((prediction.confidence - 0.5).abs() < 0.01, "{prediction:?}");
    }

    #[test]
    fn a_whole_recording_keeps_its_begin() {
        let (mut whole, mut hour) = (History::whole(), History::default());
        for history in [&mut whole, &mut hour] {
            for hour in 0..9 {
                history.add_final(Utterance {
                    number: (None, 1),
                    speaker: None,
                    start_s: f64::from(hour) * 3600.0 + 1.0,
                    end_s: f64::from(hour) * 3600.0 + 5.0,
                    prediction: called(hour as usize % 2, 0.5),
                });
            }
        }
        assert_eq!(whole.overview(0.0, 10.0), IntervalContent::Label(Some(0)));
        assert_eq!(
            whole.overview(3600.0, 3610.0),
            IntervalContent::Label(Some(1))
        );
        assert_eq!(whole.overview(10.0, 20.0), IntervalContent::Silent);
        assert_eq!(hour.overview(0.0, 10.0), IntervalContent::Silent);
    }

    #[test]
    fn the_final_label_replaces_the_live_ones() {
        let mut history = History::default();
        for at in [2.0, 3.0, 4.0, 4.4] {
            history.add_live(at, None, called(0, 0.5));
        }
        history.add_final(Utterance {
            number: (None, 1),
            speaker: None,
            start_s: 1.0,
            end_s: 4.2,
            prediction: called(1, 0.7),
        });
        history.add_live(6.0, None, called(0, 0.5));
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
