//! A table for the eye, a row per utterance.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};

use super::{Sink, clock_tenths, printable};
use crate::events::{Event, Trigger};

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
        self.rows
            .push([printable(file), start, end, printable(call), confidence]);
    }
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
            Event::Error(error) => {
                self.spoke = true;
                let message = format!("failed: {}", error.message);
                self.row(file, String::new(), String::new(), &message, String::new());
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
