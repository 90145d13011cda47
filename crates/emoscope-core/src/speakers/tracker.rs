//! Who speaks now, in a session that goes on: each window is grouped with all
//! before it, as if the recording ended here.
//!
//! A later window may change what was said of an earlier one: a voice splits or two
//! join. Letters follow the windows: a group keeps the letter that most of its
//! windows had. What is known of old speech shrinks to a few prints per voice.

use std::collections::BTreeMap;

use super::assignment::{Evidence, assign, centroids, change_between};
use super::clusters::Cosines;
use super::spec::SpeakerTuning;
use super::{SpeakerWindow, dot};
use crate::events::{ChangedSpeaker, Speaker};

/// Windows that are remembered one by one: about four minutes of speech.
const MOST_WINDOWS: usize = 500;
/// Windows that are forgotten at a time, the oldest.
const FORGOTTEN: usize = 100;
/// Windows of another voice that are needed behind a change.
const BEHIND_CHANGE: usize = 2;

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
    evidence: Evidence,
    /// Speakers at most.
    most: usize,
    windows: Vec<SpeakerWindow>,
    cosines: Cosines,
    /// Of each window.
    speakers: Vec<Speaker>,
    /// Letters given so far.
    letters: u16,
    /// What was said of each utterance that is over and still remembered.
    said: BTreeMap<u64, Speaker>,
    /// Who spoke last; the first to speak is A.
    current: Speaker,
}

impl VoiceTracker {
    /// A tracker that has no windows yet. `hop_s` is the step from a window to the
    /// next, `most` the largest number of speakers.
    pub fn new(tuning: SpeakerTuning, hop_s: f64, most: Option<u16>) -> Self {
        let most = most.map_or(usize::MAX, usize::from).max(1);
        Self::empty(tuning, Evidence::new(&tuning, hop_s), most)
    }

    fn empty(tuning: SpeakerTuning, evidence: Evidence, most: usize) -> Self {
        Self {
            tuning,
            evidence,
            most,
            windows: Vec::new(),
            cosines: Cosines::default(),
            speakers: Vec::new(),
            letters: 0,
            said: BTreeMap::new(),
            current: Speaker(0),
        }
    }

    /// Who speaks, as far as is known: at first who spoke before.
    pub fn current(&self) -> Speaker {
        self.current
    }

    /// Forgets all voices; later ones get letters from A on.
    pub fn reset(&mut self) {
        *self = Self::empty(self.tuning, self.evidence, self.most);
    }

    /// Adds the newest window of the open utterance.
    pub fn push(&mut self, window: SpeakerWindow) {
        let utterance = window.utterance;
        let others = self.windows.iter();
        self.cosines
            .push(others.map(|other| dot(&other.print, &window.print)));
        self.windows.push(window);
        if self.windows.len() > MOST_WINDOWS {
            self.forget();
        }
        self.regroup();
        self.current = self.of_utterance(utterance).unwrap_or(self.current);
    }

    /// A change within the open utterance, if there is one. Its windows behind the
    /// change then belong to the next number.
    pub fn take_change(&mut self, utterance: u64) -> Option<TurnChange> {
        let first = self.windows.iter().rposition(|w| w.utterance != utterance);
        let first = first.map_or(0, |before| before + 1);
        let &last = self.speakers[first..].last()?;
        let start = self.speakers.iter().rposition(|&speaker| speaker != last)? + 1;
        if start <= first || self.windows.len() - start < BEHIND_CHANGE {
            return None;
        }
        let at = self.change_at(start);
        for window in &mut self.windows[start..] {
            window.utterance += 1;
        }
        Some(TurnChange { at, speaker: last })
    }

