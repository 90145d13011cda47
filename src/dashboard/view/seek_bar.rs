//! The seek bar of a replay: its position, and the content of the whole recording.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::state::history::IntervalContent;
use crate::dashboard::state::picture::Picture;
use crate::dashboard::text;
use crate::dashboard::theme::Theme;
use crate::messages::Position;
use crate::text::clock;

/// Least columns for aligning the bar with the history.
const ALIGNED_COLUMNS: u16 = 58;
/// Columns to the left of the bar on a narrow screen.
const SIGNS_COLUMNS: u16 = 11;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    let Some(position) = pen.picture.position else {
        return;
    };
    if area.height == 0 {
        return;
    }
    let theme = pen.theme;
    let still = position.paused || pen.picture.ended;
    let sign = if still {
        theme.either("❚❚", "=")
    } else {
        theme.either("▶", ">")
    };
    pen.text(area, 2, 0, sign, Theme::strong());
    let speed = match position.speed {
        Some(speed) => format!("{speed}x"),
        None => "max".to_owned(),
    };
    pen.text(area, 5, 0, &speed, Style::new());
    let times = times(&position);
    let Some(line) = line(pen.picture, area, pen.gutter) else {
        pen.text(area, pen.gutter, 0, &times, Style::new());
        return;
    };
    pen.right(area, SIGNS_COLUMNS, 0, &times, Style::new());
    let total_s = position.total_s.unwrap_or(f64::INFINITY);
    let share = (position.at_s / total_s).clamp(0.0, 1.0);
    if pen.picture.ahead.is_some() {
        intervals(pen, line, total_s);
        let last = f64::from(line.width - 1);
        let playhead = (share * f64::from(line.width)).floor().min(last) as u16;
        let symbol = theme.either('┃', '|');
        pen.cell(line, playhead, 0, symbol, Theme::strong());
        return;
    }
    let played = (share * f64::from(line.width)).round() as u16;
    for x in 0..line.width {
        let (symbol, style) = if x < played {
            (theme.either('━', '='), Style::new())
        } else {
            (theme.either('─', '-'), Theme::dim())
        };
        pen.cell(line, x, 0, symbol, style);
    }
}

/// The labels of the recording as shapes and colours.
fn intervals(pen: &mut Pen<'_>, line: Rect, total_s: f64) {
    let column_s = total_s / f64::from(line.width);
    let known_s = pen.picture.known_s();
    for x in 0..line.width {
        let from = f64::from(x) * column_s;
        let dim = Theme::dim();
        let (symbol, style) = if from >= known_s {
            (' ', dim)
        } else {
            match overview(pen.picture, from, from + column_s) {
                IntervalContent::Silent => (pen.theme.either('─', '-'), dim),
                IntervalContent::Voice => (pen.theme.either('·', '.'), dim),
                IntervalContent::Gap => (pen.theme.either('×', 'x'), Theme::strong()),
                IntervalContent::Label(label) => {
                    let (symbol, _, style) = pen.label(label);
                    (symbol, style)
                }
            }
        };
        pen.cell(line, x, 0, symbol, style);
    }
}

/// Area of the seek bar; `None` where the length is unknown.
pub(super) fn line(picture: &Picture, area: Rect, gutter: u16) -> Option<Rect> {
    let position = picture.position.filter(|_| area.height > 0)?;
    position.total_s.filter(|total| *total > 0.0)?;
    let start = if area.width < ALIGNED_COLUMNS {
        SIGNS_COLUMNS.min(area.width)
    } else {
        gutter
    };
    let width = text::width(&times(&position)) as u16;
    let end = area.width.checked_sub(width).filter(|end| *end >= start);
    let line = Rect {
        x: area.x + start,
        width: end.unwrap_or(area.width).saturating_sub(start + 2),
        ..area
    };
    (line.width > 0).then_some(line)
}

fn times(position: &Position) -> String {
    match position.total_s.filter(|total| *total > 0.0) {
        Some(total) => format!("{} / {}", clock(position.at_s), clock(total)),
        None => clock(position.at_s),
    }
}

/// The content of a part of the recording, on any channel.
fn overview(picture: &Picture, from: f64, to: f64) -> IntervalContent {
    let intervals = picture
        .histories()
        .map(|history| history.overview(from, to));
    let rank = |interval: &IntervalContent| match interval {
        IntervalContent::Label(Some(_)) => 4,
        IntervalContent::Label(None) => 3,
        IntervalContent::Gap => 2,
        IntervalContent::Voice => 1,
        IntervalContent::Silent => 0,
    };
    // In a tie the first one is used, which spoke last.
    let most = |a: IntervalContent, b: IntervalContent| if rank(&b) > rank(&a) { b } else { a };
    intervals.reduce(most).unwrap_or(IntervalContent::Silent)
}
