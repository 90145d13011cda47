//! The timeline of a recording as an SVG picture: the waveform, the log-mel
//! levels that the front end makes of it, what each utterance was called, a lane for each label's probability, and one each for
//! arousal and valence where the model tells them.
//!
//! No two labels share a lane and each lane bears its name, so that nothing
//! rests on colour alone. A dark line under a lane says where its label was
//! called.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::report::Recording;
use super::{printable, spectrum};
use crate::events::{Hue, Measurement, UNCERTAIN};

/// Width of the picture in its own units.
pub const WIDTH: f64 = 1000.0;
/// Where time 0 stands.
pub const LEFT: f64 = 110.0;
/// Where the end of the recording stands.
pub const RIGHT: f64 = 990.0;

const WAVE: f64 = 56.0;
/// One unit a mel band.
const MEL: f64 = spectrum::BANDS as f64;
const CALLS: f64 = 26.0;
const LANE: f64 = 30.0;
/// Of arousal and valence, which go both ways.
const SIDES: f64 = 44.0;
const GAP: f64 = 6.0;
const AXIS: f64 = 26.0;
/// Judgements closer than this are drawn as one, their mean.
const CLOSEST: f64 = 0.75;
/// Length of what a window adds to the one before it, in seconds.
const STEP_S: f64 = 0.25;

/// Colours of a picture that stands alone, for dark and light surroundings.
const STYLE: &str = include_str!("report/timeline.css");

/// A picture that stands alone.
pub fn svg(recording: &Recording) -> String {
    let height = height(recording);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
        escaped(&recording.name)
    );
    draw(recording, "mel", &mut out);
    out.push_str("</svg>\n");
    out
}

/// The same for a renderer that knows neither variables nor surroundings: the
/// colours for light ones, without the log-mel levels.
#[cfg(feature = "png")]
pub(super) fn plain_svg(recording: &Recording) -> String {
    let (names, rest) = STYLE.split_once('}').unwrap_or_default();
    let (_, rules) = rest.split_once("\ntext ").unwrap_or_default();
    let mut svg = svg(recording).replace(STYLE, &format!("text {rules}"));
    for line in names.split(['{', ';']) {
        if let Some((name, color)) = line.trim().split_once(": ") {
            svg = svg.replace(&format!("var({name})"), color);
        }
    }
    svg
}

/// Where the log-mel levels stand: left, top, width, height.
#[cfg(feature = "png")]
pub(super) fn bands_lane(recording: &Recording) -> [f32; 4] {
    [LEFT, wave_height(recording), RIGHT - LEFT, MEL].map(|at| at as f32)
}

fn wave_height(recording: &Recording) -> f64 {
    if recording.envelope.is_empty() {
        0.0
    } else {
        WAVE + GAP
    }
}

fn bands_height(recording: &Recording) -> f64 {
    if recording.spectrum.is_empty() {
        0.0
    } else {
        MEL + GAP
    }
}

/// Height of the picture in its own units.
pub fn height(recording: &Recording) -> f64 {
    let sound = wave_height(recording) + bands_height(recording);
    let lanes = recording.labels().len() as f64;
    let sides = sides(recording).len() as f64;
    sound + CALLS + GAP + lanes * (LANE + GAP) + sides * (SIDES + GAP) + AXIS
}

/// A number of a judgement, where it has it.
type Side = fn(&Measurement) -> Option<f64>;

/// Name of a lane from -1 to 1, the words at its ends, and its value.
type SideLane = (&'static str, [&'static str; 2], Side);

/// Arousal and valence, where there are any; the more trustworthy first.
fn sides(recording: &Recording) -> Vec<SideLane> {
    let all: [SideLane; 2] = [
        ("arousal", ["calm", "excited"], |judged| judged.arousal),
        ("valence", ["unpleasant", "pleasant"], |judged| {
            judged.valence
        }),
    ];
    let known = |lane: &SideLane| {
        recording
            .intervals
            .iter()
            .any(|judged| lane.2(judged).is_some())
    };
    all.into_iter().filter(known).collect()
}

/// The parts of the picture, without the frame around them; `id` is a name that
/// nothing else in the document has.
pub fn draw(recording: &Recording, id: &str, out: &mut String) {
    let pen = Pen {
        seconds: recording.length_s().max(0.1),
    };
    let mut y = 0.0;
    if !recording.envelope.is_empty() {
        Pen::wave(recording, y, out);
    }
    y += wave_height(recording);
    Pen::bands(recording, id, y, out);
    y += bands_height(recording);
    pen.calls(recording, y, out);
    y += CALLS + GAP;
    for (number, label) in recording.labels().iter().enumerate() {
        pen.lane(recording, number, label, y, out);
        y += LANE + GAP;
    }
    for lane in sides(recording) {
        pen.side(recording, lane, y, out);
        y += SIDES + GAP;
    }
    for gap in &recording.gaps {
        let (from, to) = (pen.x(gap.start_s), pen.x(gap.end_s));
        let width = (to - from).max(1.0);
        let _ = writeln!(
            out,
            "<rect class=\"lost\" x=\"{from:.1}\" y=\"0\" width=\"{width:.1}\" height=\"{y:.0}\"><title>samples were lost</title></rect>"
        );
    }
    pen.axis(y, out);
}

