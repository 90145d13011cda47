//! The search for a label, in the last row.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::Pen;
use crate::dashboard::state::State;
use crate::dashboard::text::width;
use crate::dashboard::theme::Theme;

/// Draws the typed text and the labels that start with it.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, state: &State, typed: &str) {
    Clear.render(area, pen.buffer);
    let mut x = pen.text(area, 0, 0, &format!("/{typed}"), Theme::strong());
    x = pen.text(area, x, 0, "_", Theme::dim()) + 2;
    for label in state.labels_with(typed) {
        let place = pen.marks.iter().position(|mark| mark.name == label);
        let (symbol, _, style) = pen.label(place);
        let label = pen.clean(label);
        if usize::from(x) + 2 + width(&label) > usize::from(area.width) {
            break;
        }
        pen.cell(area, x, 0, symbol, style);
        x = pen.text(area, x + 2, 0, &label, Style::new()) + 2;
    }
}
