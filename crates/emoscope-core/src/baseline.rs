//! The speaker baseline: mean and variance of a speaker's embeddings over all labels.
//!
//! Comparing a window with the speaker's own mean and spread gives better results than
//! comparing it with those of all speakers. While the baseline is short, the model
//! shrinks both towards its training speech, as in training.

use serde::{Deserialize, Serialize};

use crate::model_spec::Tuning;

/// Seconds of speech after which old speech gradually loses weight, because voice, room
/// and mood drift.
const MEMORY_S: f64 = 300.0;

/// Mean and variance of a speaker's embeddings, weighted by their seconds of speech.
///
/// The update is West's: Welford's with weights ("Updating mean and variance
/// estimates", Communications of the ACM 22, 1979).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Seconds of speech in the baseline, after decay.
    seconds: f64,
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Baseline {
    /// An empty baseline for embeddings of `width` values.
    pub fn new(width: usize) -> Self {
        Self {
            seconds: 0.0,
            mean: vec![0.0; width],
            variance: vec![0.0; width],
        }
    }

    /// Values per embedding.
    pub fn width(&self) -> usize {
        self.mean.len()
    }

    /// Speech in the baseline, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Whether all values are finite, and duration and variances are not negative.
    pub fn is_valid(&self) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        self.seconds.is_finite()
            && self.seconds >= 0.0
            && self.mean.len() == self.variance.len()
            && finite(&self.mean)
            && finite(&self.variance)
            && self.variance.iter().all(|&value| value >= 0.0)
    }

    /// Adds the embedding of a window of `seconds` of speech.
    pub fn update(&mut self, embedding: &[f32], seconds: f64) {
        debug_assert_eq!(embedding.len(), self.width());
        let share = seconds / (self.seconds + seconds);
        for ((mean, variance), &x) in self.mean.iter_mut().zip(&mut self.variance).zip(embedding) {
            let apart = f64::from(x) - *mean;
            *mean += share * apart;
            *variance = (1.0 - share) * (*variance + share * apart * apart);
        }
        self.seconds = (self.seconds + seconds).min(MEMORY_S);
    }

    /// Merges another baseline of the same speaker (Chan's rule).
    pub fn merge(&mut self, other: &Self) {
        let total = self.seconds + other.seconds;
        if total <= 0.0 {
            return;
        }
        let share = other.seconds / total;
        let theirs = other.mean.iter().zip(&other.variance);
        for ((mean, variance), (&m, &v)) in self.mean.iter_mut().zip(&mut self.variance).zip(theirs)
        {
            let apart = m - *mean;
            *mean += share * apart;
            *variance =
                (1.0 - share) * *variance + share * v + share * (1.0 - share) * apart * apart;
        }
        self.seconds = total.min(MEMORY_S);
    }

    /// Limits the weight of the baseline to this many seconds.
    pub fn cap_seconds(&mut self, seconds: f64) {
        self.seconds = self.seconds.min(seconds);
    }

    /// Raises the mean variance to at least `variance`, for speech with a single
    /// emotion that is known to be the speaker's usual state.
    pub fn raise_variance(&mut self, variance: f64) {
        let mean = self.variance.iter().sum::<f64>() / self.variance.len().max(1) as f64;
        if mean > 0.0 && mean < variance {
            for value in &mut self.variance {
                *value *= variance / mean;
            }
        }
    }

    /// The distance of another baseline's mean from this one: the squared distance in
    /// variances of this baseline, averaged over the first `numbers` values of an
    /// embedding.
    fn distance(&self, other: &Self, numbers: usize, tuning: &Tuning) -> f64 {
        let values = self.mean.iter().zip(&self.variance).zip(&other.mean);
        let sum: f64 = values
            .take(numbers)
            .map(|((mean, variance), found)| {
                let shrunk =
                    (self.seconds * variance + tuning.prior_s) / (self.seconds + tuning.prior_s);
                ((found - mean).powi(2) / shrunk).min(tuning.deviation_limit.powi(2))
            })
            .sum();
        sum / numbers.max(1) as f64
    }

    /// The model's input: the means, then the variances.
    pub fn statistics(&self) -> Vec<f32> {
        let values = self.mean.iter().chain(&self.variance);
        values.map(|&value| value as f32).collect()
    }
}

/// When the speaker has changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerChange {
    /// How many of the first values of an embedding separate speakers.
    pub numbers: usize,
    /// Mean squared distance, in variances of the speaker, that the same speaker rarely
    /// exceeds.
    pub distance: f64,
}

/// The baseline of the current speaker. When the recent speech clearly comes from
/// another speaker, that speech becomes the new baseline.
#[derive(Debug, Clone)]
pub struct SpeakerTracker {
    /// All speech except the most recent.
    settled: Baseline,
    /// The most recent speech, at most about `recent_s` seconds.
    recent: Baseline,
    change: Option<SpeakerChange>,
    tuning: Tuning,
}