/// Knows where a time stands.
struct Pen {
    seconds: f64,
}

impl Pen {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (seconds / self.seconds).clamp(0.0, 1.0)
    }

    fn wave(recording: &Recording, y: f64, out: &mut String) {
        let middle = y + WAVE / 2.0;
        let at =
            |value: f32| middle - f64::from(value.clamp(-1.0, 1.0)) * WAVE / 2.0 / recording.peak();
        let step = (RIGHT - LEFT) / recording.envelope.len() as f64;
        let x = |column: usize| LEFT + step * (column as f64 + 0.5);
        let mut path = String::new();
        for (column, (_, high)) in recording.envelope.iter().enumerate() {
            let _ = write!(path, "{:.1},{:.1} ", x(column), at(*high) - 0.2);
        }
        for (column, (low, _)) in recording.envelope.iter().enumerate().rev() {
            let _ = write!(path, "{:.1},{:.1} ", x(column), at(*low) + 0.2);
        }
        name(out, middle, "waveform");
        let _ = writeln!(
            out,
            "<polygon class=\"wave\" points=\"{}\"/>",
            path.trim_end()
        );
    }

    /// The shades are a mask over one colour, so that they fit any surroundings.
    fn bands(recording: &Recording, id: &str, y: f64, out: &mut String) {
        let Some(picture) = spectrum::png(&recording.spectrum) else {
            return;
        };
        let picture = BASE64_STANDARD.encode(picture);
        let width = RIGHT - LEFT;
        let place = format!("x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width}\" height=\"{MEL}\"");
        name(out, y + MEL / 2.0, "mel bands");
        let _ = writeln!(
            out,
            "<mask id=\"{id}\"><image {place} preserveAspectRatio=\"none\" href=\"data:image/png;base64,{picture}\"/></mask>\n\
             <rect class=\"bands\" {place} mask=\"url(#{id})\"/>"
        );
    }

    fn calls(&self, recording: &Recording, y: f64, out: &mut String) {
        name(out, y + CALLS / 2.0, "utterances");
        for judged in &recording.utterances {
            let (from, to) = (self.x(judged.start_s), self.x(judged.end_s));
            let width = (to - from).max(1.0);
            let class = class(recording, &judged.label);
            let label = escaped(&judged.label);
            let caption = escaped(&super::caption(judged));
            let _ = writeln!(
                out,
                "<rect class=\"call {class}\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{CALLS}\" rx=\"3\"><title>{caption}</title></rect>"
            );
            // What does not fit is in the title.
            let letters = judged.label.chars().count() as f64;
            let size = [("in-call", 9.2), ("in-call small", 7.6)]
                .into_iter()
                .find(|(_, letter)| width > letter * letters + 6.0);
            if let Some((class, _)) = size {
                let (x, y) = (from + width / 2.0, y + CALLS / 2.0);
                let _ = writeln!(
                    out,
                    "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{label}</text>"
                );
            }
        }
    }

    fn lane(&self, recording: &Recording, number: usize, label: &str, y: f64, out: &mut String) {
        let base = y + LANE;
        let class = class(recording, label);
        name(out, y + LANE / 2.0, label);
        let _ = writeln!(
            out,
            "<line class=\"base\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{base:.1}\" y2=\"{base:.1}\"/>"
        );
        let (mut area, mut called) = (String::new(), String::new());
        let share = |judged: &Measurement| judged.probabilities.0.get(number).map(|(_, p)| p.0);
        for steps in self.steps(&recording.intervals, share) {
            let first = steps.first().map_or(LEFT, |step| step.from);
            let _ = write!(area, "M{first:.1} {base:.1}");
            for step in &steps {
                let top = base - step.value * LANE;
                let _ = write!(area, "L{:.1} {top:.1}L{:.1} {top:.1}", step.from, step.to);
                if step.label == label {
                    let _ = write!(called, "M{:.1} {base:.1}H{:.1}", step.from, step.to);
                }
            }
            let last = steps.last().map_or(LEFT, |step| step.to);
            let _ = write!(area, "L{last:.1} {base:.1}Z");
        }
        if !area.is_empty() {
            let _ = writeln!(out, "<path class=\"share {class}\" d=\"{area}\"/>");
        }
        if !called.is_empty() {
            let _ = writeln!(out, "<path class=\"called\" d=\"{called}\"/>");
        }
    }

    /// A lane around a middle line.
    fn side(&self, recording: &Recording, lane: SideLane, y: f64, out: &mut String) {
        let (title, [low, high], value) = lane;
        let middle = y + SIDES / 2.0;
        name(out, middle, title);
        let x = LEFT - 10.0;
        for (end, at) in [(high, middle - 15.0), (low, middle + 15.0)] {
            let _ = writeln!(
                out,
                "<text class=\"end\" x=\"{x}\" y=\"{at:.1}\">{end}</text>"
            );
        }
        let _ = writeln!(
            out,
            "<line class=\"base\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>"
        );
        let mut path = String::new();
        for steps in self.steps(&recording.intervals, value) {
            let first = steps.first().map_or(LEFT, |step| step.from);
            let _ = write!(path, "M{first:.1} {middle:.1}");
            for step in &steps {
                let top = middle - step.value.clamp(-1.0, 1.0) * SIDES / 2.0;
                let _ = write!(path, "L{:.1} {top:.1}L{:.1} {top:.1}", step.from, step.to);
            }
            let last = steps.last().map_or(LEFT, |step| step.to);
            let _ = write!(path, "L{last:.1} {middle:.1}Z");
        }
        let _ = writeln!(
            out,
            "<path class=\"side\" d=\"{path}\"><title>{title}</title></path>"
        );
    }

    /// A value over each utterance, no closer than can be seen.
    fn steps<'a>(
        &self,
        intervals: &'a [Measurement],
        value: impl Fn(&Measurement) -> Option<f64>,
    ) -> Vec<Vec<Step<'a>>> {
        let mut all: Vec<Vec<Step<'_>>> = Vec::new();
        for part in intervals.chunk_by(|a, b| a.utterance == b.utterance) {
            let mut steps: Vec<Step<'_>> = Vec::new();
            for judged in part {
                let to = self.x(judged.end_s);
                let value = value(judged).unwrap_or(0.0);
                match steps.last_mut() {
                    Some(last) if last.to - last.from < CLOSEST => last.add(value, to),
                    last => {
                        let from =
                            last.map_or_else(|| self.x(judged.end_s - STEP_S), |last| last.to);
                        steps.push(Step {
                            from,
                            to,
                            value,
                            count: 1.0,
                            label: &judged.label,
                        });
                    }
                }
            }
            all.push(steps);
        }
        all
    }

    fn axis(&self, y: f64, out: &mut String) {
        let every = [
            0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0,
        ]
        .into_iter()
        .find(|every| self.seconds / every <= 12.0)
        .unwrap_or(self.seconds / 12.0);
        let ticks = (self.seconds / every) as usize;
        for tick in 0..=ticks {
            let seconds = tick as f64 * every;
            let x = self.x(seconds);
            let time = if every < 1.0 {
                super::clock_tenths(seconds)
            } else {
                super::clock(seconds)
            };
            let _ = writeln!(
                out,
                "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y:.1}\" y2=\"{:.1}\"/><text class=\"time\" x=\"{x:.1}\" y=\"{:.1}\">{time}</text>",
                y + 4.0,
                y + 18.0
            );
        }
    }
}

