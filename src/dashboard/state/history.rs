//! The last hour, or a whole recording: predictions, voice activity, gaps and marks.

mod by_speaker;
mod columns;

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

    pub(super) fn labelled(label: usize, confidence: f32) -> Prediction {
        Prediction {
            label: Some(label),
            confidence,
            probabilities: vec![confidence, 1.0 - confidence],
            reason: None,
            affect: Some((0.0, confidence)),
        }
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
                    prediction: labelled(hour as usize % 2, 0.5),
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
}
