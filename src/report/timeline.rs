//! The timeline of a recording as an SVG picture: the waveform, its log-mel
//! levels, the label of each utterance, a lane for each label's probability, and
//! one each for arousal and valence where the model gives them.
//!
//! No two labels share a lane and each lane bears its name, so that nothing
//! rests on colour alone. A dark line under a lane marks where its label was
//! the result.

use std::fmt::Write as _;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::colours::{Colours, class};
use super::recording::ReportedRecording;
use super::spectrogram;
use crate::events::{Gap, Measurement};
use crate::text::{caption, clock, clock_tenths};

/// Width of the picture in its own units.
pub const WIDTH: f64 = 1000.0;
/// Where time 0 stands.
pub const LEFT: f64 = 110.0;
/// Where the end of the recording stands.
pub const RIGHT: f64 = 990.0;

const WAVEFORM_HEIGHT: f64 = 56.0;
/// One unit a mel band.
const SPECTROGRAM_HEIGHT: f64 = spectrogram::BANDS as f64;
const UTTERANCES_HEIGHT: f64 = 26.0;
const LABEL_HEIGHT: f64 = 30.0;
/// Of arousal and valence, which go both ways.
const SIGNED_HEIGHT: f64 = 44.0;
const LANE_GAP: f64 = 6.0;
const AXIS_HEIGHT: f64 = 26.0;
/// Windows closer than this are drawn as one, with their mean.
const CLOSEST: f64 = 0.75;
/// Time that a window adds to the one before it, in seconds.
const STEP_S: f64 = 0.25;
/// Distances of the marks of the axis, in seconds.
const TICKS_S: [f64; 13] = [
    0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
];
/// Marks of the axis at most.
const MOST_TICKS: f64 = 12.0;

/// A picture that stands alone.
///
/// # Errors
/// A template that cannot be filled in; none is known.
pub fn svg(recording: &ReportedRecording) -> Result<String, askama::Error> {
    let style = Style {
        light: Some(Colours::light()),
        dark: Some(Colours::dark()),
        used: Colours::names(),
    };
    alone(recording, &style)
}

/// The same for a renderer that knows no named colours: those of a light ground,
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
    Picture {
        name: &recording.name,
        style: style.render()?,
        timeline: Timeline::new(recording, "mel"),
    }
    .render()
}

/// The frame of a picture that stands alone.
#[derive(Template)]
#[template(path = "picture.svg")]
struct Picture<'a> {
    name: &'a str,
    style: String,
    timeline: Timeline<'a>,
}

/// How the parts of a timeline look.
#[derive(Template)]
#[template(path = "timeline.css")]
pub(super) struct Style {
    /// Colours that the names stand for.
    pub(super) light: Option<Colours>,
    pub(super) dark: Option<Colours>,
    /// What the rules use: names or values.
    pub(super) used: Colours,
}

/// The parts of the picture, without the frame around them.
#[derive(Template)]
#[template(path = "timeline.svg")]
pub(super) struct Timeline<'a> {
    /// A name that nothing else in the document has.
    id: &'a str,
    pub(super) height: f64,
    waveform: Option<Waveform>,
    spectrogram: Option<Spectrogram>,
    utterances: Lane,
    calls: Vec<Call<'a>>,
    labels: Vec<LabelLane<'a>>,
    signed: Vec<SignedLane>,
    gaps: Vec<Missing>,
    /// Where the axis stands.
    axis: f64,
    ticks: Vec<Tick>,
}

/// Where a lane stands.
#[derive(Debug, Clone, Copy)]
struct Lane {
    top: f64,
    height: f64,
}

impl Lane {
    fn middle(&self) -> f64 {
        self.top + self.height / 2.0
    }

    fn bottom(&self) -> f64 {
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

/// An utterance.
struct Call<'a> {
    class: String,
    x: f64,
    width: f64,
    caption: String,
    /// Class and text of the label, where it fits; else the caption has it.
    text: Option<(&'static str, &'a str)>,
}

struct LabelLane<'a> {
    name: &'a str,
    class: String,
    lane: Lane,
    area: String,
    /// Where the label was the result.
    called: String,
}

