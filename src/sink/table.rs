//! A table for the eye, a row per utterance.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Sink;
use crate::events::{Event, Trigger};
use crate::text::{clock_tenths, printable};

/// Columns of the longest path: all of a row fits into 80.
const WIDEST: usize = 36;

/// Gathers the rows and writes them at the end, when the widths are known.
pub struct Table<W: Write> {
    out: W,
    rows: Vec<[String; 5]>,
    spoke: bool,
}

impl<W: Write> Table<W> {
    /// A table to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            rows: Vec::new(),
            spoke: false,
        }
    }

    fn row(&mut self, file: &str, start: String, end: String, call: &str, confidence: String) {
        self.rows.push([
            short(&printable(file)),
            start,
            end,
            printable(call),
            confidence,
        ]);
    }
}

/// The end of a long path, where files differ.
fn short(path: &str) -> String {
    if path.width() <= WIDEST {
        return path.into();
    }
    let mut width = 1; // of the dots
    let kept = path.chars().rev().take_while(|c| {
        width += c.width().unwrap_or(0);
        width <= WIDEST
    });
    let place = path.chars().count() - kept.count();
    std::iter::once('…')
        .chain(path.chars().skip(place))
        .collect()
}

impl<W: Write> Sink for Table<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let file = file.unwrap_or_default();
        match event {
            Event::SessionStart(_) => self.spoke = false,
            Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => {
                self.spoke = true;
                let confidence = format!("{:.0} %", m.confidence.0 * 100.0);
                self.row(
                    file,
                    clock_tenths(m.start_s),
                    clock_tenths(m.end_s),
                    &m.label,
                    confidence,
                );
            }
            // Why, is said on standard error: a sentence would tear the columns apart.
            Event::Error(_) => {
                self.spoke = true;
                self.row(file, String::new(), String::new(), "failed", String::new());
            }
            Event::SessionEnd(end) if !self.spoke => {
                self.row(
                    file,
                    clock_tenths(0.0),
                    clock_tenths(end.duration_s),
                    "no speech",
                    String::new(),
                );
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(["file", "start", "end", "sounds like", "confidence"])
            .add_rows(&self.rows);
        for column in [1, 2, 4] {
            if let Some(column) = grid.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(self.out, "{}", grid.trim_fmt())?;
        self.out.flush()
    }
}
