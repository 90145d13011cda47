//! The last minute or more, a column for each stretch of time: which label was
//! called and how sure the model was, or, where there is room, a row for each
//! label.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::state::history::{Judgement, Stretch};
use crate::dashboard::state::picture::Picture;
use crate::dashboard::text::fit;
use crate::dashboard::theme::Theme;

/// Seconds that a column may stand for, and that the whole shows at least.
const COLUMN_S: [f64; 5] = [0.5, 1.0, 2.0, 5.0, 10.0];
const SHOWN_S: f64 = 60.0;

/// The columns and their time.
struct Axis {
    area: Rect,
    column_s: f64,
    /// Number of the newest column, counted from the start of the session.
    newest: i64,
}

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let gutter = before(area, pen.gutter);
    let axis = Axis::new(pen.picture, area, gutter);
    let labels = pen.marks.len() as u16;
    let (chart, rest) = (area.height.saturating_sub(2), area.height);
    if gutter > 0 && labels > 0 && chart >= labels {
        let lane = chart / labels;
        for label in 0..usize::from(labels) {
            let top = lane * label as u16;
            name(pen, area, top + lane - 1, label, gutter);
            axis.each(pen, |pen, x, stretch| {
                if let Stretch::Judged(judgement) = stretch {
                    lane_cell(pen, &axis, (x, top, lane), label, judgement);
                }
            });
        }
    } else if chart > 0 {
        if gutter > 14 {
            pen.text(area, 4, 0, "confidence", Theme::dim());
        }
        axis.each(pen, |pen, x, stretch| {
            if let Stretch::Judged(judgement) = stretch {
                let (symbol, _, style) = pen.call(judgement.call);
                column(
                    pen,
                    &axis,
                    (x, 0, chart),
                    judgement.confidence,
                    symbol,
                    style,
                );
            }
        });
    }
    let row = rest.saturating_sub(2);
    if gutter > 0 {
        pen.text(area, 4, row, "called", Theme::dim());
    }
    axis.each(pen, |pen, x, stretch| mark(pen, &axis, x, row, stretch));
    if rest >= 2 {
        axis.times(pen, rest - 1);
    }
}

/// The time at a place of the past, in seconds; none where there is none.
pub(super) fn time(picture: &Picture, area: Rect, gutter: u16, at: Position) -> Option<f64> {
    let axis = Axis::new(picture, area, before(area, gutter));
    let column = axis.area.contains(at).then(|| at.x - axis.area.x)?;
    let number = axis.newest - i64::from(axis.area.width - 1 - column);
    (number >= 0).then_some(number as f64 * axis.column_s)
}

/// Columns before the past, where there is room for names.
fn before(area: Rect, gutter: u16) -> u16 {
    if area.width >= 60 { gutter } else { 0 }
}

impl Axis {
    fn new(picture: &Picture, area: Rect, gutter: u16) -> Self {
        let area = Rect {
            x: area.x + gutter,
            width: area.width.saturating_sub(gutter),
            ..area
        };
        let fits = |step: &&f64| **step * f64::from(area.width) >= SHOWN_S;
        let column_s = COLUMN_S.iter().find(fits).copied().unwrap_or(10.0);
        Self {
            area,
            column_s,
            newest: (picture.now / column_s).floor() as i64,
        }
    }

    /// Visits the columns from the left.
    fn each(&self, pen: &mut Pen<'_>, mut visit: impl FnMut(&mut Pen<'_>, u16, Stretch<'_>)) {
        let picture = pen.picture;
        for x in 0..self.area.width {
            let number = self.newest - i64::from(self.area.width - 1 - x);
            if number >= 0 {
                let from = number as f64 * self.column_s;
                let to = (from + self.column_s).min(picture.now);
                visit(pen, x, picture.history.stretch(from, to));
            }
        }
    }

    /// Writes how long ago things were.
    fn times(&self, pen: &mut Pen<'_>, y: u16) {
        let now = self.area.width.saturating_sub(3);
        pen.text(self.area, now, y, "now", Theme::dim());
        let mut edge = now;
        for step in 1.. {
            let seconds = step * 15;
            let back = (f64::from(seconds) / self.column_s) as u16;
            if back >= self.area.width {
                break;
            }
            let tick = format!("{seconds} s");
            let x = self.area.width - 1 - back;
            if x + tick.len() as u16 + 3 < edge {
                pen.text(self.area, x, y, &tick, Theme::dim());
                edge = x;
            }
        }
    }
}

/// The symbol under a column.
fn mark(pen: &mut Pen<'_>, axis: &Axis, x: u16, y: u16, stretch: Stretch<'_>) {
    let theme = pen.theme;
    let (symbol, style) = match stretch {
        Stretch::Silent => return,
        Stretch::Voice => (theme.either('·', '.'), Theme::dim()),
        Stretch::Gap => (theme.either('×', 'x'), Theme::strong()),
        Stretch::Judged(judgement) => {
            let (symbol, _, style) = pen.call(judgement.call);
            (symbol, style)
        }
    };
    pen.cell(axis.area, x, y, symbol, style);
}

/// A column that rises from the bottom of `rows` rows that begin at `top`.
fn column(
    pen: &mut Pen<'_>,
    axis: &Axis,
    (x, top, rows): (u16, u16, u16),
    share: f32,
    symbol: char,
    style: Style,
) {
    let eighths = (share * f32::from(rows) * 8.0).round() as usize;
    for up in 0..rows {
        let filled = eighths.saturating_sub(usize::from(up) * 8);
        let cell = pen.theme.level(filled, symbol);
        pen.cell(axis.area, x, top + rows - 1 - up, cell, style);
    }
}

/// How likely one label was; where it was called it stands out.
fn lane_cell(
    pen: &mut Pen<'_>,
    axis: &Axis,
    place: (u16, u16, u16),
    label: usize,
    judgement: &Judgement,
) {
    let share = judgement.probabilities.get(label).copied().unwrap_or(0.0);
    let mark = &pen.marks[label];
    let (symbol, style) = (mark.symbol, mark.style);
    let style = if judgement.call == Some(label) {
        style
    } else {
        style.patch(Theme::dim())
    };
    column(pen, axis, place, share, symbol, style);
}

/// The name before a row.
fn name(pen: &mut Pen<'_>, area: Rect, y: u16, label: usize, gutter: u16) {
    let mark = &pen.marks[label];
    let name = fit(
        &mark.name,
        usize::from(gutter.saturating_sub(6)),
        pen.theme.unicode,
    );
    pen.cell(area, 2, y, mark.symbol, mark.style);
    pen.text(area, 4, y, &name, Theme::dim());
}
