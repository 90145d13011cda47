//! A table for people, one row per utterance.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::letters::Letters;
use super::{Sink, reason};
use crate::events::{Event, Measurement, Trigger};
use crate::text::{clock_tenths, printable, signed};

/// Terminal columns that every row fits into, where paths allow it.
const TABLE_COLUMNS: usize = 80;
/// Least and most columns of a path.
const PATH_COLUMNS: [usize; 2] = [16, 36];
/// Column names.
const HEADER: [&str; 10] = [
    "file",
    "channel",
    "speaker",
    "start",
    "end",
    "sounds like",
    "sure",
    "arousal",
    "valence",
    "base",
];
/// Index of the label column; its neighbours are numbers.
const LABEL_INDEX: usize = 5;
/// Index of the channel column, shown if channels are analyzed separately.
const CHANNEL_INDEX: usize = 1;
/// Index of the speaker column, shown if there are several.
const SPEAKER_INDEX: usize = 2;

type Row = [String; HEADER.len()];

/// Collects the rows and writes them at the end, when the widths are known.
pub struct Table<W: Write> {
    out: W,
    rows: Vec<Row>,
    /// Whether the current recording has a row.
    written: bool,
    by_channel: bool,
    letters: Letters,
    /// Row, channel and number of each utterance of the current recording.
    utterances: Vec<(usize, Option<u16>, u64)>,
}

impl<W: Write> Table<W> {
    /// Writes a table to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            rows: Vec::new(),
            written: false,
            by_channel: false,
            letters: Letters::default(),
            utterances: Vec::new(),
        }
    }
}

/// The row of an utterance.
fn utterance_row(file: &str, utterance: &Measurement) -> Row {
    let label = match reason(utterance) {
        "" => printable(&utterance.label),
        reason => format!("{}: {}", utterance.label, reason.replace('_', " ")),
    };
    let signed = |value: Option<f64>| value.map_or(String::new(), signed);
    let seconds = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.0} s"));
    [
        printable(file),
        utterance
            .channel
            .map_or_else(String::new, |n| n.to_string()),
        utterance
            .speaker
            .map_or_else(String::new, |it| it.to_string()),
        clock_tenths(utterance.start_s),
        clock_tenths(utterance.end_s),
        label,
        format!("{:.0} %", utterance.confidence.0 * 100.0),
        signed(utterance.arousal),
        signed(utterance.valence),
        seconds(utterance.baseline_s),
    ]
}

/// A row without an utterance.
fn plain_row(file: &str, result: &str, times: [String; 2]) -> Row {
    let mut row = Row::default();
    let [start, end] = times;
    (row[0], row[3], row[4]) = (printable(file), start, end);
    row[LABEL_INDEX] = result.into();
    row
}

/// The end of a long path, which differs between files.
fn short(path: &str, columns: usize) -> String {
    if path.width() <= columns {
        return path.into();
    }
    let mut width = 1; // of the ellipsis
    let kept = path.chars().rev().take_while(|c| {
        width += c.width().unwrap_or(0);
        width <= columns
    });
    let place = path.chars().count() - kept.count();
    std::iter::once('…')
        .chain(path.chars().skip(place))
        .collect()
}

/// Columns of the path, and of the gap between the `shown` columns.
fn layout(rows: &[Row], shown: &[usize]) -> (usize, u16) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.fold(HEADER[column].width(), usize::max)
    };
    let others: usize = shown[1..].iter().map(|column| width(*column)).sum();
    let [least, most] = PATH_COLUMNS;
    let room = |gap: usize| TABLE_COLUMNS.saturating_sub(others + gap * (shown.len() - 1));
    let gap = if room(2) >= least { 2 } else { 1 };
    (room(gap).clamp(least, most), gap as u16)
}

impl<W: Write> Sink for Table<W> {
    fn event(&mut self, file: Option<&str>, event: &Event) -> io::Result<()> {
        let file = file.unwrap_or_default();
        let row = match event {
            Event::SessionStart(start) => {
                self.written = false;
                self.utterances.clear();
                self.by_channel |= start.by_channel;
                return Ok(());
            }
            Event::Measurement(m) if m.trigger == Trigger::SpeechEnded => {
                self.letters.add(m.speaker);
                self.utterances
                    .push((self.rows.len(), m.channel, m.utterance));
                utterance_row(file, m)
            }
            Event::Speakers(changed) => {
                for (row, channel, utterance) in &self.utterances {
                    if let Some(speaker) = changed.of(*channel, *utterance) {
                        self.rows[*row][SPEAKER_INDEX] = speaker.to_string();
                        self.letters.add(Some(speaker));
                    }
                }
                return Ok(());
            }
            // The reason is on standard error: a sentence would break the columns.
            Event::Error(_) => plain_row(file, "failed", Default::default()),
            Event::SessionEnd(end) if !self.written => {
                let times = [clock_tenths(0.0), clock_tenths(end.duration_s)];
                plain_row(file, "no speech", times)
            }
            _ => return Ok(()),
        };
        self.written = true;
        self.rows.push(row);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let shown: Vec<usize> = (0..HEADER.len())
            .filter(|column| match *column {
                CHANNEL_INDEX => self.by_channel,
                SPEAKER_INDEX => self.letters.several(),
                _ => true,
            })
            .collect();
        let (columns, gap) = layout(&self.rows, &shown);
        for row in &mut self.rows {
            row[0] = short(&row[0], columns);
        }
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(shown.iter().map(|column| HEADER[*column]))
            .add_rows(
                self.rows
                    .iter()
                    .map(|row| shown.iter().map(|column| &row[*column])),
            );
        for (index, column) in shown.iter().zip(grid.column_iter_mut()) {
            column.set_padding((0, gap));
            if *index != 0 && *index != LABEL_INDEX {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(self.out, "{}", grid.trim_fmt())?;
        self.out.flush()
    }
}
