//! Who has spoken, for how long, and how the person calls them.

use std::collections::BTreeMap;

use super::{Action, Overlay, State};
use crate::dashboard::keys::Key;
use crate::events::Speaker;

/// Characters of a name at most.
const NAME_LENGTH: usize = 20;
/// Less speech than this is that of nobody, in seconds.
const LEAST_S: f64 = 1e-6;

/// A speaker, on a channel where every channel is judged by itself.
pub type Voice = (Option<u16>, Speaker);

/// The speakers of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpeakerList {
    /// Speech in whole utterances, in seconds.
    seconds: BTreeMap<Voice, f64>,
    names: BTreeMap<Voice, String>,
}

impl SpeakerList {
    /// Whether there are several, so that it says something who speaks.
    pub fn several(&self) -> bool {
        self.seconds.keys().any(|voice| voice.1 != Speaker(0))
    }

    /// Each speaker, in the order of their letters.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Voice, f64)> {
        self.seconds
            .iter()
            .map(|(voice, seconds)| (*voice, *seconds))
    }

    /// What a speaker is called: the name that the person gave, else the letter.
    pub fn name(&self, voice: Voice) -> String {
        let given = self.names.get(&voice).cloned();
        given.unwrap_or_else(|| voice.1.to_string())
    }

    /// The same, where it is to be shown: there are several, or one with a name.
    pub fn shown(&self, channel: Option<u16>, speaker: Option<Speaker>) -> Option<String> {
        let voice = (channel, speaker?);
        let tells = self.several() || self.names.contains_key(&voice);
        tells.then(|| self.name(voice))
    }

    /// Somebody speaks.
    pub(super) fn see(&mut self, voice: Voice) {
        self.seconds.entry(voice).or_default();
    }

    /// Somebody has spoken for so many seconds.
    pub(super) fn add(&mut self, voice: Voice, seconds: f64) {
        *self.seconds.entry(voice).or_default() += seconds;
    }

    /// Takes away what somebody else has said.
    pub(super) fn remove(&mut self, voice: Voice, seconds: f64) {
        if let Some(all) = self.seconds.get_mut(&voice) {
            *all -= seconds;
            if *all < LEAST_S {
                self.seconds.remove(&voice);
            }
        }
    }

    /// Forgets who has spoken; names stay for the session.
    pub(super) fn clear(&mut self) {
        self.seconds.clear();
    }

    /// Calls a speaker so from now on; nothing is the letter again.
    pub(super) fn rename(&mut self, voice: Voice, name: &str) {
        match name.trim() {
            "" => drop(self.names.remove(&voice)),
            name => drop(self.names.insert(voice, name.to_owned())),
        }
    }
}

impl State {
    /// Asks for the name of the speaker on the screen.
    pub(super) fn open_naming(&mut self) -> Action {
        let shown = self.picture().shown.as_ref();
        let speaks = shown.and_then(|shown| Some((shown.channel, shown.speaker?)));
        let first = || self.live.speakers.iter().next().map(|(voice, _)| voice);
        match speaks.or_else(first) {
            Some(voice) => self.show(Overlay::Name(voice, String::new())),
            None => self.refuse("no speaker is known yet, or speakers are not told apart here"),
        }
    }

    /// Takes a character of a name.
    pub(super) fn type_name(&mut self, typed: char) -> Action {
        if let Overlay::Name(_, text) = &mut self.overlay
            && text.chars().count() < NAME_LENGTH
            && !crate::text::is_unsafe(typed)
        {
            text.push(typed);
        }
        Action::Redraw
    }

    /// Takes another key meanwhile.
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
                let all: Vec<Voice> = self.live.speakers.iter().map(|(voice, _)| voice).collect();
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
