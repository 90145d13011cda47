//! The content of a column of the history, and of an interval of the seek bar.

use super::{Column, History, IntervalContent, LIVE_REACH_S, LIVE_WEIGHT_S, mean, overlap};
use crate::dashboard::state::prediction::Prediction;
use crate::events::Speaker;

/// Longest column, in seconds, that shows every gap in it.
const FINE_COLUMN_S: f64 = 2.0;

impl History {
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

    /// The label of `[from, to)` with the most seconds: less detailed than
    /// [`History::column`], and faster.
    pub fn overview(&self, from: f64, to: f64) -> IntervalContent {
        let votes = self.final_votes(from, to, |_| true);
        if !votes.is_empty() {
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
    pub(super) fn final_votes(
        &self,
        from: f64,
        to: f64,
        chosen: impl Fn(Option<Speaker>) -> bool,
    ) -> Votes {
        let mut votes = Votes::default();
        for utterance in self.finals_in(from, to).filter(|u| chosen(u.speaker)) {
            let seconds = utterance.end_s.min(to) - utterance.start_s.max(from);
            if seconds > 0.0 {
                votes.add(utterance.prediction.label, seconds);
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
                votes.add(utterance.prediction.label, seconds);
                concluded = Some(&utterance.prediction);
            }
        }
        for live in live.clone() {
            match self.final_around(live.at_s) {
                // The utterance is counted above, unless it ends before this column.
                Some(utterance) if utterance.end_s > from => {}
                Some(utterance) => votes.add(utterance.prediction.label, weight_s),
                None => votes.add(live.prediction.label, weight_s),
            }
        }
        let live = live.map(|live| &live.prediction);
        let Some(length) = live.clone().map(|it| it.probabilities.len()).max() else {
            return concluded.map(|prediction| Prediction {
                label: votes.winner(),
                ..prediction.clone()
            });
        };
        let of = |label| mean(live.clone().map(|it| it.share(label))).unwrap_or(0.0);
        let affect =
            |part: fn((f32, f32)) -> f32| mean(live.clone().filter_map(|it| it.affect).map(part));
        Some(Prediction {
            label: votes.winner(),
            confidence: mean(live.clone().map(|it| it.confidence)).unwrap_or(0.0),
            probabilities: (0..length).map(of).collect(),
            reason: None,
            affect: affect(|(valence, _)| valence).zip(affect(|(_, arousal)| arousal)),
        })
    }
}

/// Seconds per label.
#[derive(Default)]
pub(super) struct Votes(Vec<(Option<usize>, f64)>);

impl Votes {
    pub(super) fn add(&mut self, label: Option<usize>, seconds: f64) {
        match self.0.iter_mut().find(|(other, _)| *other == label) {
            Some((_, sum)) => *sum += seconds,
            None => self.0.push((label, seconds)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The label with the most seconds; the later one in a tie.
    pub(super) fn winner(&self) -> Option<usize> {
        let most = self.0.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        most.and_then(|(label, _)| *label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::state::history::tests::labelled;
    use crate::dashboard::state::utterance::Utterance;

    fn label_of(column: &Column) -> Option<usize> {
        match column {
            Column::Predicted(prediction) => prediction.label,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_column_shows_the_label_of_most_seconds_and_the_mean() {
        let mut history = History::default();
        history.voice(1.0);
        for (at, label) in [(2.25, 0), (2.5, 1), (2.75, 1)] {
            history.add_live(at, None, labelled(label, 0.25 + at as f32 / 10.0));
        }
        history.silence(4.0);
        history.gap(6.0, 6.5);
        assert_eq!(history.column(0.0, 1.0), Column::Silent);
        assert_eq!(history.column(1.0, 2.0), Column::Voice);
        let Column::Predicted(prediction) = history.column(2.0, 3.0) else {
            panic!("not predicted");
        };
        assert_eq!(prediction.label, Some(1));
        assert!((prediction.confidence - 0.5).abs() < 1e-6);
        assert!((history.arousal(2.0, 3.0).unwrap_or(0.0) - 0.5).abs() < 1e-6);
        assert_eq!(history.column(3.0, 4.0), Column::Voice);
        assert_eq!(history.column(4.0, 5.0), Column::Silent);
        assert_eq!(history.column(6.0, 7.0), Column::Gap);
        // A short gap does not hide a coarse column.
        assert_eq!(label_of(&history.column(0.0, 30.0)), Some(1));
    }

    #[test]
    fn many_predictions_in_a_column_are_thinned_out_evenly() {
        let mut history = History::whole();
        for quarter in 0..4000 {
            let at = f64::from(quarter) / 4.0;
            history.add_live(
                at,
                None,
                labelled(usize::from(quarter < 3000), at as f32 / 1000.0),
            );
        }
        let Column::Predicted(prediction) = history.column(0.0, 1000.0) else {
            panic!("not predicted");
        };
        assert_eq!(prediction.label, Some(1));
        assert!((prediction.confidence - 0.5).abs() < 0.01, "{prediction:?}");
    }

    #[test]
    fn the_final_label_replaces_the_live_ones() {
        let mut history = History::default();
        for at in [2.0, 3.0, 4.0, 4.4] {
            history.add_live(at, None, labelled(0, 0.5));
        }
        history.add_final(Utterance {
            number: (None, 1),
            speaker: None,
            start_s: 1.0,
            end_s: 4.2,
            prediction: labelled(1, 0.7),
        });
        history.add_live(6.0, None, labelled(0, 0.5));
        for (second, label) in [(1, 1), (2, 1), (3, 1), (4, 1), (6, 0)] {
            let from = f64::from(second);
            assert_eq!(
                label_of(&history.column(from, from + 1.0)),
                Some(label),
                "{second}"
            );
        }
    }
}
