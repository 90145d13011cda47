//! Rows of the summary: one per recording, and their total.

use serde::Serialize;

use crate::events::{Speaker, UNCERTAIN};
use crate::report::colours::{class, shape};
use crate::report::page::signed;
use crate::report::recording::ReportedRecording;
use crate::text::{clock, printable};

/// A narrower part of a bar has no room for its shape; share of the bar.
const LEAST_SHAPE_SHARE: f64 = 0.04;

/// A row.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) length: String,
    pub(super) speech: String,
    pub(super) utterances: usize,
    /// The labels by seconds, in the model's order.
    pub(super) bar: Vec<BarPart>,
    /// The shares in words, or why there are none.
    pub(super) result: String,
    /// Mean over the seconds of speech; empty where there is none.
    pub(super) arousal: String,
    /// Position of its mark, in percent.
    pub(super) arousal_place: f64,
}

/// The part of a bar that belongs to one label.
pub(super) struct BarPart {
    pub(super) class: String,
    /// Empty where there is no room.
    pub(super) shape: String,
    pub(super) title: String,
    /// Share of the speech, from 0 to 1.
    pub(super) share: f64,
}

/// A recording in the script's overview.
#[derive(Serialize)]
struct OverviewEntry {
    /// Id of its section.
    id: String,
    name: String,
    folder: String,
    length_s: f64,
    error: Option<String>,
}

/// Seconds of one label.
struct LabelSeconds {
    label: String,
    class: String,
    shape: char,
    seconds: f64,
}

/// A row per recording.
pub(super) fn rows(recordings: &[ReportedRecording]) -> Vec<Row> {
    let each = recordings.iter();
    each.map(|recording| {
        let mut row = row(std::slice::from_ref(recording));
        row.name.clone_from(&recording.name);
        if let Some(error) = &recording.error {
            row.result = format!("failed: {error}");
        }
        row
    })
    .collect()
}

/// A row per speaker of a recording, if there are several.
pub(super) fn speakers(recording: &ReportedRecording) -> Vec<Row> {
    let speakers = recording.speakers().into_iter();
    let own = |speaker: Speaker| Row {
        name: speaker.to_string(),
        ..row(&[recording.of_speaker(speaker)])
    };
    speakers.map(own).collect()
}

/// The total of several recordings.
pub(super) fn row(recordings: &[ReportedRecording]) -> Row {
    let utterances = || {
        recordings
            .iter()
            .flat_map(|recording| &recording.utterances)
    };
    let spans = spans(recordings);
    let speech_s: f64 = spans.iter().map(|span| span.seconds).sum();
    let (mut aroused, mut weight) = (0.0, 0.0);
    for utterance in utterances() {
        if let Some(arousal) = utterance.arousal {
            let seconds = utterance.end_s - utterance.start_s;
            aroused += arousal * seconds;
            weight += seconds;
        }
    }
    let arousal = (weight > 0.0).then(|| aroused / weight);
    Row {
        name: "total".into(),
        length: clock(recordings.iter().map(ReportedRecording::length_s).sum()),
        speech: clock(speech_s),
        utterances: utterances().count(),
        result: in_words(&spans, speech_s),
        bar: spans
            .into_iter()
            .filter(|span| span.seconds > 0.0)
            .map(|span| {
                let share = span.seconds / speech_s;
                let room = share > LEAST_SHAPE_SHARE;
                BarPart {
                    shape: if room {
                        span.shape.to_string()
                    } else {
                        String::new()
                    },
                    title: format!("{} {:.0} %", span.label, share * 100.0),
                    class: span.class,
                    share,
                }
            })
            .collect(),
        arousal: arousal.map_or_else(String::new, signed),
        arousal_place: 50.0 + 50.0 * arousal.unwrap_or(0.0).clamp(-1.0, 1.0),
    }
}

/// The labels of the recordings with their seconds, in the models' order.
fn spans(recordings: &[ReportedRecording]) -> Vec<LabelSeconds> {
    let mut spans: Vec<LabelSeconds> = Vec::new();
    for recording in recordings {
        let labels = recording.labels().iter().map(String::as_str);
        for label in labels.chain([UNCERTAIN]) {
            let own = recording.utterances.iter().filter(|u| u.label == label);
            let seconds = own
                .map(|utterance| utterance.end_s - utterance.start_s)
                .sum();
            match spans.iter_mut().find(|span| span.label == label) {
                Some(span) => span.seconds += seconds,
                None => spans.push(LabelSeconds {
                    label: label.to_owned(),
                    class: class(recording, label),
                    shape: shape(recording, label),
                    seconds,
                }),
            }
        }
    }
    spans
}

/// The share of each label in words, the largest first.
fn in_words(spans: &[LabelSeconds], speech_s: f64) -> String {
    let mut spans: Vec<&LabelSeconds> = spans.iter().filter(|span| span.seconds > 0.0).collect();
    if spans.is_empty() {
        return "no speech".into();
    }
    spans.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let words = spans.iter().map(|span| {
        let percent = span.seconds / speech_s * 100.0;
        // Label, number and sign stay on one line.
        format!("{}\u{a0}{percent:.0}\u{a0}%", span.label)
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Data of the overview, as JSON that is safe inside a page.
pub(super) fn entries(recordings: &[ReportedRecording]) -> String {
    let entry = |(number, recording): (usize, &ReportedRecording)| OverviewEntry {
        id: format!("r{}", number + 1),
        name: printable(&recording.name),
        folder: printable(recording.folder()),
        length_s: recording.length_s(),
        error: recording.error.as_deref().map(printable),
    };
    let entries: Vec<OverviewEntry> = recordings.iter().enumerate().map(entry).collect();
    let text = serde_json::to_string(&entries).unwrap_or_default();
    text.replace('<', "\\u003c")
}
