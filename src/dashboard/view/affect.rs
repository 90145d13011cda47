//! Arousal over time, and the valence-arousal plane.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Pen;
use super::axis::Axis;
use crate::dashboard::theme::Theme;

/// Number of earlier predictions shown in the plane.
const TRAIL_LENGTH: usize = 12;
/// Columns beside the plane for its axis names.
const SIDE_NAMES: (u16, u16) = (11, 9);

/// Arousal over the time of the history: one row as columns, several as a line.
pub(super) fn trace(pen: &mut Pen<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let axis = Axis::new(pen, area);
    if axis.gutter > 0 {
        pen.text(area, 4, area.height / 2, "arousal", Theme::dim());
    }
    let picture = pen.picture;
    let place = |from: f64, to: f64, steps: u16| {
        let to = to.min(picture.known_s());
        let mut histories = picture.histories();
        let arousal = histories.find_map(|history| history.arousal(from, to))?;
        Some((f32::midpoint(arousal, 1.0) * f32::from(steps - 1)).round() as u16)
    };
    for x in 0..axis.area.width {
        let Some((from, to)) = axis.span(x) else {
            continue;
        };
        match (pen.theme.unicode, area.height) {
            (true, 1) => {
                if let Some(step) = place(from, to, 8) {
                    let symbol = pen.theme.level(usize::from(step) + 1, ' ');
                    pen.cell(axis.area, x, 0, symbol, Style::new());
                }
            }
            (true, rows) => {
                let middle = f64::midpoint(from, to);
                let halves = [place(from, middle, 4 * rows), place(middle, to, 4 * rows)];
                for row in 0..rows {
                    if let Some(symbol) = dots(halves, rows - 1 - row) {
                        pen.cell(axis.area, x, row, symbol, Style::new());
                    }
                }
            }
            (false, rows) => {
                if let Some(step) = place(from, to, 3 * rows) {
                    let symbol = ['_', '-', '^'][usize::from(step % 3)];
                    pen.cell(axis.area, x, rows - 1 - step / 3, symbol, Style::new());
                }
            }
        }
    }
}

/// The braille cell of a row, counted from below, that contains the dots of the left
/// and the right half; `None` if neither is in it.
fn dots(halves: [Option<u16>; 2], row: u16) -> Option<char> {
    /// Bits from the bottom up: left column, right column.
    const BITS: [[u32; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];
    let bits = halves.iter().zip(BITS).map(|(step, bits)| match step {
        Some(step) if step / 4 == row => bits[usize::from(step % 4)],
        _ => 0,
    });
    let bits: u32 = bits.sum();
    (bits > 0).then(|| char::from_u32(0x2800 + bits)).flatten()
}

/// The position between unpleasant and pleasant, calm and excited.
pub(super) fn square(pen: &mut Pen<'_>, area: Rect) {
    let height = area.height.saturating_sub(2);
    let room = area.width.saturating_sub(SIDE_NAMES.0 + SIDE_NAMES.1);
    if height < 3 || room < 3 {
        return;
    }
    // An odd number of columns has a centre.
    let width = (room.min(height * 2 + 1) - 1) / 2 * 2 + 1;
    let plot = Rect {
        x: area.x + SIDE_NAMES.0,
        y: area.y + 1,
        width,
        height,
    };
    let (across, down) = ((width - 1) / 2, (height - 1) / 2);
    let dim = Theme::dim();
    let (line, bar, cross) = pen.theme.either(('─', '│', '┼'), ('-', '|', '+'));
    for x in 0..width {
        pen.cell(plot, x, down, line, dim);
    }
    for y in 0..height {
        pen.cell(plot, across, y, if y == down { cross } else { bar }, dim);
    }
    let middle = SIDE_NAMES.0 + across;
    pen.text(area, middle - 3, 0, "excited", dim);
    pen.text(area, middle - 1, height + 1, "calm", dim);
    pen.text(area, 0, down + 1, "unpleasant", dim);
    pen.text(area, SIDE_NAMES.0 + width + 1, down + 1, "pleasant", dim);
    let place = |(valence, arousal): (f32, f32)| {
        let share = |value: f32, steps: u16| {
            (f32::midpoint(value, 1.0) * f32::from(steps - 1)).round() as u16
        };
        (share(valence, width), height - 1 - share(arousal, height))
    };
    let picture = pen.picture;
    let dot = pen.theme.either('•', '.');
    let spoken = picture.histories().next().unwrap_or(&picture.history);
    for prediction in spoken.latest(picture.now, TRAIL_LENGTH) {
        if let Some((x, y)) = prediction.affect.map(place) {
            pen.cell(plot, x, y, dot, dim);
        }
    }
    let Some(shown) = &picture.shown else {
        return;
    };
    if let Some((x, y)) = shown.prediction.affect.map(place) {
        let (symbol, _, style) = pen.label(shown.prediction.label);
        let style = if picture.dimmed() {
            Theme::dimmed(style)
        } else {
            style
                .remove_modifier(ratatui::style::Modifier::DIM)
                .patch(Theme::strong())
        };
        pen.cell(plot, x, y, symbol, style);
    }
}

#[cfg(test)]
mod tests {
    use super::dots;

    #[test]
    fn a_dot_lies_in_one_row_of_braille() {
        assert_eq!(dots([Some(0), Some(3)], 0), Some('⡈'));
        assert_eq!(dots([Some(0), Some(4)], 1), Some('⢀'));
        assert_eq!(dots([Some(0), None], 1), None);
    }
}
