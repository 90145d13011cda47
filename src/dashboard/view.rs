//! Draws the state. Only the layout is decided here.

mod affect;
mod axis;
mod bars;
mod devices;
mod find;
mod font;
mod footer;
mod header;
mod help;
mod history;
mod level;
mod naming;
mod overlay;
mod parts;
mod plan;
mod recordings;
mod seek_bar;
mod speaker_lanes;
mod totals;
mod utterances;
mod word;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::state::picture::Picture;
use super::state::{Overlay, PointerTarget, State, TimeScale};
use super::text;
use super::theme::{LabelStyle, Palette, Theme};
use plan::{Plan, screen};

/// Draws the whole screen on a frame.
pub fn draw(frame: &mut Frame<'_>, state: &State, theme: &Theme) {
    draw_on(frame.buffer_mut(), state, theme);
}

/// Draws the whole screen on a buffer.
pub fn draw_on(buffer: &mut Buffer, state: &State, theme: &Theme) {
    let area = buffer.area;
    if area.is_empty() {
        return;
    }
    let picture = state.picture();
    let marks = theme.marks(&picture.status.labels, &picture.status.colors);
    let plan = Plan::new(area, &marks, picture, theme.unicode);
    let mut pen = Pen::new(buffer, theme, state, &marks, &plan);
    if area.width < plan::SMALLEST.0 || area.height < plan::SMALLEST.1 {
        too_small(&mut pen, area);
        return;
    }
    if let Overlay::Recordings(menu) = state.overlay() {
        recordings::draw(&mut pen, plan.screen, menu);
        return;
    }
    header::draw(&mut pen, plan.header, state.frozen());
    word::draw(&mut pen, plan.word, plan.standing);
    affect::trace(&mut pen, plan.trace);
    bars::draw(&mut pen, plan.bars);
    level::draw(&mut pen, plan.level);
    history::draw(&mut pen, plan.history);
    totals::draw(&mut pen, plan.totals);
    utterances::draw(&mut pen, plan.utterances);
    affect::square(&mut pen, plan.square);
    seek_bar::draw(&mut pen, plan.progress);
    footer::draw(&mut pen, plan.footer);
    footer::notice(&mut pen, plan.screen);
    if let Overlay::Find(typed) = state.overlay() {
        find::draw(&mut pen, plan.footer, state, typed);
    }
    if let Overlay::Name(voice, typed) = state.overlay() {
        naming::draw(&mut pen, plan.footer, *voice, typed);
    }
    overlay::draw(&mut pen, area, state.overlay());
    if theme.palette == Palette::HighContrast {
        for cell in &mut pen.buffer.content {
            cell.modifier.remove(Modifier::DIM);
        }
    }
}

/// One line where nothing else fits.
fn too_small(pen: &mut Pen<'_>, area: Rect) {
    let (columns, rows) = plan::SMALLEST;
    let whole = format!("too small: {columns}x{rows} is needed");
    let texts = [whole.as_str(), "too small"];
    let fits = |text: &&str| text::width(text) <= usize::from(area.width);
    pen.text(
        area,
        0,
        area.height / 2,
        texts.into_iter().find(fits).unwrap_or(""),
        Style::new(),
    );
}

/// What is at a column and a row of a picture of that size. While the mouse drags the
/// seek bar, every position counts as on it.
pub fn target(area: Rect, state: &State, theme: &Theme, column: u16, row: u16) -> PointerTarget {
    let at = Position::new(column, row);
    match state.overlay() {
        Overlay::None | Overlay::Find(_) | Overlay::Name(..) => {}
        Overlay::Help(_) => return help::target(area, state.picture(), at),
        Overlay::Devices(menu) => return devices::target(area, menu, at),
        Overlay::Recordings(menu) => return recordings::target(screen(area), menu, at),
    }
    let picture = state.picture();
    let marks = theme.marks(&picture.status.labels, &picture.status.colors);
    let plan = Plan::new(area, &marks, picture, theme.unicode);
    let line = seek_bar::line(picture, plan.progress, plan.gutter);
    if let Some(line) = line.filter(|line| state.dragging() || line.contains(at)) {
        let column = f64::from(column) - f64::from(line.x) + 0.5;
        return PointerTarget::Line((column / f64::from(line.width)).clamp(0.0, 1.0));
    }
    match history::time(picture, (state.scale(), plan.gutter), plan.history, at) {
        Some(seconds) => PointerTarget::Past(seconds),
        None => PointerTarget::Nothing,
    }
}

/// Shared drawing context.
struct Pen<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    picture: &'a Picture,
    marks: &'a [LabelStyle],
    /// Columns before the bars, the meter and the history.
    gutter: u16,
    /// Largest size of the big letters; 0 for none.
    letters: usize,
    scale: TimeScale,
}

impl<'a> Pen<'a> {
    fn new(
        buffer: &'a mut Buffer,
        theme: &'a Theme,
        state: &'a State,
        marks: &'a [LabelStyle],
        plan: &Plan,
    ) -> Self {
        Self {
            buffer,
            theme,
            picture: state.picture(),
            marks,
            gutter: plan.gutter,
            letters: plan.letters,
            scale: state.scale(),
        }
    }

    /// Writes a short text in the middle of an area; returns the column after it.
    fn small(&mut self, area: Rect, unicode: &str, ascii: &str) -> u16 {
        let text = if self.theme.unicode { unicode } else { ascii };
        let middle = area.height.saturating_sub(1) / 2;
        self.text(area, 4, middle, text, Style::new())
    }

    /// Writes trusted or clean text, cut at the right edge of `area`; returns the
    /// column after it. `x` counts from the left of `area`.
    fn text(&mut self, area: Rect, x: u16, y: u16, text: &str, style: impl Into<Style>) -> u16 {
        if y >= area.height || x >= area.width {
            return x;
        }
        let room = usize::from(area.width - x);
        let text = text::fit(text, room, self.theme.unicode);
        let (end, _) = self
            .buffer
            .set_stringn(area.x + x, area.y + y, text, room, style);
        end - area.x
    }

    /// Writes text that ends at the right edge of `area`, if it fits after column
    /// `from`; returns its first column.
    fn right(&mut self, area: Rect, from: u16, y: u16, text: &str, style: Style) -> u16 {
        let width = text::width(text) as u16;
        let x = area.width.saturating_sub(width);
        if width > area.width || x < from {
            return area.width;
        }
        self.text(area, x, y, text, style);
        x
    }

    /// Sets one cell.
    fn cell(&mut self, area: Rect, x: u16, y: u16, symbol: char, style: Style) {
        if x < area.width && y < area.height {
            self.buffer[(area.x + x, area.y + y)]
                .set_char(symbol)
                .set_style(style);
        }
    }

    /// Makes an untrusted text safe.
    fn clean(&self, text: &str) -> String {
        text::clean(text, self.theme.unicode)
    }

    /// Symbol, name and style of a label; `None` is uncertain.
    fn label(&self, label: Option<usize>) -> (char, &str, Style) {
        match label.and_then(|index| self.marks.get(index)) {
            Some(mark) => (mark.symbol, &mark.name, mark.style),
            None => ('?', crate::events::UNCERTAIN, Theme::dim()),
        }
    }
}
