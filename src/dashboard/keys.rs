//! The meanings of keys and of the mouse.

use crossterm::event::{
    KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::messages::Status;

/// The action that a key requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key {
    /// Leave, from anywhere.
    Quit,
    /// Close what is on top, or leave.
    Escape,
    /// Suspend the program and return to the shell.
    Suspend,
    /// Freeze the picture; in a replay, pause.
    Hold,
    /// Move by that many seconds in a recording.
    Seek(f64),
    /// To the start of a recording.
    Home,
    /// To its end.
    End,
    /// To the next utterance.
    Next,
    /// To the previous utterance.
    Previous,
    /// Search for the next utterance with a label.
    Find,
    /// Delete the last character.
    Erase,
    /// Show less time in more detail.
    ZoomIn,
    /// Show more time.
    ZoomOut,
    /// Set the playback volume, 0 to 9.
    Volume(u8),
    /// The next higher speed.
    Faster,
    /// The next lower speed.
    Slower,
    /// Choose another input.
    Devices,
    /// Another speaker speaks from now on.
    Forget,
    /// The next time scale.
    Scale,
    /// Mark the present time.
    Mark,
    /// Start or stop recording.
    Record,
    /// Save the picture as a file.
    Save,
    /// Show the address of the page of the session.
    Page,
    /// Name a speaker.
    Name,
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
            KeyCode::End => Self::End,
            KeyCode::Char('n' | 'N') => Self::Next,
            KeyCode::Char('p' | 'P') => Self::Previous,
            KeyCode::Char('/') => Self::Find,
            KeyCode::Backspace => Self::Erase,
            KeyCode::Char('+' | '=') => Self::ZoomIn,
            KeyCode::Char('-' | '_') => Self::ZoomOut,
            KeyCode::Char('>') => Self::Faster,
            KeyCode::Char('<') => Self::Slower,
            KeyCode::Char(digit @ '0'..='9') => Self::Volume(digit as u8 - b'0'),
            KeyCode::Char('d' | 'D') => Self::Devices,
            KeyCode::Char('b' | 'B') => Self::Forget,
            KeyCode::Char('t' | 'T') => Self::Scale,
            KeyCode::Char('m' | 'M') => Self::Mark,
            KeyCode::Char('r' | 'R') => Self::Record,
            KeyCode::Char('s' | 'S') => Self::Save,
            KeyCode::Char('w' | 'W') => Self::Page,
            KeyCode::Char('v' | 'V') => Self::Name,
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => Self::Help,
            KeyCode::Up | KeyCode::Char('k') => Self::Up,
            KeyCode::Down | KeyCode::Char('j') => Self::Down,
            KeyCode::Enter => Self::Enter,
            _ => return None,
        })
    }
}

/// The character that a key types, if it types one.
pub fn typed(event: &KeyEvent) -> Option<char> {
    let command = KeyModifiers::CONTROL | KeyModifiers::ALT;
    match event.code {
        KeyCode::Char(typed)
            if event.kind != KeyEventKind::Release && !event.modifiers.intersects(command) =>
        {
            Some(typed)
        }
        _ => None,
    }
}

/// A mouse action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// The left button is pressed.
    Press,
    /// The mouse moves with the button pressed.
    Drag,
    /// The button is released.
    Release,
    /// The wheel turns: -1 up, 1 down.
    Wheel(isize),
}

impl Pointer {
    /// The meaning of a mouse event, if it has one.
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

/// Seconds that an arrow key moves.
const STEP_S: f64 = 5.0;
/// Seconds that shift with an arrow key, or a page key, moves.
const LONG_STEP_S: f64 = 30.0;

/// The speeds of a replay.
pub const SPEEDS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// Lines of the help that fit on the smallest screen.
pub const MIN_HELP_ROWS: usize = 9;

/// The keys of the help with their meanings.
pub fn help_of(status: &Status) -> &'static [(&'static str, &'static str)] {
    match (status.replay, status.analyzed_ahead) {
        (false, _) => LIVE_HELP,
        (true, true) => REPLAY_HELP,
        (true, false) => STREAM_HELP,
    }
}

