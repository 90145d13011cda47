//! The mouse: what it points at and what it drags.

use super::{Action, Overlay, State};
use crate::dashboard::keys::{Key, Pointer};
use crate::messages::Control;

/// What is under the mouse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PointerTarget {
    /// Nothing that can be chosen.
    Nothing,
    /// Outside the overlay.
    Outside,
    /// A share of the recording on the seek bar, also beyond its ends.
    Line(f64),
    /// A time in the history, in seconds.
    Past(f64),
    /// An entry of the list, by its number.
    Choice(usize),
}

/// What the mouse drags.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Grip {
    #[default]
    Nothing,
    /// The seek bar.
    Line,
}

impl State {
    /// Whether the mouse drags the seek bar.
    pub fn dragging(&self) -> bool {
        self.grip == Grip::Line
    }

    /// Applies a mouse action.
    pub fn point(&mut self, pointer: Pointer, target: PointerTarget) -> Action {
        let total = self.live.position.and_then(|position| position.total_s);
        match (pointer, target, &mut self.overlay) {
            (Pointer::Wheel(step), _, Overlay::Devices(menu)) => {
                menu.move_by(step);
                Action::Redraw
            }
            (Pointer::Wheel(step), _, Overlay::Recordings(menu)) => {
                menu.move_by(step);
                Action::Redraw
            }
            (Pointer::Press, PointerTarget::Choice(number), Overlay::Recordings(_)) => {
                Action::Open(number)
            }
            (Pointer::Press, PointerTarget::Choice(number), Overlay::Devices(menu)) => {
                menu.selected = number;
                self.press_in_menu(Key::Enter)
            }
            (Pointer::Press, PointerTarget::Outside, Overlay::Devices(_) | Overlay::Help(_)) => {
                self.press(Key::Escape)
            }
            (Pointer::Press | Pointer::Drag, PointerTarget::Line(share), Overlay::None) => {
                if pointer == Pointer::Press {
                    self.grip = Grip::Line;
                }
                match total {
                    Some(total) if self.dragging() => Action::Send(Control::SeekTo(share * total)),
                    _ => Action::None,
                }
            }
            (Pointer::Press, PointerTarget::Past(seconds), Overlay::None)
                if self.live.status.replay =>
            {
                Action::Send(Control::SeekTo(seconds))
            }
            (Pointer::Release, ..) => {
                self.grip = Grip::Nothing;
                Action::None
            }
            _ => Action::None,
        }
    }
}
