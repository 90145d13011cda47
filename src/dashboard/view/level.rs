//! The level meter.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::state::meter::FLOOR_DBFS;
use crate::dashboard::text;
use crate::dashboard::theme::Theme;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let meter = pen.picture.meter;
    let theme = pen.theme;
    pen.text(area, 4, 0, "level", Theme::dim());
    let clip = if meter.clipped { " CLIP " } else { "" };
    let reading = if meter.rms > FLOOR_DBFS {
        format!("{:.0} dBFS", meter.rms)
    } else {
        "quiet".to_owned()
    };
    let clip_width = text::width(clip) as u16;
    pen.right(area, pen.gutter, 0, &reading, Style::new());
    // The widest reading sets the length, so that the meter does not jump.
    let end = area.width.saturating_sub(10 + 7);
    if meter.clipped {
        pen.text(
            area,
            area.width.saturating_sub(9 + clip_width),
            0,
            clip,
            theme.alert(),
        );
    }
    let columns = end.saturating_sub(pen.gutter);
    let at = |dbfs: f32| ((1.0 - dbfs / FLOOR_DBFS) * f32::from(columns)).round() as u16;
    let (level, peak) = (at(meter.rms), at(meter.peak));
    for x in 0..columns {
        let (symbol, style) = if peak > 0 && x + 1 == peak {
            (theme.either('┃', '|'), Theme::strong())
        } else if x < level {
            (theme.either('━', '='), Style::new())
        } else {
            (theme.either('─', '-'), Theme::dim())
        };
        pen.cell(area, pen.gutter + x, 0, symbol, style);
    }
}
