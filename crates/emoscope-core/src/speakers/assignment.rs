//! From groups of windows to voices: groups without evidence dissolve, and within an
//! utterance each window follows the nearest voice, at a price for each change.

use super::groups::{count_of, numbered};
use super::spec::SpeakerTuning;
use super::{SpeakerWindow, dot, unit};
use crate::dsp::feature_spec::SAMPLE_RATE_HZ;

/// Rounds of centroids and paths; most recordings are settled after two.
const MAX_PATH_ROUNDS: usize = 3;

/// Which speech the windows are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of a recording.
    Whole,
    /// That of a session so far.
    SoFar,
}

/// The voice of each window, counted from 0 in the order of their first windows.
pub fn assign(
    windows: &[SpeakerWindow],
    groups: &[usize],
    extent: Extent,
    tuning: &SpeakerTuning,
) -> Vec<usize> {
    let mut voices = dissolve(windows, groups, extent, tuning);
    for _ in 0..MAX_PATH_ROUNDS {
        let centroids = centroids(windows, &voices);
        if centroids.len() < 2 {
            break;
        }
        let next = numbered(&paths(windows, &centroids, tuning.stay));
        if next == voices {
            break;
        }
        voices = next;
    }
    numbered(&voices)
}

/// The windows of groups without evidence join the nearest of the others; without
/// any evidence the largest group takes all.
///
/// In a short recording, a large share of its speech is evidence too. In a session, it is
/// not known before the end what share a voice will have.
fn dissolve(
    windows: &[SpeakerWindow],
    groups: &[usize],
    extent: Extent,
    tuning: &SpeakerTuning,
) -> Vec<usize> {
    let count = count_of(groups);
    let mut lengths = vec![0.0_f64; count];
    for (&group, seconds) in groups.iter().zip(seconds(windows)) {
        lengths[group] += seconds;
    }
    let all: f64 = lengths.iter().sum();
    let centroids = centroids(windows, groups);
    let is_distinct = |group: usize| {
        let mut longer =
            (0..count).filter(|&other| other != group && lengths[other] >= lengths[group]);
        longer.all(|other| dot(&centroids[other], &centroids[group]) < tuning.distinct)
    };
    let has_evidence = |group: usize| {
        let seconds = lengths[group];
        let is_share_of = |share: f64| seconds >= tuning.least_s && seconds >= share * all;
        let is_large_share = || {
            is_share_of(tuning.share) || (is_share_of(tuning.distinct_share) && is_distinct(group))
        };
        seconds >= tuning.evidence_s || (extent == Extent::Whole && is_large_share())
    };
    let none = !(0..count).any(has_evidence);
    let largest = leader(&lengths);
    let stays = |group: usize| has_evidence(group) || (none && group == largest);
    let kept: Vec<usize> = (0..count).filter(|&group| stays(group)).collect();
    let moved = windows.iter().zip(groups).map(|(window, &group)| {
        if stays(group) {
            return group;
        }
        let nearest = |&&a: &&usize, &&b: &&usize| {
            dot(&window.embedding, &centroids[a]).total_cmp(&dot(&window.embedding, &centroids[b]))
        };
        kept.iter().max_by(nearest).copied().unwrap_or(group)
    });
    numbered(&moved.collect::<Vec<_>>())
}

/// Seconds of speech that each window stands for: up to the middle between its centre
/// and those of its neighbours in the utterance.
fn seconds(windows: &[SpeakerWindow]) -> impl Iterator<Item = f64> {
    let border = |before: &SpeakerWindow, after: &SpeakerWindow| {
        let together = before.utterance == after.utterance;
        together.then(|| u64::midpoint(before.centre(), after.centre()))
    };
    windows.iter().enumerate().map(move |(index, window)| {
        let before = index.checked_sub(1).map(|before| &windows[before]);
        let start = before.and_then(|before| border(before, window));
        let after = windows.get(index + 1);
        let end = after.and_then(|after| border(window, after));
        let samples = end
            .unwrap_or(window.end)
            .saturating_sub(start.unwrap_or(window.start));
        samples as f64 / f64::from(SAMPLE_RATE_HZ)
    })
}

/// The mean direction of each voice's windows.
pub(super) fn centroids(windows: &[SpeakerWindow], voices: &[usize]) -> Vec<Vec<f32>> {
    let count = count_of(voices);
    let width = windows.first().map_or(0, |window| window.embedding.len());
    let mut sums = vec![vec![0.0; width]; count];
    for (window, &voice) in windows.iter().zip(voices) {
        for (sum, value) in sums[voice].iter_mut().zip(&window.embedding) {
            *sum += value;
        }
    }
    sums.into_iter().map(unit).collect()
}

/// The sample between the middles of two windows at which the voice `old` gives way
/// to `new`: where the second comes to be nearer, on a straight line between the two.
pub(super) fn change_between(
    before: &SpeakerWindow,
    after: &SpeakerWindow,
    old: &[f32],
    new: &[f32],
) -> u64 {
    let lead = |window: &SpeakerWindow| dot(&window.embedding, new) - dot(&window.embedding, old);
    let (first, last) = (lead(before), lead(after));
    let share = if first < 0.0 && last > 0.0 {
        f64::from(first / (first - last))
    } else {
        0.5
    };
    let apart = after.centre().saturating_sub(before.centre()) as f64;
    before.centre() + (share * apart).round() as u64
}

/// The best path through each utterance (Viterbi): the sum of the cosines less
/// `stay` for each change.
fn paths(windows: &[SpeakerWindow], centroids: &[Vec<f32>], stay: f32) -> Vec<usize> {
    let mut voices = Vec::with_capacity(windows.len());
    for utterance in windows.chunk_by(|a, b| a.utterance == b.utterance) {
        let mut best = vec![0.0_f32; centroids.len()];
        let mut from: Vec<Vec<usize>> = Vec::with_capacity(utterance.len());
        for (index, window) in utterance.iter().enumerate() {
            let leader = leader(&best);
            let change = if index == 0 { 0.0 } else { stay };
            let origin = |voice: usize| {
                if best[voice] >= best[leader] - change {
                    voice
                } else {
                    leader
                }
            };
            let origins: Vec<usize> = (0..best.len()).map(origin).collect();
            let reached = origins.iter().enumerate().map(|(voice, &origin)| {
                let price = if origin == voice { 0.0 } else { change };
                best[origin] - price + dot(&window.embedding, &centroids[voice])
            });
            best = reached.collect();
            from.push(origins);
        }
        let mut voice = leader(&best);
        let mut path = vec![0; utterance.len()];
        for (place, origins) in path.iter_mut().zip(&from).rev() {
            *place = voice;
            voice = origins[voice];
        }
        voices.append(&mut path);
    }
    voices
}

/// The first of the largest.
fn leader<T: PartialOrd>(scores: &[T]) -> usize {
    let mut leader = 0;
    for (index, score) in scores.iter().enumerate() {
        if score > &scores[leader] {
            leader = index;
        }
    }
    leader
}
