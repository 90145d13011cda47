//! Search for the next utterance with a label; the user types part of its name.

use super::{Action, Overlay, State};
use crate::dashboard::keys::Key;
use crate::events::UNCERTAIN;
use crate::messages::{Control, Jump};

impl State {
    /// The labels whose names start with a text; `uncertain` last.
    pub fn labels_with(&self, typed: &str) -> Vec<&str> {
        let labels = self.live.status.labels.iter().map(String::as_str);
        let typed = typed.to_lowercase();
        let begins = |label: &&str| label.to_lowercase().starts_with(&typed);
        labels.chain([UNCERTAIN]).filter(begins).collect()
    }

    /// Applies a character while a label or a name is typed; `None` where it is a key.
    pub fn type_char(&mut self, typed: char) -> Option<Action> {
        if let Overlay::Name(..) = self.overlay {
            return Some(self.type_name(typed));
        }
        let Overlay::Find(text) = &self.overlay else {
            return None;
        };
        let text = format!("{text}{typed}");
        Some(match self.labels_with(&text)[..] {
            [] => Action::None,
            [label] => self.find(label.to_owned()),
            _ => self.show(Overlay::Find(text)),
        })
    }

    /// Applies any other key while a text is typed.
    pub(super) fn press_in_find(&mut self, key: Key) -> Action {
        let Overlay::Find(text) = &mut self.overlay else {
            return Action::None;
        };
        match key {
            Key::Escape => self.show(Overlay::None),
            Key::Erase if text.pop().is_none() => self.show(Overlay::None),
            Key::Erase => Action::Redraw,
            Key::Enter => {
                let text = text.clone();
                let last = self.found.clone().filter(|_| text.is_empty());
                let first = || self.labels_with(&text).first().map(ToString::to_string);
                match last.or_else(first) {
                    Some(label) => self.find(label),
                    None => Action::None,
                }
            }
            _ => Action::None,
        }
    }

    fn find(&mut self, label: String) -> Action {
        self.overlay = Overlay::None;
        self.found = Some(label.clone());
        Action::Send(Control::Jump(Jump::NextOf(label)))
    }
}
