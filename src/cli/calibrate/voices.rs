//! Whether one person alone spoke during a calibration.

use std::collections::BTreeMap;

use crate::events::{Event, Speaker};

/// The speaker of each utterance, corrected by later speech.
#[derive(Debug, Default)]
pub(super) struct CalibrationSpeakers(BTreeMap<u64, Speaker>);

impl CalibrationSpeakers {
    /// Adds an event. Returns whether it is the first utterance of another speaker.
    pub(super) fn update(&mut self, event: &Event) -> bool {
        let alone = !self.several();
        match event {
            Event::UtteranceEnd(end) => {
                let speaker = end.speaker.map(|speaker| (end.utterance, speaker));
                self.0.extend(speaker);
            }
            Event::Speakers(changed) => {
                let changed = changed.changed.iter();
                let speakers = changed.map(|it| (it.utterance, it.speaker));
                self.0.extend(speakers);
            }
            _ => {}
        }
        alone && self.several()
    }

    /// Whether an utterance is not by the first speaker, whose baseline is stored.
    pub(super) fn several(&self) -> bool {
        self.0.values().any(|&speaker| speaker != FIRST_SPEAKER)
    }
}

/// Seconds of speech in the first speaker's baseline, if the event states them.
pub(super) fn first_speech_s(event: &Event) -> Option<f64> {
    match event {
        Event::Measurement(m) if m.speaker.is_none_or(|speaker| speaker == FIRST_SPEAKER) => {
            m.baseline_s
        }
        _ => None,
    }
}

/// Whether an event says that somebody else speaks.
pub(super) fn is_of_another(event: &Event) -> bool {
    match event {
        Event::Measurement(m) => m.speaker.is_some_and(|speaker| speaker != FIRST_SPEAKER),
        _ => false,
    }
}

/// Speakers are counted in the order of their first utterances.
const FIRST_SPEAKER: Speaker = Speaker(0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{ChangedSpeaker, Speakers, UtteranceEnd};

    #[test]
    fn another_speaker_is_told_once_and_may_turn_out_to_be_the_first() {
        let end = |utterance, speaker| {
            Event::UtteranceEnd(UtteranceEnd {
                channel: None,
                speaker: Some(Speaker(speaker)),
                utterance,
                start_s: 0.0,
                end_s: 1.0,
                new_baseline: false,
            })
        };
        let mut voices = CalibrationSpeakers::default();
        let told: Vec<bool> = [end(1, 0), end(2, 1), end(3, 1)]
            .iter()
            .map(|event| voices.update(event))
            .collect();
        assert_eq!(told, [false, true, false]);
        assert!(voices.several());
        let changed = |utterance| ChangedSpeaker {
            utterance,
            speaker: FIRST_SPEAKER,
        };
        let corrected = Event::Speakers(Speakers {
            channel: None,
            at_s: 3.0,
            changed: vec![changed(2), changed(3)],
        });
        assert!(!voices.update(&corrected));
        assert!(!voices.several());
    }
}
