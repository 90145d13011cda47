//! Where things stand: what matters most gets its rows first, and what does
//! not fit is left out whole.

use ratatui::layout::Rect;

use crate::dashboard::text;
use crate::dashboard::theme::Mark;
use crate::messages::Status;

/// Columns at which the list of utterances stands beside the bars.
const WIDE: u16 = 100;
/// Columns of that list, and of the gap before it.
const LIST_WIDTH: u16 = 36;
const LIST_GAP: u16 = 2;
/// Columns of the widest label.
const LABEL_WIDTH: usize = 14;

/// The place of each part; an empty one is not drawn.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub header: Rect,
    pub call: Rect,
    pub bars: Rect,
    pub level: Rect,
    pub history: Rect,
    pub utterances: Rect,
    pub progress: Rect,
    pub footer: Rect,
    pub gutter: u16,
}

/// Rows of each part and of the gaps between them.
#[derive(Default)]
struct Rows {
    header: u16,
    call: u16,
    bars: u16,
    level: u16,
    history: u16,
    list: u16,
    progress: u16,
    footer: u16,
    gaps: [u16; 6],
}

impl Plan {
    pub(super) fn new(area: Rect, marks: &[Mark], status: &Status) -> Self {
        let labels = marks.len().max(2) as u16;
        let wide = area.width >= WIDE;
        let rows = Rows::share(area.height, labels, wide, status);
        let margin = u16::from(area.width >= 60);
        let inner = Rect {
            x: area.x + margin,
            width: area.width - 2 * margin,
            ..area
        };
        let mut y = area.y;
        let mut take = |height: u16, gap: u16| {
            let part = Rect { y, height, ..inner };
            y += height + gap;
            part
        };
        let header = take(rows.header, rows.gaps[0]);
        let mut call = take(rows.call, rows.gaps[1]);
        let mut bars = take(rows.bars, rows.gaps[2]);
        let level = take(rows.level, rows.gaps[3]);
        let history = take(rows.history, rows.gaps[4]);
        let mut utterances = take(rows.list, rows.gaps[5]);
        let from_below = |above: u16, height: u16| Rect {
            y: area.bottom() - above - height,
            height,
            ..inner
        };
        let footer = from_below(0, rows.footer);
        let progress = from_below(rows.footer, rows.progress);
        if wide && rows.bars > 0 && rows.gaps[1] > 0 {
            let left = inner.width - LIST_WIDTH - LIST_GAP;
            call.width = left;
            bars.width = left;
            utterances = Rect {
                x: inner.x + left + LIST_GAP,
                y: call.y,
                width: LIST_WIDTH,
                height: bars.bottom() - call.y,
            };
        }
        let longest = marks.iter().map(|mark| text::width(&mark.name)).max();
        let label = longest.unwrap_or(0).clamp(5, LABEL_WIDTH) as u16;
        Self {
            header,
            call,
            bars,
            level,
            history,
            utterances,
            progress,
            footer,
            gutter: (label + 6).min(inner.width / 2),
        }
    }
}

impl Rows {
    /// Shares out the rows of a screen.
    fn share(height: u16, labels: u16, wide: bool, status: &Status) -> Self {
        let replay = status.replay;
        let mut rows = Self::default();
        let mut left = height;
        // First what cannot be missed, in the order of its weight.
        grant(&mut rows.call, 1, &mut left);
        grant(&mut rows.header, 1, &mut left);
        let bars = labels.min(
            left.saturating_sub(if left > 4 { 3 } else { 0 })
                .max(left.min(2)),
        );
        grant(&mut rows.bars, bars, &mut left);
        grant(&mut rows.footer, 1, &mut left);
        // Events alone know no level.
        grant(&mut rows.level, u16::from(!status.recorded), &mut left);
        grant(&mut rows.history, 1, &mut left);
        let rest = labels - rows.bars;
        grant(&mut rows.bars, rest, &mut left);
        grant(&mut rows.progress, u16::from(replay), &mut left);
        // Then room to breathe and the past.
        grant(&mut rows.history, 1, &mut left);
        grant(&mut rows.gaps[3], u16::from(!status.recorded), &mut left);
        grant(&mut rows.gaps[0], 1, &mut left);
        grant(&mut rows.gaps[2], 1, &mut left);
        grant(&mut rows.history, 2, &mut left);
        if left >= 3 {
            grant(&mut rows.call, 2, &mut left);
            grant(&mut rows.gaps[1], 1, &mut left);
        }
        grant(&mut rows.gaps[4], u16::from(!replay), &mut left);
        grant(&mut rows.history, 2, &mut left);
        grant(&mut rows.gaps[4], u16::from(replay), &mut left);
        // A row of its own for each label's past, then more of each.
        let lanes = labels + 2;
        if left + rows.history >= lanes {
            let more = lanes.saturating_sub(rows.history);
            grant(&mut rows.history, more, &mut left);
        }
        if !wide && left >= 5 {
            grant(&mut rows.gaps[5], 1, &mut left);
            grant(&mut rows.list, 12.min(left), &mut left);
        }
        // The past twice as high says more than bars wide apart; then those, then
        // more of the past. What is left then goes between the parts, not below.
        let tall = rows.history >= lanes;
        if tall && left >= labels {
            grant(&mut rows.history, labels, &mut left);
        }
        if wide && left >= labels {
            grant(&mut rows.bars, labels - 1, &mut left);
        }
        while tall && left >= labels && rows.history < 6 * labels + 2 {
            grant(&mut rows.history, labels, &mut left);
        }
        for gap in [2, 3, 1, 4, 0, 2, 3, 1] {
            if rows.gaps[gap] > 0 {
                grant(&mut rows.gaps[gap], 1, &mut left);
            }
        }
        rows
    }
}

/// Gives up to `wanted` rows to a part.
fn grant(part: &mut u16, wanted: u16, left: &mut u16) {
    let given = wanted.min(*left);
    *part += given;
    *left -= given;
}
