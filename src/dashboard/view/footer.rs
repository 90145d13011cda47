//! The last rows: where a replay stands, the machinery, and what it has to say.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::state::picture::Picture;
use crate::dashboard::text;
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

/// The machinery, or a notice in its place.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let keys = if area.width >= 30 { "? keys" } else { "?" };
    let edge = pen.right(area, 0, 0, keys, Theme::dim());
    let area = Rect {
        width: edge.saturating_sub(2),
        ..area
    };
    if let Some(notice) = pen.picture.notice() {
        let notice = pen.clean(notice);
        let x = pen.text(area, 0, 0, "! ", Theme::strong());
        pen.text(area, x, 0, &notice, Theme::strong());
        return;
    }
    let dot = pen.theme.either(" · ", " | ");
    let mut x = 0;
    for (text, style) in chosen(parts(pen, area.width), usize::from(area.width), dot) {
        if x > 0 {
            x = pen.text(area, x, 0, dot, Theme::dim());
        }
        x = pen.text(area, x, 0, &text, style);
    }
}

/// A piece of the footer and its weight: the lightest goes first.
type Part = (u8, String, Style);

fn parts(pen: &Pen<'_>, width: u16) -> Vec<Part> {
    let status = &pen.picture.status;
    let dim = Theme::dim();
    let mut parts = Vec::new();
    if let Some(path) = &status.recording {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let mut text = pen.theme.either("● rec", "* rec").to_owned();
        if width >= 60 {
            text = format!("{text} {}", pen.clean(&name.to_string_lossy()));
        }
        parts.push((7, text, Theme::strong()));
    }
    if status.samples_lost > 0 {
        let text = format!("{} samples lost", status.samples_lost);
        parts.push((8, text, Theme::strong()));
    } else if !status.source.is_empty() {
        parts.push((4, "0 lost".to_owned(), dim));
    }
    if !status.engine.is_empty() {
        parts.push((6, pen.clean(&status.engine), dim));
        // A recording waits for nobody: there, only the engine's time means something.
        if !status.replay {
            let latency = milliseconds(status.latency_ms);
            parts.push((5, format!("{latency:.0} ms latency"), dim));
        }
    }
    if let Some(seconds) = status.baseline_s {
        parts.push((1, format!("voice {seconds} s"), dim));
    }
    if !status.model.is_empty() {
        parts.push((3, pen.clean(&status.model), dim));
    }
    if status.sample_rate > 0 {
        let kilohertz = f64::from(status.sample_rate) / 1000.0;
        parts.push((2, format!("{kilohertz} kHz x {}", status.channels), dim));
    }
    if !status.engine.is_empty() && status.inference_ms > 0.0 {
        let inference = milliseconds(status.inference_ms);
        parts.push((0, format!("{inference:.1} ms inference"), dim));
    }
    parts
}

fn milliseconds(value: f32) -> f32 {
    if value.is_finite() {
        value.clamp(0.0, 99_999.0)
    } else {
        0.0
    }
}

/// As many parts as fit, the weightiest kept.
fn chosen(mut parts: Vec<Part>, room: usize, dot: &str) -> Vec<(String, Style)> {
    let width = |parts: &[Part]| -> usize {
        let texts: usize = parts.iter().map(|(_, text, _)| text::width(text)).sum();
        texts + parts.len().saturating_sub(1) * text::width(dot)
    };
    while parts.len() > 1 && width(&parts) > room {
        let lightest = (0..parts.len()).min_by_key(|part| parts[*part].0);
        parts.remove(lightest.unwrap_or(0));
    }
    parts
        .into_iter()
        .map(|(_, text, style)| (text, style))
        .collect()
}
