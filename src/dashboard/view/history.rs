//! The history, one column per time interval: the label and its confidence, or a row
//! per label where there is room.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::Pen;
use super::axis::Axis;
use super::speaker_lanes::{self, SpeakerLane};
use crate::dashboard::state::TimeScale;
use crate::dashboard::state::history::{Column, History, IntervalContent};
use crate::dashboard::state::picture::Picture;
use crate::dashboard::state::prediction::Prediction;
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
    let rows = area.height.saturating_sub(1);
    // At least two rows for the speakers, even if the labels then have none.
    let room = if rows >= labels + 2 {
        rows - labels
    } else {
        rows
    };
    let speakers = speaker_lanes::choose(pen.picture, room);
    let chart = rows.saturating_sub(speakers.len().max(1) as u16);
    if axis.gutter > 0 && labels > 0 && chart >= labels {
        let lane = chart / labels;
        for label in 0..usize::from(labels) {
            let top = lane * label as u16;
            name(pen, area, top + lane - 1, label, axis.gutter);
            for (x, prediction) in predicted(&columns) {
                lane_cell(pen, &axis, (x, top, lane), label, prediction);
            }
        }
    } else if chart > 0 {
        if axis.gutter > 14 {
            pen.text(area, 4, 0, "confidence", Theme::dim());
        }
        for (x, prediction) in predicted(&columns) {
            let (symbol, _, style) = pen.label(prediction.label);
            let place = (x, 0, chart);
            rising(pen, &axis, place, prediction.confidence, symbol, style);
        }
    }
    if speakers.is_empty() {
        if axis.gutter > 0 {
            pen.text(area, 4, chart, "label", Theme::dim());
        }
        for (x, column) in (0..).zip(&columns) {
            label_symbol(pen, &axis, x, chart, column);
        }
    }
    for (row, lane) in (chart..).zip(&speakers) {
        speaker_lane(pen, &axis, (area, row), lane, &columns);
    }
    time_axis(pen, &axis, area);
}

/// The time scale and the axis, where there is a row for them.
fn time_axis(pen: &mut Pen<'_>, axis: &Axis, area: Rect) {
    if area.height < 2 {
        return;
    }
    if axis.gutter > 0 {
        pen.text(area, 4, area.height - 1, &axis.scale.name(), Theme::dim());
    }
    axis.draw(pen, area.height - 1);
}

/// The labels of a speaker in a row.
fn speaker_lane(
    pen: &mut Pen<'_>,
    axis: &Axis,
    (area, row): (Rect, u16),
    lane: &SpeakerLane,
    columns: &[Column],
) {
    let picture = pen.picture;
    for (x, column) in (0..).zip(columns) {
        let Some((from, to)) = axis.span(x) else {
            continue;
        };
        if *column == Column::Gap {
            label_symbol(pen, axis, x, row, column);
        } else if let IntervalContent::Label(label) = lane.label(&picture.history, from, to) {
            let (symbol, _, style) = pen.label(label);
            pen.cell(axis.area, x, row, symbol, style);
        }
    }
    let style = if lane.speaks(picture) {
        Theme::strong()
    } else {
        Theme::dim()
    };
    if axis.gutter > 0 {
        let room = usize::from(axis.gutter.saturating_sub(5));
        let name = fit(&pen.clean(&lane.name), room, pen.theme.unicode);
        pen.text(area, 4, row, &name, style);
    } else {
        pen.text(area, 0, row, &lane.letter, style);
    }
}

