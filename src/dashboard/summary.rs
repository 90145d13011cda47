//! The three lines that stay in the terminal after the screen is left.

use std::path::Path;

use super::state::picture::Picture;
use super::text::{clean, percent};
use crate::events::UNCERTAIN;
use crate::text::signed;

/// Three lines about a session: its input, the speech per label, and the files that
/// were written. Empty if no audio came.
pub fn lines(picture: &Picture) -> Vec<String> {
    if picture.known_s() <= 0.0 {
        return Vec::new();
    }
    vec![length(picture), labels(picture), kept(picture)]
}

fn length(picture: &Picture) -> String {
    let totals = &picture.totals;
    let source = clean(&picture.status.source, true);
    let (whole, speech) = (duration(picture.known_s()), duration(totals.speech_s()));
    let utterances = counted(totals.utterances, "utterance");
    format!("emoscope: {whole} of {source}, {speech} of speech in {utterances}")
}

fn labels(picture: &Picture) -> String {
    let labels = &picture.status.labels;
    let name = |label: Option<usize>| label.and_then(|index| labels.get(index));
    let shares: Vec<String> = picture
        .totals
        .shares()
        .into_iter()
        .map(|(label, share)| {
            let name = name(label).map_or(UNCERTAIN, String::as_str);
            format!("{} {}", clean(name, true), percent(share))
        })
        .collect();
    if shares.is_empty() {
        return "no speech".to_owned();
    }
    let arousal = match picture.totals.arousal() {
        Some(arousal) => format!("; mean arousal {}", signed(arousal)),
        None => String::new(),
    };
    format!("{} of the speech{arousal}", shares.join(", "))
}

fn kept(picture: &Picture) -> String {
    let missing = format!("{} lost", counted(picture.status.samples_lost, "sample"));
    if picture.status.replay {
        return missing;
    }
    let marks = counted(picture.marks, "mark");
    match picture.recordings.as_slice() {
        [] => format!("{marks}, {missing}, nothing recorded (`r` records)"),
        [path] => format!("{marks}, {missing}; see it again: {}", replay(path)),
        [before @ .., last] => {
            let number = counted(before.len() as u64 + 1, "recording");
            format!(
                "{marks}, {missing}, {number}; see the last one: {}",
                replay(last)
            )
        }
    }
}

fn replay(path: &Path) -> String {
    format!(
        "emoscope replay {}",
        clean(&path.display().to_string(), true)
    )
}

fn counted(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// Seconds in everyday units: "12 s", "4 min 5 s", "2 h 3 min".
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}
