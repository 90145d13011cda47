//! The page of `emoscope report`. It needs no network.

mod data;
mod matrix;
mod rows;

use std::fmt::Write as _;

use askama::Template;

use self::matrix::Matrix;
use self::rows::Row;
use super::colours::{Colours, class, shape};
use super::recording::ReportedRecording;
use super::scale::PICTURE_WIDTH;
use super::timeline::{Style, TimelineSvg};
use crate::events::{Measurement, SessionEnd, SessionStart, Speaker};
use crate::text::{clock_tenths, count};

/// Content policy: the page loads only its own content.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
     img-src data:; media-src data:";
/// With more recordings than this, they start collapsed.
const MOST_OPEN_RECORDINGS: usize = 5;
/// With more utterances than this, a recording's list starts collapsed.
const MOST_OPEN_UTTERANCES: usize = 30;
/// The parts of the script, in order.
const SCRIPT: [&str; 10] = [
    include_str!("script/text.js"),
    include_str!("script/bins.js"),
    include_str!("script/chart.js"),
    include_str!("script/strip.js"),
    include_str!("script/recording.js"),
    include_str!("script/tables.js"),
    include_str!("script/overview.js"),
    include_str!("script/compare.js"),
    include_str!("script/corrections.js"),
    include_str!("script/page.js"),
];
/// Labels with a smaller probability are not listed.
const LEAST_LISTED_PROBABILITY: f64 = 0.005;

/// Title and other text of the page.
#[derive(Debug, Clone, Default)]
pub struct PageText {
    /// Heading.
    pub title: String,
    /// Model with version, engine, and date.
    pub made: String,
    /// Limits of the model, as HTML without user input.
    pub caveats: String,
}

/// The whole page.
///
/// # Errors
/// A template error; none is known.
pub fn html(page: &PageText, recordings: &[ReportedRecording]) -> Result<String, askama::Error> {
    let style = Style {
        light: Some(Colours::light()),
        dark: Some(Colours::dark()),
        used: Colours::names(),
    };
    let chrome = Chrome {
        light: Colours::light(),
        dark: Colours::dark(),
    };
    let ids: Vec<String> = (1..=recordings.len()).map(|n| format!("mel{n}")).collect();
    let numbered = recordings.iter().zip(&ids);
    PageTemplate {
        page,
        style: style.render()? + "\n" + &chrome.render()?,
        open: recordings.len() <= MOST_OPEN_RECORDINGS,
        rows: rows::rows(recordings),
        total: (recordings.len() > 1).then(|| rows::row(recordings)),
        entries: rows::entries(recordings),
        matrix: matrix::matrix(recordings),
        sections: numbered.map(|(r, id)| Section::new(r, id)).collect(),
    }
    .render()
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate<'a> {
    page: &'a PageText,
    style: String,
    /// Whether the recordings start expanded.
    open: bool,
    rows: Vec<Row>,
    total: Option<Row>,
    /// Data of the script's overview, as JSON.
    entries: String,
    /// The comparison with human labels, where there are any.
    matrix: Option<Matrix>,
    sections: Vec<Section<'a>>,
}

/// The style of the page around the timelines.
#[derive(Template)]
#[template(path = "page.css")]
struct Chrome {
    light: Colours,
    dark: Colours,
}

/// A recording.
struct Section<'a> {
    recording: &'a ReportedRecording,
    /// `None` where the recording could not be opened.
    figure: Option<Figure<'a>>,
}

struct Figure<'a> {
    timeline: TimelineSvg<'a>,
    /// A row per speaker, if there are several.
    speakers: Vec<Row>,
    utterances: Vec<UtteranceRow<'a>>,
    /// Number of utterances as text.
    listed: String,
    input: String,
    data: String,
}

struct UtteranceRow<'a> {
    measurement: &'a Measurement,
    /// Set if there are several speakers.
    speaker: Option<Speaker>,
    class: String,
    shape: char,
    from: String,
    to: String,
    /// The probabilities side by side, in the model's order.
    bar: Vec<Share>,
    /// The probabilities in words, the largest first.
    shares: String,
    arousal: String,
}

/// A part of a bar of width 100.
struct Share {
    class: String,
    x: f64,
    width: f64,
}

impl<'a> Section<'a> {
    fn new(recording: &'a ReportedRecording, id: &'a str) -> Self {
        let figure = recording.start.as_ref().map(|start| Figure {
            timeline: TimelineSvg::new(recording, id),
            speakers: rows::speakers(recording),
            utterances: utterances(recording),
            listed: count(recording.utterances.len(), "utterance"),
            input: input(start, &recording.end.clone().unwrap_or_default()),
            data: data::json(recording),
        });
        Self { recording, figure }
    }
}

fn utterances(recording: &ReportedRecording) -> Vec<UtteranceRow<'_>> {
    let several = !recording.speakers().is_empty();
    let each = recording.utterances.iter();
    each.map(|measurement| UtteranceRow::new(recording, measurement, several))
        .collect()
}

impl<'a> UtteranceRow<'a> {
    fn new(recording: &ReportedRecording, measurement: &'a Measurement, several: bool) -> Self {
        let mut x = 0.0;
        let share = |(label, share): (&str, &crate::events::Probability)| {
            let width = share.0 * 100.0;
            let part = Share {
                class: class(recording, label),
                x,
                // Leave a gap between the parts.
                width: (width - 0.3).max(0.0),
            };
            x += width;
            part
        };
        Self {
            measurement,
            speaker: measurement.speaker.filter(|_| several),
            class: class(recording, &measurement.label),
            shape: shape(recording, &measurement.label),
            from: clock_tenths(measurement.start_s),
            to: clock_tenths(measurement.end_s),
            bar: measurement.probabilities.iter().map(share).collect(),
            shares: shares(measurement),
            arousal: measurement.arousal.map_or_else(String::new, signed),
        }
    }
}

fn shares(measurement: &Measurement) -> String {
    let probabilities = measurement.probabilities.iter();
    let mut shares: Vec<(&str, f64)> = probabilities.map(|(name, p)| (name, p.0)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shares: Vec<String> = shares
        .iter()
        .filter(|(_, share)| *share >= LEAST_LISTED_PROBABILITY)
        .map(|(name, share)| format!("{name}\u{a0}{:.0}\u{a0}%", share * 100.0))
        .collect();
    shares.join(", ")
}

/// A number with its sign.
pub(super) fn signed(value: f64) -> String {
    let sign = if value < 0.0 { '\u{2212}' } else { '+' };
    format!("{sign}{:.2}", value.abs())
}

/// The input format, and how much of the input was unusable.
fn input(start: &SessionStart, end: &SessionEnd) -> String {
    let kilohertz = f64::from(start.sample_rate) / 1000.0;
    let mut text = format!("{kilohertz} kHz, channels: {}", start.channels);
    for (count, what) in [
        (end.samples_lost, "samples lost"),
        (end.samples_invalid, "samples that were no numbers"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}
