//! The colours of a report: CSS variables in a page, which follow the reader's light or
//! dark mode, and values for renderers without variables.

use std::fmt::Write as _;

use crate::events::{Hue, UNCERTAIN};
use crate::labels::{common_style, hues, indexed, rgb};
use crate::report::recording::ReportedRecording;

/// Colours of a report, as CSS values.
#[derive(Debug, Clone)]
pub(super) struct Colours {
    pub(super) ground: String,
    pub(super) text: String,
    pub(super) dim: String,
    pub(super) line: String,
    /// In the order of [`hues`].
    pub(super) labels: Vec<String>,
}

impl Colours {
    /// For a light background.
    pub(super) fn light() -> Self {
        let text = "#1c2128";
        let mut colours = Self::of("#ffffff", text, "#57606a", "#d0d7de", |(_, light)| light);
        // Plain text has the colour of the surrounding text.
        for (hue, colour) in hues().iter().zip(&mut colours.labels) {
            if *hue == Hue::Plain {
                text.clone_into(colour);
            }
        }
        colours
    }

    /// For a dark background.
    pub(super) fn dark() -> Self {
        Self::of("#14171c", "#e6e9ee", "#a0a9b4", "#3a424d", |(dark, _)| dark)
    }

    /// The CSS variables of a page.
    pub(super) fn names() -> Self {
        let labels = (0..hues().len()).map(|number| format!("var(--c{number})"));
        Self {
            ground: "var(--ground)".into(),
            text: "var(--text)".into(),
            dim: "var(--dim)".into(),
            line: "var(--line)".into(),
            labels: labels.collect(),
        }
    }

    fn of(ground: &str, text: &str, dim: &str, line: &str, pick: fn((u8, u8)) -> u8) -> Self {
        let hex = |[red, green, blue]: [u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
        Self {
            ground: ground.into(),
            text: text.into(),
            dim: dim.into(),
            line: line.into(),
            labels: hues().map(|hue| hex(rgb(pick(indexed(hue))))).into(),
        }
    }

    /// Declarations that assign a colour to each variable.
    pub(super) fn variables(&self, indent: &str) -> String {
        let Self {
            ground,
            text,
            dim,
            line,
            labels,
        } = self;
        let mut out = format!(
            "{indent}--ground: {ground}; --text: {text}; --dim: {dim}; --line: {line};\n{indent}"
        );
        for (number, colour) in labels.iter().enumerate() {
            let space = if number > 0 { " " } else { "" };
            let _ = write!(out, "{space}--c{number}: {colour};");
        }
        out
    }
}

/// The CSS class that colours a label: by the model's colour, otherwise that of a
/// common label, otherwise by its index.
pub(super) fn class(recording: &ReportedRecording, label: &str) -> String {
    if label == UNCERTAIN {
        return UNCERTAIN.into();
    }
    let hues = hues();
    let place = recording.labels().iter().position(|name| name == label);
    let number = place
        .and_then(|place| *recording.colors().get(place)?)
        .or_else(|| common_style(label).map(|(_, hue)| hue))
        .and_then(|hue| hues.iter().position(|other| *other == hue))
        .or(place);
    format!("c{}", number.unwrap_or(0) % hues.len())
}

/// The shape of a label beside its colour: that of a common label, otherwise its index
/// in the model.
pub(super) fn shape(recording: &ReportedRecording, label: &str) -> char {
    if label == UNCERTAIN {
        return '?';
    }
    let place = recording.labels().iter().position(|name| name == label);
    let digit = |place: usize| char::from_digit(place as u32 + 1, 36);
    common_style(label).map_or_else(|| place.and_then(digit).unwrap_or('+'), |(shape, _)| shape)
}
