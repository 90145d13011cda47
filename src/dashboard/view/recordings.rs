//! The list of recordings, full screen.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::Pen;
use crate::dashboard::state::PointerTarget;
use crate::dashboard::state::recordings::RecordingMenu;
use crate::dashboard::text::{self, fit};
use crate::dashboard::theme::Theme;
use crate::text::{clock, count};

/// Position of the entries, and the number of the first one.
fn list_of(area: Rect, menu: &RecordingMenu) -> (Rect, usize) {
    let list = Rect {
        y: area.y + 2,
        height: area.height.saturating_sub(4),
        ..area
    };
    let rows = usize::from(list.height).max(1);
    // Keep the selected entry visible, centred where possible.
    let most = menu.lines.len().saturating_sub(rows);
    (list, menu.selected.saturating_sub(rows / 2).min(most))
}

/// What is at a position of the list.
pub(super) fn target(area: Rect, menu: &RecordingMenu, at: Position) -> PointerTarget {
    let (list, first) = list_of(area, menu);
    let number = first + usize::from(at.y.saturating_sub(list.y));
    if list.contains(at) && number < menu.lines.len() {
        PointerTarget::Choice(number)
    } else {
        PointerTarget::Nothing
    }
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, menu: &RecordingMenu) {
    let unicode = pen.theme.unicode;
    let (list, first) = list_of(area, menu);
    let number = count(menu.lines.len(), "recording");
    let edge = pen.right(area, 0, 0, &number, Theme::dim());
    let start = pen.text(area, 0, 0, "emoscope", Theme::strong()) + 2;
    let folder = pen.clean(&menu.folder);
    let room = usize::from(edge.saturating_sub(start + 2));
    pen.text(area, start, 0, &fit(&folder, room, unicode), Theme::dim());
    let lines = menu.lines.iter().enumerate().skip(first);
    for (y, (number, line)) in (0..list.height).zip(lines) {
        let chosen = number == menu.selected;
        let style = if chosen {
            Theme::strong().add_modifier(Modifier::REVERSED)
        } else {
            Style::new()
        };
        let length = match &line.length_s {
            None => String::new(),
            Some(Ok(seconds)) => clock(*seconds),
            Some(Err(_)) => "not readable".to_owned(),
        };
        if chosen {
            pen.text(list, 0, y, pen.theme.either("›", ">"), Theme::strong());
        }
        let edge = pen.right(list, 0, y, &length, Theme::dim());
        let room = usize::from(edge.saturating_sub(4));
        let name = fit(&pen.clean(&line.name), room, unicode);
        pen.text(list, 2, y, &name, style);
    }
    let keys = if unicode {
        "↑ ↓ choose   Enter play   Esc quit"
    } else {
        "up, down: choose; Enter: play; Esc: quit"
    };
    let problem = menu.lines.get(menu.selected).and_then(|line| {
        let length = line.length_s.as_ref()?;
        length.as_ref().err().map(String::as_str)
    });
    let bottom = area.height.saturating_sub(1);
    match menu.notice.as_deref().or(problem) {
        Some(notice) => {
            let notice = fit(
                &pen.clean(notice),
                usize::from(area.width).max(3) - 2,
                unicode,
            );
            pen.text(area, 0, bottom, "!", Theme::strong());
            pen.text(area, 2, bottom, &notice, Theme::strong());
        }
        None if text::width(keys) <= usize::from(area.width) => {
            pen.text(area, 0, bottom, keys, Theme::dim());
        }
        None => {}
    }
}
