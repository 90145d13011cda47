//! Which speakers have a lane in the history: all of them, or those with the most speech
//! and a lane for the others.

use crate::dashboard::state::history::{History, IntervalContent};
use crate::dashboard::state::picture::Picture;
use crate::events::Speaker;

/// Most lanes; of more speakers the last lane holds the rest.
const MOST_LANES: usize = 6;

/// A lane of one speaker, or of the others.
pub(super) struct SpeakerLane {
    /// Name for a wide screen.
    pub(super) name: String,
    /// Name for a narrow screen.
    pub(super) letter: String,
    speaker: Option<Speaker>,
    /// The speakers that have a lane of their own.
    named: Vec<Speaker>,
}

impl SpeakerLane {
    /// The label of its speakers in `[from, to)`.
    pub(super) fn label(&self, history: &History, from: f64, to: f64) -> IntervalContent {
        history.of_speakers(from, to, |speaker| self.holds(speaker))
    }

    /// Whether the displayed prediction is of one of its speakers.
    pub(super) fn speaks(&self, picture: &Picture) -> bool {
        let shown = picture.shown.as_ref();
        shown.is_some_and(|shown| shown.speaker.is_some() && self.holds(shown.speaker))
    }

    fn holds(&self, speaker: Option<Speaker>) -> bool {
        match self.speaker {
            Some(_) => self.speaker == speaker,
            None => speaker.is_none_or(|speaker| !self.named.contains(&speaker)),
        }
    }
}

/// Number of lanes for all speakers; 0 if there is one speaker, or a lane per channel.
pub(super) fn count(picture: &Picture) -> u16 {
    if !picture.lanes.is_empty() || !picture.speakers.several() {
        return 0;
    }
    picture.speakers.iter().count().min(MOST_LANES) as u16
}

/// The lanes that fit in a number of rows, in the order of the letters; none where only
/// one fits.
pub(super) fn choose(picture: &Picture, rows: u16) -> Vec<SpeakerLane> {
    let rows = usize::from(rows).min(MOST_LANES);
    if count(picture) == 0 || rows < 2 {
        return Vec::new();
    }
    let mut speakers: Vec<_> = picture.speakers.iter().collect();
    let others = speakers.len() > rows;
    if others {
        speakers.sort_by(|a, b| b.1.total_cmp(&a.1));
        speakers.truncate(rows - 1);
        speakers.sort_by_key(|(voice, _)| *voice);
    }
    let named: Vec<Speaker> = speakers.iter().map(|((_, speaker), _)| *speaker).collect();
    let lane = |name, letter, speaker| SpeakerLane {
        name,
        letter,
        speaker,
        named: named.clone(),
    };
    let mut lanes: Vec<SpeakerLane> = speakers
        .iter()
        .map(|(voice, _)| {
            let (letter, given) = (voice.1.to_string(), picture.speakers.name(*voice));
            let name = if given == letter {
                format!("speaker {letter}")
            } else {
                given
            };
            lane(name, letter, Some(voice.1))
        })
        .collect();
    if others {
        lanes.push(lane("others".into(), "+".into(), None));
    }
    lanes
}
