//! The last prediction in large letters, and its scope.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::parts::{self, Part};
use super::{Pen, font};
use crate::dashboard::state::picture::Phase;
use crate::dashboard::state::prediction::{Prediction, Shown, Standing};
use crate::dashboard::summary::duration;
use crate::dashboard::text::{self, percent};
use crate::dashboard::theme::Theme;
use crate::events::Reason;
use crate::messages::Outage;
use crate::text::{clock, signed};

/// Draws the prediction; its scope is drawn after it or in the row below.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, standing: Rect) {
    let end = word(pen, area);
    let parts = explanation(pen);
    if standing.height > 0 {
        parts::draw(pen, standing, 4, parts);
    } else {
        let row = Rect {
            y: area.y + area.height / 2,
            height: area.height.min(1),
            ..area
        };
        parts::draw_right(pen, row, end + 2, parts);
    }
}

/// Draws the word to be read at a glance; returns the column after it.
fn word(pen: &mut Pen<'_>, area: Rect) -> u16 {
    let picture = pen.picture;
    let strong = Theme::strong();
    match (picture.phase(), &picture.shown) {
        (Phase::Away(outage), _) => {
            let what = if outage.gone { "LOST" } else { "NO SOUND" };
            let time = clock(f64::from(outage.seconds));
            words(pen, area, '!', &[(what, strong), (&time, strong)], true)
        }
        (Phase::Muted, None) => words(pen, area, '!', &[("MUTED?", strong)], true),
        _ if picture.is_pending() => {
            let share = percent(picture.analyzed_share().unwrap_or(0.0) as f32);
            let text = format!("{} {share}", pen.theme.either("analyzing…", "analyzing..."));
            pen.small(area, &text, &text)
        }
        (_, Some(shown)) => predicted(pen, area, &shown.prediction),
        (Phase::WarmingUp, None) => pen.small(area, "warming up…", "warming up..."),
        (Phase::Starting, None) => pen.small(area, "starting…", "starting..."),
        _ if picture.ended => pen.small(area, "no speech", "no speech"),
        _ => pen.small(area, "listening…", "listening..."),
    }
}

fn predicted(pen: &mut Pen<'_>, area: Rect, prediction: &Prediction) -> u16 {
    let look = |pen: &Pen<'_>, style: Style| {
        let style = style.patch(Theme::strong());
        if pen.picture.dimmed() {
            Theme::dimmed(style)
        } else {
            style
        }
    };
    if prediction.label.is_some() {
        let (symbol, name, style) = pen.label(prediction.label);
        let (name, style) = (name.to_uppercase(), look(pen, style));
        let share = format!("{:.0}%", prediction.confidence * 100.0);
        let plain = look(pen, Style::new());
        return words(pen, area, symbol, &[(&name, style), (&share, plain)], false);
    }
    let plain = look(pen, Style::new());
    if !matches!(prediction.reason, Some(Reason::Between) | None) {
        return words(pen, area, '?', &[("UNCERTAIN", plain)], true);
    }
    let candidates: Vec<(String, Style)> = prediction
        .candidates()
        .into_iter()
        .flatten()
        .map(|label| {
            let (_, name, style) = pen.label(Some(label));
            (format!("{}?", name.to_uppercase()), look(pen, style))
        })
        .collect();
    if candidates.is_empty() {
        return words(pen, area, '?', &[("UNCERTAIN", plain)], true);
    }
    let names: Vec<_> = candidates
        .iter()
        .map(|(name, style)| (name.as_str(), *style))
        .collect();
    words(pen, area, '?', &names, true)
}

/// Draws a symbol and one or two words as large as fits; returns the column after them.
/// The second word has the same size if `alike`, otherwise it is small. If no big
/// letters fit, both are plain text.
fn words(pen: &mut Pen<'_>, area: Rect, symbol: char, words: &[(&str, Style)], alike: bool) -> u16 {
    let unicode = pen.theme.unicode;
    let width = |word: &str, size: usize| match size {
        0 => Some(text::width(word)),
        size => Some(text::width(&font::big(word, size, unicode)?[0])),
    };
    let sizes = (1..=pen.letters).rev();
    let sizes = sizes.filter(|size| font::rows(*size, unicode) <= usize::from(area.height));
    let large_both = sizes
        .clone()
        .map(|size| (size, if alike { size } else { 1 }));
    let fits = |(size, second): &(usize, usize)| {
        let mut columns = Some(4);
        for (number, (word, _)) in words.iter().enumerate() {
            let size = if number == 0 { *size } else { *second };
            columns = columns.zip(width(word, size)).map(|(a, b)| a + b);
        }
        let gaps = words.len().saturating_sub(1) * font::gap(*size);
        columns.is_some_and(|columns| columns + gaps <= usize::from(area.width))
    };
    let plan = large_both.chain(sizes.map(|size| (size, 0))).find(fits);
    let (first, second) = plan.unwrap_or((0, 0));
    let gap = if first == 0 { 1 } else { font::gap(first) };
    let symbol_style = words.first().map_or(Style::new(), |(_, style)| *style);
    pen.cell(
        area,
        2,
        area.height.saturating_sub(1) / 2,
        symbol,
        symbol_style,
    );
    let mut x = 4;
    for (number, (word, style)) in words.iter().enumerate() {
        let (size, gap) = if number == 0 {
            (first, 0)
        } else {
            (second, gap)
        };
        x = large(pen, area, x + gap as u16, word, size, *style);
    }
    x
}

