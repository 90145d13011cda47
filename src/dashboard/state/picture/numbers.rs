//! Limits the times and shares of events to displayable values.

use crate::events::Event;

/// Resolution of the displayed time, in seconds.
const TIME_STEP_S: f64 = 0.5;

/// Time of an event in seconds of the session, if it advances the time.
pub(super) fn time_of(event: &Event) -> Option<f64> {
    Some(seconds(match event {
        Event::SessionStart(_) | Event::Error(_) | Event::SessionEnd(_) | Event::Signal(_) => {
            return None;
        }
        Event::Voice(voice) => voice.at_s,
        Event::UtteranceStart(start) => start.start_s,
        Event::Measurement(measurement) => measurement.end_s,
        Event::UtteranceEnd(end) => end.end_s,
        Event::Gap(gap) => gap.end_s,
        Event::Mark(mark) => mark.at_s,
        Event::Speakers(speakers) => speakers.at_s,
    }))
}

pub(super) fn step(at: f64) -> u64 {
    (at / TIME_STEP_S) as u64
}

/// A finite, non-negative time.
pub(super) fn seconds(at: f64) -> f64 {
    if at.is_finite() {
        at.clamp(0.0, 1e9)
    } else {
        0.0
    }
}

pub(super) fn share_of_one(probability: f64) -> f32 {
    if probability.is_nan() {
        0.0
    } else {
        probability.clamp(0.0, 1.0) as f32
    }
}

pub(super) fn one_each_side(value: f64) -> f32 {
    value.clamp(-1.0, 1.0) as f32
}
