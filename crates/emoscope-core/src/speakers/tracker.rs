//! Who speaks now, in a live session: each window is grouped with all
//! before it, as if the recording ended here. An utterance is divided where the voice
//! changes, even before it is known whose the new one is.
//!
//! A later window may correct the speaker of an earlier one: a voice splits or two
//! join. Letters follow the windows: a group keeps the letter that most of its
//! windows had. Old speech shrinks to a few embeddings per voice.

use std::collections::BTreeMap;

use super::assignment::{Extent, assign, change_between};
use super::groups::{Group, count_of, joined};
use super::spec::SpeakerTuning;
use super::stretches::{division, mean_embedding, stretches, successive};
use super::{SpeakerWindow, unit};
use crate::events::{ChangedSpeaker, Speaker};

/// Windows that are remembered one by one: about six minutes of speech.
const MAX_WINDOWS: usize = 500;
/// Windows that are forgotten at a time, the oldest.
const FORGOTTEN_WINDOWS: usize = 100;

/// A change of the speaker within the open utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnChange {
    /// The sample at which it happened.
    pub at: u64,
    /// Who speaks since then.
    pub speaker: Speaker,
}

/// Follows the speakers of a session.
#[derive(Debug, Clone)]
pub struct VoiceTracker {
    tuning: SpeakerTuning,
    /// Speakers at most.
    most: usize,
    windows: Vec<SpeakerWindow>,
    /// Of each window.
    speakers: Vec<Speaker>,
    /// Letters given so far.
    letters: u16,
    /// The reported speaker of each utterance that ended and is still remembered.
    reported: BTreeMap<u64, Speaker>,
    /// Who spoke last; the first to speak is A.
    current: Speaker,
}

impl VoiceTracker {
    /// A tracker that has no windows yet; `most` is the largest number of speakers.
    pub fn new(tuning: SpeakerTuning, most: Option<u16>) -> Self {
        Self {
            tuning,
            most: most.map_or(usize::MAX, usize::from).max(1),
            windows: Vec::new(),
            speakers: Vec::new(),
            letters: 0,
            reported: BTreeMap::new(),
            current: Speaker(0),
        }
    }

    /// Who speaks, as far as is known: at first who spoke before.
    pub fn current(&self) -> Speaker {
        self.current
    }

    /// Forgets all voices; later ones get letters from A on.
    pub fn reset(&mut self) {
        self.windows.clear();
        self.speakers.clear();
        self.letters = 0;
        self.reported.clear();
        self.current = Speaker(0);
    }

    /// Adds the newest window of the open utterance, if it has speech.
    pub fn push(&mut self, window: SpeakerWindow) {
        if !self.tuning.is_speech(&window.embedding) {
            return;
        }
        let utterance = window.utterance;
        self.windows.push(window);
        if self.windows.len() > MAX_WINDOWS {
            self.forget();
        }
        self.regroup();
        self.current = self.of_utterance(utterance).unwrap_or(self.current);
    }

    /// A change within the open utterance, if there is one. Its windows behind the
    /// change then belong to the next number.
    pub fn take_change(&mut self, utterance: u64) -> Option<TurnChange> {
        let &speaker = self.speakers.last()?;
        let first = self.windows.iter().rposition(|w| w.utterance != utterance);
        let first = first.map_or(0, |before| before + 1);
        let own = &self.windows[first..];
        let start = match self.speakers[first..].iter().rposition(|it| *it != speaker) {
            Some(before) => before + 1,
            None => division(own, self.tuning.differ)?,
        };
        let at = self.change_at(first, start);
        for window in &mut self.windows[first + start..] {
            window.utterance += 1;
        }
        Some(TurnChange { at, speaker })
    }

    /// Who spoke an utterance that ended, and the earlier utterances whose speaker is
    /// corrected.
    pub fn end(&mut self, utterance: u64) -> (Speaker, Vec<ChangedSpeaker>) {
        let speaker = self.of_utterance(utterance).unwrap_or(self.current);
        self.current = speaker;
        let mut changed = Vec::new();
        let known: Vec<(u64, Speaker)> = self.reported.iter().map(|(&u, &s)| (u, s)).collect();
        for (utterance, reported) in known {
            if let Some(speaker) = self.of_utterance(utterance)
                && speaker != reported
            {
                self.reported.insert(utterance, speaker);
                changed.push(ChangedSpeaker { utterance, speaker });
            }
        }
        self.reported.insert(utterance, speaker);
        (speaker, changed)
    }

