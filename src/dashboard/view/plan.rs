//! Layout: the most important parts get their rows first; a part that does not fit is
//! omitted.

use ratatui::layout::Rect;

use super::{font, speaker_lanes};
use crate::dashboard::state::picture::Picture;
use crate::dashboard::text;
use crate::dashboard::theme::LabelStyle;

/// The smallest screen on which something is drawn.
pub(super) const SMALLEST: (u16, u16) = (40, 12);
/// Least columns for the utterances beside the bars.
const WIDE_COLUMNS: u16 = 100;
/// Columns of that list, and of the gap before it.
const SIDE_WIDTH: u16 = 36;
const SIDE_GAP: u16 = 2;
/// Columns of the widest label.
const LABEL_WIDTH: usize = 14;
/// Least rows of the valence-arousal plane, and of the list above it.
const SQUARE_ROWS: u16 = 8;
const LIST_ROWS: u16 = 5;

/// The area of each part; empty ones are not drawn.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub header: Rect,
    pub word: Rect,
    pub standing: Rect,
    pub trace: Rect,
    pub bars: Rect,
    pub level: Rect,
    pub history: Rect,
    pub totals: Rect,
    pub utterances: Rect,
    pub square: Rect,
    pub progress: Rect,
    pub footer: Rect,
    /// The whole area without the margins.
    pub screen: Rect,
    pub gutter: u16,
    /// Size of the big letters; 0 where none fit.
    pub letters: usize,
}

/// Rows of each part, and of the gaps after some of them.
#[derive(Default)]
struct Rows {
    header: u16,
    header_gap: u16,
    word: u16,
    standing: u16,
    trace: u16,
    trace_gap: u16,
    bars: u16,
    bars_gap: u16,
    level: u16,
    level_gap: u16,
    history: u16,
    totals: u16,
    list_gap: u16,
    list: u16,
    progress: u16,
    footer: u16,
}

/// What the rows are divided among.
#[derive(Clone, Copy)]
struct Need {
    labels: u16,
    wide: bool,
    /// Largest size of the letters for the width.
    letters: usize,
    unicode: bool,
    /// Rows of the seek bar: 1, or 0 for a microphone.
    progress: u16,
    /// Rows that each request for the level grants: 1, or 0 without audio.
    level: u16,
    /// Number of channels that are analyzed separately, or of speakers if there are
    /// several; each has a lane.
    lanes: u16,
    /// Rows for the predicted labels under the rows of the probabilities.
    predicted: u16,
    /// Rows that each request for arousal grants: 1, or 0 without arousal.
    trace: u16,
}

impl Plan {
    pub(super) fn new(area: Rect, marks: &[LabelStyle], picture: &Picture, unicode: bool) -> Self {
        let inner = screen(area);
        let wide = area.width >= WIDE_COLUMNS;
        let names: Vec<&str> = marks.iter().map(|mark| mark.name.as_str()).collect();
        let letters = font::largest(&names, inner.width);
        let speakers = speaker_lanes::count(picture);
        let need = Need {
            labels: marks.len().max(2) as u16,
            wide,
            letters,
            unicode,
            progress: u16::from(picture.status.replay),
            level: u16::from(!picture.status.recorded),
            lanes: (picture.lanes.len() as u16).max(speakers),
            predicted: speakers.max(1),
            trace: u16::from(picture.affect != Some(false)),
        };
        let rows = Rows::choose(area.height, need);
        let mut y = area.y;
        let mut take = |height: u16, gap: u16| {
            let part = Rect { y, height, ..inner };
            y += height + gap;
            part
        };
        let header = take(rows.header, rows.header_gap);
        let word = take(rows.word, 0);
        let standing = take(rows.standing, 0);
        let trace = take(rows.trace, rows.trace_gap);
        let mut bars = take(rows.bars, rows.bars_gap);
        let mut level = take(rows.level, rows.level_gap);
        let history = take(rows.history, 0);
        let totals = take(rows.totals, rows.list_gap);
        let mut utterances = take(rows.list, 0);
        let mut square = Rect::ZERO;
        let from_below = |above: u16, height: u16| Rect {
            y: area.bottom() - above - height,
            height,
            ..inner
        };
        let footer = from_below(0, rows.footer);
        let progress = from_below(rows.footer, rows.progress);
        if wide && rows.bars > 0 && rows.standing > 0 {
            let left = inner.width - SIDE_WIDTH - SIDE_GAP;
            let bottom = level.bottom().max(bars.bottom());
            (bars.width, level.width) = (left, left);
            utterances = Rect {
                x: inner.x + left + SIDE_GAP,
                y: bars.y,
                width: SIDE_WIDTH,
                height: bottom - bars.y,
            };
            if need.trace > 0 && utterances.height > LIST_ROWS + SQUARE_ROWS {
                let more = (utterances.height - LIST_ROWS - SQUARE_ROWS) / 2;
                (utterances, square) = split(utterances, LIST_ROWS + more);
            }
        } else if need.trace > 0 && inner.width > 2 * SIDE_WIDTH && utterances.height >= SQUARE_ROWS
        {
            square = Rect {
                x: inner.right() - SIDE_WIDTH,
                width: SIDE_WIDTH,
                ..utterances
            };
            utterances.width -= SIDE_WIDTH;
        }
        let longest = marks.iter().map(|mark| text::width(&mark.name)).max();
        let label = longest.unwrap_or(0).clamp(7, LABEL_WIDTH) as u16;
        Self {
            header,
            word,
            standing,
            trace,
            bars,
            level,
            history,
            totals,
            utterances,
            square,
            progress,
            footer,
            screen: inner,
            gutter: (label + 6).min(inner.width / 2),
            letters,
        }
    }
}

