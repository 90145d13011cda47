//! Stretches of speech of one voice within an utterance: neighbouring windows join
//! while their embeddings are similar. The embedding of a stretch is more reliable than
//! those of its windows.

use super::{SpeakerWindow, dot, mean};
use crate::dsp::feature_spec::SAMPLE_RATE_HZ;

/// Consecutive windows of one utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Index of the first window.
    pub first: usize,
    /// Index of the first window after it.
    pub end: usize,
    /// The mean of the embeddings, shorter than 1 where they differ.
    pub mean: Vec<f32>,
    /// Length in seconds.
    pub seconds: f64,
}

/// The stretches of all windows, in order. Neighbours are joined while the mean cosine
/// between their windows is at least `alike`.
pub fn stretches(windows: &[SpeakerWindow], alike: f32) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut first = 0;
    for utterance in windows.chunk_by(|a, b| a.utterance == b.utterance) {
        let mut own: Vec<Stretch> = (first..).zip(utterance).map(single).collect();
        while let Some(place) = most_alike(&own, alike) {
            let next = own.remove(place + 1);
            let joined = &mut own[place];
            let (count, more) = (joined.len() as f32, next.len() as f32);
            for (value, other) in joined.mean.iter_mut().zip(&next.mean) {
                *value = (*value * count + other * more) / (count + more);
            }
            joined.end = next.end;
        }
        for stretch in &mut own {
            let samples = windows[stretch.end - 1].end - windows[stretch.first].start;
            stretch.seconds = samples as f64 / f64::from(SAMPLE_RATE_HZ);
        }
        found.append(&mut own);
        first += utterance.len();
    }
    found
}

impl Stretch {
    /// How many windows it has.
    pub(super) fn len(&self) -> usize {
        self.end - self.first
    }
}

/// Whether each stretch follows the one before it without a pause: then their windows
/// overlap. Those of a single window do not count; they differ for many reasons.
pub(super) fn successive(windows: &[SpeakerWindow], stretches: &[Stretch]) -> Vec<bool> {
    let follows = |pair: &[Stretch]| {
        let several = pair.iter().all(|stretch| stretch.len() > 1);
        several && windows[pair[1].first].start < windows[pair[0].end - 1].end
    };
    let first = std::iter::once(false);
    first.chain(stretches.windows(2).map(follows)).collect()
}

fn single((index, window): (usize, &SpeakerWindow)) -> Stretch {
    Stretch {
        first: index,
        end: index + 1,
        mean: window.embedding.clone(),
        seconds: 0.0,
    }
}

/// The first of the two neighbours with the highest cosine, if it is high enough.
fn most_alike(stretches: &[Stretch], alike: f32) -> Option<usize> {
    let mut best = None;
    let mut highest = alike;
    for (place, pair) in stretches.windows(2).enumerate() {
        let cosine = dot(&pair[0].mean, &pair[1].mean);
        if cosine > highest || (best.is_none() && cosine >= alike) {
            (best, highest) = (Some(place), cosine);
        }
    }
    best
}

/// Where the windows of one utterance differ most: the index of the first window
/// behind the place, if the mean cosine between the two parts is below `differ`.
pub fn division(windows: &[SpeakerWindow], differ: f32) -> Option<usize> {
    let mut best = None;
    let mut lowest = differ;
    for place in 1..windows.len() {
        let (first, second) = windows.split_at(place);
        let cosine = dot(&mean_embedding(first), &mean_embedding(second));
        if cosine < lowest {
            (best, lowest) = (Some(place), cosine);
        }
    }
    best
}

/// The mean of the embeddings of windows.
pub(super) fn mean_embedding(windows: &[SpeakerWindow]) -> Vec<f32> {
    mean(windows.iter().map(|window| window.embedding.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::simulated::talk;

    /// The windows of an utterance in which voices take turns.
    fn joined(turns: &[(u32, u64)]) -> Vec<SpeakerWindow> {
        let mut windows = talk(turns, 0.5, 1);
        for window in &mut windows {
            window.utterance = 1;
        }
        windows
    }

    #[test]
    fn a_stretch_ends_where_the_voice_changes_and_where_the_utterance_does() {
        let found = stretches(&joined(&[(5, 6), (9, 4), (5, 3)]), 0.4);
        let bounds: Vec<_> = found.iter().map(|it| (it.first, it.end)).collect();
        assert_eq!(bounds, [(0, 6), (6, 10), (10, 13)]);
        // Windows of 1 s every 0.75 s.
        assert!((found[0].seconds - 4.75).abs() < 1e-9);
        let apart = stretches(&talk(&[(5, 3), (5, 2)], 0.5, 1), 0.4);
        assert_eq!(apart.len(), 2);
        assert!(stretches(&[], 0.4).is_empty());
    }

    #[test]
    fn an_utterance_is_divided_where_its_parts_differ_and_nowhere_else() {
        assert_eq!(division(&joined(&[(5, 6), (9, 2)]), 0.4), Some(6));
        assert_eq!(division(&joined(&[(5, 6), (9, 1)]), 0.4), Some(6));
        assert_eq!(division(&joined(&[(5, 8)]), 0.4), None);
        assert_eq!(division(&joined(&[(5, 1)]), 0.4), None);
        assert_eq!(division(&[], 0.4), None);
    }
}