    /// Where the voice of the open utterance changes, before its window `start`; its
    /// first is the window `first`.
    fn change_at(&self, first: usize, start: usize) -> u64 {
        let (before, behind) = self.windows[first..].split_at(start);
        change_between(
            &before[start - 1],
            &behind[0],
            &unit(mean_embedding(before)),
            &unit(mean_embedding(behind)),
        )
    }

    /// Whose windows are the most in an utterance.
    fn of_utterance(&self, utterance: u64) -> Option<Speaker> {
        let mut counts: BTreeMap<Speaker, usize> = BTreeMap::new();
        let from = self.windows.partition_point(|w| w.utterance < utterance);
        for (window, &speaker) in self.windows[from..].iter().zip(&self.speakers[from..]) {
            if window.utterance > utterance {
                break;
            }
            *counts.entry(speaker).or_default() += 1;
        }
        // The first of equals.
        let most = counts.values().copied().max()?;
        counts
            .into_iter()
            .find(|(_, count)| *count == most)
            .map(|(speaker, _)| speaker)
    }

    /// Groups all windows and gives the groups their letters.
    fn regroup(&mut self) {
        let own = stretches(&self.windows, self.tuning.alike);
        let singles: Vec<Group> = own.iter().map(|it| Group::new(it, &self.tuning)).collect();
        let successive = successive(&self.windows, &own);
        let pairs = (1..own.len()).filter(|&next| successive[next]);
        let pairs: Vec<(usize, usize)> = pairs.map(|next| (next - 1, next)).collect();
        let voices_for = |most: usize| {
            let groups = joined(&singles, &pairs, &self.tuning, |gain, left| {
                gain > 0.0 || left > most
            });
            let groups: Vec<usize> = groups
                .into_iter()
                .zip(&own)
                .flat_map(|(group, stretch)| std::iter::repeat_n(group, stretch.len()))
                .collect();
            assign(&self.windows, &groups, Extent::SoFar, &self.tuning)
        };
        let mut voices = voices_for(usize::MAX);
        if count_of(&voices) > self.most {
            voices = voices_for(self.most);
        }
        let letters = self.letters_for(&voices);
        self.speakers = voices.into_iter().map(|voice| letters[voice]).collect();
    }

    /// A letter for each voice: the one that most of its windows had, and a new one
    /// for a voice that shares none. Where voices join, the earliest letter stays.
    fn letters_for(&mut self, voices: &[usize]) -> Vec<Speaker> {
        let mut shared: BTreeMap<(usize, Speaker), usize> = BTreeMap::new();
        for (&voice, &speaker) in voices.iter().zip(&self.speakers) {
            *shared.entry((voice, speaker)).or_default() += 1;
        }
        let mut shared: Vec<_> = shared.into_iter().collect();
        shared.sort_by_key(|&((voice, speaker), windows)| {
            (std::cmp::Reverse(windows), speaker, voice)
        });
        let mut letters: Vec<Option<Speaker>> = vec![None; count_of(voices)];
        for &((voice, speaker), _) in &shared {
            if letters[voice].is_none() && !letters.contains(&Some(speaker)) {
                letters[voice] = Some(speaker);
            }
        }
        shared.retain(|((_, speaker), _)| !letters.contains(&Some(*speaker)));
        shared.sort_by_key(|((_, speaker), _)| *speaker);
        for ((voice, speaker), _) in shared {
            let earlier = letters[voice].is_some_and(|held| speaker < held);
            if earlier && !letters.contains(&Some(speaker)) {
                letters[voice] = Some(speaker);
            }
        }
        letters
            .into_iter()
            .map(|letter| {
                letter.unwrap_or_else(|| {
                    let next = Speaker(self.letters);
                    self.letters = self.letters.saturating_add(1);
                    next
                })
            })
            .collect()
    }

