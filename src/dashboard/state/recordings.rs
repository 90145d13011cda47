//! The list of recordings to choose from.

use super::{Action, Overlay, State};
use crate::dashboard::keys::Key;
use crate::messages::RecordingLine;

/// Entries that a page key moves by.
const PAGE_ENTRIES: isize = 10;

/// The open list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordingMenu {
    /// Display name of their folder.
    pub folder: String,
    /// The recordings.
    pub lines: Vec<RecordingLine>,
    /// Number of the chosen one.
    pub selected: usize,
    /// The error of the recording that was opened last.
    pub notice: Option<String>,
}

impl RecordingMenu {
    /// Moves the selection; it stops at both ends.
    pub(super) fn move_by(&mut self, step: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(step).min(last);
    }
}

impl State {
    /// The state of a list without a session.
    pub fn choosing(menu: RecordingMenu) -> Self {
        Self {
            overlay: Overlay::Recordings(menu),
            over: true,
            ..Self::default()
        }
    }

    /// The state of a recording that was chosen from a list: Escape returns to it.
    #[must_use]
    pub fn with_list(self, from_list: bool) -> Self {
        Self { from_list, ..self }
    }

    /// The list, if it is open.
    pub fn recordings(&self) -> Option<&RecordingMenu> {
        match &self.overlay {
            Overlay::Recordings(menu) => Some(menu),
            _ => None,
        }
    }

    /// Stores the length of a recording in seconds, or why it cannot be read.
    pub(super) fn take_length(&mut self, number: usize, length_s: &Result<f64, String>) -> bool {
        let Overlay::Recordings(menu) = &mut self.overlay else {
            return false;
        };
        let line = menu.lines.get_mut(number);
        line.is_some_and(|line| {
            line.length_s = Some(length_s.clone());
            true
        })
    }

    /// Applies a key while the list is open.
    pub(super) fn press_in_list(&mut self, key: Key) -> Action {
        let Overlay::Recordings(menu) = &mut self.overlay else {
            return Action::None;
        };
        match key {
            Key::Up => menu.move_by(-1),
            Key::Down => menu.move_by(1),
            Key::Seek(seconds) => menu.move_by(if seconds < 0.0 {
                -PAGE_ENTRIES
            } else {
                PAGE_ENTRIES
            }),
            Key::Home => menu.move_by(isize::MIN),
            Key::End => menu.move_by(isize::MAX),
            Key::Enter if menu.selected < menu.lines.len() => return Action::Open(menu.selected),
            Key::Escape => return Action::Quit,
            _ => return Action::None,
        }
        menu.notice = None;
        Action::Redraw
    }
}