/// Draws a word in letters of a size, or as text; returns the column after it.
fn large(pen: &mut Pen<'_>, area: Rect, x: u16, word: &str, size: usize, style: Style) -> u16 {
    let rows = if size > 0 {
        font::big(word, size, pen.theme.unicode)
    } else {
        None
    };
    let Some(rows) = rows else {
        return pen.text(area, x, area.height.saturating_sub(1) / 2, word, style);
    };
    let top = area.height.saturating_sub(rows.len() as u16) / 2;
    let mut end = x;
    for (y, row) in (top..).zip(&rows) {
        end = pen.text(area, x, y, row, style);
    }
    end
}

/// The scope of the prediction, in parts.
fn explanation(pen: &Pen<'_>) -> Vec<Part> {
    let picture = pen.picture;
    let (dim, strong) = (Theme::dim(), Theme::strong());
    let part = |weight, text: &str, style| (weight, text.to_owned(), style);
    let mut parts: Vec<Part> = Vec::new();
    let phase = picture.phase();
    match phase {
        Phase::Away(outage) => return away(outage),
        Phase::Muted => {
            parts.push(part(8, "only zeros arrive", strong));
            parts.push(part(0, "muted, or not permitted for this program?", dim));
        }
        _ if picture.ended => parts.push(part(
            7,
            "the recording is over: q quits, Home restarts",
            strong,
        )),
        Phase::WarmingUp if picture.shown.is_some() => {
            parts.push(part(
                8,
                pen.theme.either("warming up…", "warming up..."),
                strong,
            ));
        }
        _ => {}
    }
    let Some(shown) = &picture.shown else {
        return parts;
    };
    if let Some(number) = shown.channel {
        parts.push((9, format!("channel {number}"), strong));
    }
    if let Some(name) = picture.speakers.shown(shown.channel, shown.speaker) {
        parts.push((9, format!("speaker {}", pen.clean(&name)), strong));
    }
    standing(pen, shown, &mut parts);
    if shown.prediction.label.is_none() {
        why(pen, &shown.prediction, &mut parts);
    }
    if let Some(arousal) = shown.prediction.arousal() {
        parts.push((1, format!("arousal {}", signed(arousal.into())), dim));
    }
    parts
}

fn away(outage: Outage) -> Vec<Part> {
    let (what, advice) = if outage.gone {
        ("waiting for it", "d chooses another input")
    } else {
        ("the input delivers nothing", "does the sound server run?")
    };
    vec![
        (2, what.to_owned(), Theme::strong()),
        (1, advice.to_owned(), Theme::dim()),
    ]
}

/// Whether the prediction is live or final, its age, and what it replaced.
fn standing(pen: &Pen<'_>, shown: &Shown, parts: &mut Vec<Part>) {
    let picture = pen.picture;
    if shown.live() {
        let seconds = picture.speaking_s().unwrap_or(0.0);
        parts.push((6, format!("speaking {seconds:.0} s"), Style::new()));
        return;
    }
    parts.push((5, "final".to_owned(), Theme::strong()));
    let age = duration(shown.age_s(picture.now).floor());
    parts.push((6, format!("{age} ago"), Style::new()));
    if let Standing::Revised(before) = shown.standing {
        let (_, name, _) = pen.label(before);
        parts.push((4, format!("was {name}"), Style::new()));
    }
}

/// Why there is no label.
fn why(pen: &Pen<'_>, prediction: &Prediction, parts: &mut Vec<Part>) {
    let words = match prediction.reason {
        Some(Reason::NoSpeech) => "this is not speech",
        Some(Reason::Clipped) => "overloaded: lower the input's level",
        Some(Reason::TooShort) => "too short",
        Some(Reason::TooQuiet) => "too quiet: come nearer",
        Some(Reason::TooNoisy) => "too noisy",
        Some(Reason::Between) | None => {
            let shares = prediction.candidates().into_iter().flatten().map(|label| {
                let (symbol, name, _) = pen.label(Some(label));
                format!("{symbol} {name} {}", percent(prediction.share(label)))
            });
            let shares: Vec<String> = shares.collect();
            parts.push((3, "no label is clear".to_owned(), Style::new()));
            parts.push((2, shares.join(", "), Theme::dim()));
            return;
        }
    };
    parts.push((3, words.to_owned(), Style::new()));
}
