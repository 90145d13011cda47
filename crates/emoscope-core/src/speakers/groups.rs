//! Which stretches of speech are one voice: two groups are one while that is likelier
//! than that they are two.
//!
//! The model is that of probabilistic linear discriminant analysis with equal variances:
//! an embedding is the sum of a vector of the voice, of a tone that a group has in common
//! (such as an emotion), of what its stretch has in common (such as the words), and of
//! noise that falls with the length. So a group of many stretches weighs more than one of
//! a single stretch, however long that is; but no length averages out the tone, so one
//! person in two emotions does not become two in a long session.
//!
//! A voice rarely changes its tone within a breath. So stretches that follow each other
//! without a pause, though they differ, are evidence of two voices.

use super::spec::SpeakerTuning;
use super::stretches::Stretch;

/// Seconds of speech in which the noise has the variance [`SpeakerTuning::noise`].
const NOISE_SPEECH_S: f64 = 1.5;

/// The evidence of a group's embeddings on its voice.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The sum of the embeddings less the mean of all speech, each times its weight.
    sum: Vec<f64>,
    /// The sum of the weights: inverse variances.
    weight: f64,
}

impl Group {
    /// That of one stretch.
    pub fn new(stretch: &Stretch, tuning: &SpeakerTuning) -> Self {
        let lengths = (stretch.seconds / NOISE_SPEECH_S).max(0.1);
        let variance = tuning.within + tuning.noise / lengths;
        let weight = tuning.dimensions / variance;
        let common = tuning.mean.iter().copied().chain(std::iter::repeat(0.0));
        let values = stretch.mean.iter().zip(common);
        Self {
            sum: values
                .map(|(value, common)| f64::from(value - common) * weight)
                .collect(),
            weight,
        }
    }

    /// Adds the evidence of another.
    pub fn add(&mut self, other: &Self) {
        for (sum, value) in self.sum.iter_mut().zip(&other.sum) {
            *sum += value;
        }
        self.weight += other.weight;
    }

    fn dot(&self, other: &Self) -> f64 {
        self.sum.iter().zip(&other.sum).map(|(a, b)| a * b).sum()
    }
}

/// The group of each of `singles`, counted from 0 in the order of their first. The two
/// that gain most are joined while `joins` accepts their gain (the log odds that
/// they are one voice) and the number of groups. Of `successive` pairs, one follows the
/// other without a pause.
pub fn joined(
    singles: &[Group],
    successive: &[(usize, usize)],
    tuning: &SpeakerTuning,
    joins: impl Fn(f64, usize) -> bool,
) -> Vec<usize> {
    let mut state = Joining::new(singles, successive, tuning);
    let mut parent: Vec<usize> = (0..singles.len()).collect();
    while let Some((first, second, gain)) = state.best() {
        if !joins(gain, state.alive.len()) {
            break;
        }
        state.join(first, second);
        parent[second] = first;
    }
    // A parent comes before its children.
    for index in 0..parent.len() {
        parent[index] = parent[parent[index]];
    }
    numbered(&parent)
}

/// Groups on their way; the products of their sums are all that is needed.
struct Joining<'a> {
    tuning: &'a SpeakerTuning,
    count: usize,
    /// Products of the sums, `count` a row.
    products: Vec<f64>,
    /// Log odds that two are apart because they follow each other, `count` a row.
    apart: Vec<f64>,
    weights: Vec<f64>,
    /// Log likelihood of each as one voice, against none.
    own: Vec<f64>,
    /// Of each the later one that gains most with it, and the gain.
    partner: Vec<Option<(usize, f64)>>,
    /// Those that are left, in order.
    alive: Vec<usize>,
}

