//! The speakers: their names and their seconds of speech.

use std::collections::BTreeMap;

use super::{Action, Overlay, State};
use crate::dashboard::keys::Key;
use crate::events::Speaker;

/// Longest name, in characters.
const MAX_NAME_CHARACTERS: usize = 20;
/// A speaker with less speech than this is removed, in seconds.
const MIN_SPOKEN_S: f64 = 1e-6;

/// A speaker, with the channel if every channel is analyzed separately.
pub type ChannelSpeaker = (Option<u16>, Speaker);

/// The speakers of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpeakerList {
    /// Speech in finished utterances, in seconds.
    seconds: BTreeMap<ChannelSpeaker, f64>,
    names: BTreeMap<ChannelSpeaker, String>,
}

impl SpeakerList {
    /// Whether there are several, so that naming them is informative.
    pub fn several(&self) -> bool {
        self.seconds.keys().any(|voice| voice.1 != Speaker(0))
    }

    /// All speakers, in the order of their letters.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ChannelSpeaker, f64)> {
        self.seconds
            .iter()
            .map(|(voice, seconds)| (*voice, *seconds))
    }

    /// The name that the user gave, otherwise the letter.
    pub fn name(&self, voice: ChannelSpeaker) -> String {
        let given = self.names.get(&voice).cloned();
        given.unwrap_or_else(|| voice.1.to_string())
    }

    /// The name, if it is informative: there are several speakers, or this one was
    /// named.
    pub fn shown(&self, channel: Option<u16>, speaker: Option<Speaker>) -> Option<String> {
        let voice = (channel, speaker?);
        let tells = self.several() || self.names.contains_key(&voice);
        tells.then(|| self.name(voice))
    }

    /// Adds a speaker who has started to speak.
    pub(super) fn see(&mut self, voice: ChannelSpeaker) {
        self.seconds.entry(voice).or_default();
    }

    /// Adds seconds of speech of a speaker.
    pub(super) fn add(&mut self, voice: ChannelSpeaker, seconds: f64) {
        *self.seconds.entry(voice).or_default() += seconds;
    }

    /// Removes seconds of speech that belong to another speaker.
    pub(super) fn remove(&mut self, voice: ChannelSpeaker, seconds: f64) {
        if let Some(all) = self.seconds.get_mut(&voice) {
            *all -= seconds;
            if *all < MIN_SPOKEN_S {
                self.seconds.remove(&voice);
            }
        }
    }

    /// Removes all speakers; their names stay for the session.
    pub(super) fn clear(&mut self) {
        self.seconds.clear();
    }

    /// Sets a speaker's name; an empty name restores the letter.
    pub(super) fn rename(&mut self, voice: ChannelSpeaker, name: &str) {
        match name.trim() {
            "" => drop(self.names.remove(&voice)),
            name => drop(self.names.insert(voice, name.to_owned())),
        }
    }
}

impl State {
    /// Restarts the totals by speaker and drops the names: after a reset, the next person
    /// is A again.
    pub(super) fn forget_speakers(&mut self) {
        self.live.speakers = SpeakerList::default();
    }

    /// Opens the input for the displayed speaker's name.
    pub(super) fn open_naming(&mut self) -> Action {
        let shown = self.picture().shown.as_ref();
        let speaks = shown.and_then(|shown| Some((shown.channel, shown.speaker?)));
        let first = || self.live.speakers.iter().next().map(|(voice, _)| voice);
        match speaks.or_else(first) {
            Some(voice) => self.show(Overlay::Name(voice, String::new())),
            None => self.refuse("no speaker is known yet, or speakers are not told apart here"),
        }
    }

    /// Applies a typed character of a name.
    pub(super) fn type_name(&mut self, typed: char) -> Action {
        if let Overlay::Name(_, text) = &mut self.overlay
            && text.chars().count() < MAX_NAME_CHARACTERS
            && !crate::text::is_unsafe(typed)
        {
            text.push(typed);
        }
        Action::Redraw
    }

    /// Applies any other key while a name is typed.
    pub(super) fn press_in_naming(&mut self, key: Key) -> Action {
        let Overlay::Name(voice, text) = &mut self.overlay else {
            return Action::None;
        };
        match key {
            Key::Escape => self.show(Overlay::None),
            Key::Erase => {
                text.pop();
                Action::Redraw
            }
            Key::Up | Key::Down => {
                let all: Vec<ChannelSpeaker> =
                    self.live.speakers.iter().map(|(voice, _)| voice).collect();
                let place = all.iter().position(|it| it == voice).unwrap_or(0);
                let step = if key == Key::Up {
                    all.len().saturating_sub(1)
                } else {
                    1
                };
                if let Some(next) = all.get((place + step) % all.len().max(1)) {
                    *voice = *next;
                    text.clear();
                }
                Action::Redraw
            }
            Key::Enter => {
                let (voice, name) = (*voice, text.clone());
                for picture in self
                    .frozen
                    .as_deref_mut()
                    .into_iter()
                    .chain([&mut self.live])
                {
                    picture.speakers.rename(voice, &name);
                }
                self.show(Overlay::None)
            }
            _ => Action::None,
        }
    }
}