impl SpeakerTracker {
    /// Starts from an existing baseline. Without `change` all speech counts as one
    /// speaker.
    pub fn new(known: Baseline, change: Option<SpeakerChange>, tuning: Tuning) -> Self {
        Self {
            recent: Baseline::new(known.width()),
            settled: known,
            change,
            tuning,
        }
    }

    /// The baseline of the current speaker.
    pub fn baseline(&self) -> Baseline {
        let mut whole = self.settled.clone();
        whole.merge(&self.recent);
        whole
    }

    /// Speech in the baseline, in seconds.
    pub fn seconds(&self) -> f64 {
        (self.settled.seconds + self.recent.seconds).min(MEMORY_S)
    }

    /// Adds the embedding of a window of `seconds` of speech. Returns whether the
    /// speaker has changed.
    pub fn update(&mut self, embedding: &[f32], seconds: f64) -> bool {
        self.recent.update(embedding, seconds);
        if self.recent.seconds < self.tuning.recent_s {
            return false;
        }
        let recent = std::mem::replace(&mut self.recent, Baseline::new(embedding.len()));
        let changed = self.settled.seconds >= self.tuning.known_s
            && self.change.is_some_and(|change| {
                self.settled.distance(&recent, change.numbers, &self.tuning) > change.distance
            });
        if changed {
            self.settled = recent;
        } else {
            self.settled.merge(&recent);
        }
        changed
    }

