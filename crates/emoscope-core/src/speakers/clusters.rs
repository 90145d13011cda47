//! Groups of voice prints by average linkage: two groups are one voice while the
//! mean cosine between their windows is high enough.

use kodama::{Method, linkage};

/// Cosines between prints, a row for each print with those before it.
#[derive(Debug, Clone, Default)]
pub struct Cosines {
    rows: Vec<Vec<f32>>,
}

impl Cosines {
    /// Adds a print by its cosines with those before it.
    pub fn push(&mut self, row: Vec<f32>) {
        debug_assert_eq!(row.len(), self.rows.len());
        self.rows.push(row);
    }

    /// Those of some of the prints, which `kept` names in ascending order.
    #[must_use]
    pub fn of(&self, kept: &[usize]) -> Self {
        let row = |(place, &index): (usize, &usize)| {
            let earlier = kept[..place].iter();
            earlier.map(|&other| self.rows[index][other]).collect()
        };
        Self {
            rows: kept.iter().enumerate().map(row).collect(),
        }
    }

    /// How many prints there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The merges, from the most alike to the least: pairs of groups, where group `n + k`
    /// is the one of merge `k`, with their mean cosine.
    fn merges(&self) -> Vec<(usize, usize, f32)> {
        let count = self.len();
        let mut distances = Vec::with_capacity(count * count.saturating_sub(1) / 2);
        for first in 0..count {
            for row in &self.rows[first + 1..] {
                distances.push(1.0 - row[first]);
            }
        }
        let dendrogram = linkage(&mut distances, count, Method::Average);
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
            cosines.push(row.to_vec());
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
    fn there_are_no_more_groups_than_asked_for() {
        let four = cosines(&[&[], &[0.8], &[0.1, 0.3], &[0.2, 0.4, 0.7]]);
        assert_eq!(four.groups(0.9, 2), [0, 0, 1, 1]);
        assert_eq!(four.groups(0.9, 1), [0, 0, 0, 0]);
        assert!(Cosines::default().groups(0.3, 2).is_empty());
        assert_eq!(cosines(&[&[]]).groups(0.3, 2), [0]);
    }
}