/// A value from -1 to 1 around a middle line.
struct SignedLane {
    value: SignedValue,
    lane: Lane,
    path: String,
}

struct Missing {
    x: f64,
    width: f64,
}

struct Tick {
    x: f64,
    time: String,
}

impl<'a> Timeline<'a> {
    /// Lays out the timeline of a recording.
    pub(super) fn new(recording: &'a ReportedRecording, id: &'a str) -> Self {
        let scale = Scale {
            seconds: recording.length_s().max(0.1),
        };
        let mut top = 0.0;
        let mut next = |height: f64| {
            let lane = Lane { top, height };
            top += height + LANE_GAP;
            lane
        };
        let waveform = (!recording.envelope.is_empty()).then(|| {
            let lane = next(WAVEFORM_HEIGHT);
            let points = waveform(recording, lane);
            Waveform { lane, points }
        });
        let spectrogram = spectrogram::png(&recording.spectrum).map(|image| Spectrogram {
            lane: next(SPECTROGRAM_HEIGHT),
            image: BASE64_STANDARD.encode(image),
        });
        let utterances = next(UTTERANCES_HEIGHT);
        let names = recording.labels().iter().enumerate();
        let labels = names
            .map(|(number, name)| {
                let share = |m: &Measurement| m.probabilities.0.get(number).map(|(_, p)| p.0);
                let lane = next(LABEL_HEIGHT);
                let (area, called) = label_paths(&scale.steps(recording, share), name, lane);
                LabelLane {
                    name,
                    class: class(recording, name),
                    lane,
                    area,
                    called,
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
            calls: scale.calls(recording),
            labels,
            signed,
            gaps: recording
                .gaps
                .iter()
                .map(|gap| scale.missing(gap))
                .collect(),
            axis: top,
            ticks: scale.ticks(),
        }
    }

    /// Where the log-mel levels stand: left, top, width, height.
    #[cfg(feature = "png")]
    pub(super) fn spectrogram_place(&self) -> Option<[f32; 4]> {
        let Lane { top, height } = self.spectrogram.as_ref()?.lane;
        Some([LEFT, top, RIGHT - LEFT, height].map(|at| at as f32))
    }
}

/// A number of a measurement, where it has it.
type Value = fn(&Measurement) -> Option<f64>;

/// A value from -1 to 1: its name, the words at its ends.
#[derive(Clone, Copy)]
struct SignedValue {
    name: &'static str,
    low: &'static str,
    high: &'static str,
    of: Value,
}

/// Arousal and valence, where there are any; the more reliable first.
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
    let step = (RIGHT - LEFT) / recording.envelope.len() as f64;
    let x = |column: usize| LEFT + step * (column as f64 + 0.5);
    let mut points = String::new();
    for (column, (_, high)) in recording.envelope.iter().enumerate() {
        let _ = write!(points, "{:.1},{:.1} ", x(column), y(*high) - 0.2);
    }
    for (column, (low, _)) in recording.envelope.iter().enumerate().rev() {
        let _ = write!(points, "{:.1},{:.1} ", x(column), y(*low) + 0.2);
    }
    points.truncate(points.trim_end().len());
    points
}

/// The area under a label's probability, and the line where it was the result.
fn label_paths(utterances: &[Vec<Step<'_>>], label: &str, lane: Lane) -> (String, String) {
    let base = lane.bottom();
    let (mut area, mut called) = (String::new(), String::new());
    for steps in utterances {
        outline(steps, base, |value| base - value * lane.height, &mut area);
        for step in steps.iter().filter(|step| step.label == label) {
            let _ = write!(called, "M{:.1} {base:.1}H{:.1}", step.from, step.to);
        }
    }
    (area, called)
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

/// Adds the outline of an area between a line and the values of an utterance.
fn outline(steps: &[Step<'_>], base: f64, y: impl Fn(f64) -> f64, path: &mut String) {
    let first = steps.first().map_or(LEFT, |step| step.from);
    let _ = write!(path, "M{first:.1} {base:.1}");
    for step in steps {
        let top = y(step.value);
        let _ = write!(path, "L{:.1} {top:.1}L{:.1} {top:.1}", step.from, step.to);
    }
    let last = steps.last().map_or(LEFT, |step| step.to);
    let _ = write!(path, "L{last:.1} {base:.1}Z");
}

/// Maps time to place.
struct Scale {
    /// Length of the recording.
    seconds: f64,
}

impl Scale {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (seconds / self.seconds).clamp(0.0, 1.0)
    }

    /// Place and width of a span of time.
    fn span(&self, start_s: f64, end_s: f64) -> (f64, f64) {
        let (from, to) = (self.x(start_s), self.x(end_s));
        (from, (to - from).max(1.0))
    }

    fn missing(&self, gap: &Gap) -> Missing {
        let (x, width) = self.span(gap.start_s, gap.end_s);
        Missing { x, width }
    }

    fn calls<'a>(&self, recording: &'a ReportedRecording) -> Vec<Call<'a>> {
        let call = |utterance: &'a Measurement| {
            let (x, width) = self.span(utterance.start_s, utterance.end_s);
            let letters = utterance.label.chars().count() as f64;
            let size = [("in-call", 9.2), ("in-call small", 7.6)]
                .into_iter()
                .find(|(_, letter)| width > letter * letters + 6.0);
            Call {
                class: class(recording, &utterance.label),
                x,
                width,
                caption: caption(utterance),
                text: size.map(|(class, _)| (class, utterance.label.as_str())),
            }
        };
        recording.utterances.iter().map(call).collect()
    }

