//! The last rows: where a replay stands, the machinery, and what it has to say.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::Pen;
use super::parts::{self, Part};
use crate::dashboard::state::picture::Picture;
use crate::dashboard::text::{self, wrapped};
use crate::dashboard::theme::Theme;
use crate::messages::Position;
use crate::text::clock;

/// The line of a replay.
pub(super) fn progress(pen: &mut Pen<'_>, area: Rect) {
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
    pen.right(area, pen.gutter, 0, &times, Style::new());
    let share = position.at_s / position.total_s.unwrap_or(f64::INFINITY);
    let played = (share.clamp(0.0, 1.0) * f64::from(line.width)).round() as u16;
    for x in 0..line.width {
        let (symbol, style) = if x < played {
            (theme.either('━', '='), Style::new())
        } else {
            (theme.either('─', '-'), Theme::dim())
        };
        pen.cell(line, x, 0, symbol, style);
    }
}

/// Where the line of a replay stands; none where its length is not known.
pub(super) fn line(picture: &Picture, area: Rect, gutter: u16) -> Option<Rect> {
    let position = picture.position.filter(|_| area.height > 0)?;
    position.total_s.filter(|total| *total > 0.0)?;
    let width = text::width(&times(&position)) as u16;
    let end = area.width.checked_sub(width).filter(|end| *end >= gutter);
    let line = Rect {
        x: area.x + gutter,
        width: end.unwrap_or(area.width).saturating_sub(gutter + 2),
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

/// The machinery.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let edge = pen.right(area, 0, 0, "? keys", Theme::dim());
    let area = Rect {
        width: edge.saturating_sub(2),
        ..area
    };
    let parts = machinery(pen, area.width);
    parts::draw(pen, area, 0, parts);
}

/// A sentence for the person over the last rows, whole.
pub(super) fn notice(pen: &mut Pen<'_>, screen: Rect) {
    let Some(notice) = pen.picture.notice() else {
        return;
    };
    let notice = pen.clean(notice);
    let room = usize::from(screen.width.saturating_sub(3));
    let lines = wrapped(&notice, room);
    let height = (lines.len() as u16).min(screen.height);
    let area = Rect {
        y: screen.bottom() - height,
        height,
        ..screen
    };
    Clear.render(area, pen.buffer);
    pen.text(area, 0, 0, "!", Theme::strong());
    for (y, line) in (0..height).zip(&lines) {
        pen.text(area, 2, y, line, Theme::strong());
    }
}

fn machinery(pen: &Pen<'_>, width: u16) -> Vec<Part> {
    let status = &pen.picture.status;
    let dim = Theme::dim();
    let mut parts = Vec::new();
    if let Some(path) = &status.recording {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let mut text = pen.theme.either("● rec", "* rec").to_owned();
        if width >= 60 {
            text = format!("{text} {}", pen.clean(&name.to_string_lossy()));
        }
        parts.push((8, text, Theme::strong()));
    }
    if status.samples_lost > 0 {
        let text = format!("{} samples lost", status.samples_lost);
        parts.push((9, text, Theme::strong()));
    } else if !status.source.is_empty() {
        parts.push((4, "0 lost".to_owned(), dim));
    }
    if let Some(seconds) = pen.picture.voice_s() {
        parts.push((7, format!("voice {seconds} s"), dim));
    }
    if !status.engine.is_empty() {
        parts.push((6, pen.clean(&status.engine), dim));
        // A recording is read ahead of time: only the engine's own time means something.
        if !status.replay {
            let latency = milliseconds(status.latency_ms);
            parts.push((5, format!("{latency:.0} ms latency"), dim));
        }
    }
    if !status.model.is_empty() {
        parts.push((2, pen.clean(&status.model), dim));
    }
    if status.sample_rate > 0 {
        parts.push((3, format(status.sample_rate, status.channels), dim));
    }
    if !status.engine.is_empty() && status.inference_ms > 0.0 {
        let inference = milliseconds(status.inference_ms);
        parts.push((0, format!("{inference:.1} ms inference"), dim));
    }
    parts
}

/// A format as people say it: "48 kHz stereo".
fn format(sample_rate: u32, channels: u16) -> String {
    let kilohertz = f64::from(sample_rate) / 1000.0;
    match channels {
        1 => format!("{kilohertz} kHz mono"),
        2 => format!("{kilohertz} kHz stereo"),
        channels => format!("{kilohertz} kHz, {channels} channels"),
    }
}

fn milliseconds(value: f32) -> f32 {
    if value.is_finite() {
        value.clamp(0.0, 99_999.0)
    } else {
        0.0
    }
}