    /// Who spoke an utterance that ended, and the earlier utterances of which
    /// something else is known now.
    pub fn end(&mut self, utterance: u64) -> (Speaker, Vec<ChangedSpeaker>) {
        let speaker = self.of_utterance(utterance).unwrap_or(self.current);
        self.current = speaker;
        let mut changed = Vec::new();
        let known: Vec<(u64, Speaker)> = self.said.iter().map(|(&u, &s)| (u, s)).collect();
        for (utterance, said) in known {
            if let Some(speaker) = self.of_utterance(utterance)
                && speaker != said
            {
                self.said.insert(utterance, speaker);
                changed.push(ChangedSpeaker { utterance, speaker });
            }
        }
        self.said.insert(utterance, speaker);
        (speaker, changed)
    }

    /// Where the voice changes before a window.
    fn change_at(&self, start: usize) -> u64 {
        let voices: Vec<usize> = self.speakers.iter().map(|it| usize::from(it.0)).collect();
        let directions = centroids(&self.windows, &voices);
        change_between(
            &self.windows[start - 1],
            &self.windows[start],
            &directions[voices[start - 1]],
            &directions[voices[start]],
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
        let groups = self.cosines.groups(self.tuning.join, usize::MAX);
        let mut voices = assign(&self.windows, &groups, self.evidence, &self.tuning);
        let mut count = voices.iter().max().map_or(0, |&last| last + 1);
        if count > self.most {
            let groups = self.cosines.groups(self.tuning.join, self.most);
            voices = assign(&self.windows, &groups, self.evidence, &self.tuning);
            count = voices.iter().max().map_or(0, |&last| last + 1);
        }
        let letters = self.letters_for(&voices, count);
        self.speakers = voices.into_iter().map(|voice| letters[voice]).collect();
    }

    /// A letter for each voice: the one that most of its windows had, and a new one
    /// for a voice that shares none.
    fn letters_for(&mut self, voices: &[usize], count: usize) -> Vec<Speaker> {
        let mut shared: BTreeMap<(usize, Speaker), usize> = BTreeMap::new();
        for (&voice, &speaker) in voices.iter().zip(&self.speakers) {
            *shared.entry((voice, speaker)).or_default() += 1;
        }
        let mut shared: Vec<_> = shared.into_iter().collect();
        shared.sort_by_key(|&((voice, speaker), windows)| {
            (std::cmp::Reverse(windows), speaker, voice)
        });
        let mut letters: Vec<Option<Speaker>> = vec![None; count];
        for ((voice, speaker), _) in shared {
            if letters[voice].is_none() && !letters.contains(&Some(speaker)) {
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

    /// Shrinks the oldest windows to some prints per voice, so that memory and time
    /// stay bounded and a voice met again is known.
    fn forget(&mut self) {
        /// Prints that stay of each voice.
        const KEPT: usize = 12;
        let old = &self.windows[..FORGOTTEN];
        let last = old[FORGOTTEN - 1].utterance;
        let mut kept: BTreeMap<Speaker, Vec<usize>> = BTreeMap::new();
        for (index, &speaker) in self.speakers[..FORGOTTEN].iter().enumerate() {
            kept.entry(speaker).or_default().push(index);
        }
        let mut stays: Vec<usize> = kept
            .values()
            .flat_map(|all| {
                let step = all.len().div_ceil(KEPT);
                all.iter().copied().step_by(step)
            })
            .collect();
        stays.sort_unstable();
        stays.extend(FORGOTTEN..self.windows.len());
        self.said.retain(|&utterance, _| utterance > last);
        self.cosines.keep(&stays);
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
    use crate::speakers::simulated::talk;
    use proptest::prelude::*;

    /// Who spoke each utterance, as said when it ended, and after all corrections.
    fn follow(tracker: &mut VoiceTracker, windows: &[SpeakerWindow]) -> (Vec<u16>, Vec<u16>) {
        let (mut said, mut last) = (Vec::new(), BTreeMap::new());
        for utterance in windows.chunk_by(|a, b| a.utterance == b.utterance) {
            let number = utterance[0].utterance;
            for window in utterance {
                tracker.push(window.clone());
                assert_eq!(tracker.take_change(number), None);
            }
            let (speaker, changed) = tracker.end(number);
            said.push(speaker.0);
            last.insert(number, speaker.0);
            last.extend(changed.iter().map(|it| (it.utterance, it.speaker.0)));
        }
        (said, last.into_values().collect())
    }

    fn tracker(most: Option<u16>) -> VoiceTracker {
        VoiceTracker::new(SpeakerTuning::default(), 0.5, most)
    }

    proptest! {
        #[test]
        fn one_voice_stays_one_under_noise(seed: u32, noise in 0.0_f32..1.1) {
            let talk = talk(&[(5, 5); 12], noise, seed);
            let (said, last) = follow(&mut tracker(None), &talk);
            prop_assert_eq!(said, [0; 12]);
            prop_assert_eq!(last, [0; 12]);
        }

        #[test]
        fn a_voice_met_again_has_its_letter(seed: u32, noise in 0.0_f32..0.8) {
            let talk = talk(&[(5, 9), (9, 9), (2, 9), (5, 4), (2, 3), (9, 3)], noise, seed);
            let (said, _) = follow(&mut tracker(None), &talk);
            prop_assert_eq!(said, [0, 1, 2, 0, 2, 1]);
        }
    }

    #[test]
    fn a_voice_that_turns_out_to_be_another_is_corrected() {
        // Three windows are no evidence of a voice; six in two utterances are.
        let talk = talk(&[(5, 9), (9, 3), (5, 4), (9, 3), (5, 4)], 0.5, 1);
        let (said, last) = follow(&mut tracker(None), &talk);
        assert_eq!(said[..3], [0, 0, 0]);
        assert_eq!(said[3..], [1, 0]);
        assert_eq!(last, [0, 1, 0, 1, 0]);
    }

    #[test]
    fn there_are_no_more_speakers_than_asked_for() {
        let talk = talk(&[(5, 9), (9, 9), (2, 9), (5, 9)], 0.4, 1);
        let (_, last) = follow(&mut tracker(Some(2)), &talk);
        assert!(last.iter().all(|&speaker| speaker < 2), "{last:?}");
    }

    #[test]
    fn a_change_within_an_utterance_is_found_once() {
        let mut talk = talk(&[(5, 10), (9, 10), (5, 8)], 0.3, 1);
        let mut tracker = tracker(None);
        let (mut number, mut changes) = (1, Vec::new());
        for window in &mut talk {
            window.utterance = number;
            tracker.push(window.clone());
            if let Some(change) = tracker.take_change(number) {
                changes.push(change);
                tracker.end(number);
                number += 1;
            }
        }
        let speakers: Vec<u16> = changes.iter().map(|change| change.speaker.0).collect();
        assert_eq!(speakers, [1, 0]);
        for (change, index) in changes.iter().zip([9, 19]) {
            let between = talk[index].centre()..talk[index + 1].centre();
            assert!(between.contains(&change.at));
        }
    }

    #[test]
    fn old_speech_is_forgotten_and_its_voices_are_not() {
        let mut utterances = vec![(9, 20)];
        utterances.extend([(5, 10); 200]);
        utterances.push((9, 6));
        let mut tracker = tracker(None);
        let (said, _) = follow(&mut tracker, &talk(&utterances, 0.6, 1));
        assert!(tracker.windows.len() <= MOST_WINDOWS);
        assert_eq!((said[0], said[100], said[201]), (0, 1, 0));
    }

    #[test]
    fn after_a_reset_letters_begin_at_a() {
        let mut tracker = tracker(None);
        follow(&mut tracker, &talk(&[(5, 9), (9, 9)], 0.4, 1));
        assert_eq!(tracker.current(), Speaker(1));
        tracker.reset();
        assert_eq!(tracker.current(), Speaker(0));
        let (said, _) = follow(&mut tracker, &talk(&[(9, 9), (5, 9)], 0.4, 1));
        assert_eq!(said, [0, 1]);
    }
}
