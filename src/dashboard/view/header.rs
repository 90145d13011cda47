//! The first row: the input and the voice activity.

use ratatui::layout::Rect;

use super::Pen;
use crate::dashboard::state::picture::Phase;
use crate::dashboard::text::{self, fit};
use crate::dashboard::theme::Theme;
use crate::text::clock;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, frozen: bool) {
    let unicode = pen.theme.unicode;
    let time = match pen.picture.position {
        Some(position) => clock(position.at_s),
        None => clock(pen.picture.now),
    };
    let edge = pen.right(area, 0, 0, &time, Theme::dim());
    let (state, style) = if frozen {
        (pen.theme.either("❚❚ frozen", "= frozen"), Theme::strong())
    } else {
        phase(pen)
    };
    let width = text::width(state) as u16;
    let edge = edge.saturating_sub(width + 3);
    pen.text(area, edge, 0, state, style);
    if edge < 6 {
        return;
    }
    let mut x = 0;
    if area.width >= 58 {
        x = pen.text(area, x, 0, "emoscope", Theme::strong()) + 2;
    }
    let mut source = pen.clean(&pen.picture.status.source);
    let room = usize::from(edge.saturating_sub(x + 2));
    // The file name is the most useful part of a long path.
    if pen.picture.status.replay
        && text::width(&source) > room
        && let Some((_, name)) = source.rsplit_once(['/', '\\'])
    {
        source = name.to_owned();
    }
    pen.text(area, x, 0, &fit(&source, room, unicode), Theme::dim());
}

/// The voice activity in words, with its symbol.
fn phase(pen: &Pen<'_>) -> (&'static str, ratatui::style::Style) {
    let picture = pen.picture;
    let paused = picture.position.is_some_and(|position| position.paused);
    let either = |unicode, ascii| pen.theme.either(unicode, ascii);
    if picture.ended {
        return (either("■ ended", "# ended"), Theme::strong());
    }
    if paused {
        return (either("❚❚ paused", "= paused"), Theme::strong());
    }
    if picture.is_pending() {
        return (either("◌ analyzing", ". analyzing"), Theme::dim());
    }
    match picture.phase() {
        Phase::Away(outage) if outage.gone => (either("✕ lost", "x lost"), Theme::strong()),
        Phase::Away(_) => (either("✕ no sound", "x no sound"), Theme::strong()),
        Phase::Starting => (either("◌ starting", ". starting"), Theme::dim()),
        Phase::Muted => (either("⊘ muted?", "x muted?"), Theme::strong()),
        Phase::Silent => (either("○ silent", "o silent"), Theme::dim()),
        Phase::WarmingUp => (either("◐ warming up", "+ warming up"), Theme::strong()),
        Phase::Uncertain => (either("◑ uncertain", "+ uncertain"), Theme::strong()),
        Phase::Labelled => (either("● speaking", "* speaking"), Theme::strong()),
    }
}
