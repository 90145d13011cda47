//! The list of inputs.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::Pen;
use super::overlay::{around, boxed, inside};
use crate::dashboard::state::PointerTarget;
use crate::dashboard::state::menu::{Choice, DeviceMenu};
use crate::dashboard::state::meter::FLOOR_DBFS;
use crate::dashboard::text::{self, fit};
use crate::dashboard::theme::Theme;

/// Columns of an input's meter, and of its reading with the gaps.
const METER_WIDTH: u16 = 10;
const READING_WIDTH: u16 = 9;

/// Position of the list of inputs: its box, its rows, and the number of the first
/// entry.
fn list_of(area: Rect, menu: &DeviceMenu) -> (Rect, Rect, usize) {
    let rows = menu.choices.as_ref().map_or(0, Vec::len).clamp(1, 16) as u16;
    let outer = around(area, 68, rows + 2);
    let inside = inside(outer);
    let list = Rect {
        height: inside
            .height
            .saturating_sub(if inside.height > 3 { 2 } else { 0 }),
        ..inside
    };
    // Keep the selected entry visible.
    let first = menu
        .selected
        .saturating_sub(usize::from(list.height).saturating_sub(1));
    (outer, list, first)
}

/// What is at a position while the list of inputs is open.
pub(super) fn target(area: Rect, menu: &DeviceMenu, at: Position) -> PointerTarget {
    let (outer, list, first) = list_of(area, menu);
    let choices = menu.choices.as_ref().map_or(0, Vec::len);
    let number = first + usize::from(at.y.saturating_sub(list.y));
    if list.contains(at) && number < choices {
        PointerTarget::Choice(number)
    } else if outer.contains(at) {
        PointerTarget::Nothing
    } else {
        PointerTarget::Outside
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, menu: &DeviceMenu) {
    let choices = menu.choices.as_deref().unwrap_or_default();
    let (outer, list, first) = list_of(area, menu);
    let inside = boxed(pen, outer, "inputs");
    let keys = match (pen.theme.unicode, inside.width) {
        (true, 38..) => "↑ ↓ choose   Enter switch   Esc close",
        (true, _) => "↑ ↓  Enter switch  Esc close",
        (false, _) => "up/down, Enter, Esc",
    };
    pen.text(
        inside,
        0,
        inside.height.saturating_sub(1).max(list.height),
        keys,
        Theme::dim(),
    );
    if choices.is_empty() {
        let words = if menu.choices.is_some() {
            "no input found"
        } else {
            pen.theme.either("looking…", "looking...")
        };
        pen.text(list, 0, 0, words, Style::new());
        return;
    }
    for (y, (number, choice)) in (0..list.height).zip(choices.iter().enumerate().skip(first)) {
        let line = Rect {
            y: list.y + y,
            height: 1,
            ..list
        };
        input(pen, line, choice, number == menu.selected);
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
    let notes = match (device.default, device.monitor) {
        (true, true) => "default, monitor",
        (true, false) => "default",
        (false, true) => "monitor",
        (false, false) => "",
    };
    let name = pen.clean(&device.name);
    // The full name has priority over the meter, and the meter over the notes.
    let used = 3 + text::width(&name) as u16;
    let meter = if line.width >= used + METER_WIDTH + READING_WIDTH {
        METER_WIDTH + READING_WIDTH
    } else {
        0
    };
    let names = Rect {
        width: line.width - meter,
        ..line
    };
    pen.right(names, used, 0, notes, style);
    let room = usize::from(names.width.saturating_sub(2));
    pen.text(names, 2, 0, &fit(&name, room, theme.unicode), style);
    let Some(peak) = choice.peak_dbfs.filter(|_| meter > 0) else {
        return;
    };
    let share = 1.0 - peak / FLOOR_DBFS;
    let bar = theme.bar(share, usize::from(METER_WIDTH));
    pen.text(line, names.width + 1, 0, &bar, style);
    let figure = if peak > FLOOR_DBFS {
        format!("{peak:.0} dB")
    } else {
        "quiet".to_owned()
    };
    pen.right(line, names.width, 0, &figure, style);
}