    /// Empties the baseline.
    pub fn reset(&mut self) {
        let unknown = Baseline::new(self.settled.width());
        *self = Self::new(unknown, self.change, self.tuning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(windows: &[(Vec<f32>, f64)]) -> Baseline {
        let mut baseline = Baseline::new(2);
        for (embedding, seconds) in windows {
            baseline.update(embedding, *seconds);
        }
        baseline
    }

    fn windows(most: usize) -> impl Strategy<Value = Vec<(Vec<f32>, f64)>> {
        let window = (prop::collection::vec(-5.0_f32..5.0, 2), 0.25_f64..3.0);
        prop::collection::vec(window, 1..most)
    }

    fn close(a: &Baseline, b: &Baseline) -> bool {
        let near = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| (x - y).abs() < 1e-9);
        (a.seconds - b.seconds).abs() < 1e-9
            && near(&a.mean, &b.mean)
            && near(&a.variance, &b.variance)
    }

    proptest! {
        #[test]
        fn it_is_the_weighted_mean_and_variance(windows in windows(40)) {
            let total: f64 = windows.iter().map(|w| w.1).sum();
            let found = of(&windows);
            for place in 0..2 {
                let values = || windows.iter().map(|(x, s)| (f64::from(x[place]), s / total));
                let mean: f64 = values().map(|(x, share)| x * share).sum();
                let variance: f64 = values().map(|(x, s)| s * (x - mean) * (x - mean)).sum();
                prop_assert!((found.mean[place] - mean).abs() < 1e-9);
                prop_assert!((found.variance[place] - variance).abs() < 1e-9);
            }
            prop_assert!((found.seconds() - total).abs() < 1e-9);
            prop_assert!(found.is_valid());
        }

        #[test]
        fn two_halves_merge_into_the_whole(first in windows(20), second in windows(20)) {
            let mut merged = of(&first);
            merged.merge(&of(&second));
            let whole: Vec<_> = first.into_iter().chain(second).collect();
            prop_assert!(close(&merged, &of(&whole)));
        }
    }

    /// Embeddings of a simulated speaker: four values, each within 1 of `at`.
    fn voice(at: [f32; 4], number: u32) -> Vec<f32> {
        let wave = |k: u32| (f64::from(number * (k + 1)) * 1.7).sin() as f32;
        (0..4).map(|k| at[k as usize] + wave(k)).collect()
    }

    #[test]
    fn another_voice_is_noticed_by_the_numbers_that_tell_voices_apart() {
        let change = Some(SpeakerChange {
            numbers: 2,
            distance: 1.5,
        });
        let (first, second) = ([0.0; 4], [3.0, -3.0, 0.0, 0.0]);
        let aroused = [0.0, 0.0, 4.0, 4.0];
        for (other, noticed) in [(first, false), (second, true), (aroused, false)] {
            let mut followed = SpeakerTracker::new(Baseline::new(4), change, Tuning::default());
            for number in 0..20 {
                assert!(!followed.update(&voice(first, number), 3.0));
            }
            let changes: Vec<bool> = (20..24)
                .map(|number| followed.update(&voice(other, number), 3.0))
                .collect();
            assert_eq!(changes, [false, false, false, noticed], "{other:?}");
            let known = followed.baseline();
            let expected = if noticed { 12.0 } else { 72.0 };
            assert!((known.seconds() - expected).abs() < 1e-9);
            assert_eq!((known.mean[0] - 3.0).abs() < 1.0, noticed);
        }
    }

    #[test]
    fn a_voice_that_is_hardly_known_is_not_given_up() {
        let change = Some(SpeakerChange {
            numbers: 4,
            distance: 0.0,
        });
        let mut followed = SpeakerTracker::new(Baseline::new(4), change, Tuning::default());
        let changes: Vec<bool> = (0..12)
            .map(|number| followed.update(&voice([0.0; 4], number), 3.0))
            .collect();
        assert_eq!(changes.iter().position(|&changed| changed), Some(11));
    }

    proptest! {
        #[test]
        fn a_followed_voice_is_the_same_baseline(windows in windows(40)) {
            let mut followed = SpeakerTracker::new(Baseline::new(2), None, Tuning::default());
            for (embedding, seconds) in &windows {
                prop_assert!(!followed.update(embedding, *seconds));
            }
            prop_assert!(close(&followed.baseline(), &of(&windows)));
        }
    }

    #[test]
    fn the_distance_is_in_variances_that_lean_on_the_prior() {
        let known = Baseline {
            seconds: 12.0,
            mean: vec![1.0, -2.0, 0.0],
            variance: vec![4.0, 0.25, 1.0],
        };
        let mut found = known.clone();
        found.mean = vec![2.5, -1.0, 100.0];
        // The variances are (12 x 4 + 6) / 18 = 3 and (12 x 0.25 + 6) / 18 = 0.5.
        assert!((known.distance(&found, 1, &Tuning::default()) - 0.75).abs() < 1e-12);
        assert!((known.distance(&found, 2, &Tuning::default()) - 1.375).abs() < 1e-12);
        assert!(
            (known.distance(&found, 3, &Tuning::default()) - (0.75 + 2.0 + 9.0) / 3.0).abs()
                < 1e-12
        );
    }

    #[test]
    fn what_is_to_weigh_less_keeps_its_means() {
        let mut voice = of(&[(vec![1.0, 2.0], 5.0)]);
        voice.cap_seconds(8.0);
        assert!((voice.seconds() - 5.0).abs() < 1e-12);
        voice.cap_seconds(3.0);
        assert!((voice.seconds() - 3.0).abs() < 1e-12);
        assert_eq!(voice.statistics(), [1.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn what_kept_to_one_mood_may_count_as_more() {
        let mut flat = of(&[(vec![1.0, -1.0], 2.0), (vec![1.4, -1.6], 2.0)]);
        let before = flat.clone();
        flat.raise_variance(0.01);
        assert!(close(&flat, &before));
        flat.raise_variance(0.5);
        assert!((flat.variance.iter().sum::<f64>() / 2.0 - 0.5).abs() < 1e-12);
        // Each value keeps its share, and the means stay.
        let shares = |b: &Baseline| b.variance[0] / b.variance[1];
        assert!((shares(&flat) - shares(&before)).abs() < 1e-12);
        assert_eq!(flat.mean, before.mean);
        let mut once = of(&[(vec![1.0, -1.0], 2.0)]);
        once.raise_variance(0.5);
        assert!(once.is_valid());
    }

    #[test]
    fn the_model_is_given_means_and_then_variances() {
        let voice = Baseline {
            seconds: 1.0,
            mean: vec![1.0, 2.0],
            variance: vec![3.0, 4.0],
        };
        assert_eq!(voice.statistics(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn a_number_that_speech_cannot_give_is_found_wherever_it_stands() {
        let sound = Baseline {
            seconds: 3.0,
            mean: vec![1.0, -2.0],
            variance: vec![0.0, 2.0],
        };
        assert!(sound.is_valid());
        let with = |change: &dyn Fn(&mut Baseline)| {
            let mut other = sound.clone();
            change(&mut other);
            other.is_valid()
        };
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!with(&|b| b.seconds = odd));
            assert!(!with(&|b| b.mean[1] = odd));
            assert!(!with(&|b| b.variance[0] = odd));
        }
        assert!(!with(&|b| b.seconds = -1.0));
        assert!(!with(&|b| b.variance[1] = -1e-9));
        assert!(!with(&|b| b.mean.truncate(1)));
    }

    #[test]
    fn a_voice_that_has_changed_is_followed_in_minutes() {
        let mut baseline = Baseline::new(1);
        for _ in 0..10_000 {
            baseline.update(&[1.0], 3.0);
        }
        assert!(baseline.seconds() <= MEMORY_S);
        for _ in 0..300 {
            baseline.update(&[-1.0], 3.0);
        }
        assert!(baseline.mean[0] < -0.85, "{}", baseline.mean[0]);
    }
}
