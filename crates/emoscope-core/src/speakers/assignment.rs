//! From groups of windows to voices: groups without evidence dissolve, and within an
//! utterance each window follows the nearest voice, at a price for each change.

use super::clusters::numbered;
use super::spec::SpeakerTuning;
use super::{SpeakerWindow, dot, unit};

/// Rounds of centroids and paths; most recordings are settled after two.
const ROUNDS: usize = 3;

/// How many windows are evidence of a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// Within one utterance.
    once: usize,
    /// In several utterances together.
    several: usize,
}

impl Evidence {
    /// For windows that begin every `hop_s` seconds.
    pub fn new(tuning: &SpeakerTuning, hop_s: f64) -> Self {
        let windows = |seconds: f64| (seconds / hop_s).ceil() as usize;
        Self {
            once: windows(tuning.once_s),
            several: windows(tuning.several_s),
        }
    }

    /// Whether a voice with so many windows, in so many utterances, is one.
    fn suffices(self, windows: usize, utterances: usize) -> bool {
        windows >= self.once || (utterances > 1 && windows >= self.several)
    }
}

/// The voice of each window, counted from 0 in the order of their first windows.
pub fn assign(
    windows: &[SpeakerWindow],
    groups: &[usize],
    evidence: Evidence,
    tuning: &SpeakerTuning,
) -> Vec<usize> {
    let mut voices = dissolve(windows, groups, evidence);
    for _ in 0..ROUNDS {
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
fn dissolve(windows: &[SpeakerWindow], groups: &[usize], evidence: Evidence) -> Vec<usize> {
    let count = groups.iter().max().map_or(0, |&most| most + 1);
    let mut sizes = vec![0_usize; count];
    let mut utterances: Vec<Vec<u64>> = vec![Vec::new(); count];
    for (window, &group) in windows.iter().zip(groups) {
        sizes[group] += 1;
        if utterances[group].last() != Some(&window.utterance) {
            utterances[group].push(window.utterance);
        }
    }
    let has_evidence = |group: usize| evidence.suffices(sizes[group], utterances[group].len());
    let none = !(0..count).any(has_evidence);
    let largest = leader(&sizes.iter().map(|&size| size as f32).collect::<Vec<_>>());
    let stays = |group: usize| has_evidence(group) || (none && group == largest);
    let centroids = centroids(windows, groups);
    let kept: Vec<usize> = (0..count).filter(|&group| stays(group)).collect();
    let moved = windows.iter().zip(groups).map(|(window, &group)| {
        if stays(group) {
            return group;
        }
        let nearest = |&&a: &&usize, &&b: &&usize| {
            dot(&window.print, &centroids[a]).total_cmp(&dot(&window.print, &centroids[b]))
        };
        kept.iter().max_by(nearest).copied().unwrap_or(group)
    });
    numbered(&moved.collect::<Vec<_>>())
}

/// The mean direction of each voice's windows.
pub(super) fn centroids(windows: &[SpeakerWindow], voices: &[usize]) -> Vec<Vec<f32>> {
    let count = voices.iter().max().map_or(0, |&most| most + 1);
    let width = windows.first().map_or(0, |window| window.print.len());
    let mut sums = vec![vec![0.0; width]; count];
    for (window, &voice) in windows.iter().zip(voices) {
        for (sum, value) in sums[voice].iter_mut().zip(&window.print) {
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
    let lead = |window: &SpeakerWindow| dot(&window.print, new) - dot(&window.print, old);
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
        let mut best = vec![0.0; centroids.len()];
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
                best[origin] - price + dot(&window.print, &centroids[voice])
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
fn leader(scores: &[f32]) -> usize {
    let mut leader = 0;
    for (index, score) in scores.iter().enumerate() {
        if *score > scores[leader] {
            leader = index;
        }
    }
    leader
}
