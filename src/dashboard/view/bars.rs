//! A bar for each label.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::text::{fit, percent};
use crate::dashboard::theme::{LabelStyle, Theme};

/// Columns of the percentage after a bar.
pub(super) const SHARE_WIDTH: u16 = 7;
/// Columns that a second column of bars needs.
const COLUMN_WIDTH: u16 = 36;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let (marks, shown) = (pen.marks, pen.picture.shown.as_ref());
    let prediction = shown.map(|shown| &shown.prediction);
    let share = |label: usize| prediction.and_then(|j| j.probabilities.get(label).copied());
    let predicted = prediction.and_then(|prediction| prediction.label);
    let height = usize::from(area.height);
    let mut shown: Vec<usize> = (0..marks.len()).collect();
    let columns = shown.len().div_ceil(height).clamp(1, fitting_columns(area));
    if shown.len() > height * columns {
        // Not all fit: keep the most likely, in the model's order.
        shown.sort_by(|a, b| {
            share(*b)
                .unwrap_or(0.0)
                .total_cmp(&share(*a).unwrap_or(0.0))
        });
        shown.truncate(height * columns);
        shown.sort_unstable();
    }
    let spacing = if shown.len() * 2 <= height + 1 { 2 } else { 1 };
    let width = area.width / columns as u16;
    for (place, label) in shown.into_iter().enumerate() {
        let bar = Rect {
            x: area.x + (place / height) as u16 * width,
            y: area.y + (place % height * spacing) as u16,
            width: if columns > 1 { width - 2 } else { width },
            height: 1,
        };
        one(
            pen,
            bar,
            &marks[label],
            share(label),
            predicted == Some(label),
        );
    }
}

fn fitting_columns(area: Rect) -> usize {
    usize::from(area.width / COLUMN_WIDTH).max(1)
}

fn one(pen: &mut Pen<'_>, area: Rect, mark: &LabelStyle, share: Option<f32>, predicted: bool) {
    let theme = pen.theme;
    let dimmed = pen.picture.dimmed();
    let look = |style| if dimmed { Theme::dimmed(style) } else { style };
    let emphasis = if predicted {
        look(Theme::strong())
    } else {
        Theme::dim()
    };
    if predicted {
        pen.cell(area, 0, 0, theme.either('›', '>'), emphasis);
    }
    pen.cell(area, 2, 0, mark.symbol, mark.style);
    let room = usize::from(pen.gutter.saturating_sub(6));
    let name = fit(&mark.name, room, theme.unicode);
    let name_style = if predicted { emphasis } else { Style::new() };
    pen.text(area, 4, 0, &name, name_style);
    let Some(share) = share else {
        return;
    };
    pen.right(area, pen.gutter, 0, &percent(share), emphasis);
    let columns = area.width.saturating_sub(pen.gutter + SHARE_WIDTH);
    let bar = theme.bar(share, usize::from(columns));
    pen.text(area, pen.gutter, 0, &bar, look(mark.style));
}