impl<'a> Joining<'a> {
    fn new(singles: &[Group], successive: &[(usize, usize)], tuning: &'a SpeakerTuning) -> Self {
        let count = singles.len();
        let mut apart = vec![0.0; count * count];
        for &(first, second) in successive {
            apart[first * count + second] += tuning.successive;
            apart[second * count + first] += tuning.successive;
        }
        let mut products = vec![0.0; count * count];
        for (row, one) in singles.iter().enumerate() {
            for (column, other) in singles.iter().enumerate().take(row + 1) {
                let product = one.dot(other);
                products[row * count + column] = product;
                products[column * count + row] = product;
            }
        }
        let mut this = Self {
            tuning,
            count,
            products,
            apart,
            weights: singles.iter().map(|group| group.weight).collect(),
            own: Vec::new(),
            partner: Vec::new(),
            alive: (0..count).collect(),
        };
        this.own = (0..count).map(|index| this.own_likelihood(index)).collect();
        this.partner = (0..count).map(|index| this.best_partner(index)).collect();
        this
    }

    fn product(&self, first: usize, second: usize) -> f64 {
        self.products[first * self.count + second]
    }

    /// Of a group as one voice: from the square of its sum and its weight.
    fn likelihood(&self, square: f64, weight: f64) -> f64 {
        let prior = self.tuning.dimensions / self.tuning.between;
        0.5 * (square / (weight + prior) - self.tuning.dimensions * (weight / prior).ln_1p())
    }

    /// The share of a group's weight that counts beside the variance of its tone.
    fn share(&self, group: usize) -> f64 {
        1.0 / (1.0 + self.weights[group] * self.tuning.tone / self.tuning.dimensions)
    }

    fn gain(&self, first: usize, second: usize) -> f64 {
        let (a, b) = (self.share(first), self.share(second));
        let square = a * a * self.product(first, first)
            + b * b * self.product(second, second)
            + 2.0 * a * b * self.product(first, second);
        let joined = self.likelihood(square, a * self.weights[first] + b * self.weights[second]);
        let apart = self.apart[first * self.count + second];
        joined - self.own[first] - self.own[second] + self.tuning.prior - apart
    }

    /// The log likelihood of a group as one voice.
    fn own_likelihood(&self, group: usize) -> f64 {
        let share = self.share(group);
        self.likelihood(
            share * share * self.product(group, group),
            share * self.weights[group],
        )
    }

    /// The one of those behind it that gains most with it.
    fn best_partner(&self, first: usize) -> Option<(usize, f64)> {
        let behind = self.alive.partition_point(|&index| index <= first);
        let mut best: Option<(usize, f64)> = None;
        for &second in &self.alive[behind..] {
            let gain = self.gain(first, second);
            if best.is_none_or(|(_, most)| gain > most) {
                best = Some((second, gain));
            }
        }
        best
    }

    /// The two that gain most; the first of equals.
    fn best(&self) -> Option<(usize, usize, f64)> {
        let mut best: Option<(usize, usize, f64)> = None;
        for &first in &self.alive {
            if let Some((second, gain)) = self.partner[first]
                && best.is_none_or(|(_, _, most)| gain > most)
            {
                best = Some((first, second, gain));
            }
        }
        best
    }

    /// Makes the second a part of the first.
    fn join(&mut self, first: usize, second: usize) {
        self.alive.retain(|&index| index != second);
        for &other in &self.alive {
            if other != first {
                let product = self.product(first, other) + self.product(second, other);
                let (row, column) = (first * self.count + other, other * self.count + first);
                self.products[row] = product;
                self.products[column] = product;
                self.apart[row] += self.apart[second * self.count + other];
                self.apart[column] = self.apart[row];
            }
        }
        self.products[first * self.count + first] +=
            2.0 * self.product(first, second) + self.product(second, second);
        self.weights[first] += self.weights[second];
        self.own[first] = self.own_likelihood(first);
        for place in 0..self.alive.len() {
            let index = self.alive[place];
            let changed = |(partner, _)| partner == first || partner == second;
            if index == first || self.partner[index].is_some_and(changed) {
                self.partner[index] = self.best_partner(index);
            } else if index < first {
                let gain = self.gain(index, first);
                if self.partner[index].is_none_or(|(_, most)| gain > most) {
                    self.partner[index] = Some((first, gain));
                }
            }
        }
    }
}

