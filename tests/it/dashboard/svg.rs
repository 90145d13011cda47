//! The picture of the dashboard in the README: the bundled recording as the screen shows it, cell by
//! cell, as SVG. `make picture` draws it again.

use std::fmt::Write as _;

use emoscope::audio::file::AudioFile;
use emoscope::audio::source::Source;
use emoscope::dashboard::state::State;
use emoscope::dashboard::theme::{Palette, Theme};
use emoscope::dsp::mono::ChannelChoice;
use emoscope::engine::{Engine, EngineChoice};
use emoscope::events::{Event, SourceKind};
use emoscope::messages::{Level, Position, Status, Update};
use emoscope::model::Model;
use emoscope::session::{header, pipeline};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::scenes::drawn;
use crate::support::path;

/// Where the picture lies, and the moment of the recording that it shows.
const PICTURE: &str = "docs/dashboard.svg";
const MOMENT_S: f64 = 44.5;
/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (100, 28);
/// Cells that another processor may round the other way: ends of bars, last digits.
const ROUNDED: usize = 12;

const CELL: (f64, f64) = (9.0, 19.0);
const MARGIN: f64 = 16.0;
const GROUND: &str = "#16191d";
const TEXT: &str = "#e4e7eb";

#[test]
fn the_picture_in_the_readme_is_what_the_screen_shows() {
    let theme = Theme {
        color: true,
        unicode: true,
        palette: Palette::Dark,
    };
    let buffer = drawn(&demonstration(), theme, SIZE.0, SIZE.1);
    let picture = svg(&buffer);
    if std::env::var_os("EMOSCOPE_PICTURE").is_some() {
        std::fs::write(path(PICTURE), picture).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path(PICTURE)).unwrap_or_default();
    let (kept, now) = (kept.lines(), picture.lines());
    let differ = now.clone().filter(|line| !kept.clone().any(|k| k == *line));
    let differ: Vec<&str> = differ.collect();
    assert!(
        differ.len() <= ROUNDED && kept.count().abs_diff(now.count()) <= ROUNDED,
        "{PICTURE} no longer shows the screen; draw it again with: make picture\n{differ:#?}"
    );
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    assert!(readme.contains(&format!("]({PICTURE})")));
}

/// The dashboard at that moment of the bundled recording, by the clock of its samples.
fn demonstration() -> State {
    let engine = Engine::load(Model::embedded().unwrap(), EngineChoice::Builtin, None).unwrap();
    let mut recording = AudioFile::open(&path("src/cli/demo.ogg")).unwrap();
    let (spec, total_s) = (recording.spec(), recording.total_s());
    let (mut core, _) = pipeline(&engine, spec, ChannelChoice::Mix).unwrap();
    let start = header(&engine, SourceKind::File, "the bundled recording", spec);
    let mut state = State::new(false);
    state.apply(&Update::Status(Status {
        source: start.name.clone(),
        replay: true,
        sample_rate: spec.sample_rate,
        channels: spec.channels,
        engine: start.engine.clone(),
        model: start.model.clone(),
        labels: start.labels.clone(),
        ..Status::default()
    }));
    state.apply(&Update::Event(Event::SessionStart(start)));
    let (mut samples, mut events) = (Vec::new(), Vec::new());
    while recording.read(&mut samples).unwrap() {}
    let block = spec.sample_rate as usize / 20 * usize::from(spec.channels);
    for block in samples.chunks(block) {
        core.push(block, &mut events).unwrap();
        for event in events.drain(..) {
            state.apply(&Update::Event(event));
        }
        let at_s = core.position_s();
        if let Some(level) = core.take_level() {
            state.apply(&Update::Level(Level {
                rms_dbfs: level.rms_dbfs,
                peak_dbfs: level.peak_dbfs,
                clipped: level.clipped,
                at_s,
            }));
        }
        state.apply(&Update::Position(Position {
            at_s,
            total_s,
            speed: Some(1.0),
            paused: false,
        }));
        if at_s >= MOMENT_S {
            break;
        }
    }
    state
}

/// A screen as a picture; a line of it is a run of cells that look alike.
fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f64::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>The dashboard of emoscope</title>\n\
         <style>text {{ font: 15px ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace; \
         white-space: pre; }}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        let y = MARGIN + f64::from(row) * CELL.1;
        let cells: Vec<&Cell> = (0..columns).map(|column| &buffer[(column, row)]).collect();
        let mut column = 0;
        for run in cells.chunk_by(|a, b| alike(a, b)) {
            let x = MARGIN + column as f64 * CELL.0;
            column += run.len();
            draw(run, (x, y), &mut out);
        }
    }
    out + "</svg>\n"
}

/// Whether two neighbours are drawn as one: text with text, and shapes with their like.
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

/// Whether neighbours of this kind touch each other.
fn solid(cell: &Cell) -> bool {
    matches!(cell.symbol(), "█" | "▀" | "▄" | "━" | "─")
}

fn draw(run: &[&Cell], (x, y): (f64, f64), out: &mut String) {
    let cell = run[0];
    let width = run.len() as f64 * CELL.0;
    let color = match cell.fg {
        Color::Indexed(number) => rgb(number),
        _ => TEXT.to_owned(),
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
            CELL.1
        );
        fill = format!("fill=\"{GROUND}\"");
    }
    if let Some(shape) = shape(cell) {
        let points = shape.iter().map(|&(right, down)| {
            let right = if right >= 1.0 { width } else { right * CELL.0 };
            format!("{},{}", round(x + right), round(y + down * CELL.1))
        });
        let points: Vec<String> = points.collect();
        let _ = writeln!(out, "<polygon points=\"{}\" {fill}/>", points.join(" "));
        return;
    }
    let text: String = run.iter().map(|cell| cell.symbol()).collect();
    let kept = text.trim_end();
    if kept.is_empty() {
        return;
    }
    let length = kept.chars().count() as f64 * CELL.0;
    let text = kept.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{length}\"{weight} {fill}>{text}</text>",
        y + 14.0
    );
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The outline of a character that fonts draw differently, in shares of a cell.
fn shape(cell: &Cell) -> Option<Vec<(f64, f64)>> {
    let block = |left, top, right, bottom| {
        Some(vec![
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
        ])
    };
    // A regular figure around the middle: so many corners, every second of them nearer.
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
                0.52 - far * angle.cos() * CELL.0 / CELL.1,
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
            let down = |share: f64| 0.52 + (share - 0.5) * CELL.0 / CELL.1;
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

/// A colour of the 256 that terminals share, behind the first sixteen.
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
