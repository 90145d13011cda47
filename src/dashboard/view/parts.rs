//! Parts of text in one row; the least important are omitted where not all fit.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::text;
use crate::dashboard::theme::Theme;

/// A part: its weight, its text and its style.
pub(super) type Part = (u8, String, Style);

/// Draws the parts that fit from a column on; returns the column after them.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, x: u16, parts: Vec<Part>) -> u16 {
    let dot = dot(*pen.theme);
    let mut end = x;
    for (_, text, style) in fitting(parts, area.width.saturating_sub(x), dot) {
        if end > x {
            end = pen.text(area, end, 0, dot, Theme::dim());
        }
        end = pen.text(area, end, 0, &text, style);
    }
    end
}

/// Draws the parts that fit after a column, aligned to the right edge.
pub(super) fn draw_right(pen: &mut Pen<'_>, area: Rect, from: u16, parts: Vec<Part>) {
    let dot = dot(*pen.theme);
    let parts = fitting(parts, area.width.saturating_sub(from), dot);
    let start = area.width.saturating_sub(width(&parts, dot) as u16);
    draw(pen, area, start.max(from), parts);
}

fn dot(theme: Theme) -> &'static str {
    theme.either(" · ", " | ")
}

/// As many parts as fit, by descending weight.
fn fitting(mut parts: Vec<Part>, room: u16, dot: &str) -> Vec<Part> {
    while !parts.is_empty() && width(&parts, dot) > usize::from(room) {
        let lightest = (0..parts.len()).min_by_key(|part| parts[*part].0);
        parts.remove(lightest.unwrap_or(0));
    }
    parts
}

fn width(parts: &[Part], dot: &str) -> usize {
    let texts: usize = parts.iter().map(|(_, text, _)| text::width(text)).sum();
    texts + parts.len().saturating_sub(1) * text::width(dot)
}
