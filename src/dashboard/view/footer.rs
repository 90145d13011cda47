//! The last row: engine, latency, sound, and notices.

use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::Pen;
use super::parts::{self, Part};
use crate::dashboard::text::{percent, wrapped};
use crate::dashboard::theme::Theme;
use crate::messages::Sound;

/// The less obvious keys of a replay, with their weights.
const KEYS: [(u8, &str); 4] = [
    (6, "space pause"),
    (6, "n p utterance"),
    (5, "/ label"),
    (4, "+ - zoom"),
];

/// Draws engine, latency and sound.
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

/// A notice for the user across the last rows, in full.
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
    } else if !status.source.is_empty() && !status.analyzed_ahead {
        parts.push((4, "0 lost".to_owned(), dim));
    }
    if let Some(share) = pen.picture.analyzed_share() {
        let text = format!("analyzing {}", percent(share as f32));
        parts.push((9, text, Theme::strong()));
    }
    parts.extend(sound(pen));
    if let Some(seconds) = pen.picture.voice_s() {
        parts.push((7, format!("voice {seconds} s"), dim));
    }
    if status.analyzed_ahead {
        parts.extend(KEYS.map(|(weight, text)| (weight, text.to_owned(), dim)));
    }
    if !status.engine.is_empty() {
        let weight = if status.analyzed_ahead { 3 } else { 6 };
        parts.push((weight, pen.clean(&status.engine), dim));
        // A recording is read ahead of time, so only the engine's own time is
        // meaningful.
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

/// Whether the recording is audible.
fn sound(pen: &Pen<'_>) -> Option<Part> {
    let picture = pen.picture;
    let speed = picture
        .position
        .map_or(Some(1.0), |position| position.speed);
    let dim = Theme::dim();
    match (picture.status.sound, speed) {
        (Sound::None, _) => None,
        (Sound::NoOutput, _) => Some((8, "no sound".to_owned(), Theme::strong())),
        (Sound::Volume(0), _) => Some((8, "muted".to_owned(), Theme::strong())),
        (Sound::Volume(volume), Some(1.0)) => Some((8, format!("volume {volume}"), dim)),
        // The pitch would be wrong.
        (Sound::Volume(_), Some(speed)) => Some((8, format!("muted at {speed}x"), dim)),
        (Sound::Volume(_), None) => Some((8, "muted".to_owned(), dim)),
    }
}

/// A format in everyday units: "48 kHz stereo".
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
