//! The utterances, the newest first.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use crate::dashboard::state::utterance::Utterance;
use crate::dashboard::text::{fit, percent, width};
use crate::dashboard::theme::Theme;
use crate::text::clock;

/// Most columns of a speaker's name.
const NAME_WIDTH: usize = 6;

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    if area.height < 2 {
        return;
    }
    let x = if area.width > 40 { 4 } else { 0 };
    pen.text(area, x, 0, "utterances", Theme::dim());
    let picture = pen.picture;
    let past = picture.past_utterances().rev();
    if past.clone().next().is_none() {
        pen.text(area, x, 1, "none yet", Theme::dim());
        return;
    }
    let names = past.clone().take(usize::from(area.height) - 1);
    let names: Vec<String> = names.map(|utterance| speaker(pen, utterance)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    // A column for the speakers, if there are several.
    let column = (widest + usize::from(widest > 0)) as u16;
    for ((y, utterance), who) in (1..area.height).zip(past).zip(&names) {
        let prediction = &utterance.prediction;
        let (symbol, name, style) = pen.label(prediction.label);
        let (name, length) = (name.to_owned(), utterance.end_s - utterance.start_s);
        let start = clock(utterance.start_s);
        let times = format!("{start:>7} {length:>5.1} s");
        pen.text(area, x.saturating_sub(2), y, &times, Theme::dim());
        let x = x.saturating_sub(2) + 17;
        pen.text(area, x, y, who, Theme::strong());
        let x = x + column;
        pen.cell(area, x, y, symbol, style);
        let newest = if y == 1 {
            Theme::strong()
        } else {
            Style::new()
        };
        let line = Rect {
            width: area.width.min(x + 20),
            ..area
        };
        let share = pen.right(
            line,
            x + 3,
            y,
            &percent(prediction.confidence),
            Theme::dim(),
        );
        let label = Rect {
            width: share.saturating_sub(1),
            ..area
        };
        pen.text(label, x + 2, y, &name, newest);
    }
}

/// The speaker of an utterance; empty where there is only one.
fn speaker(pen: &Pen<'_>, utterance: &Utterance) -> String {
    let (channel, speaker) = (utterance.number.0, utterance.speaker);
    let name = pen.picture.speakers.shown(channel, speaker);
    let name = name.map(|name| fit(&pen.clean(&name), NAME_WIDTH, pen.theme.unicode));
    name.unwrap_or_default()
}
