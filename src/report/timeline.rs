//! The timeline of a recording as an SVG picture: the waveform, its log-mel levels, the
//! label of each utterance, and a lane for each label's probability. Arousal and
//! valence have a lane each where the model has them.
//!
//! No two labels share a lane and each lane has a name, so that colour is never the
//! only cue. A dark line below a lane marks where its label was the prediction.

use std::fmt::Write as _;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::colours::{Colours, class, shape};
use super::recording::ReportedRecording;
use super::scale::{PICTURE_WIDTH, PLOT_LEFT, PLOT_RIGHT, Scale, Step, Tick};
use super::spectrogram;
use super::utterance_lanes::{self, UtteranceLane};
use super::waveform::fewer;
use crate::events::Measurement;

const WAVEFORM_HEIGHT: f64 = 56.0;
/// One unit per mel band.
const SPECTROGRAM_HEIGHT: f64 = spectrogram::BANDS as f64;
const LABEL_HEIGHT: f64 = 30.0;
/// Height of arousal and valence, which are signed.
const SIGNED_HEIGHT: f64 = 44.0;
const LANE_GAP: f64 = 6.0;
const AXIS_HEIGHT: f64 = 26.0;
/// Most points of the waveform.
const COLUMNS: usize = 1000;

/// A self-contained picture.
///
/// # Errors
/// A template error; none is known.
pub fn svg(recording: &ReportedRecording) -> Result<String, askama::Error> {
    let style = Style {
        light: Some(Colours::light()),
        dark: Some(Colours::dark()),
        used: Colours::names(),
    };
    alone(recording, &style)
}

/// The picture for a renderer without CSS variables: the colours of a light background,
/// without the log-mel levels.
#[cfg(feature = "png")]
pub(super) fn plain_svg(recording: &ReportedRecording) -> Result<String, askama::Error> {
    let style = Style {
        light: None,
        dark: None,
        used: Colours::light(),
    };
    alone(recording, &style)
}

fn alone(recording: &ReportedRecording, style: &Style) -> Result<String, askama::Error> {
    FramedTimeline {
        name: &recording.name,
        style: style.render()?,
        timeline: TimelineSvg::new(recording, "mel"),
    }
    .render()
}

/// The frame of a self-contained picture.
#[derive(Template)]
#[template(path = "picture.svg")]
struct FramedTimeline<'a> {
    name: &'a str,
    style: String,
    timeline: TimelineSvg<'a>,
}

/// The style of a timeline's parts.
#[derive(Template)]
#[template(path = "timeline.css")]
pub(super) struct Style {
    /// Values of the CSS variables.
    pub(super) light: Option<Colours>,
    pub(super) dark: Option<Colours>,
    /// The colours in the rules: variables or values.
    pub(super) used: Colours,
}

/// The parts of the picture, without the frame around them.
#[derive(Template)]
#[template(path = "timeline.svg")]
pub(super) struct TimelineSvg<'a> {
    /// A prefix that is unique in the document.
    id: &'a str,
    pub(super) height: f64,
    waveform: Option<Waveform>,
    spectrogram: Option<Spectrogram>,
    utterances: Vec<UtteranceLane>,
    labels: Vec<LabelLane<'a>>,
    signed: Vec<SignedLane>,
    gaps: Vec<Missing>,
    /// Position of the axis.
    axis: f64,
    ticks: Vec<Tick>,
}

/// Position of a lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lane {
    pub(super) top: f64,
    pub(super) height: f64,
}

impl Lane {
    fn middle(&self) -> f64 {
        self.top + self.height / 2.0
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

struct Waveform {
    lane: Lane,
    points: String,
}

struct Spectrogram {
    lane: Lane,
    /// A PNG in base64.
    image: String,
}

struct LabelLane<'a> {
    name: &'a str,
    shape: char,
    class: String,
    lane: Lane,
    area: String,
    /// Where the label was the prediction.
    predicted: String,
}

/// A value from -1 to 1 around a centre line.
struct SignedLane {
    value: SignedValue,
    lane: Lane,
    path: String,
}

struct Missing {
    x: f64,
    width: f64,
}

impl<'a> TimelineSvg<'a> {
    /// Lays out the timeline of a recording.
    pub(super) fn new(recording: &'a ReportedRecording, id: &'a str) -> Self {
        let scale = Scale::new(recording);
        let mut top = 0.0;
        let mut next = |height: f64| {
            let lane = Lane { top, height };
            top += height + LANE_GAP;
            lane
        };
        let waveform = (!recording.drawing.envelope.is_empty()).then(|| {
            let lane = next(WAVEFORM_HEIGHT);
            let points = waveform(recording, lane);
            Waveform { lane, points }
        });
        let spectrogram = spectrogram::png(&recording.drawing.spectrum).map(|image| Spectrogram {
            lane: next(SPECTROGRAM_HEIGHT),
            image: BASE64_STANDARD.encode(image),
        });
        let utterances = utterance_lanes::lanes(recording, &scale, &mut next);
        let names = recording.labels().iter().enumerate();
        let labels = names
            .map(|(number, name)| {
                let share = |m: &Measurement| m.probabilities.0.get(number).map(|(_, p)| p.0);
                let lane = next(LABEL_HEIGHT);
                let (area, predicted) = label_paths(&scale.steps(recording, share), name, lane);
                LabelLane {
                    name,
                    shape: shape(recording, name),
                    class: class(recording, name),
                    lane,
                    area,
                    predicted,
                }
            })
            .collect();
        let signed = signed_values(recording)
            .map(|value| {
                let lane = next(SIGNED_HEIGHT);
                let path = signed_path(&scale.steps(recording, value.of), lane);
                SignedLane { value, lane, path }
            })
            .collect();
        Self {
            id,
            height: top + AXIS_HEIGHT,
            waveform,
            spectrogram,
            utterances,
            labels,
            signed,
            gaps: recording
                .gaps
                .iter()
                .map(|gap| {
                    let (x, width) = scale.span(gap.start_s, gap.end_s);
                    Missing { x, width }
                })
                .collect(),
            axis: top,
            ticks: scale.ticks(),
        }
    }

