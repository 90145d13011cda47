//! Speakers in events: letters in the order of first appearance.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A speaker of a session, counted from 0 and written as a letter: `A` to `Z`, then
/// `AA`, `AB` and so on. The letters of different sessions are unrelated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Speaker(pub u16);

/// Letters of the alphabet.
const LETTERS: u32 = 26;

impl fmt::Display for Speaker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u32::from(self.0) + 1;
        let mut letters = Vec::new();
        while rest > 0 {
            rest -= 1;
            letters.push(char::from(b'A' + (rest % LETTERS) as u8));
            rest /= LETTERS;
        }
        let text: String = letters.iter().rev().collect();
        out.pad(&text)
    }
}

impl std::str::FromStr for Speaker {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("expected capital letters, as in A or AB, found {text:?}");
        let number = text.bytes().try_fold(0_u32, |number, letter| {
            let digit = letter.is_ascii_uppercase().then(|| letter - b'A' + 1)?;
            number.checked_mul(LETTERS)?.checked_add(u32::from(digit))
        });
        number
            .and_then(|number| u16::try_from(number.checked_sub(1)?).ok())
            .map(Self)
            .ok_or_else(wrong)
    }
}

impl Serialize for Speaker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Speaker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Corrections after later speech: utterances with another speaker than first reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Speakers {
    /// Channel of the input, from 1; present if every channel is analyzed separately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// Time of the correction, in seconds.
    pub at_s: f64,
    /// The corrected utterances, at least one.
    pub changed: Vec<ChangedSpeaker>,
}

impl Speakers {
    /// The corrected speaker of an utterance; `None` if it is unchanged.
    pub fn of(&self, channel: Option<u16>, utterance: u64) -> Option<Speaker> {
        let mut changed = self.changed.iter();
        let found = changed.find(|it| it.utterance == utterance && self.channel == channel);
        found.map(|it| it.speaker)
    }
}

/// An utterance and its corrected speaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedSpeaker {
    /// Number within the session, from 1, or within the channel.
    pub utterance: u64,
    /// The speaker.
    pub speaker: Speaker,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_follow_those_of_a_spreadsheet() {
        let names = [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (51, "AZ"),
            (52, "BA"),
            (702, "AAA"),
        ];
        for (number, name) in names {
            assert_eq!(Speaker(number).to_string(), name);
        }
    }

    proptest! {
        #[test]
        fn every_speaker_is_read_back(number: u16) {
            let speaker = Speaker(number);
            prop_assert_eq!(speaker.to_string().parse(), Ok(speaker));
        }
    }

    #[test]
    fn other_texts_are_no_speaker() {
        for text in ["", "a", "A1", "Ä", "AAAAAAAAAAAAA"] {
            assert!(text.parse::<Speaker>().is_err(), "{text}");
        }
    }
}
