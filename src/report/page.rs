//! The page of `emoscope report`. It needs no network.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use serde_json::json;

use super::colours::{Colours, class};
use super::recording::ReportedRecording;
use super::timeline::{LEFT, RIGHT, Style, Timeline, WIDTH};
use crate::events::{Measurement, SessionEnd, SessionStart};
use crate::text::{clock, clock_tenths, printable};

/// The page loads nothing but what it holds itself.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
     img-src data:; media-src data:";
/// Where a page has more recordings than this, they are closed at first.
const OPEN: usize = 5;
/// Labels less probable than this are not listed.
const LEAST_LISTED: f64 = 0.005;

/// What the page says besides.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Heading.
    pub title: String,
    /// Model and its version, engine, day.
    pub made: String,
    /// Limits of the model, as HTML without user input.
    pub caveats: String,
}

/// The whole page.
///
/// # Errors
/// A template that cannot be filled in; none is known.
pub fn html(page: &Page, recordings: &[ReportedRecording]) -> Result<String, askama::Error> {
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
    Document {
        page,
        style: style.render()? + "\n" + &chrome.render()?,
        open: recordings.len() <= OPEN,
        recordings: recordings.iter().map(recording_row).collect(),
        folders: folder_rows(recordings),
        sections: numbered.map(|(r, id)| Section::new(r, id)).collect(),
        script: include_str!("page.js"),
    }
    .render()
}

#[derive(Template)]
#[template(path = "page.html")]
struct Document<'a> {
    page: &'a Page,
    style: String,
    /// Whether the recordings are open at first.
    open: bool,
    recordings: Vec<Row<'a>>,
    /// Empty where there is one folder.
    folders: Vec<Row<'a>>,
    sections: Vec<Section<'a>>,
    script: &'static str,
}

/// The style of the page around the timelines.
#[derive(Template)]
#[template(path = "page.css")]
struct Chrome {
    light: Colours,
    dark: Colours,
}

/// A row of a summary.
struct Row<'a> {
    name: &'a str,
    length: String,
    speech: String,
    utterances: u64,
    /// Labels and their counts, or why there are none.
    result: String,
}

impl<'a> Row<'a> {
    fn new(name: &'a str, end: &SessionEnd, error: Option<&str>) -> Self {
        let result = match (error, end.utterances) {
            (Some(error), _) => format!("failed: {error}"),
            (None, 0) => "no speech".into(),
            (None, _) => label_counts(end),
        };
        Self {
            name,
            length: clock(end.duration_s),
            speech: clock(end.speech_s),
            utterances: end.utterances,
            result,
        }
    }
}

fn recording_row(recording: &ReportedRecording) -> Row<'_> {
    let end = recording.end.clone().unwrap_or_default();
    Row::new(&recording.name, &end, recording.error.as_deref())
}

/// A row for each folder, where there are several: often a speaker each.
fn folder_rows(recordings: &[ReportedRecording]) -> Vec<Row<'_>> {
    let mut folders: BTreeMap<&str, SessionEnd> = BTreeMap::new();
    for recording in recordings {
        let place = recording.name.rsplit_once(['/', '\\']);
        let sum = folders.entry(place.map_or(".", |(folder, _)| folder));
        add(sum.or_default(), recording.end.as_ref());
    }
    if folders.len() < 2 {
        return Vec::new();
    }
    let rows = folders.iter();
    rows.map(|(name, end)| Row::new(name, end, None)).collect()
}

fn add(sum: &mut SessionEnd, end: Option<&SessionEnd>) {
    let Some(end) = end else { return };
    sum.duration_s += end.duration_s;
    sum.speech_s += end.speech_s;
    sum.utterances += end.utterances;
    for (label, more) in &end.utterance_labels.0 {
        let counts = &mut sum.utterance_labels.0;
        match counts.iter_mut().find(|(name, _)| name == label) {
            Some((_, count)) => *count += more,
            None => counts.push((label.clone(), *more)),
        }
    }
}

/// How many utterances have each label, the most frequent first.
fn label_counts(end: &SessionEnd) -> String {
    let mut counts: Vec<(&str, u64)> = end
        .utterance_labels
        .iter()
        .map(|(label, count)| (label, *count))
        .filter(|(_, count)| *count > 0)
        .collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words = counts
        .iter()
        .map(|(label, count)| format!("{label} {count}"));
    words.collect::<Vec<_>>().join(", ")
}

/// A recording.
struct Section<'a> {
    recording: &'a ReportedRecording,
    /// Missing where the recording could not be opened.
    figure: Option<Figure<'a>>,
}

struct Figure<'a> {
    timeline: Timeline<'a>,
    utterances: Vec<Utterance<'a>>,
    input: String,
    data: String,
}

struct Utterance<'a> {
    measurement: &'a Measurement,
    class: String,
    from: String,
    to: String,
    /// The probabilities side by side, in the model's order.
    bar: Vec<Share>,
    /// The same in words, the most probable first.
    shares: String,
}

/// A part of a bar that is 100 wide.
struct Share {
    class: String,
    x: f64,
    width: f64,
}

impl<'a> Section<'a> {
    fn new(recording: &'a ReportedRecording, id: &'a str) -> Self {
        let figure = recording.start.as_ref().map(|start| Figure {
            timeline: Timeline::new(recording, id),
            utterances: recording
                .utterances
                .iter()
                .map(|measurement| Utterance::new(recording, measurement))
                .collect(),
            input: input(start, &recording.end.clone().unwrap_or_default()),
            data: data(recording),
        });
        Self { recording, figure }
    }
}

impl<'a> Utterance<'a> {
    fn new(recording: &ReportedRecording, measurement: &'a Measurement) -> Self {
        let mut x = 0.0;
        let share = |(label, share): (&str, &crate::events::Probability)| {
            let width = share.0 * 100.0;
            let part = Share {
                class: class(recording, label),
                x,
                // A gap between the parts.
                width: (width - 0.3).max(0.0),
            };
            x += width;
            part
        };
        Self {
            measurement,
            class: class(recording, &measurement.label),
            from: clock_tenths(measurement.start_s),
            to: clock_tenths(measurement.end_s),
            bar: measurement.probabilities.iter().map(share).collect(),
            shares: shares(measurement),
        }
    }
}

fn shares(measurement: &Measurement) -> String {
    let probabilities = measurement.probabilities.iter();
    let mut shares: Vec<(&str, f64)> = probabilities.map(|(name, p)| (name, p.0)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let shares: Vec<String> = shares
        .iter()
        .filter(|(_, share)| *share >= LEAST_LISTED)
        .map(|(name, share)| format!("{name} {:.0} %", share * 100.0))
        .collect();
    shares.join(", ")
}

/// What the input was, and what of it could not be used.
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

/// What the script needs, safe within a page.
fn data(recording: &ReportedRecording) -> String {
    let windows: Vec<serde_json::Value> = recording
        .intervals
        .iter()
        .map(|window| {
            let shares = window.probabilities.iter().map(|(_, p)| thousandths(p.0));
            json!([
                thousandths(window.end_s),
                printable(&window.label),
                shares.collect::<Vec<_>>(),
                window.arousal,
                window.valence
            ])
        })
        .collect();
    let labels = recording.labels().iter().map(|label| printable(label));
    let data = json!({
        "length_s": recording.length_s(),
        "labels": labels.collect::<Vec<_>>(),
        "windows": windows,
    });
    data.to_string().replace('<', "\\u003c")
}

fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
