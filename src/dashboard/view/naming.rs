//! The name that is typed for a speaker, in the last row.

use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::Pen;
use crate::dashboard::state::speakers::ChannelSpeaker;
use crate::dashboard::text::width;
use crate::dashboard::theme::Theme;

/// Draws the speaker, the typed text, and the keys where there is room.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, voice: ChannelSpeaker, typed: &str) {
    Clear.render(area, pen.buffer);
    let now = pen.clean(&pen.picture.speakers.name(voice));
    let label = match voice.0 {
        Some(channel) => format!("channel {channel}, {now} is: "),
        None => format!("{now} is: "),
    };
    let mut x = pen.text(area, 0, 0, &label, Theme::dim());
    x = pen.text(area, x, 0, typed, Theme::strong());
    x = pen.text(area, x, 0, "_", Theme::dim()) + 2;
    let keys = pen.theme.either(
        "Enter takes it   ↑ ↓ another speaker   Esc closes",
        "Enter takes it   up, down: another speaker   Esc closes",
    );
    if usize::from(x) + width(keys) <= usize::from(area.width) {
        pen.text(area, x, 0, keys, Theme::dim());
    }
}
