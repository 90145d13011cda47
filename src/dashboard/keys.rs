//! Keys and the mouse, by what they mean.

use ratatui::crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key {
    /// Leave, from anywhere.
    Quit,
    /// Close what is on top, or leave.
    Escape,
    /// Hand the terminal back to the shell for a while.
    Suspend,
    /// Freeze the picture; in a replay, pause.
    Hold,
    /// Move by seconds in a recording.
    Seek(f64),
    /// To the start of a recording.
    Home,
    /// The next higher speed.
    Faster,
    /// The next lower speed.
    Slower,
    /// Choose another input.
    Devices,
    /// Another voice speaks from now on.
    Forget,
    /// Show or hide the keys.
    Help,
    /// The entry above.
    Up,
    /// The entry below.
    Down,
    /// Take the entry.
    Enter,
}

impl Key {
    /// The meaning of a key press, if it has one.
    pub fn from_event(event: &KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let step = if shift { LONG_STEP_S } else { STEP_S };
        if event.modifiers.contains(KeyModifiers::CONTROL) {
            return match event.code {
                KeyCode::Char('c') => Some(Self::Quit),
                KeyCode::Char('z') => Some(Self::Suspend),
                _ => None,
            };
        }
        Some(match event.code {
            KeyCode::Char('q' | 'Q') => Self::Quit,
            KeyCode::Esc => Self::Escape,
            KeyCode::Char(' ') => Self::Hold,
            KeyCode::Left => Self::Seek(-step),
            KeyCode::Right => Self::Seek(step),
            KeyCode::PageUp => Self::Seek(-LONG_STEP_S),
            KeyCode::PageDown => Self::Seek(LONG_STEP_S),
            KeyCode::Home => Self::Home,
            KeyCode::Char('+' | '=') => Self::Faster,
            KeyCode::Char('-' | '_') => Self::Slower,
            KeyCode::Char('d' | 'D') => Self::Devices,
            KeyCode::Char('b' | 'B') => Self::Forget,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => Self::Help,
            KeyCode::Up | KeyCode::Char('k') => Self::Up,
            KeyCode::Down | KeyCode::Char('j') => Self::Down,
            KeyCode::Enter => Self::Enter,
            _ => return None,
        })
    }
}

/// What the mouse does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// The left button goes down.
    Press,
    /// It is held, and the mouse moves.
    Drag,
    /// It goes up.
    Release,
    /// The wheel turns: -1 up, 1 down.
    Wheel(isize),
}

impl Pointer {
    /// The meaning of what a mouse did, if it has one.
    pub fn from_event(event: &MouseEvent) -> Option<Self> {
        Some(match event.kind {
            MouseEventKind::Down(MouseButton::Left) => Self::Press,
            MouseEventKind::Drag(MouseButton::Left) => Self::Drag,
            MouseEventKind::Up(MouseButton::Left) => Self::Release,
            MouseEventKind::ScrollUp => Self::Wheel(-1),
            MouseEventKind::ScrollDown => Self::Wheel(1),
            _ => return None,
        })
    }
}

/// Seconds that an arrow moves.
const STEP_S: f64 = 5.0;
/// Seconds that an arrow moves with shift, and that a page key moves.
const LONG_STEP_S: f64 = 30.0;

/// The speeds of a replay.
pub const SPEEDS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// What the help lists for a microphone.
pub const LIVE_HELP: &[(&str, &str)] = &[
    ("space", "freeze the picture, go on"),
    ("d", "choose another input"),
    ("b", "another voice: a new baseline"),
    ("?", "show or hide this help"),
    ("q  Esc  Ctrl-C", "quit"),
];

/// What the help lists for a recording.
pub const REPLAY_HELP: &[(&str, &str)] = &[
    ("space", "pause, go on"),
    ("left  right", "back or on by 5 s"),
    ("PgUp  PgDn", "by 30 s, as shift and arrow"),
    ("Home", "back to the start"),
    ("mouse", "click or drag on the line, click the past"),
    ("+  -", "faster, slower"),
    ("b", "another voice: a new baseline"),
    ("?", "show or hide this help"),
    ("q  Esc  Ctrl-C", "quit"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promised_key_means_something() {
        let key = |code, modifiers| Key::from_event(&KeyEvent::new(code, modifiers));
        let none = KeyModifiers::NONE;
        for (code, modifiers, meaning) in [
            (KeyCode::Char('q'), none, Key::Quit),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Key::Quit),
            (KeyCode::Esc, none, Key::Escape),
            (KeyCode::Left, none, Key::Seek(-5.0)),
            (KeyCode::Right, KeyModifiers::SHIFT, Key::Seek(30.0)),
            (KeyCode::PageUp, none, Key::Seek(-30.0)),
            (KeyCode::Char('+'), KeyModifiers::SHIFT, Key::Faster),
            (KeyCode::Char('?'), KeyModifiers::SHIFT, Key::Help),
        ] {
            assert_eq!(key(code, modifiers), Some(meaning), "{code:?}");
        }
        assert_eq!(key(KeyCode::Char('x'), none), None);
    }
}
