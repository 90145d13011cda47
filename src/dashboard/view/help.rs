//! The keys, the legend of all symbols, and what the predictions mean.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Pen;
use super::overlay::{around, boxed, inside};
use crate::dashboard::keys::{LEGEND, PREDICTION_NOTES, help_lines, help_of};
use crate::dashboard::state::PointerTarget;
use crate::dashboard::state::picture::Picture;
use crate::dashboard::theme::Theme;

/// Columns of a key or symbol, and of a line with its meaning.
const KEY_WIDTH: u16 = 11;
const LINE_WIDTH: u16 = 36;
/// Columns between two columns of lines.
const GAP: u16 = 2;
/// How the lines are laid out.
struct HelpLayout {
    outer: Rect,
    columns: u16,
    rows: u16,
    /// Whether not all lines fit.
    scrolls: bool,
}

fn layout(area: Rect, picture: &Picture) -> HelpLayout {
    let lines = help_lines(&picture.status) as u16;
    let columns = ((area.width.saturating_sub(4) + GAP) / (LINE_WIDTH + GAP)).clamp(1, 3);
    let needed = lines.div_ceil(columns);
    let room = area.height.saturating_sub(2);
    let scrolls = needed > room;
    let rows = if scrolls {
        room.saturating_sub(1)
    } else {
        needed
    };
    let width = columns * (LINE_WIDTH + GAP) - GAP;
    HelpLayout {
        outer: around(area, width, rows + u16::from(scrolls)),
        columns,
        rows,
        scrolls,
    }
}

/// What is at a position while the help is shown.
pub(super) fn target(area: Rect, picture: &Picture, at: Position) -> PointerTarget {
    if layout(area, picture).outer.contains(at) {
        PointerTarget::Nothing
    } else {
        PointerTarget::Outside
    }
}

/// Draws the help, scrolled to a line.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, first: usize) {
    let HelpLayout {
        outer,
        columns,
        rows,
        scrolls,
    } = layout(area, pen.picture);
    let lines = lines(pen);
    let capacity = usize::from(rows) * usize::from(columns);
    let first = first.min(lines.len().saturating_sub(capacity));
    boxed(pen, outer, "keys and marks");
    let inside = inside(outer);
    for (number, line) in lines.iter().skip(first).take(capacity).enumerate() {
        let column = number as u16 / rows.max(1);
        let area = Rect {
            x: inside.x + column * (LINE_WIDTH + GAP),
            width: inside.width.saturating_sub(column * (LINE_WIDTH + GAP)),
            ..inside
        };
        let y = number as u16 % rows.max(1);
        pen.text(area, 0, y, &line.0, line.1);
        let x = if line.0.is_empty() { 0 } else { KEY_WIDTH };
        pen.text(area, x, y, &line.2, Style::new());
    }
    if scrolls {
        let more = pen
            .theme
            .either("↑ ↓ more   Esc close", "up, down: more; Esc: close");
        pen.text(
            inside,
            0,
            inside.height.saturating_sub(1),
            more,
            Theme::dim(),
        );
    }
}

/// Key or symbol, its style, and its meaning.
type HelpLine = (String, Style, String);

fn lines(pen: &Pen<'_>) -> Vec<HelpLine> {
    let strong = Theme::strong();
    let empty = || (String::new(), strong, String::new());
    let keys = help_of(&pen.picture.status).iter();
    let keys = keys.map(|(key, meaning)| ((*key).to_owned(), strong, (*meaning).to_owned()));
    let labels = pen
        .marks
        .iter()
        .map(|mark| (mark.symbol.to_string(), mark.style, mark.name.clone()));
    let marks = LEGEND.iter().map(|(unicode, ascii, meaning)| {
        let symbol = pen.theme.either(*unicode, *ascii);
        (symbol.to_owned(), strong, (*meaning).to_owned())
    });
    let meaning = PREDICTION_NOTES.map(|line| (String::new(), strong, line.to_owned()));
    keys.chain([empty()])
        .chain(labels)
        .chain(marks)
        .chain([empty()])
        .chain(meaning)
        .collect()
}
