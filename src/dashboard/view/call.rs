//! The current call, as large as there is room for.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{Pen, font};
use crate::dashboard::state::history::Judgement;
use crate::dashboard::state::picture::Phase;
use crate::dashboard::text::{self, percent};
use crate::dashboard::theme::Theme;
use crate::events::Reason;

type Big = [String; font::ROWS];

pub(super) fn draw(pen: &mut Pen<'_>, area: Rect) {
    let picture = pen.picture;
    let middle = area.height / 2;
    let words = match (picture.phase(), &picture.reading) {
        (Phase::Reading, Some(reading)) => return called(pen, area, reading),
        (Phase::Uncertain, Some(reading)) => return uncertain(pen, area, reading),
        (Phase::WarmingUp, _) => pen.theme.either("warming up…", "warming up..."),
        (Phase::Starting, _) => pen.theme.either("starting…", "starting..."),
        (Phase::Muted, _) => "nothing but zeros: is it muted?",
        _ if picture.ended => "the recording is over",
        _ => pen.theme.either("listening…", "listening..."),
    };
    let x = pen.text(area, 2, middle, words, Style::new());
    let aside = if picture.ended {
        "q quits, Home restarts".to_owned()
    } else {
        last(pen).unwrap_or_default()
    };
    if area.height >= 3 {
        pen.text(area, 2, middle + 1, &aside, Theme::dim());
    } else {
        pen.right(area, x + 2, middle, &aside, Theme::dim());
    }
}

fn called(pen: &mut Pen<'_>, area: Rect, reading: &Judgement) {
    let (symbol, name, look) = pen.call(reading.call);
    let (style, name) = (look.patch(Theme::strong()), name.to_uppercase());
    let share = percent(reading.confidence);
    if let Some((big_name, big_share)) = big(pen, area, &name, &share) {
        let digits = Rect {
            width: area.width - 2,
            ..area
        };
        pen.cell(area, 2, 1, symbol, style);
        for (row, (name, share)) in (0..).zip(big_name.iter().zip(&big_share)) {
            pen.text(area, 4, row, name, style);
            pen.right(digits, 0, row, share, Theme::strong());
        }
        pen.right(area, 0, 2, "%", Theme::dim());
        return;
    }
    let y = area.height / 2;
    pen.cell(area, 2, y, symbol, style);
    let x = pen.text(area, 4, y, &name, style);
    pen.right(area, x + 2, y, &share, Theme::strong());
}

/// Name and share in big letters, where there is room and a letter for each.
fn big(pen: &Pen<'_>, area: Rect, name: &str, share: &str) -> Option<(Big, Big)> {
    if !pen.theme.unicode || area.height < font::ROWS as u16 {
        return None;
    }
    let (name, share) = (
        font::big(name)?,
        font::big(share.trim_end_matches([' ', '%']))?,
    );
    let width = 4 + text::width(&name[0]) + 3 + text::width(&share[0]) + 2;
    (width <= usize::from(area.width)).then_some((name, share))
}

fn uncertain(pen: &mut Pen<'_>, area: Rect, reading: &Judgement) {
    let y = area.height / 2;
    pen.cell(area, 2, y, '?', Theme::strong());
    let x = pen.text(area, 4, y, "uncertain", Theme::strong());
    let why = why(pen, reading);
    if area.height >= 3 {
        pen.text(area, 4, y + 1, &why, Theme::dim());
    } else {
        pen.right(area, x + 2, y, &why, Theme::dim());
    }
}

/// Why nothing is named; of two labels, which.
fn why(pen: &Pen<'_>, reading: &Judgement) -> String {
    let words = match reading.reason {
        Some(Reason::NoSpeech) => "this is no speech",
        Some(Reason::Clipped) => "overloaded: lower the input's level",
        Some(Reason::TooShort) => "too short",
        Some(Reason::TooQuiet) => "too quiet: come nearer",
        Some(Reason::TooNoisy) => "too noisy",
        Some(Reason::Between) | None => {
            let mut order: Vec<usize> = (0..reading.probabilities.len()).collect();
            let share = |label: &usize| reading.probabilities[*label];
            order.sort_by(|a, b| share(b).total_cmp(&share(a)));
            let (first, first_name, _) = pen.call(order.first().copied());
            let (second, second_name, _) = pen.call(order.get(1).copied());
            return format!("between {first} {first_name} and {second} {second_name}");
        }
    };
    words.to_owned()
}

/// What the last unit of speech was called.
fn last(pen: &Pen<'_>) -> Option<String> {
    let utterance = pen.picture.utterances.back()?;
    let (symbol, name, _) = pen.call(utterance.judgement.call);
    let share = percent(utterance.judgement.confidence);
    Some(format!("last {symbol} {name} {share}"))
}
