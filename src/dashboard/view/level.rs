//! The level meter with its scale.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::state::meter::{FLOOR_DBFS, PeakMeter};
use crate::dashboard::text;
use crate::dashboard::theme::Theme;

/// Columns of the widest reading, so that the meter does not move.
const READING_WIDTH: u16 = 10;
/// The overload mark.
const CLIP: &str = " CLIP ";
/// Levels named on the scale, in dBFS.
const SCALE_DBFS: [i16; 6] = [-60, -48, -36, -24, -12, 0];

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let lost = pen.picture.status.outage.is_some();
    let meter = if lost {
        PeakMeter::default()
    } else {
        pen.picture.meter
    };
    let theme = pen.theme;
    pen.text(area, 4, 0, "level", Theme::dim());
    let reading = if lost {
        "no signal".to_owned()
    } else if meter.rms > FLOOR_DBFS {
        format!("{:.0} dBFS", meter.rms)
    } else {
        "quiet".to_owned()
    };
    pen.right(area, pen.gutter, 0, &reading, Style::new());
    let clip_width = text::width(CLIP) as u16;
    if meter.clipped {
        let x = area.width.saturating_sub(READING_WIDTH + clip_width);
        pen.text(area, x, 0, CLIP, theme.alert());
    }
    let columns = area
        .width
        .saturating_sub(READING_WIDTH + clip_width + pen.gutter);
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
    let threshold = meter
        .threshold
        .map(|dbfs| at(dbfs).min(columns.saturating_sub(1)));
    if let Some(x) = threshold.filter(|_| columns > 0) {
        let symbol = theme.either('┆', ':');
        pen.cell(area, pen.gutter + x, 0, symbol, Theme::strong());
    }
    let mut free = 0;
    for dbfs in SCALE_DBFS {
        let tick = dbfs.to_string();
        let width = tick.len() as u16;
        // Its last digit is below its level.
        let end = at(f32::from(dbfs)).max(width).min(columns);
        if columns > 0 && end >= width + free {
            pen.text(area, pen.gutter + end - width, 1, &tick, Theme::dim());
            free = end + 2;
        }
    }
}
