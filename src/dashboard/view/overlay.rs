//! What lies over the picture: the keys, and the list of inputs.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;
use ratatui::widgets::{Block, Clear, Widget};

use super::Pen;
use crate::dashboard::keys::{LIVE_HELP, REPLAY_HELP};
use crate::dashboard::state::meter::FLOOR_DBFS;
use crate::dashboard::state::picker::{Choice, Picker};
use crate::dashboard::state::picture::Picture;
use crate::dashboard::state::{Overlay, Target};
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

/// A box in the middle around so much.
fn around(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (area.width.min(width + 4), area.height.min(height + 2));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// What is inside a box.
fn inside(outer: Rect) -> Rect {
    let inner = Block::bordered().inner(outer);
    Rect {
        x: inner.x + u16::from(inner.width > 0),
        width: inner.width.saturating_sub(2),
        ..inner
    }
}

/// Draws an empty box; returns what is inside.
fn boxed(pen: &mut Pen<'_>, outer: Rect, title: &str) -> Rect {
    Clear.render(outer, pen.buffer);
    let block = Block::bordered()
        .border_set(pen.theme.either(border::ROUNDED, ASCII_BORDER))
        .border_style(Theme::dim())
        .title_style(Theme::strong())
        .title(format!(" {title} "));
    block.render(outer, pen.buffer);
    inside(outer)
}

type Lines = &'static [(&'static str, &'static str)];

/// The lines of the help, and the box around them.
fn help_lines(area: Rect, picture: &Picture) -> (Lines, Rect) {
    let lines = if picture.status.replay {
        REPLAY_HELP
    } else {
        LIVE_HELP
    };
    (lines, around(area, 48, lines.len() as u16 + 3))
}

/// What stands at a place while the help is shown.
pub(super) fn beside_help(area: Rect, picture: &Picture, at: Position) -> Target {
    let (_, outer) = help_lines(area, picture);
    if outer.contains(at) {
        Target::Nothing
    } else {
        Target::Outside
    }
}

fn help(pen: &mut Pen<'_>, area: Rect) {
    let (lines, outer) = help_lines(area, pen.picture);
    let height = lines.len() as u16 + 3;
    let area = boxed(pen, outer, "keys");
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

/// Where the list of inputs stands: its box, its rows, and the number of the first one.
fn list_of(area: Rect, picker: &Picker) -> (Rect, Rect, usize) {
    let rows = picker.choices.as_ref().map_or(0, Vec::len).clamp(1, 16) as u16;
    let outer = around(area, 68, rows + 2);
    let inside = inside(outer);
    let list = Rect {
        height: inside
            .height
            .saturating_sub(if inside.height > 3 { 2 } else { 0 }),
        ..inside
    };
    // The chosen one stays in sight.
    let first = picker
        .selected
        .saturating_sub(usize::from(list.height).saturating_sub(1));
    (outer, list, first)
}

/// What stands at a place while the list of inputs is open.
pub(super) fn input_at(area: Rect, picker: &Picker, at: Position) -> Target {
    let (outer, list, first) = list_of(area, picker);
    let choices = picker.choices.as_ref().map_or(0, Vec::len);
    let number = first + usize::from(at.y.saturating_sub(list.y));
    if list.contains(at) && number < choices {
        Target::Choice(number)
    } else if outer.contains(at) {
        Target::Nothing
    } else {
        Target::Outside
    }
}

fn inputs(pen: &mut Pen<'_>, area: Rect, picker: &Picker) {
    let choices = picker.choices.as_deref().unwrap_or_default();
    let (outer, list, first) = list_of(area, picker);
    let inside = boxed(pen, outer, "inputs");
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