    /// A value over each utterance, in steps that can be seen.
    fn steps<'a>(
        &self,
        recording: &'a ReportedRecording,
        value: impl Fn(&Measurement) -> Option<f64>,
    ) -> Vec<Vec<Step<'a>>> {
        // Several channels may speak at a time.
        let mut windows: Vec<&Measurement> = recording.intervals.iter().collect();
        windows.sort_by_key(|window| (window.channel, window.utterance));
        let same = |a: &&Measurement, b: &&Measurement| {
            (a.channel, a.utterance) == (b.channel, b.utterance)
        };
        let mut all: Vec<Vec<Step<'_>>> = Vec::new();
        for utterance in windows.chunk_by(same) {
            let mut steps: Vec<Step<'_>> = Vec::new();
            for window in utterance {
                let to = self.x(window.end_s);
                let value = value(window).unwrap_or(0.0);
                match steps.last_mut() {
                    Some(last) if last.to - last.from < CLOSEST => last.add(value, to),
                    last => {
                        let from =
                            last.map_or_else(|| self.x(window.end_s - STEP_S), |last| last.to);
                        steps.push(Step {
                            from,
                            to,
                            value,
                            count: 1.0,
                            label: &window.label,
                        });
                    }
                }
            }
            all.push(steps);
        }
        all
    }

    fn ticks(&self) -> Vec<Tick> {
        let every_s = TICKS_S
            .into_iter()
            .find(|every_s| self.seconds / every_s <= MOST_TICKS)
            .unwrap_or(self.seconds / MOST_TICKS);
        let count = (self.seconds / every_s) as usize;
        let tick = |number: usize| {
            let seconds = number as f64 * every_s;
            let time = if every_s < 1.0 {
                clock_tenths(seconds)
            } else {
                clock(seconds)
            };
            Tick {
                x: self.x(seconds),
                time,
            }
        };
        (0..=count).map(tick).collect()
    }
}

/// A stretch of one value.
struct Step<'a> {
    from: f64,
    to: f64,
    /// Mean of its windows.
    value: f64,
    /// Windows in it.
    count: f64,
    label: &'a str,
}

impl Step<'_> {
    fn add(&mut self, value: f64, to: f64) {
        self.value = (self.value * self.count + value) / (self.count + 1.0);
        self.count += 1.0;
        self.to = to;
    }
}