    /// Position of the log-mel levels: left, top, width, height.
    #[cfg(feature = "png")]
    pub(super) fn spectrogram_place(&self) -> Option<[f32; 4]> {
        let Lane { top, height } = self.spectrogram.as_ref()?.lane;
        Some([PLOT_LEFT, top, PLOT_RIGHT - PLOT_LEFT, height].map(|at| at as f32))
    }
}

/// A value of a measurement, where it has one.
type Value = fn(&Measurement) -> Option<f64>;

/// A value from -1 to 1: its name, and the words at its ends.
#[derive(Clone, Copy)]
struct SignedValue {
    name: &'static str,
    low: &'static str,
    high: &'static str,
    of: Value,
}

/// Arousal and valence, where present; the more reliable one first.
fn signed_values(recording: &ReportedRecording) -> impl Iterator<Item = SignedValue> {
    let arousal = SignedValue {
        name: "arousal",
        low: "calm",
        high: "excited",
        of: |measurement| measurement.arousal,
    };
    let valence = SignedValue {
        name: "valence",
        low: "unpleasant",
        high: "pleasant",
        of: |measurement| measurement.valence,
    };
    let known = |value: &SignedValue| {
        let mut windows = recording.intervals.iter();
        windows.any(|window| (value.of)(window).is_some())
    };
    [arousal, valence].into_iter().filter(known)
}

fn waveform(recording: &ReportedRecording, lane: Lane) -> String {
    let middle = lane.middle();
    let peak = recording.peak();
    let y = |value: f32| middle - f64::from(value.clamp(-1.0, 1.0)) * lane.height / 2.0 / peak;
    let envelope = fewer(&recording.drawing.envelope, COLUMNS);
    let step = (PLOT_RIGHT - PLOT_LEFT) / envelope.len() as f64;
    let x = |column: usize| PLOT_LEFT + step * (column as f64 + 0.5);
    let mut points = String::new();
    for (column, (_, high)) in envelope.iter().enumerate() {
        let _ = write!(points, "{:.1},{:.1} ", x(column), y(*high) - 0.2);
    }
    for (column, (low, _)) in envelope.iter().enumerate().rev() {
        let _ = write!(points, "{:.1},{:.1} ", x(column), y(*low) + 0.2);
    }
    points.truncate(points.trim_end().len());
    points
}

/// The area under a label's probability, and the line where it was the prediction.
fn label_paths(utterances: &[Vec<Step<'_>>], label: &str, lane: Lane) -> (String, String) {
    let base = lane.bottom();
    let (mut area, mut predicted) = (String::new(), String::new());
    for steps in utterances {
        outline(steps, base, |value| base - value * lane.height, &mut area);
        for step in steps.iter().filter(|step| step.label == label) {
            let _ = write!(predicted, "M{:.1} {base:.1}H{:.1}", step.from, step.to);
        }
    }
    (area, predicted)
}

fn signed_path(utterances: &[Vec<Step<'_>>], lane: Lane) -> String {
    let middle = lane.middle();
    let y = |value: f64| middle - value.clamp(-1.0, 1.0) * lane.height / 2.0;
    let mut path = String::new();
    for steps in utterances {
        outline(steps, middle, y, &mut path);
    }
    path
}

/// Adds the outline of the area between a line and the values of an utterance.
fn outline(steps: &[Step<'_>], base: f64, y: impl Fn(f64) -> f64, path: &mut String) {
    let first = steps.first().map_or(PLOT_LEFT, |step| step.from);
    let _ = write!(path, "M{first:.1} {base:.1}");
    for step in steps {
        let top = y(step.value);
        let _ = write!(path, "L{:.1} {top:.1}L{:.1} {top:.1}", step.from, step.to);
    }
    let last = steps.last().map_or(PLOT_LEFT, |step| step.to);
    let _ = write!(path, "L{last:.1} {base:.1}Z");
}
