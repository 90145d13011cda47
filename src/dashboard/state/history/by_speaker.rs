//! The history of some of the speakers.

use super::{History, IntervalContent, LIVE_REACH_S, LIVE_WEIGHT_S, PAUSE_S};
use crate::events::{Speaker, Speakers};

impl History {
    /// Corrects the speakers of finished utterances.
    pub fn correct(&mut self, speakers: &Speakers) {
        for utterance in &mut self.finals {
            let (channel, number) = utterance.number;
            utterance.speaker = speakers.of(channel, number).or(utterance.speaker);
        }
    }

    /// The label with the most seconds of the chosen speakers in `[from, to)`, or silence.
    pub fn of_speakers(
        &self,
        from: f64,
        to: f64,
        chosen: impl Fn(Option<Speaker>) -> bool,
    ) -> IntervalContent {
        let mut votes = self.final_votes(from, to, &chosen);
        // The open utterance alone has no final prediction.
        let last = self.finals.back();
        let open_s = last.map_or(f64::NEG_INFINITY, |last| last.end_s + PAUSE_S);
        let (_, live) = self.live_in(from.min(to - LIVE_REACH_S), to);
        for live in live.filter(|live| live.at_s > open_s && chosen(live.speaker)) {
            votes.add(live.prediction.label, LIVE_WEIGHT_S);
        }
        if votes.is_empty() {
            IntervalContent::Silent
        } else {
            IntervalContent::Label(votes.winner())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::prediction::Prediction;
    use super::super::super::utterance::Utterance;
    use super::*;
    use crate::events::ChangedSpeaker;

    const A: Option<Speaker> = Some(Speaker(0));
    const B: Option<Speaker> = Some(Speaker(1));

    fn labelled(label: usize) -> Prediction {
        Prediction {
            label: Some(label),
            confidence: 0.6,
            probabilities: vec![0.6, 0.4],
            reason: None,
            affect: None,
        }
    }

    fn label(
        history: &History,
        (from, to): (f64, f64),
        speaker: Option<Speaker>,
    ) -> IntervalContent {
        history.of_speakers(from, to, |other| other == speaker)
    }

    #[test]
    fn each_speaker_has_a_label_of_the_same_stretch() {
        let mut history = History::default();
        for (number, start_s, end_s, speaker) in [(1, 1.0, 4.0, A), (2, 4.0, 6.0, B)] {
            history.add_final(Utterance {
                number: (None, number),
                speaker,
                start_s,
                end_s,
                prediction: labelled(number as usize - 1),
            });
        }
        assert_eq!(
            label(&history, (0.0, 6.0), A),
            IntervalContent::Label(Some(0))
        );
        assert_eq!(
            label(&history, (0.0, 6.0), B),
            IntervalContent::Label(Some(1))
        );
        assert_eq!(label(&history, (1.0, 3.0), B), IntervalContent::Silent);
        // Of the open utterance only the live prediction is known.
        history.add_live(8.0, A, labelled(1));
        assert_eq!(
            label(&history, (7.5, 8.5), A),
            IntervalContent::Label(Some(1))
        );
        assert_eq!(label(&history, (7.5, 8.5), B), IntervalContent::Silent);
        history.correct(&Speakers {
            channel: None,
            at_s: 9.0,
            changed: vec![ChangedSpeaker {
                utterance: 2,
                speaker: Speaker(0),
            }],
        });
        assert_eq!(label(&history, (4.0, 6.0), B), IntervalContent::Silent);
        assert_eq!(
            label(&history, (4.0, 6.0), A),
            IntervalContent::Label(Some(1))
        );
    }
}
