//! Whether all recordings of a folder are of one speaker.
//!
//! Stretches of about three seconds are divided into the two halves that differ most
//! (2-means). One speaker's halves are still alike, those of two speakers are not.

use super::stretches::mean_embedding;
use super::{SpeakerWindow, dot, mean, unit};

/// Windows of a stretch: they cover 2.6 s of a recording.
const STRETCH_WINDOWS: usize = 6;
/// Fewest stretches that allow an answer.
const FEWEST_STRETCHES: usize = 4;
/// Rounds of 2-means; most folders settle after three.
const MAX_MEANS_ROUNDS: usize = 8;

/// Whether all windows are of one speaker; `recordings` has the windows of each, in
/// order. `least` is the mean cosine between the two halves from which they are.
/// Too little speech gives `false`.
pub fn is_one_speaker<'a>(
    recordings: impl IntoIterator<Item = &'a Vec<SpeakerWindow>>,
    least: f32,
) -> bool {
    let stretches: Vec<Vec<f32>> = recordings
        .into_iter()
        .flat_map(|windows| windows.chunk_by(|a, b| a.utterance == b.utterance))
        .flat_map(|utterance| utterance.chunks(STRETCH_WINDOWS))
        .map(|windows| unit(mean_embedding(windows)))
        .collect();
    stretches.len() >= FEWEST_STRETCHES && similarity_of_halves(&stretches) >= least
}

/// The mean cosine between the two halves; 1 where there is nothing to divide.
fn similarity_of_halves(stretches: &[Vec<f32>]) -> f32 {
    let Some(mut centres) = least_alike(stretches) else {
        return 1.0;
    };
    let mut halves: [Vec<f32>; 2] = Default::default();
    for _ in 0..MAX_MEANS_ROUNDS {
        let second = |stretch: &&Vec<f32>| dot(stretch, &centres[1]) > dot(stretch, &centres[0]);
        let (b, a): (Vec<&Vec<f32>>, Vec<&Vec<f32>>) = stretches.iter().partition(second);
        if a.is_empty() || b.is_empty() {
            return 1.0;
        }
        let next = [a, b].map(|half| mean(half.into_iter().map(Vec::as_slice)));
        if next == halves {
            break;
        }
        centres = next.clone().map(unit);
        halves = next;
    }
    // The product of the means is the mean of all products.
    dot(&halves[0], &halves[1])
}

/// The pair with the lowest cosine, the first of equals.
fn least_alike(stretches: &[Vec<f32>]) -> Option<[Vec<f32>; 2]> {
    let mut lowest: Option<(f32, usize, usize)> = None;
    for (index, stretch) in stretches.iter().enumerate() {
        for (other, earlier) in stretches[..index].iter().enumerate() {
            let cosine = dot(stretch, earlier);
            if lowest.is_none_or(|(found, _, _)| cosine < found) {
                lowest = Some((cosine, other, index));
            }
        }
    }
    lowest.map(|(_, a, b)| [stretches[a].clone(), stretches[b].clone()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::simulated::talk;
    use proptest::prelude::*;

    const LEAST_COSINE: f32 = 0.35;

    /// One recording of each voice, `count` windows long.
    fn folder(voices: &[u32], count: u64, noise: f32, seed: u32) -> Vec<Vec<SpeakerWindow>> {
        let seeds = (seed..).step_by(7);
        let recordings = voices.iter().zip(seeds);
        recordings
            .map(|(&voice, seed)| talk(&[(voice, count)], noise, seed))
            .collect()
    }

    proptest! {
        #[test]
        fn a_folder_of_one_speaker_is_found(seed in 0_u32..1_000_000, noise in 0.0_f32..0.9) {
            let one = folder(&[5; 8], 4, noise, seed);
            prop_assert!(is_one_speaker(&one, LEAST_COSINE));
        }

        #[test]
        fn two_speakers_are_not_one(seed in 0_u32..1_000_000, noise in 0.0_f32..1.2) {
            let two = folder(&[5, 9, 5, 9, 5, 5, 5, 9], 4, noise, seed);
            prop_assert!(!is_one_speaker(&two, LEAST_COSINE));
        }

        #[test]
        fn the_order_of_the_recordings_changes_nothing(seed in 0_u32..1_000_000) {
            let mut some = folder(&[5, 9, 2, 5, 9], 4, 0.8, seed);
            let found = is_one_speaker(&some, LEAST_COSINE);
            some.reverse();
            prop_assert_eq!(is_one_speaker(&some, LEAST_COSINE), found);
        }
    }

    #[test]
    fn the_same_two_speakers_in_every_recording_are_two() {
        let interviews: Vec<_> = (0..6)
            .map(|seed| talk(&[(5, 3), (9, 3), (5, 3)], 0.6, seed))
            .collect();
        assert!(!is_one_speaker(&interviews, LEAST_COSINE));
    }

    #[test]
    fn too_little_speech_is_no_answer() {
        assert!(!is_one_speaker(&folder(&[5; 3], 3, 0.3, 1), LEAST_COSINE));
        assert!(!is_one_speaker(&[Vec::new(), Vec::new()], LEAST_COSINE));
        assert!(!is_one_speaker(&[], LEAST_COSINE));
    }
}