/// A lane per channel: its name, its labels and, where there is room, the confidence
/// above.
fn lanes(pen: &mut Pen<'_>, axis: &Axis, area: Rect) {
    let picture = pen.picture;
    let rows = area.height.saturating_sub(1).max(1);
    if rows == 1 && picture.lanes.len() > 1 {
        return all_channels(pen, axis, area);
    }
    let count = (picture.lanes.len() as u16).min(rows);
    let height = rows / count.max(1);
    let gaps = columns(axis, picture, &picture.history);
    for (place, (number, history)) in (0..count).zip(&picture.lanes) {
        let top = rows - count * height + place * height;
        let last = top + height - 1;
        let of_lane = columns(axis, picture, history);
        for (x, (column, gap)) in (0..).zip(of_lane.iter().zip(&gaps)) {
            let column = if *gap == Column::Gap { gap } else { column };
            label_symbol(pen, axis, x, last, column);
            if let Column::Predicted(prediction) = column
                && height > 1
            {
                let (symbol, _, style) = pen.label(prediction.label);
                let chart = (x, top, height - 1);
                rising(pen, axis, chart, prediction.confidence, symbol, style);
            }
        }
        if axis.gutter > 0 {
            let name = format!("channel {number}");
            pen.text(area, 4, last, &name, Theme::dim());
        } else {
            pen.text(area, 0, last, &number.to_string(), Theme::dim());
        }
    }
    time_axis(pen, axis, area);
}

/// One row for all channels, where there is no room for a lane each.
fn all_channels(pen: &mut Pen<'_>, axis: &Axis, area: Rect) {
    let picture = pen.picture;
    let each = picture.histories();
    let each: Vec<Vec<Column>> = each
        .map(|history| columns(axis, picture, history))
        .collect();
    let rank = |column: &Column| match column {
        Column::Gap => 4,
        Column::Predicted(prediction) if prediction.label.is_some() => 3,
        Column::Predicted(_) => 2,
        Column::Voice => 1,
        Column::Silent => 0,
    };
    for x in 0..axis.area.width {
        // In a tie the first one is used, which spoke last.
        let of_all = each.iter().rev();
        let of_all = of_all.filter_map(|columns| columns.get(usize::from(x)));
        if let Some(column) = of_all.max_by_key(|column| rank(column)) {
            label_symbol(pen, axis, x, 0, column);
        }
    }
    time_axis(pen, axis, area);
}

/// The time at a position of the history, in seconds; `None` outside it.
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

fn predicted(columns: &[Column]) -> impl Iterator<Item = (u16, &Prediction)> {
    (0..).zip(columns).filter_map(|(x, column)| match column {
        Column::Predicted(prediction) => Some((x, prediction)),
        _ => None,
    })
}

/// The content of each column.
fn columns(axis: &Axis, picture: &Picture, history: &History) -> Vec<Column> {
    let column = |x| match axis.span(x) {
        Some((from, to)) => history.column(from, to.min(picture.known_s())),
        None => Column::Silent,
    };
    (0..axis.area.width).map(column).collect()
}

/// The symbol under a column.
fn label_symbol(pen: &mut Pen<'_>, axis: &Axis, x: u16, y: u16, column: &Column) {
    let theme = pen.theme;
    let (symbol, style) = match column {
        Column::Silent => return,
        Column::Voice => (theme.either('·', '.'), Theme::dim()),
        Column::Gap => (theme.either('×', 'x'), Theme::strong()),
        Column::Predicted(prediction) => {
            let (symbol, _, style) = pen.label(prediction.label);
            (symbol, style)
        }
    };
    pen.cell(axis.area, x, y, symbol, style);
}

/// A column that rises from the bottom of `rows` rows starting at `top`.
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

/// The probability of a label; emphasized where the label was predicted.
fn lane_cell(
    pen: &mut Pen<'_>,
    axis: &Axis,
    place: (u16, u16, u16),
    label: usize,
    prediction: &Prediction,
) {
    let mark = &pen.marks[label];
    let (symbol, style) = (mark.symbol, mark.style);
    let style = if prediction.label == Some(label) {
        style
    } else {
        style.patch(Theme::dim())
    };
    rising(pen, axis, place, prediction.share(label), symbol, style);
}

/// The name left of a row.
fn name(pen: &mut Pen<'_>, area: Rect, y: u16, label: usize, gutter: u16) {
    let mark = &pen.marks[label];
    let room = usize::from(gutter.saturating_sub(6));
    let name = fit(&mark.name, room, pen.theme.unicode);
    pen.cell(area, 2, y, mark.symbol, mark.style);
    pen.text(area, 4, y, &name, Theme::dim());
}