/// An area without the margins.
pub(super) fn screen(area: Rect) -> Rect {
    let margin = u16::from(area.width >= 60);
    Rect {
        x: area.x + margin,
        width: area.width - 2 * margin,
        ..area
    }
}

/// Splits an area, with an empty row between both parts.
fn split(area: Rect, above: u16) -> (Rect, Rect) {
    let upper = Rect {
        height: above,
        ..area
    };
    let lower = Rect {
        y: area.y + above + 1,
        height: area.height.saturating_sub(above + 1),
        ..area
    };
    (upper, lower)
}

impl Need {
    /// Rows of a history with a row for each label, the predicted labels and the axis.
    fn label_rows(self) -> u16 {
        self.labels + self.predicted + 1
    }
}

/// Spacing that is left out to make room for a history row for each label.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Spacing {
    /// Nothing.
    Wide,
    /// The gap below the header and the second row of arousal.
    Narrow,
    /// The empty rows between the bars.
    Dense,
}

impl Rows {
    /// Divides the rows of a screen. With several speakers, spacing is left out where the
    /// labels of the history would otherwise get no row each.
    fn choose(height: u16, need: Need) -> Self {
        let wide = Self::share(height, need, Spacing::Wide);
        if need.predicted < 2 || !need.wide || wide.history >= need.label_rows() {
            return wide;
        }
        [Spacing::Narrow, Spacing::Dense]
            .map(|spacing| Self::share(height, need, spacing))
            .into_iter()
            .find(|rows| rows.history >= need.label_rows())
            .unwrap_or(wide)
    }

    /// Divides the rows of a screen with a given spacing.
    fn share(height: u16, need: Need, spacing: Spacing) -> Self {
        let mut rows = Self::default();
        let header_gap = u16::from(spacing != Spacing::Narrow);
        let more_trace = if spacing == Spacing::Narrow {
            0
        } else {
            need.trace
        };
        let mut left = height;
        let labels = need.labels;
        // First the indispensable parts, by importance.
        grant(&mut rows.word, 1, &mut left);
        grant(&mut rows.header, 1, &mut left);
        let bars = labels.min(left.saturating_sub(3).max(2));
        grant(&mut rows.bars, bars, &mut left);
        grant(&mut rows.footer, 1, &mut left);
        grant(&mut rows.progress, need.progress, &mut left);
        grant(&mut rows.history, 1, &mut left);
        grant(&mut rows.level, need.level, &mut left);
        grant(&mut rows.standing, 1, &mut left);
        let rest = labels - rows.bars;
        grant(&mut rows.bars, rest, &mut left);
        // Then the history, large letters and space between the parts.
        grant(&mut rows.history, 1, &mut left);
        grant(&mut rows.trace, need.trace, &mut left);
        // With two or more lanes, the lanes and their time axis come first.
        grant(
            &mut rows.history,
            2 + need.lanes.saturating_sub(3).min(4),
            &mut left,
        );
        rows.grant_letters(1, need, &mut left);
        grant(&mut rows.header_gap, header_gap, &mut left);
        grant(&mut rows.level_gap, 1, &mut left);
        grant(&mut rows.totals, 1, &mut left);
        grant(&mut rows.level, need.level, &mut left);
        grant(&mut rows.trace_gap, 1, &mut left);
        grant(&mut rows.history, 2, &mut left);
        grant(&mut rows.bars_gap, 1, &mut left);
        if need.wide && left >= labels && spacing != Spacing::Dense {
            grant(&mut rows.bars, labels - 1, &mut left);
        }
        rows.grant_letters(2, need, &mut left);
        grant(&mut rows.trace, more_trace, &mut left);
        // A history row for each label.
        let lanes = need.label_rows();
        if left + rows.history >= lanes {
            let more = lanes.saturating_sub(rows.history);
            grant(&mut rows.history, more, &mut left);
        }
        rows.grant_letters(3, need, &mut left);
        if !need.wide && left >= 6 {
            grant(&mut rows.list_gap, 1, &mut left);
            grant(&mut rows.list, 12.min(left), &mut left);
        }
        grant(&mut rows.trace, need.trace, &mut left);
        while rows.history >= lanes && left >= labels && rows.history < 5 * labels + lanes {
            grant(&mut rows.history, labels, &mut left);
        }
        // Remaining rows go between the parts, not below them.
        for _ in 0..2 {
            for gap in [
                &mut rows.bars_gap,
                &mut rows.level_gap,
                &mut rows.trace_gap,
                &mut rows.header_gap,
            ] {
                grant(gap, 1, &mut left);
            }
        }
        rows
    }

    /// Gives the word the rows of big letters of a size, or none.
    fn grant_letters(&mut self, size: usize, need: Need, left: &mut u16) {
        let high = font::rows(size, need.unicode) as u16;
        let more = high.saturating_sub(self.word);
        if need.letters >= size && more <= *left {
            grant(&mut self.word, more, left);
        }
    }
}

/// Grants up to `wanted` rows to a part.
fn grant(part: &mut u16, wanted: u16, left: &mut u16) {
    let given = wanted.min(*left);
    *part += given;
    *left -= given;
}
