//! Who speaks when in a whole recording.
//!
//! A comparison of everything with everything would take time and memory by the square
//! of the length. So stretches are grouped in blocks of some minutes, and then the
//! blocks' groups. The paths through the utterances are found over all.

use super::SpeakerWindow;
use super::assignment::{Extent, assign, centroids, change_between};
use super::groups::{Group, count_of, joined};
use super::spec::SpeakerTuning;
use super::stretches::{Stretch, stretches, successive};
use crate::events::Speaker;

/// Windows of a block: about ten minutes of speech.
const BLOCK_WINDOWS: usize = 1_600;

/// A stretch of speech by one voice; samples at 16 kHz from the start of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// First sample.
    pub start: u64,
    /// First sample after it.
    pub end: u64,
    /// Who speaks.
    pub speaker: Speaker,
}

/// An utterance as the first pass found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its number.
    pub utterance: u64,
    /// First sample.
    pub start: u64,
    /// First sample after it.
    pub end: u64,
}

/// The turns of a recording, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turns(Vec<Turn>);

impl Turns {
    /// The turns, from the utterances and the windows in them, both in order.
    /// With `count`, so many speakers are told apart where there are as many.
    pub fn new(
        spans: &[Span],
        windows: &[SpeakerWindow],
        count: Option<u16>,
        tuning: &SpeakerTuning,
    ) -> Self {
        let stretches = stretches(windows, tuning.alike);
        let voices = match count {
            None => {
                let groups = groups(windows, &stretches, tuning, None);
                assign(windows, &groups, Extent::Whole, tuning)
            }
            Some(count) => counted(windows, &stretches, usize::from(count), tuning),
        };
        let directions = centroids(windows, &voices);
        let mut turns: Vec<Turn> = Vec::new();
        let mut next = 0;
        for span in spans {
            let first = next;
            while windows
                .get(next)
                .is_some_and(|w| w.utterance == span.utterance)
            {
                next += 1;
            }
            // Without a window of its own, it has the voice before it.
            let mut speaker = turns.last().map_or(Speaker(0), |turn| turn.speaker);
            let mut start = span.start;
            for index in first..next {
                let found = Speaker(u16::try_from(voices[index]).unwrap_or(u16::MAX));
                if index == first {
                    speaker = found;
                } else if found != speaker {
                    let change = change_between(
                        &windows[index - 1],
                        &windows[index],
                        &directions[voices[index - 1]],
                        &directions[voices[index]],
                    );
                    turns.push(Turn {
                        start,
                        end: change,
                        speaker,
                    });
                    (start, speaker) = (change, found);
                }
            }
            turns.push(Turn {
                start,
                end: span.end,
                speaker,
            });
        }
        Self(turns)
    }

    /// Who speaks at a sample, or next to it.
    pub fn speaker_at(&self, sample: u64) -> Option<Speaker> {
        let after = self.0.partition_point(|turn| turn.end <= sample);
        let turn = self.0.get(after).or_else(|| self.0.last())?;
        Some(turn.speaker)
    }

