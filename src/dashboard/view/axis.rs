//! The time axis of the columns: the last minutes of a session, or the part around the
//! playback position of a recording that is analyzed ahead.

use ratatui::layout::Rect;

use super::Pen;
use crate::dashboard::state::TimeScale;
use crate::dashboard::state::history::History;
use crate::dashboard::state::picture::Picture;
use crate::dashboard::theme::Theme;
use crate::text::clock;

/// Least columns for label names left of the history.
const NAMED_COLUMNS: u16 = 58;
/// Least columns between two time labels.
const TICK_COLUMNS: f64 = 12.0;
/// Seconds between two time labels of a recording.
const TICKS_S: [u32; 14] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
];

/// The columns and their time.
pub(super) struct Axis {
    pub(super) area: Rect,
    /// Columns left of it, for names; 0 where there is no room.
    pub(super) gutter: u16,
    column_s: f64,
    /// Number of the first column, counted from the start of the session.
    first: i64,
    /// End of the axis and end of the known data, in seconds.
    end_s: f64,
    known_s: f64,
    pub(super) scale: TimeScale,
    /// Column of the playback position, where more than the past is shown.
    playhead: Option<u16>,
}

impl Axis {
    pub(super) fn new(pen: &Pen<'_>, area: Rect) -> Self {
        Self::of(pen.picture, pen.scale, area, pen.gutter)
    }

    pub(super) fn of(picture: &Picture, scale: TimeScale, area: Rect, gutter: u16) -> Self {
        let gutter = if area.width >= NAMED_COLUMNS {
            gutter
        } else {
            0
        };
        let area = Rect {
            x: area.x + gutter,
            width: area.width.saturating_sub(gutter),
            ..area
        };
        let width = area.width.max(1);
        let shown_s = scale.seconds().map(f64::from);
        let known_s = picture.known_s();
        let total = picture.position.and_then(|position| position.total_s);
        let whole_s = total.unwrap_or(0.0).max(known_s).max(1.0);
        if picture.ahead.is_none() {
            let column_s = shown_s.unwrap_or(whole_s) / f64::from(width);
            let newest = (picture.now / column_s).floor() as i64;
            return Self {
                area,
                gutter,
                column_s,
                first: newest - i64::from(width) + 1,
                end_s: f64::INFINITY,
                known_s: f64::INFINITY,
                scale,
                playhead: None,
            };
        }
        let column_s = shown_s.unwrap_or(whole_s).min(whole_s) / f64::from(width);
        let now = (picture.now / column_s).floor() as i64;
        let all = (whole_s / column_s).round() as i64;
        let last = (all - i64::from(width)).max(0);
        let first = (now - i64::from(width / 2)).clamp(0, last);
        let playhead = u16::try_from(now - first).ok();
        Self {
            area,
            gutter,
            column_s,
            first,
            end_s: whole_s,
            known_s,
            scale,
            playhead: Some(playhead.unwrap_or(0).min(width - 1)),
        }
    }

    /// Start and end of a column in seconds; `None` outside the known part of the
    /// session.
    pub(super) fn span(&self, x: u16) -> Option<(f64, f64)> {
        let number = self.first + i64::from(x);
        let from = number as f64 * self.column_s;
        (number >= 0 && from < self.known_s).then_some((from, from + self.column_s))
    }

    /// Writes the time labels and the marks.
    pub(super) fn draw(&self, pen: &mut Pen<'_>, y: u16) {
        match self.playhead {
            Some(playhead) => self.clock_times(pen, y, playhead),
            None => self.ages(pen, y),
        }
        self.marks(pen, y);
    }

    /// Writes ages relative to now.
    fn ages(&self, pen: &mut Pen<'_>, y: u16) {
        let now = self.area.width.saturating_sub(3);
        self.tick(pen, (now, y), "now");
        let (step_s, unit_s, unit) = match self.scale {
            TimeScale::TenSeconds => (2, 1, "s"),
            TimeScale::OneMinute => (15, 1, "s"),
            TimeScale::FiveMinutes => (60, 60, "min"),
            TimeScale::ThirtyMinutes => (300, 60, "min"),
            TimeScale::SixtyMinutes | TimeScale::Whole => (600, 60, "min"),
        };
        let mut edge = now;
        for step in 1.. {
            let seconds = step * step_s;
            let back = (f64::from(seconds) / self.column_s) as u16;
            if back >= self.area.width {
                break;
            }
            let tick = format!("{} {unit}", seconds / unit_s);
            let x = self.area.width - 1 - back;
            if x + tick.len() as u16 + 3 < edge {
                self.tick(pen, (x, y), &tick);
                edge = x;
            }
        }
    }

    /// Writes times of the recording and the playback position.
    fn clock_times(&self, pen: &mut Pen<'_>, y: u16, playhead: u16) {
        let wide = |step: &u32| f64::from(*step) / self.column_s >= TICK_COLUMNS;
        let hours = || (self.column_s * TICK_COLUMNS / 3600.0).ceil() as u32 * 3600;
        let step = TICKS_S.into_iter().find(wide).unwrap_or_else(hours);
        let step_s = f64::from(step);
        let from_s = self.first as f64 * self.column_s;
        let first = (from_s / step_s).ceil() as u32;
        for number in first..=first.saturating_add(u32::from(self.area.width)) {
            let seconds = f64::from(number) * step_s;
            let x = ((seconds - from_s) / self.column_s).round();
            let tick = clock(seconds);
            let end = x + tick.len() as f64;
            if end > f64::from(self.area.width) || seconds >= self.end_s {
                break;
            }
            let covered = (x..end).contains(&f64::from(playhead));
            if !covered {
                self.tick(pen, (x as u16, y), &tick);
            }
        }
        let symbol = pen.theme.either('┃', '|');
        pen.cell(self.area, playhead, y, symbol, Theme::strong());
    }

    /// Writes a time label, unless a mark would cover part of it.
    fn tick(&self, pen: &mut Pen<'_>, (x, y): (u16, u16), tick: &str) {
        let covered = (x..x + tick.len() as u16).any(|x| self.is_marked(&pen.picture.history, x));
        if !covered {
            pen.text(self.area, x, y, tick, Theme::dim());
        }
    }

    fn marks(&self, pen: &mut Pen<'_>, y: u16) {
        let symbol = pen.theme.either('⚑', '!');
        for x in 0..self.area.width {
            if self.is_marked(&pen.picture.history, x) {
                pen.cell(self.area, x, y, symbol, Theme::strong());
            }
        }
    }

    /// Whether a column has a mark. The last column includes the end of the recording,
    /// which it may not reach.
    fn is_marked(&self, history: &History, x: u16) -> bool {
        self.span(x).is_some_and(|(from, to)| {
            let is_last = self.end_s < from + 1.5 * self.column_s;
            history.marked(from, if is_last { f64::INFINITY } else { to })
        })
    }
}
