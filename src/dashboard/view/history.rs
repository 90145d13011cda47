//! The past, a column for each stretch of time: which label was called and how
//! sure the model was, or, where there is room, a row for each label.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Pen;
use super::axis::Axis;
use crate::dashboard::state::TimeScale;
use crate::dashboard::state::history::{Column, History};
use crate::dashboard::state::judgement::Judgement;
use crate::dashboard::state::picture::Picture;
use crate::dashboard::text::fit;
use crate::dashboard::theme::Theme;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let axis = Axis::new(pen, area);
    if !pen.picture.lanes.is_empty() {
        return lanes(pen, &axis, area);
    }
    let columns = columns(&axis, pen.picture, &pen.picture.history);
    let labels = pen.marks.len() as u16;
    let chart = area.height.saturating_sub(2);
    if axis.gutter > 0 && labels > 0 && chart >= labels {
        let lane = chart / labels;
        for label in 0..usize::from(labels) {
            let top = lane * label as u16;
            name(pen, area, top + lane - 1, label, axis.gutter);
            for (x, judgement) in judged(&columns) {
                lane_cell(pen, &axis, (x, top, lane), label, judgement);
            }
        }
    } else if chart > 0 {
        if axis.gutter > 14 {
            pen.text(area, 4, 0, "confidence", Theme::dim());
        }
        for (x, judgement) in judged(&columns) {
            let (symbol, _, style) = pen.call(judgement.call);
            let place = (x, 0, chart);
            rising(pen, &axis, place, judgement.confidence, symbol, style);
        }
    }
    let row = area.height.saturating_sub(2);
    if axis.gutter > 0 {
        pen.text(area, 4, row, "called", Theme::dim());
    }
    for (x, column) in (0..).zip(&columns) {
        called(pen, &axis, x, row, column);
    }
    if area.height >= 2 {
        if axis.gutter > 0 {
            pen.text(area, 4, area.height - 1, &axis.scale.name(), Theme::dim());
        }
        axis.draw(pen, area.height - 1);
    }
}

/// A lane for each channel: its name, which label was called, and above it, where
/// there is room, how sure the model was.
fn lanes(pen: &mut Pen<'_>, axis: &Axis, area: Rect) {
    let picture = pen.picture;
    let rows = area.height.saturating_sub(1).max(1);
    let count = (picture.lanes.len() as u16).min(rows);
    let height = rows / count.max(1);
    let gaps = columns(axis, picture, &picture.history);
    for (place, (number, history)) in (0..count).zip(&picture.lanes) {
        let top = rows - count * height + place * height;
        let last = top + height - 1;
        let of_lane = columns(axis, picture, history);
        for (x, (column, gap)) in (0..).zip(of_lane.iter().zip(&gaps)) {
            let column = if *gap == Column::Gap { gap } else { column };
            called(pen, axis, x, last, column);
            if let Column::Judged(judgement) = column
                && height > 1
            {
                let (symbol, _, style) = pen.call(judgement.call);
                let chart = (x, top, height - 1);
                rising(pen, axis, chart, judgement.confidence, symbol, style);
            }
        }
        if axis.gutter > 0 {
            let name = format!("channel {number}");
            pen.text(area, 4, last, &name, Theme::dim());
        } else {
            pen.text(area, 0, last, &number.to_string(), Theme::dim());
        }
    }
    if area.height >= 2 {
        if axis.gutter > 0 {
            pen.text(area, 4, area.height - 1, &axis.scale.name(), Theme::dim());
        }
        axis.draw(pen, area.height - 1);
    }
}

/// The time at a place of the past, in seconds; none where there is none.
pub(super) fn time(
    picture: &Picture,
    (scale, gutter): (TimeScale, u16),
    area: Rect,
    at: Position,
) -> Option<f64> {
    let axis = Axis::of(picture, scale, area, gutter);
    let column = axis.area.contains(at).then(|| at.x - axis.area.x)?;
    axis.span(column).map(|(from, _)| from)
}

fn judged(columns: &[Column]) -> impl Iterator<Item = (u16, &Judgement)> {
    (0..).zip(columns).filter_map(|(x, column)| match column {
        Column::Judged(judgement) => Some((x, judgement)),
        _ => None,
    })
}

/// What each column holds.
fn columns(axis: &Axis, picture: &Picture, history: &History) -> Vec<Column> {
    let column = |x| match axis.span(x) {
        Some((from, to)) => history.column(from, to.min(picture.known_s())),
        None => Column::Silent,
    };
    (0..axis.area.width).map(column).collect()
}

/// The symbol under a column.
fn called(pen: &mut Pen<'_>, axis: &Axis, x: u16, y: u16, column: &Column) {
    let theme = pen.theme;
    let (symbol, style) = match column {
        Column::Silent => return,
        Column::Voice => (theme.either('·', '.'), Theme::dim()),
        Column::Gap => (theme.either('×', 'x'), Theme::strong()),
        Column::Judged(judgement) => {
            let (symbol, _, style) = pen.call(judgement.call);
            (symbol, style)
        }
    };
    pen.cell(axis.area, x, y, symbol, style);
}

/// A column that rises from the bottom of `rows` rows that begin at `top`.
fn rising(
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
    let mark = &pen.marks[label];
    let (symbol, style) = (mark.symbol, mark.style);
    let style = if judgement.call == Some(label) {
        style
    } else {
        style.patch(Theme::dim())
    };
    rising(pen, axis, place, judgement.share(label), symbol, style);
}

/// The name before a row.
fn name(pen: &mut Pen<'_>, area: Rect, y: u16, label: usize, gutter: u16) {
    let mark = &pen.marks[label];
    let room = usize::from(gutter.saturating_sub(6));
    let name = fit(&mark.name, room, pen.theme.unicode);
    pen.cell(area, 2, y, mark.symbol, mark.style);
    pen.text(area, 4, y, &name, Theme::dim());
}