/// A stretch of one value.
struct Step<'a> {
    from: f64,
    to: f64,
    value: f64,
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

fn name(out: &mut String, y: f64, name: &str) {
    let name = escaped(name);
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"{}\" y=\"{y:.1}\">{name}</text>",
        LEFT - 10.0
    );
}

/// Colours of the labels that many models share; others take them in turn.
const KNOWN: [&str; 7] = [
    "anger",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
];

/// What a model calls the same colours.
const HUES: [Hue; 7] = [
    Hue::Red,
    Hue::Dim,
    Hue::Magenta,
    Hue::Yellow,
    Hue::Plain,
    Hue::Blue,
    Hue::Cyan,
];

/// The class of a label: its colour.
pub(super) fn class(recording: &Recording, label: &str) -> String {
    if label == UNCERTAIN {
        return UNCERTAIN.into();
    }
    let place = recording.labels().iter().position(|name| name == label);
    let given = place.and_then(|place| *recording.colors().get(place)?);
    let number = given
        .and_then(|hue| HUES.iter().position(|other| *other == hue))
        .or_else(|| KNOWN.iter().position(|name| *name == label))
        .or(place);
    format!("c{}", number.unwrap_or(0) % KNOWN.len())
}

/// A text between tags or in an attribute.
pub fn escaped(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
