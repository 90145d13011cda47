//! Boxes that cover the picture.

use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Clear, Widget};

use super::Pen;
use super::{devices, help};
use crate::dashboard::state::Overlay;
use crate::dashboard::theme::Theme;

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, overlay: &Overlay) {
    match overlay {
        Overlay::None | Overlay::Find(_) | Overlay::Name(..) | Overlay::Recordings(_) => {}
        Overlay::Help(first) => help::draw(pen, area, *first),
        Overlay::Devices(menu) => devices::draw(pen, area, menu),
    }
}

/// A centred box for content of that size.
pub(super) fn around(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (area.width.min(width + 4), area.height.min(height + 2));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// The area inside a box.
pub(super) fn inside(outer: Rect) -> Rect {
    let inner = Block::bordered().inner(outer);
    Rect {
        x: inner.x + u16::from(inner.width > 0),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

/// Draws an empty box; returns the area inside.
pub(super) fn boxed(pen: &mut Pen<'_>, outer: Rect, title: &str) -> Rect {
    Clear.render(outer, pen.buffer);
    let block = Block::bordered()
        .border_set(pen.theme.either(border::ROUNDED, ASCII_BORDER))
        .border_style(Theme::dim())
        .title_style(Theme::strong())
        .title(format!(" {title} "));
    block.render(outer, pen.buffer);
    inside(outer)
}