    /// The first change of the speaker in `[from, to)`.
    pub fn change_in(&self, from: u64, to: u64) -> Option<u64> {
        let first = self.0.partition_point(|turn| turn.end <= from);
        let pairs = self.0[first..].windows(2);
        pairs
            .take_while(|pair| pair[0].end < to)
            .find(|pair| pair[0].end == pair[1].start && pair[0].speaker != pair[1].speaker)
            .map(|pair| pair[1].start)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Turn> {
        self.0.iter()
    }
}

/// The group of each window; with `count`, at most so many, and no fewer if there are
/// stretches enough.
fn groups(
    windows: &[SpeakerWindow],
    stretches: &[Stretch],
    tuning: &SpeakerTuning,
    count: Option<usize>,
) -> Vec<usize> {
    let joins = |gain: f64, left: usize| match count {
        None => gain > 0.0,
        Some(count) => left > count,
    };
    let successive = successive(windows, stretches);
    let mut found: Vec<usize> = Vec::with_capacity(stretches.len());
    let mut all: Vec<Group> = Vec::new();
    let block_of = |stretch: &Stretch| stretch.first / BLOCK_WINDOWS;
    for block in stretches.chunk_by(|a, b| block_of(a) == block_of(b)) {
        let first = found.len();
        let singles: Vec<Group> = block.iter().map(|it| Group::new(it, tuning)).collect();
        let pairs = (1..block.len()).filter(|next| successive[first + next]);
        let pairs: Vec<(usize, usize)> = pairs.map(|next| (next - 1, next)).collect();
        let before = all.len();
        for (single, group) in singles.iter().zip(joined(&singles, &pairs, tuning, joins)) {
            let group = before + group;
            found.push(group);
            match all.get_mut(group) {
                Some(group) => group.add(single),
                None => all.push(single.clone()),
            }
        }
    }
    if windows.len() > BLOCK_WINDOWS {
        let pairs = (1..found.len()).filter(|&next| successive[next]);
        let pairs = pairs.map(|next| (found[next - 1], found[next]));
        let pairs: Vec<(usize, usize)> = pairs.filter(|(a, b)| a != b).collect();
        let joined = joined(&all, &pairs, tuning, joins);
        for group in &mut found {
            *group = joined[*group];
        }
    }
    let of_windows = found.into_iter().zip(stretches);
    of_windows
        .flat_map(|(group, stretch)| std::iter::repeat_n(group, stretch.len()))
        .collect()
}

/// The cut with `count` voices that have evidence, or the one closest to it.
fn counted(
    windows: &[SpeakerWindow],
    stretches: &[Stretch],
    count: usize,
    tuning: &SpeakerTuning,
) -> Vec<usize> {
    // Small groups may split off before the next voice does.
    const EXTRA_GROUPS: usize = 12;
    let mut best = Vec::new();
    let mut reached = 0;
    for most in count..=count + EXTRA_GROUPS {
        let groups = groups(windows, stretches, tuning, Some(most));
        let voices = assign(windows, &groups, Extent::Whole, tuning);
        let found = count_of(&voices);
        if found > reached && found <= count {
            (best, reached) = (voices, found);
        }
        if reached == count {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakers::simulated::{in_two_tones, talk};
    use proptest::prelude::*;

    fn spans(windows: &[SpeakerWindow]) -> Vec<Span> {
        let utterances = windows.chunk_by(|a, b| a.utterance == b.utterance);
        let span = |own: &[SpeakerWindow]| Span {
            utterance: own[0].utterance,
            start: own[0].start,
            end: own[own.len() - 1].end,
        };
        utterances.map(span).collect()
    }

    fn turns(windows: &[SpeakerWindow], count: Option<u16>) -> Turns {
        Turns::new(&spans(windows), windows, count, &SpeakerTuning::default())
    }

    fn speakers(windows: &[SpeakerWindow], count: Option<u16>) -> Vec<u16> {
        turns(windows, count)
            .iter()
            .map(|turn| turn.speaker.0)
            .collect()
    }

    proptest! {
        #[test]
        fn voices_are_told_apart_under_noise(seed: u32, noise in 0.0_f32..0.9) {
            let talk = talk(&[(5, 6), (9, 6), (5, 4), (2, 8), (9, 5), (2, 4)], noise, seed);
            prop_assert_eq!(speakers(&talk, None), [0, 1, 0, 2, 1, 2]);
        }

        #[test]
        fn one_voice_stays_one_under_noise(seed: u32, noise in 0.0_f32..1.1) {
            let talk = talk(&[(5, 6); 12], noise, seed);
            prop_assert_eq!(speakers(&talk, None), [0; 12]);
        }
    }

    #[test]
    fn a_short_answer_is_no_third_person() {
        let talk = talk(&[(5, 8), (9, 8), (7, 2), (5, 8)], 0.5, 1);
        let found = speakers(&talk, None);
        assert!(found[2] < 2, "{found:?}");
        assert_eq!((found[0], found[1], found[3]), (0, 1, 0));
    }

    #[test]
    fn a_large_share_of_a_short_recording_is_evidence_of_a_voice() {
        // 3.25 s of two voices, then 2.5 s among 30 s.
        let short = talk(&[(5, 4), (9, 4), (5, 2)], 0.5, 1);
        assert_eq!(speakers(&short, None), [0, 1, 0]);
        let long = talk(&[(5, 20), (9, 3), (5, 20)], 0.5, 1);
        assert_eq!(speakers(&long, None), [0, 0, 0]);
    }

    #[test]
    fn a_distinct_voice_needs_a_smaller_share() {
        let talk = talk(&[(5, 10), (9, 4), (5, 10)], 0.5, 1);
        assert_eq!(speakers(&talk, None), [0, 1, 0]);
        let none_is_distinct = SpeakerTuning {
            distinct: -1.0,
            ..SpeakerTuning::default()
        };
        let turns = Turns::new(&spans(&talk), &talk, None, &none_is_distinct);
        assert!(turns.iter().all(|turn| turn.speaker == Speaker(0)));
    }

    #[test]
    fn as_many_are_told_apart_as_are_asked_for() {
        let talk = talk(&[(5, 8), (9, 8), (2, 8), (5, 8)], 0.4, 1);
        assert_eq!(speakers(&talk, Some(3)), [0, 1, 2, 0]);
        let two = speakers(&talk, Some(2));
        assert_eq!(two.iter().max(), Some(&1), "{two:?}");
        assert_eq!(speakers(&talk, Some(1)), [0; 4]);
    }

    #[test]
    fn a_long_recording_is_grouped_in_blocks_and_voices_keep_their_letters() {
        let utterances: Vec<(u32, u64)> = (0..900).map(|n| (n % 2 * 4 + 5, 6)).collect();
        let talk = talk(&utterances, 0.7, 3);
        assert!(talk.len() > 3 * BLOCK_WINDOWS);
        let expected: Vec<u16> = (0..900).map(|n| n % 2).collect();
        assert_eq!(speakers(&talk, None), expected);
    }

    #[test]
    fn one_person_in_two_tones_stays_one_however_long_it_lasts() {
        for utterances in [8, 40, 300] {
            let talk = in_two_tones(utterances, 0.6, 0.6, 1);
            let found = speakers(&talk, None);
            assert!(found.iter().all(|&speaker| speaker == 0), "{found:?}");
        }
    }

    #[test]
    fn a_change_without_a_pause_lies_between_its_windows() {
        let mut talk = talk(&[(5, 10), (9, 10)], 0.3, 1);
        for window in &mut talk {
            window.utterance = 1;
        }
        let turns = turns(&talk, None);
        let found: Vec<&Turn> = turns.iter().collect();
        assert_eq!(found.len(), 2);
        let at = found[0].end;
        assert!(talk[9].centre() < at && at < talk[10].centre());
        assert_eq!(found[1].start, at);
        assert_eq!(turns.speaker_at(at - 1), Some(Speaker(0)));
        assert_eq!(turns.speaker_at(at), Some(Speaker(1)));
        assert_eq!(turns.change_in(0, at), None);
        assert_eq!(turns.change_in(0, at + 1), Some(at));
        assert_eq!(turns.change_in(at, u64::MAX), None);
    }

    #[test]
    fn silence_has_no_speaker() {
        let none = turns(&[], None);
        assert_eq!(none.speaker_at(5), None);
        assert_eq!(none.change_in(0, 5), None);
        // An utterance without a window has a voice all the same.
        let short = [Span {
            utterance: 1,
            start: 10,
            end: 20,
        }];
        let one = Turns::new(&short, &[], None, &SpeakerTuning::default());
        assert_eq!(one.speaker_at(15), Some(Speaker(0)));
    }
}
