//! The keys of a replay.

use super::{Action, Overlay, State};
use crate::dashboard::keys::{Key, SPEEDS};
use crate::messages::{Control, Jump};

impl State {
    /// Applies a key while a recording plays.
    pub(super) fn press_in_replay(&mut self, key: Key) -> Action {
        let position = self.live.position;
        let speed = position.map_or(Some(1.0), |position| position.speed);
        let ahead = self.live.ahead.is_some();
        Action::Send(match key {
            Key::Hold if !self.over => Control::TogglePause,
            Key::Seek(seconds) => Control::SeekBy(seconds),
            Key::Home => Control::SeekTo(0.0),
            Key::End if ahead => Control::SeekTo(f64::MAX),
            Key::Next if ahead => Control::Jump(Jump::Next),
            Key::Previous if ahead => Control::Jump(Jump::Previous),
            Key::Find if ahead => return self.show(Overlay::Find(String::new())),
            Key::ZoomIn | Key::ZoomOut if ahead => {
                let steps = if key == Key::ZoomOut { 1 } else { -1 };
                self.scale = Some(self.scale().longer(steps, self.length_s()));
                return Action::Redraw;
            }
            Key::Volume(volume) if ahead => Control::Volume(volume),
            Key::Mark => {
                return self.refuse("a recording is playing: marks belong to a live input");
            }
            Key::Record => {
                return self.refuse("a recording is playing: only a live input is recorded");
            }
            Key::Faster => match faster(speed) {
                Some(speed) => Control::Speed(speed),
                None => return Action::None,
            },
            Key::Slower => match slower(speed) {
                Some(speed) => Control::Speed(speed),
                None => return Action::None,
            },
            _ => return Action::None,
        })
    }
}

/// The next higher speed; `None` from the highest, or from as fast as possible.
fn faster(speed: Option<f64>) -> Option<f64> {
    SPEEDS
        .into_iter()
        .find(|faster| *faster > speed.unwrap_or(f64::INFINITY))
}

/// The next lower speed; from as fast as possible it is the highest.
fn slower(speed: Option<f64>) -> Option<f64> {
    let slower = |slower: &f64| *slower < speed.unwrap_or(f64::INFINITY);
    SPEEDS.into_iter().rev().find(slower)
}
