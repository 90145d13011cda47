//! The speech so far per label, in one row.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::summary::duration;
use crate::dashboard::text::{percent, width};
use crate::dashboard::theme::Theme;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let totals = &pen.picture.totals;
    let dim = Theme::dim();
    pen.text(area, 4, 0, "totals", dim);
    let shares = totals.shares();
    if shares.is_empty() {
        pen.text(area, pen.gutter, 0, "no speech yet", dim);
        return;
    }
    let all = format!("of {} of speech", duration(totals.speech_s()));
    let all = speakers(pen, area.width / 2).unwrap_or(all);
    let right = area.width.saturating_sub(width(&all) as u16 + 2);
    let mut x = pen.gutter;
    for (label, share) in shares {
        let (symbol, name, style) = pen.label(label);
        let text = format!("{name} {}", percent(share));
        let end = x + 2 + width(&text) as u16;
        if end > right {
            break; // the rest is smaller
        }
        pen.cell(area, x, 0, symbol, style);
        pen.text(area, x + 2, 0, &text, Style::new());
        x = end + 2;
    }
    pen.text(area, x, 0, &all, dim);
}

/// How long each speaker has spoken, if there are several: as many as fit in the
/// columns, in the order of their letters.
fn speakers(pen: &Pen<'_>, room: u16) -> Option<String> {
    let speakers = &pen.picture.speakers;
    if !speakers.several() {
        return None;
    }
    let mut text = String::new();
    for ((channel, speaker), seconds) in speakers.iter() {
        let name = pen.clean(&speakers.name((channel, speaker)));
        let gap = if text.is_empty() { "" } else { ", " };
        let more = format!("{gap}{name} {}", duration(seconds));
        if width(&text) + width(&more) > usize::from(room) {
            break;
        }
        text += &more;
    }
    (!text.is_empty()).then_some(text)
}
