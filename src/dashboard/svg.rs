//! Renders the screen as an SVG document.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::theme::{Palette, Theme};

/// Width and height of a cell, in pixels.
const CELL_PX: (f64, f64) = (9.0, 19.0);
/// Pixels around the screen.
const MARGIN_PX: f64 = 16.0;

/// The background of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// A dark background.
    Dark,
    /// A light background.
    Light,
}

impl Background {
    /// The background for a theme: dark, unless its colours need a light one.
    pub fn of(theme: &Theme) -> Self {
        match theme.palette {
            Palette::Light => Self::Light,
            _ => Self::Dark,
        }
    }

    /// Colours of the background and of plain text.
    fn colors(self) -> (&'static str, &'static str) {
        match self {
            Self::Dark => ("#16191d", "#e4e7eb"),
            Self::Light => ("#ffffff", "#1b1f24"),
        }
    }
}

/// A screen as an SVG document; neighbouring cells of equal style are drawn together.
pub fn of(buffer: &Buffer, ground: Background) -> String {
    let (ground, text) = ground.colors();
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f64::from(columns) * CELL_PX.0 + 2.0 * MARGIN_PX;
    let height = f64::from(rows) * CELL_PX.1 + 2.0 * MARGIN_PX;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>The dashboard of emoscope</title>\n\
         <style>text {{ font: 15px ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace; \
         white-space: pre; }}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"{ground}\"/>\n"
    );
    for row in 0..rows {
        let y = MARGIN_PX + f64::from(row) * CELL_PX.1;
        let cells: Vec<&Cell> = (0..columns).map(|column| &buffer[(column, row)]).collect();
        let mut column = 0;
        for run in cells.chunk_by(|a, b| alike(a, b)) {
            let x = MARGIN_PX + column as f64 * CELL_PX.0;
            column += run.len();
            draw(run, (x, y), (ground, text), &mut out);
        }
    }
    out + "</svg>\n"
}

/// Whether two neighbours are drawn together: text with text, shapes with equal shapes.
fn alike(a: &Cell, b: &Cell) -> bool {
    let look = |cell: &Cell| (cell.fg, cell.modifier);
    let kind = |cell: &Cell| (shape(cell).is_none(), solid(cell));
    look(a) == look(b)
        && match (kind(a), kind(b)) {
            ((true, _), (true, _)) => a.symbol() != " " || b.symbol() == " ",
            ((_, true), (_, true)) => a.symbol() == b.symbol(),
            _ => false,
        }
}

/// Whether neighbouring cells of this kind touch.
fn solid(cell: &Cell) -> bool {
    matches!(cell.symbol(), "█" | "▀" | "▄" | "━" | "─")
}

fn draw(run: &[&Cell], (x, y): (f64, f64), (ground, text): (&str, &str), out: &mut String) {
    let cell = run[0];
    let width = run.len() as f64 * CELL_PX.0;
    let color = match cell.fg {
        Color::Indexed(number) => rgb(number),
        _ => text.to_owned(),
    };
    let (mut fill, mut weight) = (format!("fill=\"{color}\""), "");
    if cell.modifier.contains(Modifier::DIM) {
        fill += " fill-opacity=\"0.62\"";
    }
    if cell.modifier.contains(Modifier::BOLD) {
        weight = " font-weight=\"bold\"";
    }
    if cell.modifier.contains(Modifier::REVERSED) {
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" {fill}/>",
            CELL_PX.1
        );
        fill = format!("fill=\"{ground}\"");
    }
    if let Some(shape) = shape(cell) {
        let points = shape.iter().map(|&(right, down)| {
            let right = if right >= 1.0 {
                width
            } else {
                right * CELL_PX.0
            };
            format!("{},{}", round(x + right), round(y + down * CELL_PX.1))
        });
        let points: Vec<String> = points.collect();
        let _ = writeln!(out, "<polygon points=\"{}\" {fill}/>", points.join(" "));
        return;
    }
    let written: String = run.iter().map(|cell| cell.symbol()).collect();
    let kept = written.trim_end();
    if kept.is_empty() {
        return;
    }
    let length = kept.chars().count() as f64 * CELL_PX.0;
    let escaped = kept.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{length}\"{weight} {fill}>{escaped}</text>",
        y + 14.0
    );
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The outline of a character that fonts draw differently, relative to the cell.
fn shape(cell: &Cell) -> Option<Vec<(f64, f64)>> {
    let block = |left, top, right, bottom| {
        Some(vec![
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
        ])
    };
    // A regular star with that many corners; every second one is nearer to the centre.
    let star = |corners: u32, near: f64, turned: f64| {
        let corner = |n: u32| {
            let angle = std::f64::consts::TAU * (f64::from(n) / f64::from(corners) + turned);
            let far = if n.is_multiple_of(2) {
                0.52
            } else {
                0.52 * near
            };
            (
                0.5 + far * angle.sin(),
                0.52 - far * angle.cos() * CELL_PX.0 / CELL_PX.1,
            )
        };
        Some((0..corners).map(corner).collect())
    };
    let eighths = |of: &str| {
        let found = of.chars().position(|c| cell.symbol() == c.to_string())?;
        Some((found + 1) as f64 / 8.0)
    };
    if let Some(filled) = eighths("▁▂▃▄▅▆▇█") {
        return block(0.0, 1.0 - filled, 1.0, 1.0);
    }
    if let Some(filled) = eighths("▏▎▍▌▋▊▉") {
        return block(0.0, 0.0, filled, 1.0);
    }
    match cell.symbol() {
        "▀" => block(0.0, 0.0, 1.0, 0.5),
        "━" => block(0.0, 0.44, 1.0, 0.58),
        "─" => block(0.0, 0.49, 1.0, 0.54),
        "┃" => block(0.4, 0.0, 0.6, 1.0),
        "■" => block(0.05, 0.3, 0.95, 0.73),
        "▲" => Some(vec![(0.5, 0.27), (0.99, 0.74), (0.01, 0.74)]),
        "▼" => Some(vec![(0.5, 0.77), (0.99, 0.3), (0.01, 0.3)]),
        "▶" => Some(vec![(0.1, 0.25), (0.95, 0.5), (0.1, 0.75)]),
        "◆" => star(4, 1.0, 0.0),
        "●" => star(24, 1.0, 0.0),
        "★" => star(10, 0.42, 0.0),
        "✚" => {
            let (a, b, c, d) = (0.0, 0.34, 0.66, 0.999);
            let down = |share: f64| 0.52 + (share - 0.5) * CELL_PX.0 / CELL_PX.1;
            let corners = [
                (b, a),
                (c, a),
                (c, b),
                (d, b),
                (d, c),
                (c, c),
                (c, d),
                (b, d),
                (b, c),
                (a, c),
                (a, b),
                (b, b),
            ];
            Some(corners.map(|(x, y)| (x, down(y))).to_vec())
        }
        _ => None,
    }
}

/// One of the 256 terminal colours, after the first sixteen.
fn rgb(number: u8) -> String {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    let (r, g, b) = if (16..=231).contains(&number) {
        let n = number - 16;
        (level(n / 36), level(n / 6 % 6), level(n % 6))
    } else {
        let grey = 8 + 10 * number.saturating_sub(232);
        (grey, grey, grey)
    };
    format!("#{r:02x}{g:02x}{b:02x}")
}