/// How many groups there are, numbered without gaps from 0.
pub(super) fn count_of(groups: &[usize]) -> usize {
    groups.iter().max().map_or(0, |&last| last + 1)
}

/// The same groups, numbered in the order in which they appear.
pub(super) fn numbered(groups: &[usize]) -> Vec<usize> {
    let mut seen: Vec<usize> = Vec::new();
    let mut number = |group: usize| {
        seen.iter().position(|&it| it == group).unwrap_or_else(|| {
            seen.push(group);
            seen.len() - 1
        })
    };
    groups.iter().map(|&group| number(group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::simulated::talk;
    use crate::speakers::stretches::stretches;

    fn groups(utterances: &[(u32, u64)], noise: f32) -> Vec<Group> {
        let windows = talk(utterances, noise, 1);
        // Each utterance is one stretch.
        let found = stretches(&windows, -1.0);
        let tuning = SpeakerTuning::default();
        found.iter().map(|it| Group::new(it, &tuning)).collect()
    }

    fn of(singles: &[Group]) -> Vec<usize> {
        joined(singles, &[], &SpeakerTuning::default(), |gain, _| {
            gain > 0.0
        })
    }

    #[test]
    fn stretches_of_one_voice_are_joined_and_those_of_others_are_not() {
        assert_eq!(
            of(&groups(&[(5, 4), (9, 2), (5, 3), (2, 5), (9, 4)], 0.6)),
            [0, 1, 0, 2, 1]
        );
        assert_eq!(of(&groups(&[(5, 3); 7], 1.0)), [0; 7]);
        assert!(of(&[]).is_empty());
        assert_eq!(of(&groups(&[(5, 3)], 0.5)), [0]);
    }

    #[test]
    fn the_number_of_groups_may_decide() {
        let four = groups(&[(5, 4), (9, 4), (2, 4), (5, 4)], 0.6);
        let tuning = SpeakerTuning::default();
        let cut = |most| joined(&four, &[], &tuning, |_, left| left > most);
        assert_eq!(cut(4), [0, 1, 2, 3]);
        assert_eq!(cut(3), [0, 1, 2, 0]);
        assert_eq!(cut(1), [0; 4]);
    }

    #[test]
    fn stretches_that_follow_each_other_need_more_to_be_one_voice() {
        let likelier = |gain: f64, _: usize| gain > 0.0;
        let tuning = SpeakerTuning::default();
        // One voice, whose stretches vary; then with a change of voice at each border.
        let one = groups(&[(5, 3); 6], 1.0);
        let each: Vec<(usize, usize)> = (1..6).map(|next| (next - 1, next)).collect();
        assert_eq!(joined(&one, &[], &tuning, likelier), [0; 6]);
        let certain = SpeakerTuning {
            successive: 100.0,
            ..tuning.clone()
        };
        let apart = joined(&one, &each, &certain, likelier);
        assert!(apart.windows(2).all(|pair| pair[0] != pair[1]), "{apart:?}");
        // Where voices are clear, a little more evidence changes nothing.
        let two = groups(&[(5, 4), (9, 4), (5, 4), (5, 4)], 0.6);
        assert_eq!(
            joined(&two, &[(0, 1), (2, 3)], &tuning, likelier),
            [0, 1, 0, 0]
        );
    }

    #[test]
    fn groups_that_were_joined_before_give_the_same_result() {
        let all = groups(&[(5, 4), (9, 4), (5, 4), (9, 2), (5, 2)], 0.6);
        let mut parts = vec![all[0].clone(), all[1].clone(), all[2].clone()];
        parts[0].add(&all[4]);
        parts[1].add(&all[3]);
        assert_eq!(of(&all), [0, 1, 0, 1, 0]);
        assert_eq!(of(&parts), [0, 1, 0]);
    }
}
