//! The lanes of the utterances: one for all, or one per speaker if there are a few.

use std::fmt::Write as _;

use super::colours::{class, shape};
use super::recording::ReportedRecording;
use super::scale::Scale;
use super::timeline::Lane;
use crate::events::{Measurement, Speaker, UNCERTAIN};
use crate::text::voice_caption;

/// More speakers than this share one lane.
const MOST_SPEAKERS: usize = 6;
const CALLS_HEIGHT: f64 = 30.0;
/// Height if the utterances are drawn in bins.
const BINS_HEIGHT: f64 = 56.0;
/// The same in the lane of a speaker.
const SPEAKER_BINS_HEIGHT: f64 = 30.0;

/// A lane, with its utterances one by one or in bins.
pub(super) struct UtteranceLane {
    pub(super) name: String,
    pub(super) lane: Lane,
    pub(super) calls: Vec<Call>,
    pub(super) bins: Vec<Bins>,
}

/// An utterance.
pub(super) struct Call {
    pub(super) class: String,
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) caption: String,
    /// Class and text: shape and label, or the shape alone, depending on the room.
    pub(super) text: Option<(&'static str, String)>,
}

/// The parts of all bins that belong to one label, in one path: a program that prints
/// the page would make an image of the pattern in each path.
pub(super) struct Bins {
    pub(super) class: String,
    pub(super) path: String,
}

/// The speakers that have a lane each; none if all utterances share one.
pub(super) fn speakers(recording: &ReportedRecording) -> Vec<Speaker> {
    let speakers = recording.speakers();
    let all_told = recording.utterances.iter().all(|it| it.speaker.is_some());
    if speakers.len() > MOST_SPEAKERS || !all_told {
        return Vec::new();
    }
    speakers
}

/// The lanes, placed from top to bottom.
pub(super) fn lanes(
    recording: &ReportedRecording,
    scale: &Scale,
    place: &mut impl FnMut(f64) -> Lane,
) -> Vec<UtteranceLane> {
    let speakers = speakers(recording);
    let each = if speakers.is_empty() {
        vec![None]
    } else {
        speakers.into_iter().map(Some).collect()
    };
    let lane = |speaker: Option<Speaker>| {
        let height = match (scale.binned, speaker) {
            (false, _) => CALLS_HEIGHT,
            (true, Some(_)) => SPEAKER_BINS_HEIGHT,
            (true, None) => BINS_HEIGHT,
        };
        let lane = place(height);
        let (mut calls, mut bins) = (Vec::new(), Vec::new());
        if scale.binned {
            bins = filled(recording, scale, lane, speaker);
        } else {
            calls = one_by_one(recording, scale, speaker);
        }
        UtteranceLane {
            name: speaker.map_or_else(|| "utterances".into(), |it| format!("speaker {it}")),
            lane,
            calls,
            bins,
        }
    };
    each.into_iter().map(lane).collect()
}

/// The utterances of a speaker, or all of them with their speakers.
fn one_by_one(recording: &ReportedRecording, scale: &Scale, lane: Option<Speaker>) -> Vec<Call> {
    let several = !recording.speakers().is_empty();
    let block = |utterance: &Measurement| {
        let (x, width) = scale.span(utterance.start_s, utterance.end_s);
        let speaker = utterance.speaker.filter(|_| several);
        // The lane has the speaker's name.
        let told = speaker.filter(|_| lane.is_none());
        let who = told.map_or_else(String::new, |speaker| format!("{speaker}: "));
        let letters = (who.chars().count() + utterance.label.chars().count()) as f64;
        let shape = shape(recording, &utterance.label);
        let text = if width > 8.6 * letters + 26.0 {
            Some(("in-block", format!("{who}{shape} {}", utterance.label)))
        } else if width > 7.0 * letters + 20.0 {
            Some((
                "in-block small",
                format!("{who}{shape} {}", utterance.label),
            ))
        } else if let Some(speaker) = told.filter(|_| width > 26.0) {
            Some(("in-block small", format!("{speaker} {shape}")))
        } else {
            (width > 12.0).then(|| ("in-block small", shape.to_string()))
        };
        let own = Measurement {
            channel: None, // the recording's name contains it
            ..utterance.clone()
        };
        Call {
            class: class(recording, &utterance.label),
            x,
            width,
            caption: voice_caption(&own, speaker),
            text,
        }
    };
    let own = recording.utterances.iter();
    let own = own.filter(|utterance| lane.is_none() || utterance.speaker == lane);
    own.map(block).collect()
}

fn filled(
    recording: &ReportedRecording,
    scale: &Scale,
    lane: Lane,
    speaker: Option<Speaker>,
) -> Vec<Bins> {
    let mut bins: Vec<Bins> = Vec::new();
    for part in scale.stacks(recording, speaker) {
        let label = recording.labels().get(part.label);
        let class = class(recording, label.map_or(UNCERTAIN, String::as_str));
        let place = bins.iter().position(|bins| bins.class == class);
        let place = place.unwrap_or_else(|| {
            let path = String::new();
            bins.push(Bins { class, path });
            bins.len() - 1
        });
        let (x, y) = (part.x, lane.bottom() - lane.height * part.to);
        let (width, height) = (part.width, lane.height * (part.to - part.from));
        if let Some(bins) = bins.get_mut(place) {
            let _ = write!(
                bins.path,
                "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z"
            );
        }
    }
    bins
}
