//! A recording's data for the page's script, as JSON inside the page.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::events::{Measurement, Reason, Speaker, UNCERTAIN};
use crate::reference::{self, LabelledSpan};
use crate::report::colours::{class, shape};
use crate::report::recording::ReportedRecording;
use crate::report::utterance_lanes;
use crate::report::waveform::fewer;
use crate::text::printable;

/// Most waveform columns per second.
const MAX_COLUMNS_PER_S: f64 = 200.0;

/// A recording. Shares and values are in whole hundredths: finer than a pixel of a
/// lane.
#[derive(Serialize)]
struct Data<'a> {
    name: String,
    /// All channels of a recording have the same file.
    file: String,
    /// Where the time axis begins and ends.
    begin_s: f64,
    length_s: f64,
    labels: Vec<String>,
    /// The CSS class of each label; the last one is that of `uncertain`.
    classes: Vec<String>,
    /// The shape of each label; the last one is that of `uncertain`.
    shapes: Vec<char>,
    /// Lowest and highest sample of equal intervals, as signed bytes in base64; 127 is
    /// the largest sample.
    envelope: String,
    windows: Windows,
    utterances: Vec<UtteranceData<'a>>,
    /// The speakers that have a lane each.
    speakers: Vec<Speaker>,
    /// The human labels.
    reference: Vec<Referred>,
    /// Missing samples: start and end in seconds.
    gaps: Vec<(f64, f64)>,
}

/// The windows, one list per property.
#[derive(Serialize, Default)]
struct Windows {
    utterance: Vec<u64>,
    end_s: Vec<f64>,
    /// Index of the label.
    label: Vec<usize>,
    /// One list per label.
    shares: Vec<Vec<i64>>,
    arousal: Vec<Option<i64>>,
    valence: Vec<Option<i64>>,
}

/// An utterance.
#[derive(Serialize)]
struct UtteranceData<'a> {
    start_s: f64,
    end_s: f64,
    channel: Option<u16>,
    /// Set if there are several speakers.
    speaker: Option<Speaker>,
    label: usize,
    confidence: f64,
    arousal: Option<f64>,
    valence: Option<f64>,
    reason: Option<&'a Reason>,
    shares: Vec<f64>,
}

/// A time span with a human label.
#[derive(Serialize)]
struct Referred {
    start_s: f64,
    end_s: f64,
    /// The model's spelling, where it has the label.
    name: String,
    /// Index of the label in the model.
    label: Option<usize>,
}

/// The JSON of a recording, safe inside a page.
pub(super) fn json(recording: &ReportedRecording) -> String {
    let names = || {
        let labels = recording.labels().iter().map(String::as_str);
        labels.chain([UNCERTAIN])
    };
    let several = !recording.speakers().is_empty();
    let data = Data {
        name: printable(&recording.name),
        file: printable(&recording.file),
        begin_s: recording.drawing.begin_s,
        length_s: recording.length_s(),
        labels: names().map(printable).collect(),
        classes: names().map(|name| class(recording, name)).collect(),
        shapes: names().map(|name| shape(recording, name)).collect(),
        envelope: envelope(recording),
        windows: windows(recording),
        utterances: recording
            .utterances
            .iter()
            .map(|measurement| utterance(recording, measurement, several))
            .collect(),
        speakers: utterance_lanes::speakers(recording),
        reference: recording
            .reference
            .iter()
            .map(|span| referred(recording, span))
            .collect(),
        gaps: recording
            .gaps
            .iter()
            .map(|gap| (gap.start_s, gap.end_s))
            .collect(),
    };
    let text = serde_json::to_string(&data).unwrap_or_default();
    text.replace('<', "\\u003c")
}

fn envelope(recording: &ReportedRecording) -> String {
    let peak = recording.peak();
    let drawn_s = recording.length_s() - recording.drawing.begin_s;
    let most = (drawn_s * MAX_COLUMNS_PER_S).ceil() as usize;
    let byte = |value: f32| {
        (f64::from(value) / peak * 127.0)
            .round()
            .clamp(-127.0, 127.0) as i8
    };
    let bytes: Vec<u8> = fewer(&recording.drawing.envelope, most)
        .into_iter()
        .flat_map(|(low, high)| [byte(low).to_le_bytes()[0], byte(high).to_le_bytes()[0]])
        .collect();
    BASE64_STANDARD.encode(bytes)
}

fn windows(recording: &ReportedRecording) -> Windows {
    let mut windows = Windows {
        shares: vec![Vec::new(); recording.labels().len()],
        ..Windows::default()
    };
    for window in &recording.intervals {
        windows.utterance.push(window.utterance);
        windows.end_s.push(rounded(window.end_s, 100.0));
        windows.label.push(place(recording, &window.label));
        for (shares, (_, share)) in windows.shares.iter_mut().zip(window.probabilities.iter()) {
            shares.push(hundredths(share.0));
        }
        windows.arousal.push(window.arousal.map(hundredths));
        windows.valence.push(window.valence.map(hundredths));
    }
    windows
}

fn utterance<'a>(
    recording: &ReportedRecording,
    measurement: &'a Measurement,
    several: bool,
) -> UtteranceData<'a> {
    let shares = measurement.probabilities.iter();
    UtteranceData {
        start_s: rounded(measurement.start_s, 1000.0),
        end_s: rounded(measurement.end_s, 1000.0),
        channel: recording.channel,
        speaker: measurement.speaker.filter(|_| several),
        label: place(recording, &measurement.label),
        confidence: rounded(measurement.confidence.0, 1e4),
        arousal: measurement.arousal.map(|value| rounded(value, 1e3)),
        valence: measurement.valence.map(|value| rounded(value, 1e3)),
        reason: measurement.reason.as_ref(),
        shares: shares.map(|(_, share)| rounded(share.0, 1e3)).collect(),
    }
}

fn referred(recording: &ReportedRecording, span: &LabelledSpan) -> Referred {
    let label = reference::label_index(recording.labels(), &span.label);
    let name = label.and_then(|place| recording.labels().get(place));
    Referred {
        start_s: rounded(span.start_s, 1000.0),
        end_s: rounded(span.end_s.min(recording.length_s()), 1000.0),
        name: printable(name.unwrap_or(&span.label)),
        label,
    }
}

/// Index of a label in the model; `uncertain` comes after the last.
fn place(recording: &ReportedRecording, label: &str) -> usize {
    let labels = recording.labels();
    let found = labels.iter().position(|name| name == label);
    found.unwrap_or(labels.len())
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}