    /// Shrinks the oldest windows to some embeddings per voice, so that memory and time
    /// stay bounded and a voice that returns is recognised.
    fn forget(&mut self) {
        /// Embeddings that stay of each voice.
        const KEPT_WINDOWS_PER_VOICE: usize = 12;
        let old = &self.windows[..FORGOTTEN_WINDOWS];
        let last = old[FORGOTTEN_WINDOWS - 1].utterance;
        let mut kept: BTreeMap<Speaker, Vec<usize>> = BTreeMap::new();
        for (index, &speaker) in self.speakers[..FORGOTTEN_WINDOWS].iter().enumerate() {
            kept.entry(speaker).or_default().push(index);
        }
        let mut stays: Vec<usize> = kept
            .values()
            .flat_map(|all| {
                let step = all.len().div_ceil(KEPT_WINDOWS_PER_VOICE);
                all.iter().copied().step_by(step)
            })
            .collect();
        stays.sort_unstable();
        stays.extend(FORGOTTEN_WINDOWS..self.windows.len());
        self.reported.retain(|&utterance, _| utterance > last);
        let speakers = std::mem::take(&mut self.speakers);
        let windows = std::mem::take(&mut self.windows);
        let mut place = stays.iter().copied().peekable();
        for (index, window) in windows.into_iter().enumerate() {
            if place.next_if_eq(&index).is_some() {
                self.windows.push(window);
                self.speakers.extend(speakers.get(index));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::simulated::{Random, talk, window};
    use proptest::prelude::*;

    /// Who spoke each utterance, as reported when it ended, and after all corrections. Of
    /// an utterance that was divided, the last part counts.
    fn follow(tracker: &mut VoiceTracker, windows: &[SpeakerWindow]) -> (Vec<u16>, Vec<u16>) {
        let (mut reported, mut ends, mut last) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut number = 0;
        for utterance in windows.chunk_by(|a, b| a.utterance == b.utterance) {
            number += 1;
            for window in utterance {
                let utterance = number;
                tracker.push(SpeakerWindow {
                    utterance,
                    ..window.clone()
                });
                if tracker.take_change(number).is_some() {
                    ended(tracker, number, &mut last);
                    number += 1;
                }
            }
            reported.push(ended(tracker, number, &mut last));
            ends.push(number);
        }
        let last = ends.iter().map(|number| last[number]).collect();
        (reported, last)
    }

    /// Ends an utterance, and notes who spoke it and what is corrected.
    fn ended(tracker: &mut VoiceTracker, number: u64, last: &mut BTreeMap<u64, u16>) -> u16 {
        let (speaker, changed) = tracker.end(number);
        last.insert(number, speaker.0);
        last.extend(changed.iter().map(|it| (it.utterance, it.speaker.0)));
        speaker.0
    }

    fn tracker(most: Option<u16>) -> VoiceTracker {
        VoiceTracker::new(SpeakerTuning::default(), most)
    }

    proptest! {
        #[test]
        fn one_voice_stays_one_under_noise(seed: u32, noise in 0.0_f32..1.1) {
            let talk = talk(&[(5, 5); 12], noise, seed);
            let (reported, last) = follow(&mut tracker(None), &talk);
            prop_assert_eq!(reported, [0; 12]);
            prop_assert_eq!(last, [0; 12]);
        }

        #[test]
        fn a_voice_that_returns_has_its_letter(seed: u32, noise in 0.0_f32..0.8) {
            let talk = talk(&[(5, 9), (9, 9), (2, 9), (5, 4), (2, 3), (9, 3)], noise, seed);
            let (reported, _) = follow(&mut tracker(None), &talk);
            prop_assert_eq!(reported, [0, 1, 2, 0, 2, 1]);
        }
    }

    #[test]
    fn a_voice_that_turns_out_to_be_another_is_corrected() {
        // Three windows are no evidence of a voice; six in two utterances are.
        let talk = talk(&[(5, 9), (9, 3), (5, 4), (9, 3), (5, 4)], 0.5, 1);
        let (reported, last) = follow(&mut tracker(None), &talk);
        assert_eq!(reported[..3], [0, 0, 0]);
        assert_eq!(reported[3..], [1, 0]);
        assert_eq!(last, [0, 1, 0, 1, 0]);
    }

    #[test]
    fn a_large_share_of_the_first_seconds_is_no_evidence() {
        let talk = talk(&[(5, 4), (9, 4), (5, 2)], 0.5, 1);
        let (_, last) = follow(&mut tracker(None), &talk);
        assert_eq!(last, [0, 0, 0]);
    }

    #[test]
    fn turns_without_a_pause_are_evidence_of_two_voices() {
        // With this prior, the embeddings alone are not enough.
        let tuning = SpeakerTuning {
            prior: 36.0,
            ..SpeakerTuning::default()
        };
        let letters = |talk: &[SpeakerWindow]| {
            let mut tracker = VoiceTracker::new(tuning.clone(), None);
            follow(&mut tracker, talk);
            tracker.letters
        };
        let apart = talk(&[(5, 4), (9, 4), (5, 4), (9, 4)], 0.6, 1);
        assert_eq!(letters(&apart), 1);
        let mut together = apart;
        for (window, start) in together.iter_mut().zip((0..).step_by(12_000)) {
            (window.start, window.end, window.utterance) = (start, start + 16_000, 1);
        }
        assert_eq!(letters(&together), 2);
    }

    #[test]
    fn laughter_is_no_voice() {
        let talk = talk(&[(5, 9), (7, 9), (5, 9), (7, 9)], 0.5, 1);
        let (_, last) = follow(&mut tracker(None), &talk);
        assert_eq!(last, [0, 1, 0, 1]);
        // What sounds like the second voice is not speech.
        let laugh = window(7, 1, 0, 0.0, &mut Random(1)).embedding;
        let tuning = SpeakerTuning {
            speech: laugh.iter().map(|value| -value).collect(),
            speech_bias: 0.5,
            ..SpeakerTuning::default()
        };
        let (reported, last) = follow(&mut VoiceTracker::new(tuning, None), &talk);
        assert_eq!(reported, [0; 4]);
        assert_eq!(last, [0; 4]);
    }

    #[test]
    fn there_are_no_more_speakers_than_asked_for() {
        let talk = talk(&[(5, 9), (9, 9), (2, 9), (5, 9)], 0.4, 1);
        let (_, last) = follow(&mut tracker(Some(2)), &talk);
        assert!(last.iter().all(|&speaker| speaker < 2), "{last:?}");
    }

    #[test]
    fn a_change_is_found_once_and_its_voice_when_there_is_evidence() {
        let talk = talk(&[(5, 14), (9, 14), (5, 8)], 0.3, 1);
        let mut tracker = tracker(None);
        let (mut number, mut places, mut last) = (1, Vec::new(), BTreeMap::new());
        for window in &talk {
            let utterance = number;
            tracker.push(SpeakerWindow {
                utterance,
                ..window.clone()
            });
            if let Some(change) = tracker.take_change(number) {
                // The voice of the second is not known yet, and the third is the first.
                assert_eq!(change.speaker, Speaker(0));
                places.push(change.at);
                ended(&mut tracker, number, &mut last);
                number += 1;
            }
        }
        ended(&mut tracker, number, &mut last);
        assert_eq!(last.into_values().collect::<Vec<_>>(), [0, 1, 0]);
        for (at, index) in places.iter().zip([13, 27]) {
            assert!((talk[index].centre()..talk[index + 1].centre()).contains(at));
        }
    }

    #[test]
    fn old_speech_is_forgotten_and_its_voices_are_not() {
        let mut utterances = vec![(9, 20)];
        utterances.extend([(5, 10); 200]);
        utterances.push((9, 6));
        let mut tracker = tracker(None);
        let (reported, _) = follow(&mut tracker, &talk(&utterances, 0.6, 1));
        assert!(tracker.windows.len() <= MAX_WINDOWS);
        assert_eq!((reported[0], reported[100], reported[201]), (0, 1, 0));
    }

    #[test]
    fn joined_voices_keep_the_earliest_letter() {
        let [a, b, c, d] = [0, 1, 2, 3].map(Speaker);
        let letters = |before: &[Speaker], voices: &[usize]| {
            let mut tracker = tracker(None);
            tracker.speakers = before.to_vec();
            tracker.letters = 3;
            tracker.letters_for(voices)
        };
        assert_eq!(letters(&[a, b, b], &[0, 0, 0]), [a]);
        assert_eq!(letters(&[a, b, b, c, c, c], &[0, 0, 0, 1, 1, 1]), [a, c]);
        // The letter that the first voice gives up goes to nobody.
        assert_eq!(letters(&[a, b, b, c, c, b], &[0, 0, 0, 1, 1, 1]), [a, c]);
        // A voice that splits: most windows keep the letter, the others get a new one.
        assert_eq!(letters(&[a, a, a], &[0, 1, 1]), [d, a]);
    }

    #[test]
    fn after_a_reset_letters_begin_at_a() {
        let mut tracker = tracker(None);
        follow(&mut tracker, &talk(&[(5, 9), (9, 9)], 0.4, 1));
        assert_eq!(tracker.current(), Speaker(1));
        tracker.reset();
        assert_eq!(tracker.current(), Speaker(0));
        let (reported, _) = follow(&mut tracker, &talk(&[(9, 9), (5, 9)], 0.4, 1));
        assert_eq!(reported, [0, 1]);
    }
}