/// What the predictions mean, at the end of the help.
pub const PREDICTION_NOTES: [&str; 3] = [
    "Shows the expression that a voice",
    "is perceived to have, which is not",
    "what a person feels.",
];

/// Number of lines of the help: keys, legend, and the meaning of the predictions,
/// separated by empty lines.
pub fn help_lines(status: &Status) -> usize {
    let marks = status.labels.len() + LEGEND.len();
    help_of(status).len() + 1 + marks + 1 + PREDICTION_NOTES.len()
}

const LIVE_HELP: &[(&str, &str)] = &[
    ("space", "freeze or release"),
    ("t", "scale: 1, 5, 30, 60 min"),
    ("m", "mark this moment"),
    ("r", "start or stop recording"),
    ("s", "save the screen as SVG"),
    ("v", "name a speaker"),
    ("w", "the address of --web"),
    ("d", "choose another input"),
    ("b", "another voice speaks"),
    ("?", "show or hide this help"),
    ("q Esc ^C", "quit"),
];

const REPLAY_HELP: &[(&str, &str)] = &[
    ("space", "pause or continue"),
    ("left right", "5 s back or forward"),
    ("PgUp PgDn", "30 s, as shift and arrow"),
    ("Home End", "to the start, to the end"),
    ("n p", "next utterance, previous"),
    ("/", "next of a label: its name"),
    ("mouse", "click or drag to seek"),
    ("+ -", "zoom in, zoom out"),
    ("< >", "slower, faster"),
    ("0 to 9", "volume; 0 is mute"),
    ("t", "time scale"),
    ("s", "save the screen as SVG"),
    ("v", "name a speaker"),
    ("w", "the address of --web"),
    ("?", "show or hide this help"),
    ("q Esc ^C", "quit"),
];

const STREAM_HELP: &[(&str, &str)] = &[
    ("space", "pause or continue"),
    ("< >", "slower, faster"),
    ("t", "scale: 1, 5, 30, 60 min"),
    ("s", "save the screen as SVG"),
    ("v", "name a speaker"),
    ("w", "the address of --web"),
    ("b", "another voice speaks"),
    ("?", "show or hide this help"),
    ("q Esc ^C", "quit"),
];

/// The symbols on the screen other than those of labels, with their ASCII forms and
/// meanings.
pub const LEGEND: &[(&str, &str, &str)] = &[
    ("?", "?", "uncertain"),
    ("\u{203a}", ">", "the predicted label"),
    ("\u{b7}", ".", "voice, not analyzed yet"),
    ("\u{d7}", "x", "audio lost"),
    ("\u{2691}", "!", "moment marked with m"),
    ("\u{2501}", "=", "level, mean"),
    ("\u{2503}", "|", "level, peak; now playing"),
    ("\u{2506}", ":", "voice activity threshold"),
    ("CLIP", "CLIP", "input at full scale"),
    ("final", "final", "of the whole utterance"),
    ("was", "was", "the last live answer"),
    ("voice", "voice", "speech in the baseline"),
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
            (KeyCode::Char('+'), KeyModifiers::SHIFT, Key::ZoomIn),
            (KeyCode::Char('>'), KeyModifiers::SHIFT, Key::Faster),
            (KeyCode::Char('0'), none, Key::Volume(0)),
            (KeyCode::Char('9'), none, Key::Volume(9)),
            (KeyCode::End, none, Key::End),
            (KeyCode::Char('n'), none, Key::Next),
            (KeyCode::Char('/'), none, Key::Find),
            (KeyCode::Char('?'), KeyModifiers::SHIFT, Key::Help),
            (KeyCode::Char('t'), none, Key::Scale),
            (KeyCode::Char('m'), none, Key::Mark),
            (KeyCode::Char('r'), none, Key::Record),
            (KeyCode::Char('s'), none, Key::Save),
            (KeyCode::Char('w'), none, Key::Page),
        ] {
            assert_eq!(key(code, modifiers), Some(meaning), "{code:?}");
        }
        assert_eq!(key(KeyCode::Char('x'), none), None);
    }
}
