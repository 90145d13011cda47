//! Groups of voice prints by average linkage: two groups are one voice while the
//! mean cosine between their windows is high enough.

use kodama::{Method, linkage};

/// Cosines between prints: of each print with those before it.
///
/// All rows share one allocation: rows of their own, each longer than the last, would
/// fragment the heap of a session that goes on.
#[derive(Debug, Clone, Default)]
pub struct Cosines {
    /// The rows one behind the other: print `n` has `n` cosines.
    rows: Vec<f32>,
    count: usize,
}

impl Cosines {
    /// Adds a print by its cosines with those before it.
    pub fn push(&mut self, row: impl IntoIterator<Item = f32>) {
        self.rows.extend(row);
        self.count += 1;
        debug_assert_eq!(self.rows.len(), row_start(self.count));
    }

    /// Keeps some of the prints, which `kept` names in ascending order.
    pub fn keep(&mut self, kept: &[usize]) {
        let mut end = 0;
        for (place, &print) in kept.iter().enumerate() {
            for &other in &kept[..place] {
                // Never ahead of what is still to be read, as `kept` ascends.
                self.rows[end] = self.rows[row_start(print) + other];
                end += 1;
            }
        }
        self.rows.truncate(end);
        self.count = kept.len();
    }

    /// How many prints there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The merges, from the most alike to the least: pairs of groups, where group `n + k`
    /// is the one of merge `k`, with their mean cosine.
    fn merges(&self) -> Vec<(usize, usize, f32)> {
        let mut distances = Vec::with_capacity(self.rows.len());
        for first in 0..self.count {
            for later in first + 1..self.count {
                distances.push(1.0 - self.rows[row_start(later) + first]);
            }
        }
        let dendrogram = linkage(&mut distances, self.count, Method::Average);
        let steps = dendrogram.steps().iter();
        steps
            .map(|step| (step.cluster1, step.cluster2, 1.0 - step.dissimilarity))
            .collect()
    }

    /// The group of each print, counted from 0. Groups are joined while their mean
    /// cosine is at least `join`, or while there are more than `most`.
    pub fn groups(&self, join: f32, most: usize) -> Vec<usize> {
        let count = self.len();
        if count == 0 {
            return Vec::new();
        }
        let mut parent: Vec<usize> = (0..count).collect();
        let mut left = count;
        for (index, (a, b, cosine)) in self.merges().into_iter().enumerate() {
            let group = count + index;
            parent.push(group);
            if cosine >= join || left > most {
                parent[a] = group;
                parent[b] = group;
                left -= 1;
            }
        }
        // A parent comes after its children, so one pass from the top finds every root.
        for node in (0..parent.len()).rev() {
            parent[node] = parent[parent[node]];
        }
        numbered(&parent[..count])
    }
}

/// Where the row of a print begins.
fn row_start(print: usize) -> usize {
    print * print.saturating_sub(1) / 2
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

    fn cosines(rows: &[&[f32]]) -> Cosines {
        let mut cosines = Cosines::default();
        for row in rows {
            cosines.push(row.iter().copied());
        }
        cosines
    }

    #[test]
    fn groups_are_joined_down_to_the_mean_cosine_and_no_further() {
        // 0 and 1 are alike, 2 and 3 too; between the pairs the mean is 0.25.
        let four = cosines(&[&[], &[0.8], &[0.1, 0.3], &[0.2, 0.4, 0.7]]);
        assert_eq!(four.groups(0.26, 9), [0, 0, 1, 1]);
        assert_eq!(four.groups(0.24, 9), [0, 0, 0, 0]);
        assert_eq!(four.groups(0.75, 9), [0, 0, 1, 2]);
        assert_eq!(four.groups(0.9, 9), [0, 1, 2, 3]);
    }

    #[test]
    fn kept_prints_keep_their_cosines() {
        let mut four = cosines(&[&[], &[0.8], &[0.1, 0.3], &[0.2, 0.4, 0.7]]);
        four.keep(&[0, 2, 3]);
        assert_eq!(four.len(), 3);
        // Of 0, 2 and 3: 0.1 and 0.2 between 0 and the pair of 0.7.
        assert_eq!(four.groups(0.5, 9), [0, 1, 1]);
        assert_eq!(four.groups(0.14, 9), [0, 0, 0]);
        assert_eq!(four.groups(0.16, 9), [0, 1, 1]);
    }

    #[test]
    fn there_are_no_more_groups_than_asked_for() {
        let four = cosines(&[&[], &[0.8], &[0.1, 0.3], &[0.2, 0.4, 0.7]]);
        assert_eq!(four.groups(0.9, 2), [0, 0, 1, 1]);
        assert_eq!(four.groups(0.9, 1), [0, 0, 0, 0]);
        assert!(Cosines::default().groups(0.3, 2).is_empty());
        assert_eq!(cosines(&[&[]]).groups(0.3, 2), [0]);
    }
}
