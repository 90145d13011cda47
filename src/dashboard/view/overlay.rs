//! What lies over the picture: the keys, and the list of inputs.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;
use ratatui::widgets::{Block, Clear, Widget};

use super::Pen;
use crate::dashboard::keys::{LIVE_HELP, REPLAY_HELP};
use crate::dashboard::state::Overlay;
use crate::dashboard::state::meter::FLOOR_DBFS;
use crate::dashboard::state::picker::{Choice, Picker};
use crate::dashboard::text::{self, fit};
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
        Overlay::None => {}
        Overlay::Help => help(pen, area),
        Overlay::Picker(picker) => inputs(pen, area, picker),
    }
}

/// An empty box in the middle; returns what is inside.
fn boxed(pen: &mut Pen<'_>, area: Rect, width: u16, height: u16, title: &str) -> Rect {
    let (width, height) = (area.width.min(width + 4), area.height.min(height + 2));
    let outer = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    Clear.render(outer, pen.buffer);
    let block = Block::bordered()
        .border_set(pen.theme.either(border::ROUNDED, ASCII_BORDER))
        .border_style(Theme::dim())
        .title_style(Theme::strong())
        .title(format!(" {title} "));
    let inner = block.inner(outer);
    block.render(outer, pen.buffer);
    Rect {
        x: inner.x + u16::from(inner.width > 0),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

fn help(pen: &mut Pen<'_>, area: Rect) {
    let lines = if pen.picture.status.replay {
        REPLAY_HELP
    } else {
        LIVE_HELP
    };
    let height = lines.len() as u16 + 3;
    let area = boxed(pen, area, 48, height, "keys");
    let keys = lines.iter().map(|(keys, _)| text::width(keys)).max();
    let column = keys.unwrap_or(0) as u16 + 2;
    for (y, (keys, meaning)) in (0..).zip(lines) {
        pen.text(area, 0, y, keys, Theme::strong());
        pen.text(area, column, y, meaning, Style::new());
    }
    for (y, line) in (0..).zip([
        "Shows the expression that a voice is perceived",
        "to have, which is not what a person feels.",
    ]) {
        pen.text(area, 0, height - 2 + y, line, Theme::dim());
    }
}

fn inputs(pen: &mut Pen<'_>, area: Rect, picker: &Picker) {
    let choices = picker.choices.as_deref().unwrap_or_default();
    let rows = choices.len().clamp(1, 16) as u16;
    let inside = boxed(pen, area, 68, rows + 2, "inputs");
    let list = Rect {
        height: inside
            .height
            .saturating_sub(if inside.height > 3 { 2 } else { 0 }),
        ..inside
    };
    let keys = pen.theme.either(
        "↑ ↓ choose   Enter switch   Esc close",
        "up/down, Enter, Esc",
    );
    pen.text(
        inside,
        0,
        inside.height.saturating_sub(1).max(list.height),
        keys,
        Theme::dim(),
    );
    if choices.is_empty() {
        let words = if picker.choices.is_some() {
            "no input found"
        } else {
            "looking…"
        };
        pen.text(list, 0, 0, &pen.clean(words), Style::new());
        return;
    }
    // The chosen one stays in sight.
    let first = picker
        .selected
        .saturating_sub(usize::from(list.height).saturating_sub(1));
    for (y, (number, choice)) in (0..list.height).zip(choices.iter().enumerate().skip(first)) {
        let line = Rect {
            y: list.y + y,
            height: 1,
            ..list
        };
        input(pen, line, choice, number == picker.selected);
    }
}

fn input(pen: &mut Pen<'_>, line: Rect, choice: &Choice, selected: bool) {
    let theme = pen.theme;
    let device = &choice.device;
    let style = if selected {
        Style::new().add_modifier(Modifier::REVERSED)
    } else {
        Style::new()
    };
    pen.buffer.set_style(line, style);
    if device.current {
        pen.cell(line, 0, 0, theme.either('●', '*'), style);
    }
    let meter = line.width.saturating_sub(16).min(10);
    let end = line
        .width
        .saturating_sub(if meter > 0 { meter + 9 } else { 0 });
    let notes = match (device.default, device.monitor) {
        (true, true) => "default, monitor",
        (true, false) => "default",
        (false, true) => "monitor",
        (false, false) => "",
    };
    let names = Rect {
        width: end.saturating_sub(1),
        ..line
    };
    let edge = pen.right(names, 20, 0, notes, style);
    let room = usize::from(edge.saturating_sub(3));
    let name = fit(&pen.clean(&device.name), room, theme.unicode);
    pen.text(names, 2, 0, &name, style);
    let Some(peak) = choice.peak_dbfs.filter(|_| meter > 0) else {
        return;
    };
    let share = 1.0 - peak / FLOOR_DBFS;
    let bar = theme.bar(share, usize::from(meter));
    pen.text(line, end, 0, &bar, style);
    let figure = if peak > FLOOR_DBFS {
        format!("{peak:.0} dB")
    } else {
        "quiet".to_owned()
    };
    pen.right(line, end, 0, &figure, style);
}
